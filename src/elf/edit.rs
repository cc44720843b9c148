//! Edits of one file, all applied once: what is wished is turned into a dynamic table and strings, room is found for them, and
//! the result is read again before anybody gets it.

use std::collections::{BTreeMap, BTreeSet};

use goblin::elf::dynamic as dt;
use goblin::elf::header as eh;
use goblin::elf::program_header as ph;
use goblin::elf::section_header as sh;

use super::ElfError;
use super::draft::Draft;
use super::format::{self, as_u64, slice};
use super::image::{DynamicEntry, Image, Section, Segment, Strings, Table, dt_mips, malformed};
use super::layout::{self, Layout, Request};
use super::pool::{self, Placed, Pool};
use super::symver::Versions;
use super::verify;

/// What to change. The default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    /// The new `DT_SONAME`.
    pub soname: Option<String>,
    /// `DT_NEEDED` old → new; the versions needed of the old one are needed of the new one.
    pub replace_needed: BTreeMap<String, String>,
    /// Libraries that shall be needed too; those that are already stay as they are.
    pub add_needed: Vec<String>,
    /// Libraries that shall not be needed any more.
    pub remove_needed: BTreeSet<String>,
    /// What happens to the run path.
    pub run_path: RunPath,
    /// Which of the two tags carries the run path.
    pub run_path_tag: RunPathTag,
    /// The new `PT_INTERP`.
    pub interpreter: Option<String>,
    /// Whether `PT_GNU_STACK` shall not ask for an executable stack.
    pub clear_executable_stack: bool,
}

/// What happens to the run path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RunPath {
    /// It stays.
    #[default]
    Keep,
    /// It goes.
    Remove,
    /// It becomes this.
    Set(String),
    /// These entries come behind those it has, each once.
    Add(String),
}

/// Which tag carries the run path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunPathTag {
    /// The one that it has; `DT_RPATH` for a new one, which the libraries that a library loads inherit.
    #[default]
    AsItIs,
    /// `DT_RPATH`, converted where it is the other.
    Rpath,
    /// `DT_RUNPATH`, converted where it is the other.
    Runpath,
}

/// Gives an edited copy of a file. Whatever an edit does not ask for stays as it is, byte for byte; edits that change nothing
/// give the same bytes.
///
/// # Errors
/// Where the file is damaged, has nothing that could be edited so, or offers no room; and where the result does not read as
/// it was asked for.
pub fn apply(bytes: &[u8], edits: &Edits) -> Result<Vec<u8>, ElfError> {
    if *edits == Edits::default() {
        return Ok(bytes.to_vec());
    }
    let image = Image::read(bytes)?;
    edits.check_texts()?;
    let stack = wanted_stack(&image, edits)?;
    let interpreter = wanted_interpreter(&image, edits)?;
    let dynamic = if edits.touch_dynamic() {
        Some(DynamicEdit::read(&image)?.wanted(edits)?)
    } else {
        None
    };
    let dynamic = dynamic.filter(DynamicEdit::changes_something);
    if dynamic.is_none() && interpreter.is_none() && stack.is_none() {
        return Ok(bytes.to_vec());
    }
    let edited = write(&image, dynamic.as_ref(), interpreter.as_deref(), stack)?;
    verify::compare(&image, &edited, edits)?;
    Ok(edited)
}

impl Edits {
    fn touch_dynamic(&self) -> bool {
        let rest = Self {
            interpreter: None,
            clear_executable_stack: false,
            ..self.clone()
        };
        rest != Self::default()
    }

    /// Names that no string table can hold.
    fn check_texts(&self) -> Result<(), ElfError> {
        let run_path = match &self.run_path {
            RunPath::Set(text) | RunPath::Add(text) => Some(text),
            RunPath::Keep | RunPath::Remove => None,
        };
        let names = self
            .soname
            .iter()
            .chain(self.replace_needed.values())
            .chain(&self.add_needed)
            .chain(&self.interpreter);
        for (text, may_be_empty) in names
            .map(|text| (text, false))
            .chain(run_path.map(|text| (text, true)))
        {
            if text.contains('\0') {
                return Err(ElfError::Text(format!("`{}` holds a NUL", text.escape_default())));
            }
            if text.is_empty() && !may_be_empty {
                return Err(ElfError::Text("a name is empty".to_owned()));
            }
        }
        Ok(())
    }

    /// The run path that a file with that one is to have.
    pub(super) fn run_path_from(&self, before: Option<&str>) -> Option<String> {
        match &self.run_path {
            RunPath::Keep => before.map(str::to_owned),
            RunPath::Remove => None,
            RunPath::Set(text) => Some(text.clone()),
            RunPath::Add(text) => {
                let mut entries: Vec<&str> = before.into_iter().flat_map(|path| path.split(':')).collect();
                for entry in text.split(':') {
                    if !entries.contains(&entry) {
                        entries.push(entry);
                    }
                }
                Some(entries.join(":"))
            }
        }
    }
}

/// The flags of the `PT_GNU_STACK` header that has to change: its index and the flags it gets.
fn wanted_stack(image: &Image<'_>, edits: &Edits) -> Result<Option<(usize, u32)>, ElfError> {
    if !edits.clear_executable_stack {
        return Ok(None);
    }
    let header = image
        .segments
        .iter()
        .enumerate()
        .find(|(_, segment)| segment.kind == ph::PT_GNU_STACK);
    match header {
        Some((index, segment)) => {
            Ok((segment.flags & ph::PF_X != 0).then_some((index, segment.flags & !ph::PF_X)))
        }
        None => Err(ElfError::Refused(
            "it has no `PT_GNU_STACK` header to clear, and no room for another program header".to_owned(),
        )),
    }
}

/// The name that `PT_INTERP` has to get, where it is another than it has.
fn wanted_interpreter(image: &Image<'_>, edits: &Edits) -> Result<Option<Vec<u8>>, ElfError> {
    let Some(wanted) = &edits.interpreter else {
        return Ok(None);
    };
    match super::interpreter(image)? {
        None => Err(ElfError::without_interpreter()),
        Some(present) if present == *wanted => Ok(None),
        Some(_) => Ok(Some(wanted.as_bytes().to_vec())),
    }
}

/// A value of the dynamic table that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Number(u64),
    /// A string that still needs a place.
    Text(Vec<u8>),
}

/// An entry of the dynamic table that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    tag: u64,
    value: Value,
    /// Where the entry it comes from stood in the table.
    from: Option<u64>,
}

/// The dynamic table and all that hangs on its strings, before and after.
struct DynamicEdit<'a> {
    image: &'a Image<'a>,
    strings: Strings<'a>,
    versions: Versions<'a>,
    before: Vec<DynamicEntry>,
    after: Vec<Entry>,
    /// `Verneed` structures that name another library from now on, by their address.
    renamed: Vec<(u64, Vec<u8>)>,
    /// Strings of the table that have lost a user.
    dropped: Vec<u64>,
}

/// Loaders find the dynamic table through its address, other readers through its offset: only where both lead to the same
/// bytes can it be edited for all of them.
fn check_place_of_dynamic(image: &Image<'_>, segment: &Segment) -> Result<(), ElfError> {
    let reason = match image.offset_of(segment.address) {
        Some((offset, available)) if offset == segment.offset && segment.file_size <= available => {
            return Ok(());
        }
        Some((offset, _)) if offset != segment.offset => {
            format!("{:#x} is not where its address lies, {offset:#x}", segment.offset)
        }
        Some(_) => format!("its {:#x} bytes leave their loaded segment", segment.file_size),
        None => format!(
            "its address {:#x} is in no loaded part of the file",
            segment.address
        ),
    };
    Err(malformed("p_offset of PT_DYNAMIC", segment.at, reason))
}

impl<'a> DynamicEdit<'a> {
    fn read(image: &'a Image<'a>) -> Result<Self, ElfError> {
        let Some(dynamic) = &image.dynamic else {
            let reason = match image.object_type {
                eh::ET_REL => "it is an object file, which has no dynamic section",
                eh::ET_CORE => "it is a core dump, which has no dynamic section",
                _ => "it is statically linked: there is no dynamic section",
            };
            return Err(ElfError::Refused(reason.to_owned()));
        };
        if image.segments_of(ph::PT_DYNAMIC).count() > 1 {
            return Err(ElfError::Refused("it has more than one `PT_DYNAMIC`".to_owned()));
        }
        if let Some(segment) = image.segments_of(ph::PT_DYNAMIC).next() {
            check_place_of_dynamic(image, segment)?;
        }
        let strings = image
            .strings()?
            .ok_or_else(|| ElfError::Refused("its dynamic section has no `DT_STRTAB`".to_owned()))?;
        if strings.bytes.last() != Some(&0) {
            return Err(malformed(
                "DT_STRSZ",
                strings.offset,
                "the string table does not end with NUL".to_owned(),
            ));
        }
        if dynamic.value(dt::DT_STRSZ).is_none() {
            return Err(ElfError::Refused(
                "its dynamic section has no `DT_STRSZ`".to_owned(),
            ));
        }
        let versions = Versions::read(image, &strings)?;
        let before = dynamic.entries.clone();
        Ok(Self {
            image,
            strings,
            versions,
            before,
            after: Vec::new(),
            renamed: Vec::new(),
            dropped: Vec::new(),
        })
    }

    fn text(&self, start: u64, name: &'static str, at: u64) -> Result<&'a [u8], ElfError> {
        self.strings.get(start, name, at)
    }

    /// Fills in what is to be.
    fn wanted(mut self, edits: &Edits) -> Result<Self, ElfError> {
        let mut run_path = WantedRunPath::of(&self, edits)?;
        for entry in self.before.clone() {
            match entry.tag {
                dt::DT_NEEDED => self.want_needed(entry, edits)?,
                dt::DT_SONAME => match &edits.soname {
                    Some(soname) => self.want_text(entry, "DT_SONAME", soname.as_bytes())?,
                    None => self.want_same(entry),
                },
                dt::DT_RPATH | dt::DT_RUNPATH if run_path.is_touched => match run_path.text.take() {
                    Some(text) => self.want_text(
                        DynamicEntry {
                            tag: run_path.tag,
                            ..entry
                        },
                        "DT_RUNPATH",
                        &text,
                    )?,
                    None => self.dropped.push(entry.value),
                },
                _ => self.want_same(entry),
            }
        }
        if let Some(text) = run_path.text.filter(|_| run_path.is_touched) {
            self.want_new(run_path.tag, text);
        }
        if let Some(soname) = edits
            .soname
            .as_ref()
            .filter(|_| self.before.iter().all(|it| it.tag != dt::DT_SONAME))
        {
            self.want_new(dt::DT_SONAME, soname.as_bytes().to_vec());
        }
        self.want_added(edits)?;
        self.rename_versions(edits)?;
        Ok(self)
    }

    fn want_same(&mut self, entry: DynamicEntry) {
        self.after.push(Entry {
            tag: entry.tag,
            value: Value::Number(entry.value),
            from: Some(entry.at),
        });
    }

    fn want_new(&mut self, tag: u64, text: Vec<u8>) {
        self.after.push(Entry {
            tag,
            value: Value::Text(text),
            from: None,
        });
    }

    fn want_text(&mut self, entry: DynamicEntry, name: &'static str, text: &[u8]) -> Result<(), ElfError> {
        if self.text(entry.value, name, entry.at)? == text {
            self.want_same(entry);
            return Ok(());
        }
        self.dropped.push(entry.value);
        self.after.push(Entry {
            tag: entry.tag,
            value: Value::Text(text.to_vec()),
            from: Some(entry.at),
        });
        Ok(())
    }

    fn want_needed(&mut self, entry: DynamicEntry, edits: &Edits) -> Result<(), ElfError> {
        let name = self.text(entry.value, "DT_NEEDED", entry.at)?;
        let Ok(text) = std::str::from_utf8(name) else {
            self.want_same(entry);
            return Ok(());
        };
        if edits.remove_needed.contains(text) {
            if let Some(needed) = self.versions.needed.iter().find(|needed| needed.library == name) {
                let version = String::from_utf8_lossy(needed.version);
                return Err(ElfError::Refused(format!(
                    "it needs `{version}` of `{text}`: without the library, loaders would refuse the file"
                )));
            }
            self.dropped.push(entry.value);
            return Ok(());
        }
        if let Some(new) = edits.replace_needed.get(text) {
            return self.want_text(entry, "DT_NEEDED", new.as_bytes());
        }
        self.want_same(entry);
        Ok(())
    }

    fn want_added(&mut self, edits: &Edits) -> Result<(), ElfError> {
        for name in &edits.add_needed {
            let mut present = false;
            for entry in self.after.iter().filter(|entry| entry.tag == dt::DT_NEEDED) {
                present |= match &entry.value {
                    Value::Text(text) => text == name.as_bytes(),
                    Value::Number(start) => self.text(*start, "DT_NEEDED", 0)? == name.as_bytes(),
                };
            }
            if !present {
                self.want_new(dt::DT_NEEDED, name.as_bytes().to_vec());
            }
        }
        Ok(())
    }

    fn rename_versions(&mut self, edits: &Edits) -> Result<(), ElfError> {
        let table = self
            .image
            .dynamic
            .as_ref()
            .and_then(|dynamic| dynamic.value(dt::DT_VERNEED));
        let offset = self.image.table_of(dt::DT_VERNEED, "DT_VERNEED")?;
        let (Some(table), Some((offset, _))) = (table, offset) else {
            return Ok(());
        };
        for library in &self.versions.libraries {
            let new = std::str::from_utf8(library.name)
                .ok()
                .and_then(|name| edits.replace_needed.get(name));
            let Some(new) = new.filter(|new| new.as_bytes() != library.name) else {
                continue;
            };
            let address = library
                .at
                .checked_sub(offset)
                .and_then(|inside| inside.checked_add(table));
            let address =
                address.ok_or_else(|| malformed("vn_next", library.at, "it leads backwards".to_owned()))?;
            self.renamed.push((address, new.as_bytes().to_vec()));
        }
        Ok(())
    }

    fn changes_something(&self) -> bool {
        let same = self.after.iter().map(|it| (it.tag, &it.value)).eq(self
            .before
            .iter()
            .map(|it| (it.tag, Value::Number(it.value)))
            .collect::<Vec<_>>()
            .iter()
            .map(|(tag, value)| (*tag, value)));
        !same || !self.renamed.is_empty()
    }

    /// Places every new string in the table.
    fn place(&self) -> Result<Placed, ElfError> {
        let mut pool = Pool::new(self.strings.bytes, self.filler());
        self.mark_users(&mut pool)?;
        self.dropped.iter().for_each(|start| pool.drop(*start));
        for (address, _) in &self.renamed {
            let (offset, _) = self.image.offset_of(*address).unwrap_or_default();
            pool.drop(self.image.get(offset, &format::VN_FILE)?);
        }
        let texts = self.after.iter().filter_map(|entry| match &entry.value {
            Value::Text(text) => Some(text.clone()),
            Value::Number(_) => None,
        });
        Ok(pool.place(texts.chain(self.renamed.iter().map(|(_, text)| text.clone()))))
    }

    /// How many zeros fill the string table's segment up behind it. They become part of a table that grows there.
    fn filler(&self) -> usize {
        const MOST: u64 = 15;
        let image = self.image;
        let Some(start) = image
            .dynamic
            .as_ref()
            .and_then(|dynamic| dynamic.value(dt::DT_STRTAB))
        else {
            return 0;
        };
        let end = start.saturating_add(as_u64(self.strings.bytes.len()));
        let ends = image
            .segments_of(ph::PT_LOAD)
            .map(|it| it.address.saturating_add(it.file_size));
        let Some(segment_end) = ends.filter(|it| *it >= end).min() else {
            return 0;
        };
        let piece = Table {
            address: end,
            size: segment_end.saturating_sub(end),
        };
        let is_free = piece.size <= MOST
            && self.is_zero(piece.address, piece.end())
            && self.is_nobodys(piece, |_| false);
        if is_free {
            usize::try_from(piece.size).unwrap_or(0)
        } else {
            0
        }
    }

    /// Tells the pool of every string that survives.
    fn mark_users(&self, pool: &mut Pool) -> Result<(), ElfError> {
        pool.keep(0);
        if self.has_users_unknown_to_us()? {
            pool.keep_all();
            return Ok(());
        }
        if let Some(table) = self.image.symbol_table()? {
            for index in 0..table.count {
                pool.keep(self.image.symbol_name(table, index)?);
            }
        }
        for start in self.versions.strings(self.image)? {
            pool.keep(start);
        }
        let renamed: BTreeSet<u64> = self.renamed.iter().map(|(address, _)| *address).collect();
        for library in &self.versions.libraries {
            if !renamed
                .iter()
                .any(|address| self.image.offset_of(*address).map(|it| it.0) == Some(library.at))
            {
                pool.keep(self.image.get(library.at, &format::VN_FILE)?);
            }
        }
        for entry in &self.after {
            if let (Value::Number(start), true) = (&entry.value, names_a_string(self.image, entry.tag)) {
                pool.keep(*start);
            }
        }
        Ok(())
    }

    /// Whether something uses the string table that is neither a symbol, a version nor a dynamic entry.
    fn has_users_unknown_to_us(&self) -> Result<bool, ElfError> {
        const KNOWN: [u32; 4] = [
            sh::SHT_DYNAMIC,
            sh::SHT_DYNSYM,
            sh::SHT_GNU_VERDEF,
            sh::SHT_GNU_VERNEED,
        ];
        let table = self
            .image
            .dynamic
            .as_ref()
            .and_then(|dynamic| dynamic.value(dt::DT_STRTAB));
        let sections = &self.image.sections;
        let is_table = |index: u32| {
            let section = usize::try_from(index).ok().and_then(|index| sections.get(index));
            section.is_some_and(|it| {
                Some(it.address) == table && it.kind == sh::SHT_STRTAB && layout::is_loaded(it)
            })
        };
        let strange_section = sections
            .iter()
            .any(|it| is_table(it.link) && !KNOWN.contains(&it.kind));
        let strange_tag = self.before.iter().any(|it| {
            matches!(it.tag, dt::DT_GNU_LIBLIST | dt::DT_GNU_CONFLICT | dt::DT_SYMINFO)
                || (self.image.is_mips() && it.tag == dt_mips::LIBLIST)
        });
        Ok(strange_section || strange_tag || !self.image.knows_symbol_count()?)
    }

    /// The version tables that follow the string table one after the other, with nothing in between.
    fn versions_behind(&self) -> Result<Vec<Table>, ElfError> {
        let Some(dynamic) = &self.image.dynamic else {
            return Ok(Vec::new());
        };
        let Some(start) = dynamic.value(dt::DT_STRTAB) else {
            return Ok(Vec::new());
        };
        if !self.image.knows_symbol_count()? {
            return Ok(Vec::new());
        }
        let mut tables = self.versions.tables(self.image)?;
        tables.sort_by_key(|table| table.address);
        let end = start.saturating_add(as_u64(self.strings.bytes.len()));
        let mut position = end;
        tables.retain(|table| table.address >= end);
        let follows = |table: &Table| {
            let is_next =
                table.address.saturating_sub(position) <= 15 && self.is_zero(position, table.address);
            let piece = Table {
                address: position,
                size: table.end().saturating_sub(position),
            };
            position = table.end();
            is_next && self.is_nobodys(piece, is_of_versions)
        };
        Ok(tables.into_iter().take_while(follows).collect())
    }

    fn is_zero(&self, from: u64, to: u64) -> bool {
        let offset = self.image.offset_of(from).map(|(offset, _)| offset);
        let bytes = offset.and_then(|offset| slice(self.image.bytes, offset, to.checked_sub(from)?));
        from == to || bytes.is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0))
    }

    /// Whether no section has bytes in a piece of memory, but for those of a kind that does not count.
    fn is_nobodys(&self, piece: Table, does_not_count: impl Fn(u32) -> bool) -> bool {
        self.image.sections.iter().all(|it| {
            let apart = it.address >= piece.end() || it.address.saturating_add(it.size) <= piece.address;
            apart || it.size == 0 || !layout::is_loaded(it) || does_not_count(it.kind)
        })
    }
}

fn is_of_versions(kind: u32) -> bool {
    matches!(
        kind,
        sh::SHT_GNU_VERSYM | sh::SHT_GNU_VERDEF | sh::SHT_GNU_VERNEED
    )
}

/// Whether a dynamic tag's value is the start of a string.
pub(super) fn names_a_string(image: &Image<'_>, tag: u64) -> bool {
    const AUXILIARY: u64 = 0x7fff_fffd;
    const USED: u64 = 0x7fff_fffe;
    const FILTER: u64 = 0x7fff_ffff;
    const SUN_AUXILIARY: u64 = 0x6000_000d;
    const SUN_FILTER: u64 = 0x6000_000f;
    matches!(
        tag,
        dt::DT_NEEDED
            | dt::DT_SONAME
            | dt::DT_RPATH
            | dt::DT_RUNPATH
            | dt::DT_CONFIG
            | dt::DT_DEPAUDIT
            | dt::DT_AUDIT
            | AUXILIARY
            | USED
            | FILTER
            | SUN_AUXILIARY
            | SUN_FILTER
    ) || (image.is_mips() && tag == dt_mips::IVERSION)
}

/// The run path that is to be.
struct WantedRunPath {
    is_touched: bool,
    tag: u64,
    text: Option<Vec<u8>>,
}

impl WantedRunPath {
    fn of(edit: &DynamicEdit<'_>, edits: &Edits) -> Result<Self, ElfError> {
        let find = |tag: u64| edit.before.iter().rev().find(|entry| entry.tag == tag);
        // Loaders look at `DT_RPATH` only where there is no `DT_RUNPATH`.
        let present = find(dt::DT_RUNPATH).or_else(|| find(dt::DT_RPATH));
        let before = present
            .map(|entry| edit.text(entry.value, "DT_RUNPATH", entry.at))
            .transpose()?;
        let tag = match edits.run_path_tag {
            RunPathTag::Rpath => dt::DT_RPATH,
            RunPathTag::Runpath => dt::DT_RUNPATH,
            RunPathTag::AsItIs => present.map_or(dt::DT_RPATH, |entry| entry.tag),
        };
        let text = match &edits.run_path {
            RunPath::Keep => before.map(<[u8]>::to_vec),
            _ => edits
                .run_path_from(before.map(String::from_utf8_lossy).as_deref())
                .map(String::into_bytes),
        };
        let is_touched = edits.run_path != RunPath::Keep || edits.run_path_tag != RunPathTag::AsItIs;
        Ok(Self {
            is_touched,
            tag,
            text,
        })
    }
}

/// Spare entries in a dynamic table that had to move, for the next edit.
const SPARE_ENTRIES: u64 = 4;

/// Makes the edited file.
fn write(
    image: &Image<'_>,
    dynamic: Option<&DynamicEdit<'_>>,
    interpreter: Option<&[u8]>,
    stack: Option<(usize, u32)>,
) -> Result<Vec<u8>, ElfError> {
    let placed = dynamic.map(DynamicEdit::place).transpose()?;
    let request = request(image, dynamic, placed.as_ref(), interpreter)?;
    let layout = layout::find(image, &request).ok_or_else(|| {
        ElfError::Refused("there is no room for longer tables: no padding behind a segment, no small `.bss`, no spare program header".to_owned())
    })?;
    let overflow = || ElfError::Refused("the longer tables do not fit its address space".to_owned());
    let mut draft = Draft::new(image, &layout).ok_or_else(overflow)?;
    if let Some((index, flags)) = stack {
        draft.segments.get_mut(index).ok_or_else(overflow)?.flags = flags;
    }
    if let Some(name) = interpreter {
        write_interpreter(image, &mut draft, &layout, name).ok_or_else(overflow)?;
    }
    if let (Some(dynamic), Some(placed)) = (dynamic, &placed) {
        write_tables(dynamic, &mut draft, &layout, placed, request.dynamic).ok_or_else(overflow)?;
    }
    draft.finish().ok_or_else(overflow)
}

fn request(
    image: &Image<'_>,
    dynamic: Option<&DynamicEdit<'_>>,
    placed: Option<&Placed>,
    interpreter: Option<&[u8]>,
) -> Result<Request, ElfError> {
    let mut request = Request {
        strings: Table { address: 0, size: 0 },
        strings_before: 0,
        dynamic: None,
        interpreter: None,
        versions: Vec::new(),
    };
    if let (Some(dynamic), Some(placed), Some(table)) = (dynamic, placed, &image.dynamic) {
        request.strings_before = as_u64(placed.room_before);
        let size = as_u64(placed.table.len());
        request.strings = Table {
            address: table.value(dt::DT_STRTAB).unwrap_or(0),
            size,
        };
        let step = image.encoding.dynamic_entry_size();
        let used = as_u64(dynamic.after.len()).saturating_add(1).saturating_mul(step);
        if used > table.size {
            request.dynamic = Some(used.saturating_add(SPARE_ENTRIES.saturating_mul(step)));
        }
        let grown = size.saturating_sub(request.strings_before);
        if grown > 0 {
            request.versions = dynamic.versions_behind()?;
        }
    }
    if let (Some(name), Some(segment)) = (interpreter, image.segments_of(ph::PT_INTERP).next()) {
        let size = as_u64(name.len()).saturating_add(1);
        request.interpreter = (size > segment.file_size).then_some(size);
    }
    Ok(request)
}

fn write_interpreter(image: &Image<'_>, draft: &mut Draft<'_>, layout: &Layout, name: &[u8]) -> Option<()> {
    let size = as_u64(name.len()).checked_add(1)?;
    let old = *image.segments_of(ph::PT_INTERP).next()?;
    let address = layout.interpreter.unwrap_or(old.address);
    let old_length = usize::try_from(old.file_size).ok()?;
    let mut content = name.to_vec();
    content.resize(
        usize::try_from(size).ok()?.max(if layout.interpreter.is_some() {
            0
        } else {
            old_length
        }),
        0,
    );
    draft.write_at(address, &content)?;
    let offset = draft.offset_of(address)?;
    for segment in draft.segments.iter_mut().filter(|it| it.kind == ph::PT_INTERP) {
        segment.physical_address = segment
            .physical_address
            .wrapping_add(address.wrapping_sub(segment.address));
        (
            segment.offset,
            segment.address,
            segment.file_size,
            segment.memory_size,
        ) = (offset, address, size, size);
    }
    for section in &mut draft.sections {
        if section.address == old.address && section.size == old.file_size && layout::is_loaded(section) {
            (section.offset, section.address, section.size) = (offset, address, size);
        }
    }
    Some(())
}

fn write_tables(
    edit: &DynamicEdit<'_>,
    draft: &mut Draft<'_>,
    layout: &Layout,
    placed: &Placed,
    moved_dynamic_size: Option<u64>,
) -> Option<()> {
    let image = edit.image;
    let old_strings = image.dynamic.as_ref()?.value(dt::DT_STRTAB)?;
    let relocate = |address: u64| {
        let holds = |(table, _): &&(Table, u64)| address >= table.address && address < table.end();
        match layout.versions.iter().find(holds) {
            Some((table, to)) => address.checked_sub(table.address)?.checked_add(*to),
            None => Some(address),
        }
    };
    for (table, to) in &layout.versions {
        let (offset, _) = image.offset_of(table.address)?;
        draft.write_at(*to, slice(image.bytes, offset, table.size)?)?;
    }
    let mut table = placed.table.clone();
    table.resize(usize::try_from(layout.strings.size).ok()?, 0);
    pool::release(table.get_mut(placed.table.len()..)?);
    draft.write_at(layout.strings.address, &table)?;
    for (address, name) in &edit.renamed {
        draft.put_at(relocate(*address)?, &format::VN_FILE, *placed.at.get(name)?)?;
    }
    let old_dynamic = image.segments_of(ph::PT_DYNAMIC).next()?;
    let address = layout.dynamic.unwrap_or(old_dynamic.address);
    let size = moved_dynamic_size.unwrap_or(image.dynamic.as_ref()?.size);
    let content = dynamic_table(edit, layout, placed, address, size, relocate)?;
    draft.write_at(address, &content)?;
    let offset_of_strings = draft.offset_of(layout.strings.address)?;
    let offset_of_dynamic = draft.offset_of(address)?;
    update_sections(edit, draft, layout, (old_strings, offset_of_strings), relocate)?;
    if layout.dynamic.is_some() {
        move_dynamic(image, draft, Table { address, size }, offset_of_dynamic)?;
    }
    Some(())
}

/// The bytes of the dynamic table that is to be.
fn dynamic_table(
    edit: &DynamicEdit<'_>,
    layout: &Layout,
    placed: &Placed,
    address: u64,
    size: u64,
    relocate: impl Fn(u64) -> Option<u64>,
) -> Option<Vec<u8>> {
    let image = edit.image;
    let step = image.encoding.dynamic_entry_size();
    let old = image.segments_of(ph::PT_DYNAMIC).next()?;
    let mut content = vec![0; usize::try_from(size).ok()?];
    for (index, entry) in edit.after.iter().enumerate() {
        let inside = as_u64(index).checked_mul(step)?;
        let value = match (&entry.value, entry.tag) {
            (Value::Text(text), _) => *placed.at.get(text)?,
            (_, dt::DT_STRTAB) => layout.strings.address,
            (_, dt::DT_STRSZ) => layout.strings.size,
            (Value::Number(number), dt::DT_VERSYM | dt::DT_VERNEED | dt::DT_VERDEF) => relocate(*number)?,
            (Value::Number(number), dt_mips::RLD_MAP_REL) if image.is_mips() => {
                // It counts from its own entry, which has moved.
                let was = entry.from?.checked_sub(old.offset)?.checked_add(old.address)?;
                let target = was.wrapping_add(*number);
                let value = target.wrapping_sub(address.checked_add(inside)?);
                if image.encoding.is_64 {
                    value
                } else {
                    value & u64::from(u32::MAX)
                }
            }
            (Value::Number(number), _) => *number,
        };
        image
            .encoding
            .put(&mut content, inside, &format::D_TAG, entry.tag)?;
        image.encoding.put(&mut content, inside, &format::D_VAL, value)?;
    }
    Some(content)
}

fn update_sections(
    edit: &DynamicEdit<'_>,
    draft: &mut Draft<'_>,
    layout: &Layout,
    (old_strings, offset_of_strings): (u64, u64),
    relocate: impl Fn(u64) -> Option<u64>,
) -> Option<()> {
    let old_size = as_u64(edit.strings.bytes.len());
    let used = edit.image.dynamic.as_ref()?.size;
    let versions: Vec<u64> = edit
        .before
        .iter()
        .filter(|entry| matches!(entry.tag, dt::DT_VERSYM | dt::DT_VERNEED | dt::DT_VERDEF))
        .map(|entry| entry.value)
        .collect();
    let mut sections = std::mem::take(&mut draft.sections);
    for section in sections.iter_mut().filter(|it| layout::is_loaded(it)) {
        if section.kind == sh::SHT_STRTAB && section.address == old_strings && section.size == old_size {
            section.address = layout.strings.address;
            section.offset = offset_of_strings;
            section.size = layout.strings.size;
        } else if section.kind == sh::SHT_DYNAMIC && layout.dynamic.is_none() && section.size < used {
            // Its header spoke of fewer entries than its segment has room for.
            section.size = used;
        } else if versions.contains(&section.address) && relocate(section.address)? != section.address {
            section.address = relocate(section.address)?;
            section.offset = draft.offset_of(section.address)?;
        }
    }
    draft.sections = sections;
    Some(())
}

/// Points everything that names the dynamic table at its new place: the headers, and the `_DYNAMIC` of debuggers.
fn move_dynamic(image: &Image<'_>, draft: &mut Draft<'_>, table: Table, offset: u64) -> Option<()> {
    for segment in draft.segments.iter_mut().filter(|it| it.kind == ph::PT_DYNAMIC) {
        segment.physical_address = segment
            .physical_address
            .wrapping_add(table.address.wrapping_sub(segment.address));
        (segment.offset, segment.address) = (offset, table.address);
        (segment.file_size, segment.memory_size) = (table.size, table.size);
    }
    let old = image.segments_of(ph::PT_DYNAMIC).next()?.address;
    let index = image
        .sections
        .iter()
        .position(|it| it.kind == sh::SHT_DYNAMIC && it.address == old);
    let Some(index) = index else { return Some(()) };
    let section = draft.sections.get_mut(index)?;
    (section.offset, section.address, section.size) = (offset, table.address, table.size);
    // There is one at most, says the specification.
    match image.sections.iter().find(|it| it.kind == sh::SHT_SYMTAB) {
        Some(symbols) => move_symbol(image, draft, symbols, index, table.address),
        None => Some(()),
    }
}

fn move_symbol(
    image: &Image<'_>,
    draft: &mut Draft<'_>,
    symbols: &Section,
    dynamic_section: usize,
    address: u64,
) -> Option<()> {
    // A symbol table that is not in the file, whatever its header says, has nothing to correct.
    let (Some(_), Some(names)) = (
        slice(image.bytes, symbols.offset, symbols.size),
        names_of(image, symbols),
    ) else {
        return Some(());
    };
    let step = image.encoding.symbol_size();
    let table = image
        .sections
        .iter()
        .zip(&draft.sections)
        .find(|(was, _)| *was == symbols)
        .map(|(_, is)| is.offset)?;
    for number in 0..symbols.size.checked_div(step)? {
        let inside = number.checked_mul(step)?;
        let field = |field: &format::Field| {
            image
                .encoding
                .get(image.bytes, symbols.offset.checked_add(inside)?, field)
        };
        let Some(name) = field(&format::ST_NAME).and_then(|name| usize::try_from(name).ok()) else {
            continue;
        };
        let is_dynamic = names
            .get(name..)
            .is_some_and(|tail| tail.starts_with(b"_DYNAMIC\0"));
        if is_dynamic && field(&format::ST_SHNDX) == Some(as_u64(dynamic_section)) {
            draft.put(table.checked_add(inside)?, &format::ST_VALUE, address)?;
        }
    }
    Some(())
}

/// The string table with the names of a symbol table.
fn names_of<'a>(image: &Image<'a>, symbols: &Section) -> Option<&'a [u8]> {
    let names = image.sections.get(usize::try_from(symbols.link).ok()?)?;
    slice(image.bytes, names.offset, names.size)
}
