//! What two files differ in, where it lies, and what probably brings it about.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::check::Kind;
use crate::elf;
use crate::tar;
use crate::zip::survey;
use crate::zip::write::civil_date;

/// One thing that two files differ in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The file in the archive; none for the archive itself.
    pub member: Option<String>,
    /// What differs, and where.
    pub words: String,
    /// What probably brings it about.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Difference {
    /// A file that only one of two builds has, the first or the second.
    #[must_use]
    pub fn missing(only_first: bool) -> Self {
        Self::plain(None, format!("only the {} has it", which(only_first)))
    }

    fn plain(member: Option<&str>, words: String) -> Self {
        Self {
            member: member.map(str::to_owned),
            words,
            cause: None,
            remedy: None,
        }
    }

    fn because(mut self, cause: Option<Cause>) -> Self {
        if let Some(Cause { words, remedy }) = cause {
            self.cause = Some(words);
            self.remedy = Some(remedy.to_owned());
        }
        self
    }
}

fn which(first: bool) -> &'static str {
    if first { "first" } else { "second" }
}

/// A word, and what it is.
pub(super) type Trace = (String, &'static str);

/// What could only have come from one of the builds.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// Words that are found in what one build makes and not the other, and what they are, for each of the two. The first that is
    /// found counts.
    pub words: [Vec<Trace>; 2],
    /// Between when both were made, in seconds since 1970.
    pub during: (u64, u64),
}

/// A likely cause.
struct Cause {
    words: String,
    remedy: &'static str,
}

/// What two archives of one name differ in.
pub(super) fn explain(name: &str, first: &[u8], second: &[u8], traces: &Traces) -> Vec<Difference> {
    let mut found = match Kind::of(name) {
        Some(Kind::Wheel) => wheels(first, second, traces),
        Some(Kind::Sdist) => sdists(first, second, traces),
        None => vec![contents(None, first, second, traces)],
    };
    if found.is_empty() {
        let at = first_difference(first, second);
        found.push(Difference::plain(
            None,
            format!(
                "the same files in an archive that differs from byte {at} on: it was packed in another way"
            ),
        ));
    }
    found
}

fn wheels(first: &[u8], second: &[u8], traces: &Traces) -> Vec<Difference> {
    let archives = [first, second];
    let surveys = archives.map(survey::survey);
    let names = [0, 1].map(|side| {
        let members = surveys[side].members.iter();
        members.map(|member| member.name.clone()).collect::<Vec<_>>()
    });
    let mut found = of_names(&names);
    let other: BTreeMap<&str, &survey::Found> = surveys[1]
        .members
        .iter()
        .map(|member| (member.name.as_str(), member))
        .collect();
    for member in &surveys[0].members {
        let Some(twin) = other.get(member.name.as_str()) else {
            continue;
        };
        let [one, two] = [(archives[0], member), (archives[1], *twin)]
            .map(|(bytes, member)| survey::content(bytes, member).unwrap_or_default());
        // RECORD holds the sums of the others, and differs where they do.
        let follows = member.name.ends_with(".dist-info/RECORD") && !found.is_empty();
        if one != two && !follows {
            found.push(contents(Some(&member.name), &one, &two, traces));
        }
        let kept = [member, *twin].map(|member| (member.modified, member.mode, member.method));
        if kept[0] != kept[1] {
            found.push(of_headers(member, twin));
        }
    }
    found
}

/// Time, mode and method of a file in an archive.
fn of_headers(one: &survey::Found, two: &survey::Found) -> Difference {
    let mut words = Vec::new();
    let mut cause = None;
    if one.modified != two.modified {
        words.push("its time".to_owned());
        cause = Some(Cause {
            words: "the archive holds the time of its files or of the build".to_owned(),
            remedy: "set `SOURCE_DATE_EPOCH` to the same for both builds",
        });
    }
    if one.mode != two.mode {
        let mode = |mode: Option<u32>| mode.map_or_else(|| "none".to_owned(), |mode| format!("{mode:o}"));
        words.push(format!("its mode: {} and {}", mode(one.mode), mode(two.mode)));
    }
    if one.method != two.method {
        words.push(format!("its compression: {} and {}", one.method, two.method));
    }
    Difference::plain(Some(&one.name), words.join(", ")).because(cause)
}

fn sdists(first: &[u8], second: &[u8], traces: &Traces) -> Vec<Difference> {
    const LIMIT: u64 = 1 << 32;
    let unpacked =
        [first, second].map(|bytes| tar::gunzip(bytes, LIMIT).map(|(tar, _)| tar).unwrap_or_default());
    let entries = [0, 1].map(|side: usize| tar::survey(&unpacked[side]).0);
    let names = [0, 1].map(|side: usize| {
        let paths = entries[side].iter().map(|entry| entry.path.clone());
        paths.collect::<Vec<_>>()
    });
    let mut found = of_names(&names);
    let other: BTreeMap<&str, &tar::Entry<'_>> = entries[1]
        .iter()
        .map(|entry| (entry.path.as_str(), entry))
        .collect();
    for entry in &entries[0] {
        let Some(twin) = other.get(entry.path.as_str()) else {
            continue;
        };
        if entry.bytes != twin.bytes {
            found.push(contents(Some(&entry.path), entry.bytes, twin.bytes, traces));
        }
        if entry.mode != twin.mode {
            let words = format!("its mode: {:o} and {:o}", entry.mode, twin.mode);
            found.push(Difference::plain(Some(&entry.path), words));
        }
    }
    found
}

/// Files that only one has, and their order.
fn of_names(names: &[Vec<String>; 2]) -> Vec<Difference> {
    let sets = [0, 1].map(|side: usize| names[side].iter().collect::<BTreeSet<_>>());
    let mut found = Vec::new();
    for (side, is_first) in [(0, true), (1, false)] {
        for name in sets[side].difference(&sets[1 - side]) {
            let words = format!("only the {} has it", which(is_first));
            found.push(Difference::plain(Some(name), words));
        }
    }
    if found.is_empty() && names[0] != names[1] {
        found.push(Difference::plain(
            None,
            "the same files in another order".to_owned(),
        ));
    }
    found
}

/// What the contents of two files differ in.
fn contents(member: Option<&str>, first: &[u8], second: &[u8], traces: &Traces) -> Difference {
    let sizes = if first.len() == second.len() {
        format!("{} bytes", first.len())
    } else {
        format!("{} and {} bytes", first.len(), second.len())
    };
    let at = first_difference(first, second);
    let (words, at) = match (text_of(first), text_of(second)) {
        (Some(one), Some(two)) => (of_lines(one, two), [at, at]),
        _ if elf::is_elf(first) && elf::is_elf(second) => of_sections(first, second, at),
        _ => (format!("differs from byte {at} on"), [at, at]),
    };
    Difference::plain(member, format!("{words}; {sizes}")).because(cause(first, second, at, traces))
}

fn first_difference(first: &[u8], second: &[u8]) -> usize {
    let pairs = first.iter().zip(second);
    pairs.take_while(|(one, two)| one == two).count()
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
}

fn of_lines(one: &str, two: &str) -> String {
    let same = one
        .lines()
        .zip(two.lines())
        .take_while(|(one, two)| one == two)
        .count();
    let line = |text: &str| {
        let line = text.lines().nth(same);
        line.map_or_else(|| "nothing".to_owned(), |line| format!("`{}`", shortened(line)))
    };
    format!("line {}: {} and {}", same + 1, line(one), line(two))
}

/// The sections that differ, what stands where they begin to, and where that is in each file.
fn of_sections(first: &[u8], second: &[u8], at: usize) -> (String, [usize; 2]) {
    /// A sum of the rest of the file.
    const SUM: &str = ".note.gnu.build-id";
    let sections = [first, second].map(elf::sections);
    let other: BTreeMap<&str, &std::ops::Range<usize>> = sections[1]
        .iter()
        .map(|(name, range)| (name.as_str(), range))
        .collect();
    let mut names = Vec::new();
    let mut place = None;
    for (name, range) in &sections[0] {
        let Some(twin) = other.get(name.as_str()) else {
            names.push(format!("`{name}`, which only the first has"));
            continue;
        };
        let [one, two] =
            [first.get(range.clone()), second.get((*twin).clone())].map(Option::unwrap_or_default);
        if one == two || name == SUM {
            continue;
        }
        names.push(format!("`{name}`"));
        let offset = first_difference(one, two);
        let is_data = name.starts_with(".rodata") || name.starts_with(".data") || name.starts_with(".debug");
        // What code differs in follows from the lengths and places of data.
        if place.is_none() || (is_data && !matches!(place, Some((true, _)))) {
            place = Some((is_data, [range.start + offset, twin.start + offset]));
        }
    }
    if names.is_empty() {
        return (
            format!("differs from byte {at} on, in no section but its sum"),
            [at, at],
        );
    }
    let at = place.map_or([at, at], |(_, at)| at);
    let runs = [run_at(first, at[0]), run_at(second, at[1])];
    let strings = if runs.iter().all(|run| run.len() > 3) && runs[0] != runs[1] {
        format!(": `{}` and `{}`", shortened(&runs[0]), shortened(&runs[1]))
    } else {
        String::new()
    };
    let plural = if names.len() == 1 { "" } else { "s" };
    (format!("section{plural} {}{strings}", names.join(", ")), at)
}

/// The printable text around a place.
fn run_at(bytes: &[u8], at: usize) -> String {
    const AROUND: usize = 100;
    let is_printable = |byte: &&u8| matches!(**byte, b' '..=b'~');
    let (before, behind) = bytes.split_at(at.min(bytes.len()));
    let head: Vec<u8> = before
        .iter()
        .rev()
        .take(AROUND)
        .take_while(is_printable)
        .copied()
        .collect();
    let tail = behind.iter().take(AROUND).take_while(is_printable).copied();
    let run: Vec<u8> = head.into_iter().rev().chain(tail).collect();
    String::from_utf8_lossy(&run).into_owned()
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 160;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What probably makes two contents differ that begin to do so at these places.
fn cause(first: &[u8], second: &[u8], at: [usize; 2], traces: &Traces) -> Option<Cause> {
    for (bytes, words) in [first, second].into_iter().zip(&traces.words) {
        for (word, what) in words {
            if let Some(place) = find(bytes, word.as_bytes()) {
                return Some(Cause {
                    words: format!("{what} is in it: `{}`", shortened(&run_at(bytes, place))),
                    remedy: "have no code write down where it is compiled: a build script that writes `OUT_DIR` or `CARGO_MANIFEST_DIR` \
                             into code, `env!` and `file!`, `__FILE__` in C; `remap-paths` takes care of rustc's own paths",
                });
            }
        }
    }
    if is_time(first, at[0], traces.during) || is_time(second, at[1], traces.during) {
        return Some(Cause {
            words: "the time of the build is in it".to_owned(),
            remedy: "have the build script take the time from `SOURCE_DATE_EPOCH`, or none at all",
        });
    }
    let sorted = |bytes: &[u8]| {
        let mut counts = [0_usize; 256];
        for byte in bytes {
            counts[usize::from(*byte)] += 1;
        }
        counts
    };
    (first.len() == second.len() && sorted(first) == sorted(second)).then(|| Cause {
        words: "the same bytes in another order".to_owned(),
        remedy: "sort what a build script or a macro writes: the order of a `HashMap`, of a folder's files and of threads is another each time",
    })
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    let first = *word.first()?;
    let mut start = 0;
    while let Some(at) = bytes.get(start..)?.iter().position(|byte| *byte == first) {
        let at = start + at;
        if bytes[at..].starts_with(word) {
            return Some(at);
        }
        start = at + 1;
    }
    None
}

/// Whether a time between two others stands around a place: in digits, as a date, or as a number of the machine's.
fn is_time(bytes: &[u8], at: usize, (from, to): (u64, u64)) -> bool {
    let run = run_at(bytes, at);
    let is_near = |seconds: u64| (from.saturating_sub(1)..=to + 1).contains(&seconds);
    let in_any_unit = |number: u64| {
        [1, 1_000, 1_000_000, 1_000_000_000]
            .iter()
            .any(|unit| is_near(number / unit))
    };
    let digits = run
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|digits| digits.parse::<u64>().ok())
        .any(in_any_unit);
    let (year, month, day) = civil_date(to / (24 * 60 * 60));
    let dates = [
        format!("{year:04}-{month:02}-{day:02}"),
        format!("{year:04}{month:02}{day:02}"),
        format!("{day:02}.{month:02}.{year:04}"),
        format!("{month:02}/{day:02}/{year:04}"),
    ];
    // A number may begin up to seven bytes before the first byte that differs.
    let number = (at.saturating_sub(7)..=at).any(|start| {
        let long = bytes.get(start..).and_then(|rest| rest.first_chunk::<8>());
        let short = bytes.get(start..).and_then(|rest| rest.first_chunk::<4>());
        long.is_some_and(|chunk| in_any_unit(u64::from_le_bytes(*chunk)))
            || short.is_some_and(|chunk| is_near(u64::from(u32::from_le_bytes(*chunk))))
    });
    digits || number || dates.iter().any(|date| run.contains(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces() -> Traces {
        Traces {
            words: [
                vec![("/tmp/a/source".to_owned(), "the folder of the sources")],
                vec![("/tmp/bb/source".to_owned(), "the folder of the sources")],
            ],
            during: (1_795_000_000, 1_795_000_100),
        }
    }

    #[test]
    fn texts_are_compared_by_lines() {
        let found = contents(Some("a.py"), b"x = 1\ny = 2\n", b"x = 1\ny = 3\n", &traces());
        assert_eq!(found.words, "line 2: `y = 2` and `y = 3`; 12 bytes");
        assert_eq!(found.cause, None);
    }

    #[test]
    fn folders_times_and_orders_are_known_for_causes() {
        let cause_of = |first: &[u8], second: &[u8]| contents(None, first, second, &traces()).cause;
        assert_eq!(
            cause_of(b"in /tmp/a/source/x.rs", b"in /tmp/bb/source/x.rs").as_deref(),
            Some("the folder of the sources is in it: `in /tmp/a/source/x.rs`")
        );
        let time = Some("the time of the build is in it");
        assert_eq!(
            cause_of(b"built 1795000012!", b"built 1795000034!").as_deref(),
            time
        );
        assert_eq!(
            cause_of(b"\0built 1795000012345 \0", b"\0built 1795000034567 \0").as_deref(),
            time
        );
        let number = |seconds: u64| [&[0, 1, 2][..], &seconds.to_le_bytes(), &[9]].concat();
        assert_eq!(
            cause_of(&number(1_795_000_012), &number(1_795_000_034)).as_deref(),
            time
        );
        assert_eq!(
            cause_of(b"a\nb\nc\n", b"c\na\nb\n").as_deref(),
            Some("the same bytes in another order")
        );
        assert_eq!(cause_of(b"a", b"b"), None);
    }

    #[test]
    fn files_that_only_one_has_and_another_order_are_told() {
        let names = |one: &[&str], two: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            of_names(&[owned(one), owned(two)])
        };
        let found = names(&["a", "b"], &["a", "c"]);
        assert_eq!(found[0].words, "only the first has it");
        assert_eq!(found[1].member.as_deref(), Some("c"));
        assert_eq!(
            names(&["a", "b"], &["b", "a"])[0].words,
            "the same files in another order"
        );
        assert!(names(&["a"], &["a"]).is_empty());
    }
}
