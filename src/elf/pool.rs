//! Room for strings in a string table: what is there already is shared, what an edit has freed is used again, and only the rest
//! makes the table longer. No string that is still in use moves.
//!
//! Freed bytes are filled with a character that no name has, up to a NUL, so that the next edit knows them again. Zeros that a linker
//! or another tool has left in a table are not ours to use.

use std::collections::BTreeMap;

use super::format::as_u64;

/// What freed bytes are filled with: a control character that no name holds, and text for readers that expect nothing else.
const FREE: u8 = 0x7f;

/// Fills bytes of a string table that nobody uses, so that the next edit finds them.
pub(super) fn release(bytes: &mut [u8]) {
    bytes.fill(FREE);
    if let Some(last) = bytes.last_mut() {
        *last = 0;
    }
}

/// A string table and who uses which of its bytes.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    table: Vec<u8>,
    /// How long the table was, and how long with the zeros that fill its segment up behind it.
    before: (usize, usize),
    used: Vec<bool>,
    dropped: Vec<(usize, usize)>,
}

/// The table with new strings in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    /// The table, as long as before or longer.
    pub table: Vec<u8>,
    /// How long it may have been without needing room: with the filler behind it, where it has grown over that.
    pub room_before: usize,
    /// Where each wanted string begins.
    pub at: BTreeMap<Vec<u8>, u64>,
}

impl Pool {
    /// A table of which nothing is known to be in use, and behind it `filler` zeros that become part of it once it grows.
    pub fn new(table: &[u8], filler: usize) -> Self {
        let length = table.len();
        let with_filler = length.saturating_add(filler);
        Self {
            table: table.to_vec(),
            before: (length, with_filler),
            used: vec![false; length],
            dropped: Vec::new(),
        }
    }

    /// The bytes of the string at `start`, its NUL included.
    fn extent(&self, start: u64) -> Option<(usize, usize)> {
        let start = usize::try_from(start).ok()?;
        let length = self.table.get(start..)?.iter().position(|byte| *byte == 0)?;
        Some((start, start.checked_add(length)?.checked_add(1)?))
    }

    /// Says that somebody uses the string at `start`.
    pub fn keep(&mut self, start: u64) {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let (Some(bytes), Some(used)) = (self.table.get(start..), self.used.get_mut(start..)) else {
            return;
        };
        for (byte, used) in bytes.iter().zip(used) {
            // Whoever uses a byte uses all behind it up to the NUL.
            if std::mem::replace(used, true) || *byte == 0 {
                break;
            }
        }
    }

    /// Says that who uses the table is not known.
    pub fn keep_all(&mut self) {
        self.used.fill(true);
    }

    /// Says that the string at `start` has lost a user.
    pub fn drop(&mut self, start: u64) {
        self.dropped.extend(self.extent(start));
    }

    /// Finds a place for every string.
    pub fn place(mut self, strings: impl IntoIterator<Item = Vec<u8>>) -> Placed {
        let mut free = self.free_ranges();
        let mut wanted: Vec<Vec<u8>> = strings.into_iter().collect();
        // A string that ends another one is found in it: the longer ones first.
        wanted.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        wanted.dedup();
        let mut at = BTreeMap::new();
        for string in wanted {
            let start = match self.find(&string) {
                Some(start) => start,
                None => self.put(&string, &mut free),
            };
            at.insert(string, as_u64(start));
        }
        let (length, with_filler) = self.before;
        let room_before = if self.table.len() > length {
            with_filler
        } else {
            length
        };
        Placed {
            table: self.table,
            room_before,
            at,
        }
    }

    /// Releases the bytes that only dropped strings used, so that no old path stays behind, and lists them together with what
    /// earlier edits have released.
    fn free_ranges(&mut self) -> Vec<(usize, usize)> {
        let mut is_free: Vec<bool> = self.table.iter().map(|byte| *byte == FREE).collect();
        for (start, end) in std::mem::take(&mut self.dropped) {
            mark(&mut is_free, start, end);
        }
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for (index, (free, used)) in is_free.iter().zip(&self.used).enumerate() {
            let open = ranges.last_mut().filter(|(_, end)| *end == index);
            // The NUL behind released bytes is one of them.
            let ends_open =
                open.is_some() && index.checked_sub(1).and_then(|at| self.table.get(at)) == Some(&FREE);
            if *used || !(*free || (ends_open && self.table.get(index) == Some(&0))) {
                continue;
            }
            match open {
                Some((_, end)) => *end = index.saturating_add(1),
                None => ranges.push((index, index.saturating_add(1))),
            }
        }
        for (start, end) in &ranges {
            if let Some(range) = self.table.get_mut(*start..*end) {
                release(range);
            }
        }
        ranges
    }

    /// A place where bytes in use already spell the string.
    fn find(&self, string: &[u8]) -> Option<usize> {
        let ends = self
            .table
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == 0)
            .map(|(index, _)| index);
        ends.filter_map(|end| end.checked_sub(string.len()).map(|start| (start, end)))
            .find_map(|(start, end)| {
                let matches = self.table.get(start..end) == Some(string);
                let used = || {
                    self.used
                        .get(start..=end)
                        .is_some_and(|range| range.iter().all(|used| *used))
                };
                (matches && used()).then_some(start)
            })
    }

    /// Where a string goes that makes the table longer: from the free range at its end on, or behind the filler.
    fn grow(&mut self, free: &mut Vec<(usize, usize)>) -> usize {
        let (length, with_filler) = self.before;
        if self.table.len() == length && with_filler > length {
            self.table.resize(with_filler, 0);
            self.used.resize(with_filler, true);
        }
        match free.pop_if(|(_, end)| *end == self.table.len()) {
            Some((start, _)) => start,
            None => self.table.len(),
        }
    }

    /// Writes the string into the smallest free range that takes it, else to the table's end.
    fn put(&mut self, string: &[u8], free: &mut Vec<(usize, usize)>) -> usize {
        let length = string.len().saturating_add(1);
        let fitting = free
            .iter_mut()
            .filter(|(start, end)| end.saturating_sub(*start) >= length)
            .min_by_key(|(start, end)| end.saturating_sub(*start));
        let start = match fitting {
            Some(range) => {
                let start = range.0;
                range.0 = start.saturating_add(length);
                start
            }
            None => self.grow(free),
        };
        let end = start.saturating_add(length);
        if end > self.table.len() {
            self.table.resize(end, 0);
            self.used.resize(end, false);
        }
        if let Some((ending, text)) = self.table.get_mut(start..end).and_then(<[u8]>::split_last_mut) {
            text.copy_from_slice(string);
            *ending = 0;
        }
        mark(&mut self.used, start, end);
        start
    }
}

fn mark(flags: &mut [bool], start: usize, end: usize) {
    if let Some(range) = flags.get_mut(start..end) {
        range.fill(true);
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"\0libm.so.6\0/old/path\0libc.so.6\0";

    fn pool(kept: &[u64], dropped: &[u64]) -> Pool {
        let mut pool = Pool::new(TABLE, 0);
        pool.keep(0);
        for start in kept {
            pool.keep(*start);
        }
        for start in dropped {
            pool.drop(*start);
        }
        pool
    }

    fn placed(pool: Pool, strings: &[&str]) -> Placed {
        pool.place(strings.iter().map(|text| text.as_bytes().to_vec()))
    }

    #[test]
    fn the_end_of_a_string_in_use_is_shared() {
        let placed = placed(pool(&[1, 11, 21], &[]), &["so.6", "path"]);
        assert_eq!(placed.table, TABLE);
        assert_eq!(placed.at[&b"so.6"[..]], 6);
        assert_eq!(placed.at[&b"path"[..]], 16);
    }

    #[test]
    fn a_dropped_string_makes_room_and_leaves_nothing_behind() {
        let placed = placed(pool(&[1, 21], &[11]), &["/new"]);
        assert_eq!(placed.table, b"\0libm.so.6\0/new\0\x7f\x7f\x7f\x7f\0libc.so.6\0");
    }

    #[test]
    fn what_one_edit_released_another_uses() {
        let mut released = Pool::new(b"\0libm.so.6\0/new\0\x7f\x7f\x7f\x7f\0libc.so.6\0", 0);
        for start in [0, 1, 11, 21] {
            released.keep(start);
        }
        released.drop(11);
        let table = placed(released.clone(), &["libz"]).table;
        assert_eq!(table, b"\0libm.so.6\0/new\0libz\0libc.so.6\0");
        let mut unused = Pool::new(&table, 0);
        for start in [0, 1, 21] {
            unused.keep(start);
        }
        unused.drop(11);
        unused.drop(16);
        assert_eq!(placed(unused, &["/old/path"]).table, TABLE);
    }

    #[test]
    fn a_dropped_string_whose_end_is_in_use_only_gives_its_beginning() {
        let placed = placed(pool(&[1, 16, 21], &[11]), &["/new", "/no"]);
        assert_eq!(placed.table, b"\0libm.so.6\0/new\0path\0libc.so.6\0/no\0");
    }

    #[test]
    fn a_dropped_string_at_the_end_is_grown_from_its_beginning() {
        let placed = placed(pool(&[1, 11], &[21]), &["libc-0123.so.6"]);
        assert_eq!(placed.table, b"\0libm.so.6\0/old/path\0libc-0123.so.6\0");
    }

    #[test]
    fn one_new_string_may_end_another() {
        let placed = placed(pool(&[1, 11, 21], &[]), &["long/name", "name"]);
        assert_eq!(placed.at[&b"name"[..]], placed.at[&b"long/name"[..]] + 5);
    }

    #[test]
    fn nothing_in_a_table_of_unknown_use_is_shared_or_cleared() {
        let mut pool = Pool::new(TABLE, 0);
        pool.keep_all();
        pool.drop(11);
        let placed = placed(pool, &["/new"]);
        assert!(placed.table.starts_with(TABLE));
        assert_eq!(placed.at[&b"/new"[..]], 31);
    }

    #[test]
    fn zeros_that_others_left_are_not_used() {
        let mut pool = Pool::new(b"\0name\0\0\0\0\0", 0);
        pool.keep(1);
        assert_eq!(placed(pool, &["abc"]).table, b"\0name\0\0\0\0\0abc\0");
    }

    #[test]
    fn released_bytes_at_the_end_are_grown_from() {
        let mut pool = Pool::new(b"\0name\0\x7f\x7f\0", 0);
        pool.keep(0);
        pool.keep(1);
        assert_eq!(placed(pool, &["abc"]).table, b"\0name\0abc\0");
    }

    #[test]
    fn a_table_grows_behind_the_zeros_that_fill_its_segment() {
        let mut pool = Pool::new(TABLE, 3);
        pool.keep_all();
        let grown = placed(pool.clone(), &["/new"]);
        assert_eq!((grown.at[&b"/new"[..]], grown.room_before), (34, 34));
        let same = placed(pool, &["path"]);
        assert_eq!((same.table.len(), same.room_before), (31, 31));
    }

    #[test]
    fn the_empty_string_is_where_any_string_ends() {
        assert_eq!(placed(pool(&[1], &[]), &[""]).at[&b""[..]], 0);
    }
}
