//! Room for longer tables: every home that a file offers is priced, and the cheapest is taken.
//!
//! A home lies behind a segment's last byte: in zeros that the file holds there anyway, in pages of the address space that
//! nobody uses (then zeros are inserted into the file), or behind a small `.bss`. No address of anything else changes, the
//! program header table and the notes stay where they are, and where `.dynamic` was read-only after relocation it stays so.
//! Only where there is no such home does the file get a segment more.

use goblin::elf::header as eh;
use goblin::elf::program_header as ph;
use goblin::elf::section_header as sh;

use super::format::{as_u64, round_up, slice};
use super::image::{Image, Section, Segment, Table};

/// What needs room.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Where the string table is and how long it is to become.
    pub strings: Table,
    /// How long the string table was.
    pub strings_before: u64,
    /// The new size of a dynamic table that its old place cannot take.
    pub dynamic: Option<u64>,
    /// The new size of an interpreter's name that its old place cannot take.
    pub interpreter: Option<u64>,
    /// The version tables that stand directly behind the string table, in order.
    pub versions: Vec<Table>,
}

/// Where everything goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// Segments that become longer, in the file's order.
    pub growths: Vec<Growth>,
    /// A new segment, where nothing else was to be had.
    pub appended: Option<Appended>,
    /// The string table's address and size.
    pub strings: Table,
    /// The version tables that make way for the string table, and their new addresses.
    pub versions: Vec<(Table, u64)>,
    /// The dynamic table's new address.
    pub dynamic: Option<u64>,
    /// The interpreter's new address.
    pub interpreter: Option<u64>,
}

/// A segment that becomes longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Growth {
    /// Which, in the order of the program headers.
    pub segment: usize,
    /// The address behind its last byte in the file, from now on.
    pub end: u64,
    /// Where zeros are inserted into the file as it was.
    pub at: u64,
    /// How many.
    pub inserted: u64,
}

/// A segment at the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Appended {
    pub offset: u64,
    pub address: u64,
    pub size: u64,
    pub writable: bool,
    pub alignment: u64,
    /// A `PT_NULL` header that becomes the segment's; else one is added to the table.
    pub spare_header: Option<usize>,
}

/// A place where a segment can grow.
#[derive(Debug, Clone, Copy)]
struct Home {
    segment: usize,
    /// The first free address.
    start: u64,
    /// The address behind the last free one.
    limit: u64,
    /// The address behind the segment's last byte in the file.
    file_end: u64,
    /// How many zeros the file holds behind the segment.
    room: u64,
    /// Zeros are inserted in multiples of this; nothing where they cannot be.
    step: Option<u64>,
    /// Where the segment's bytes end in the file.
    at: u64,
    writable: bool,
}

/// How the string table gets its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It has it.
    Stay,
    /// It ends its segment, which grows.
    Tail(usize),
    /// It is copied into a home.
    Move(usize),
    /// Some version tables behind it move into a home, and the others up to where those were.
    Evict(usize, Eviction),
}

/// Which of the version tables behind the string table leave, a bit for each in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Eviction(u8);

impl Eviction {
    /// Every choice there is.
    fn choices(tables: &[Table]) -> impl Iterator<Item = Self> + use<> {
        let all = 1_u8
            .checked_shl(u32::try_from(tables.len()).unwrap_or(u32::MAX))
            .unwrap_or(0);
        (1..all).map(Self)
    }

    fn takes(self, index: usize) -> bool {
        self.0
            .checked_shr(u32::try_from(index).unwrap_or(u32::MAX))
            .unwrap_or(0)
            & 1
            != 0
    }

    /// The tables that leave.
    fn leaving(self, tables: &[Table]) -> impl Iterator<Item = Table> {
        let indexed = tables.iter().copied().enumerate();
        indexed
            .filter(move |(index, _)| self.takes(*index))
            .map(|(_, table)| table)
    }

    /// Moves the tables that stay up, as far as the leaving ones make room, and gives the address where the string table has to
    /// end then. Nothing where it gains nothing.
    fn move_others(self, tables: &[Table], moves: &mut Vec<(Table, u64)>) -> Option<u64> {
        let mut limit = tables.last()?.end();
        for (index, table) in tables.iter().enumerate().rev() {
            if self.takes(index) {
                continue;
            }
            let room = limit.checked_sub(table.end())? & !ALIGNMENT_MASK;
            if room > 0 {
                limit = table.address.checked_add(room)?;
                moves.push((*table, limit));
            } else {
                // The bytes that align it are not ours as long as it does not move.
                limit = tables.get(index.checked_sub(1)?)?.end();
            }
        }
        Some(limit)
    }
}

/// What a layout costs, the weightiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Price {
    /// Protection that was to be had is given up.
    gives_up_protection: bool,
    inserted: u64,
    /// How many bytes of version tables leave their place.
    evicted: u64,
    /// Preference among equals: read-only homes first, in the file's order.
    homes: usize,
}

/// No page is smaller.
const SMALLEST_PAGE: u64 = 0x1000;
/// Padding is inserted for pages up to this size: larger ones would grow the file by megabytes.
const LARGEST_INSERTED_PAGE: u64 = 0x1_0000;
/// A `.bss` that is written out may cost a library this much, or a fiftieth of its size.
const SMALL_BSS: u64 = 0x1_0000;
/// What an executable may pay, which has no other way; and a library that has none either.
const LARGE_BSS: u64 = 0x400_0000;

const SHF_ALLOC: u64 = 2;
const SHF_TLS: u64 = 0x400;

/// Finds the cheapest layout; nothing where the file has no room of any kind.
pub(super) fn find(image: &Image<'_>, request: &Request) -> Option<Layout> {
    if request.strings.size <= request.strings_before
        && request.dynamic.is_none()
        && request.interpreter.is_none()
    {
        return Some(Layout {
            growths: Vec::new(),
            appended: None,
            strings: request.strings,
            versions: Vec::new(),
            dynamic: None,
            interpreter: None,
        });
    }
    let ground = Ground::survey(image);
    ground
        .cheapest(request, &ground.homes(false))
        .or_else(|| ground.append(request))
        .or_else(|| ground.cheapest(request, &ground.homes(true)))
}

/// A file and what is known about its segments.
struct Ground<'a> {
    image: &'a Image<'a>,
    /// The largest page that the file is made for.
    page: u64,
}

impl<'a> Ground<'a> {
    fn survey(image: &'a Image<'a>) -> Self {
        let largest = image
            .segments_of(ph::PT_LOAD)
            .map(|segment| segment.alignment)
            .max()
            .unwrap_or(0);
        Self {
            image,
            page: largest.max(SMALLEST_PAGE),
        }
    }

    fn loads(&self) -> impl Iterator<Item = (usize, &'a Segment)> {
        self.image
            .segments
            .iter()
            .enumerate()
            .filter(|(_, segment)| segment.kind == ph::PT_LOAD)
    }

    fn relro(&self) -> Option<Table> {
        let segment = self.image.segments_of(ph::PT_GNU_RELRO).next()?;
        Some(Table {
            address: segment.address,
            size: segment.memory_size,
        })
    }

    /// Every home, the best first: read-only ones before executable ones before writable ones.
    fn homes(&self, with_large_bss: bool) -> Vec<Home> {
        let mut homes: Vec<(bool, bool, u64, Home)> = self
            .loads()
            .filter(|(_, segment)| segment.file_size > 0)
            .filter_map(|(index, segment)| {
                let home = self.home(index, segment, with_large_bss)?;
                Some((home.writable, segment.flags & ph::PF_X != 0, segment.offset, home))
            })
            .collect();
        homes.sort_by_key(|(writable, executable, offset, _)| (*writable, *executable, *offset));
        homes.into_iter().map(|(_, _, _, home)| home).collect()
    }

    fn home(&self, index: usize, segment: &Segment, with_large_bss: bool) -> Option<Home> {
        let at = segment.offset.checked_add(segment.file_size)?;
        let file_end = segment.address.checked_add(segment.file_size)?;
        let memory_end = segment.address.checked_add(segment.memory_size)?;
        let page_mask = self.page.checked_sub(1)?;
        let next = self
            .loads()
            .filter(|(other, it)| *other != index && it.address >= memory_end);
        let next = next.map(|(_, it)| it.address & !page_mask).min();
        let top = if self.image.encoding.is_64 {
            u64::MAX
        } else {
            0xffff_0000
        };
        let mut limit = next.unwrap_or(top);
        let is_padding = file_end < memory_end && self.is_relro_padding(index, segment);
        let start = if is_padding {
            limit = limit.min(self.relro()?.end());
            file_end
        } else if file_end < memory_end {
            self.bss_can_be_written(index, segment, with_large_bss)
                .then_some(memory_end)?
        } else {
            file_end
        };
        let room = if start == file_end {
            self.zeros_behind(index, at)
        } else {
            0
        };
        let writable = segment.flags & ph::PF_W != 0;
        Some(Home {
            segment: index,
            start,
            limit,
            file_end,
            room,
            step: self.step(index, at),
            at,
            writable,
        })
    }

    /// Whether all that a segment has in memory beyond its bytes in the file is the padding that keeps what is read-only after
    /// relocation on pages of its own.
    fn is_relro_padding(&self, index: usize, segment: &Segment) -> bool {
        let Some(relro) = self.relro() else { return false };
        let Some(names) = self.image.section_names() else {
            return false;
        };
        let within = |section: &&Section| {
            section.kind == sh::SHT_NOBITS
                && section.flags & (SHF_ALLOC | SHF_TLS) == SHF_ALLOC
                && section.size > 0
                && self.holder(section.address) == Some(index)
        };
        let mut tails = self.image.sections.iter().filter(within).peekable();
        let is_inside = relro.address >= segment.address
            && relro.address < segment.address.saturating_add(segment.memory_size);
        is_inside && tails.peek().is_some() && tails.all(|section| names.is(section, b".relro_padding"))
    }

    /// The `PT_LOAD` whose memory holds an address.
    fn holder(&self, address: u64) -> Option<usize> {
        self.loads()
            .find(|(_, it)| {
                address
                    .checked_sub(it.address)
                    .is_some_and(|inside| inside < it.memory_size)
            })
            .map(|(index, _)| index)
    }

    /// Whether the zeros of `.bss` may be written into the file: they are few, and nothing in the file or in memory stands
    /// behind them.
    fn bss_can_be_written(&self, index: usize, segment: &Segment, large: bool) -> bool {
        let is_executable =
            self.image.object_type == eh::ET_EXEC || self.image.segments_of(ph::PT_INTERP).next().is_some();
        let length = as_u64(self.image.bytes.len());
        let most = if large || is_executable {
            LARGE_BSS
        } else {
            SMALL_BSS.max(length / 50)
        };
        let bss = segment.memory_size.saturating_sub(segment.file_size);
        let file_end = segment.offset.saturating_add(segment.file_size);
        let is_last = self.loads().all(|(other, it)| {
            other == index
                || (it.offset.saturating_add(it.file_size) <= file_end && it.address <= segment.address)
        });
        let relro_stays_in_front = self
            .relro()
            .is_none_or(|relro| relro.end() <= segment.address.saturating_add(segment.file_size));
        let is_data = segment.flags & (ph::PF_W | ph::PF_X) == ph::PF_W;
        is_data && bss <= most && is_last && relro_stays_in_front
    }

    /// The zeros between a segment's last byte and what comes next in the file. Zeros at the end that nothing bounds may be
    /// part of something that only its reader knows.
    fn zeros_behind(&self, index: usize, at: u64) -> u64 {
        let image = self.image;
        let segments = image
            .segments
            .iter()
            .enumerate()
            .filter(|(other, it)| *other != index && it.file_size > 0);
        let segments = segments.map(|(_, it)| it.offset);
        let sections = image
            .sections
            .iter()
            .filter(|it| occupies_file(it))
            .map(|it| it.offset);
        let tables = [image.segment_table, image.section_table];
        let next = segments
            .chain(sections)
            .chain(tables)
            .filter(|offset| *offset >= at)
            .min();
        let Some(bytes) = next.and_then(|next| slice(image.bytes, at, next.checked_sub(at)?)) else {
            return 0;
        };
        as_u64(bytes.iter().take_while(|byte| **byte == 0).count())
    }

    /// How far apart later offsets may move: by whole pages where later segments are mapped, else so that aligned sections
    /// stay aligned.
    fn step(&self, index: usize, at: u64) -> Option<u64> {
        let later = self
            .loads()
            .filter(|(other, it)| *other != index && it.file_size > 0 && it.offset >= at);
        let pages = later.map(|(_, it)| it.alignment.max(SMALLEST_PAGE)).max();
        if let Some(page) = pages {
            return (self.page <= LARGEST_INSERTED_PAGE
                && page <= LARGEST_INSERTED_PAGE
                && self.is_in_order())
            .then_some(page);
        }
        let image = self.image;
        let sections = image
            .sections
            .iter()
            .filter(|it| occupies_file(it) && it.offset >= at);
        let sections = sections.map(|it| it.alignment.clamp(1, 16)).max();
        let headers = (image.section_table >= at).then_some(image.encoding.word());
        Some(sections.max(headers).unwrap_or(1))
    }

    /// Whether the segments follow each other in the file as in memory, without sharing bytes.
    fn is_in_order(&self) -> bool {
        let mut loads: Vec<&Segment> = self
            .loads()
            .map(|(_, it)| it)
            .filter(|it| it.file_size > 0)
            .collect();
        loads.sort_by_key(|it| it.offset);
        loads.windows(2).all(|pair| match pair {
            [one, other] => {
                one.offset.saturating_add(one.file_size) <= other.offset
                    && one.address.saturating_add(one.memory_size) <= other.address
            }
            _ => true,
        })
    }

    fn cheapest(&self, request: &Request, homes: &[Home]) -> Option<Layout> {
        let mut best: Option<(Price, Layout)> = None;
        for way in self.ways(request, homes) {
            for dynamic in choices(request.dynamic, homes) {
                for interpreter in choices(request.interpreter, homes) {
                    let plan = Plan {
                        way,
                        dynamic,
                        interpreter,
                    };
                    let Some(priced) = self.price(request, homes, plan) else {
                        continue;
                    };
                    if best.as_ref().is_none_or(|(price, _)| priced.0 < *price) {
                        best = Some(priced);
                    }
                }
            }
        }
        best.map(|(_, layout)| layout)
    }

    fn ways(&self, request: &Request, homes: &[Home]) -> Vec<Way> {
        if request.strings.size <= request.strings_before {
            return vec![Way::Stay];
        }
        let old_end = request.strings.address.saturating_add(request.strings_before);
        let current = self.holder(request.strings.address);
        let may_leave =
            |home: &Home| current == Some(home.segment) || !self.must_stay(request.strings.address);
        let indexed = || homes.iter().enumerate();
        let tails = indexed()
            .filter(|(_, home)| home.start == old_end && home.file_end == old_end)
            .map(|(it, _)| Way::Tail(it));
        let moves = indexed()
            .filter(|(_, home)| may_leave(home))
            .map(|(it, _)| Way::Move(it));
        let evictions = indexed()
            .flat_map(|(it, _)| Eviction::choices(&request.versions).map(move |which| Way::Evict(it, which)));
        tails.chain(moves).chain(evictions).collect()
    }

    /// Whether the section at an address has to stay in its segment: alone there, or at the end of the file's last one, it would
    /// leave a segment that tools which lay files out anew turn into one that loaders refuse.
    fn must_stay(&self, address: u64) -> bool {
        let holder = self.holder(address);
        let inside =
            |it: &&Section| it.flags & SHF_ALLOC != 0 && it.size > 0 && self.holder(it.address) == holder;
        let in_file = |it: &&Section| inside(it) && it.kind != sh::SHT_NOBITS;
        let sections = &self.image.sections;
        let last = sections.iter().filter(in_file).max_by_key(|it| it.address);
        let is_alone = sections.iter().filter(inside).count() <= 1;
        let ends_file = |index: usize| {
            let offset = self.image.segments.get(index).map(|it| it.offset);
            self.loads()
                .all(|(other, it)| other == index || it.file_size == 0 || Some(it.offset) < offset)
        };
        let ends_last_segment = last.is_some_and(|it| it.address == address) && holder.is_some_and(ends_file);
        !sections.is_empty() && (is_alone || ends_last_segment)
    }

    fn price(&self, request: &Request, homes: &[Home], plan: Plan) -> Option<(Price, Layout)> {
        let mut layout = Layout {
            growths: Vec::new(),
            appended: None,
            strings: request.strings,
            versions: Vec::new(),
            dynamic: None,
            interpreter: None,
        };
        for (index, home) in homes.iter().enumerate() {
            let mut cursor = home.start;
            if plan.way == Way::Tail(index) {
                cursor = request.strings.end();
            }
            if let Some(size) = request.dynamic.filter(|_| plan.dynamic == Some(index)) {
                let (address, end) = self.place_dynamic(home, cursor, size)?;
                layout.dynamic = Some(address);
                cursor = end;
            }
            if let Way::Evict(home, eviction) = plan.way
                && home == index
            {
                cursor = evict(request, eviction, cursor, &mut layout)?;
            }
            if plan.way == Way::Move(index) {
                let address = round_up(cursor, self.alignment_of(request.strings.address, 1))?;
                layout.strings.address = address;
                cursor = layout.strings.end();
            }
            if let Some(size) = request.interpreter.filter(|_| plan.interpreter == Some(index)) {
                layout.interpreter = Some(cursor);
                cursor = cursor.checked_add(size)?;
            }
            if cursor == home.start {
                continue;
            }
            if cursor > home.limit {
                return None;
            }
            let missing = cursor.checked_sub(home.file_end)?.saturating_sub(home.room);
            let inserted = if missing == 0 {
                0
            } else {
                round_up(missing, home.step?)?
            };
            layout.growths.push(Growth {
                segment: home.segment,
                end: cursor,
                at: home.at,
                inserted,
            });
        }
        layout.growths.sort_by_key(|growth| growth.at);
        let price = Price {
            // Where `.bss` has to be written out for the strings, padding for the dynamic table alone would come on top.
            gives_up_protection: self.loses_protection(&layout)
                || (layout.dynamic.is_some()
                    && plan.strings_home().is_some_and(|home| is_behind_bss(homes, home))),
            inserted: layout.growths.iter().map(|growth| growth.inserted).sum(),
            evicted: layout.versions.iter().map(|(table, _)| table.size).sum(),
            homes: plan.preference(),
        };
        Some((price, layout))
    }

    fn place_dynamic(&self, home: &Home, cursor: u64, size: u64) -> Option<(u64, u64)> {
        let dynamic = self.image.segments_of(ph::PT_DYNAMIC).next()?;
        let current = self.holder(dynamic.address)?;
        let must_be_writable = self.image.segments.get(current)?.flags & ph::PF_W != 0;
        if must_be_writable && !home.writable {
            return None;
        }
        if home.segment != current && self.must_stay(dynamic.address) {
            return None;
        }
        let address = round_up(
            cursor,
            self.alignment_of(dynamic.address, self.image.encoding.word()),
        )?;
        Some((address, address.checked_add(size)?))
    }

    /// Whether the dynamic table was read-only, from the start or after relocation, and is not so in its new place.
    fn loses_protection(&self, layout: &Layout) -> bool {
        let Some(old) = self.image.segments_of(ph::PT_DYNAMIC).next() else {
            return false;
        };
        let is_protected = |address: u64, holder: Option<usize>| {
            let covered = self
                .relro()
                .is_some_and(|relro| address >= relro.address && address < relro.end());
            let segment = holder.and_then(|index| self.image.segments.get(index));
            covered || segment.is_some_and(|it| it.flags & ph::PF_W == 0)
        };
        let home_of = |address: u64| {
            let holds = |growth: &&Growth| {
                let segment = self.image.segments.get(growth.segment);
                segment.is_some_and(|it| it.address <= address) && address < growth.end
            };
            layout.growths.iter().find(holds).map(|growth| growth.segment)
        };
        layout.dynamic.is_some_and(|new| {
            is_protected(old.address, self.holder(old.address)) && !is_protected(new, home_of(new))
        })
    }

    /// The alignment of the section at an address.
    fn alignment_of(&self, address: u64, least: u64) -> u64 {
        let section = self
            .image
            .sections
            .iter()
            .find(|it| it.address == address && it.flags & SHF_ALLOC != 0 && it.size > 0);
        section
            .map_or(1, |it| it.alignment)
            .clamp(1, SMALLEST_PAGE)
            .max(least)
    }

    /// A segment at the end of the file, where its header finds room without anything having to move.
    fn append(&self, request: &Request) -> Option<Layout> {
        let image = self.image;
        let spare_header = image.segments.iter().position(|it| it.kind == ph::PT_NULL);
        if image.sections.is_empty()
            || (spare_header.is_none() && !self.has_room_for_header())
            || self.has_trailer()
        {
            return None;
        }
        let page_mask = self.page.checked_sub(1)?;
        let offset = round_up(as_u64(image.bytes.len()), 16)?;
        let top = self
            .loads()
            .map(|(_, it)| it.address.saturating_add(it.memory_size))
            .max()?;
        let address = round_up(top, self.page)?.checked_add(offset & page_mask)?;
        let strings_grow = request.strings.size > request.strings_before;
        if (strings_grow && self.must_stay(request.strings.address)) || request.interpreter.is_some() {
            return None;
        }
        let mut cursor = address;
        let mut dynamic = None;
        if let Some(size) = request.dynamic {
            dynamic = Some(cursor);
            cursor = cursor.checked_add(size)?;
        }
        let mut layout = Layout {
            growths: Vec::new(),
            appended: None,
            strings: request.strings,
            versions: Vec::new(),
            dynamic,
            interpreter: None,
        };
        if strings_grow {
            let evicted =
                |choice: &Eviction| choice.leaving(&request.versions).map(|it| it.size).sum::<u64>();
            let eviction = Eviction::choices(&request.versions)
                .filter(|choice| evicted(choice) < request.strings.size)
                .filter(|choice| evict(request, *choice, cursor, &mut layout.clone()).is_some())
                .min_by_key(evicted);
            cursor = if let Some(eviction) = eviction {
                evict(request, eviction, cursor, &mut layout)?
            } else {
                layout.strings.address = round_up(cursor, self.alignment_of(request.strings.address, 1))?;
                layout.strings.end()
            };
        }
        let size = cursor.checked_sub(address)?;
        let writable = dynamic.is_some();
        let appended = Appended {
            offset,
            address,
            size,
            writable,
            alignment: self.page,
            spare_header,
        };
        layout.appended = Some(appended);
        Some(layout)
    }

    /// Whether the bytes behind the program headers are zeros that belong to nobody, as many as one more header takes.
    fn has_room_for_header(&self) -> bool {
        let image = self.image;
        let header = image.encoding.segment_header_size();
        let count = as_u64(image.segments.len());
        let Some(end) = count
            .checked_mul(header)
            .and_then(|size| size.checked_add(image.segment_table))
        else {
            return false;
        };
        let Some(new_end) = end.checked_add(header) else {
            return false;
        };
        let mut taken = image
            .sections
            .iter()
            .filter(|it| occupies_file(it))
            .map(|it| (it.offset, it.offset.saturating_add(it.size)))
            .chain(
                image
                    .segments
                    .iter()
                    .filter(|it| it.kind != ph::PT_LOAD && it.kind != ph::PT_PHDR && it.file_size > 0)
                    .map(|it| (it.offset, it.offset.saturating_add(it.file_size))),
            )
            .chain([(image.section_table, image.section_table.saturating_add(1))]);
        let is_zero =
            slice(image.bytes, end, header).is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0));
        let is_loaded = self
            .loads()
            .any(|(_, it)| it.offset <= end && it.offset.saturating_add(it.file_size) >= new_end);
        is_zero && is_loaded && !taken.any(|(from, to)| from < new_end && to > end)
    }

    /// Whether something stands behind all that the headers name: it must stay the last thing in the file.
    fn has_trailer(&self) -> bool {
        let image = self.image;
        let headers = as_u64(image.sections.len()).saturating_mul(image.encoding.section_header_size());
        let sections = image
            .sections
            .iter()
            .filter(|it| occupies_file(it))
            .map(|it| it.offset.saturating_add(it.size));
        let segments = image
            .segments
            .iter()
            .map(|it| it.offset.saturating_add(it.file_size));
        let end = sections
            .chain(segments)
            .chain([image.section_table.saturating_add(headers)])
            .max()
            .unwrap_or(0);
        let length = as_u64(image.bytes.len());
        length
            .checked_sub(end)
            .and_then(|rest| slice(image.bytes, end, rest))
            .is_some_and(|rest| rest.iter().any(|it| *it != 0))
    }
}

/// Which home takes what, by their place in the list.
#[derive(Debug, Clone, Copy)]
struct Plan {
    way: Way,
    dynamic: Option<usize>,
    interpreter: Option<usize>,
}

impl Plan {
    /// The home of the strings or of what makes way for them.
    fn strings_home(self) -> Option<usize> {
        match self.way {
            Way::Stay => None,
            Way::Tail(home) | Way::Move(home) | Way::Evict(home, _) => Some(home),
        }
    }

    fn preference(self) -> usize {
        let way = match self.way {
            Way::Stay | Way::Tail(_) => 0,
            Way::Move(home) | Way::Evict(home, _) => home,
        };
        way.saturating_add(self.dynamic.unwrap_or(0))
            .saturating_add(self.interpreter.unwrap_or(0))
    }
}

fn is_behind_bss(homes: &[Home], index: usize) -> bool {
    homes.get(index).is_some_and(|home| home.start != home.file_end)
}

/// Every home for something that needs one; nowhere for what does not.
fn choices(needed: Option<u64>, homes: &[Home]) -> Vec<Option<usize>> {
    match needed {
        Some(_) => (0..homes.len()).map(Some).collect(),
        None => vec![None],
    }
}

/// Moves version tables to `cursor` and on, and the others up; gives the address behind the moved ones. All that they leave
/// becomes the string table's, as room for the next edit. Nothing where it is too little.
fn evict(request: &Request, eviction: Eviction, mut cursor: u64, layout: &mut Layout) -> Option<u64> {
    let limit = eviction.move_others(&request.versions, &mut layout.versions)?;
    let size = limit.checked_sub(request.strings.address)?;
    if size < request.strings.size {
        return None;
    }
    layout.strings.size = size;
    for table in eviction.leaving(&request.versions) {
        let address = congruent(cursor, table.address)?;
        layout.versions.push((table, address));
        cursor = address.checked_add(table.size)?;
    }
    Some(cursor)
}

/// Version tables keep their address modulo 16, more than any of them asks for.
const ALIGNMENT_MASK: u64 = 15;

/// The first address from `cursor` on that is aligned as `like` is.
fn congruent(cursor: u64, like: u64) -> Option<u64> {
    let skew = like & ALIGNMENT_MASK;
    round_up(cursor.saturating_sub(skew), 16)?.checked_add(skew)
}

/// Whether a section has bytes in the file.
pub(super) fn occupies_file(section: &Section) -> bool {
    !matches!(section.kind, sh::SHT_NULL | sh::SHT_NOBITS) && section.size > 0
}

/// Whether a section is the padding behind what is read-only after relocation, or a `.bss` in it: bytes in memory only.
pub(super) fn is_bss(section: &Section) -> bool {
    section.kind == sh::SHT_NOBITS && section.flags & (SHF_ALLOC | SHF_TLS) == SHF_ALLOC
}

/// Whether a section is in memory when the file runs.
pub(super) fn is_loaded(section: &Section) -> bool {
    section.flags & SHF_ALLOC != 0
}
