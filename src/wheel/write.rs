//! From a tree to a wheel file: compress in parallel, write once, rename.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::memory::Memory;
use super::record;
use crate::archive::{ArchivePath, Content, Entry, Tree};
use crate::fs::{self, FileError, Stamp};
use crate::tag::WheelFilename;
use crate::zip::deflate::{self, Compression, Digest, Packed};
use crate::zip::write::{Member, Timestamp};
use crate::zip::{self, parallel, structure};

/// A wheel before it is written: a name, and a tree without RECORD.
#[derive(Debug)]
pub struct Wheel {
    /// Its file name.
    pub filename: WheelFilename,
    /// Its metadata folder, where RECORD goes.
    pub dist_info: String,
    /// Its files, RECORD not among them.
    pub tree: Tree,
}

impl Wheel {
    /// A wheel whose metadata folder is named as its file is.
    #[must_use]
    pub fn new(filename: WheelFilename, tree: Tree) -> Self {
        Self {
            dist_info: filename.dist_info(),
            filename,
            tree,
        }
    }
}

/// How a wheel is written.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// The folder it goes to.
    pub out: &'a Path,
    /// How its files are compressed.
    pub compression: Compression,
    /// The time that all its files carry.
    pub timestamp: Timestamp,
    /// Threads that may work at once.
    pub cores: usize,
    /// Where compressed files are remembered by the hash of their content; of no harm when it cannot be written.
    pub memory: Option<&'a Path>,
}

/// Files compressed before the wheel's name was known, while cargo was at work.
#[derive(Debug, Default)]
pub struct Prepared {
    files: BTreeMap<ArchivePath, PreparedFile>,
}

#[derive(Debug)]
struct PreparedFile {
    entry: Entry,
    stamp: Option<Stamp>,
    packed: Packed,
}

/// A wheel that stands in its place.
#[derive(Debug, Clone)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Its size.
    pub size: u64,
}

/// Why a wheel could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Our own strict reading of the finished bytes found a fault.
    #[error("the finished wheel does not pass its own check: {0}")]
    SelfCheck(String),
}

/// Compresses files ahead of time; safe to run beside cargo.
///
/// `progress` is told how many bytes are compressed, of how many in all.
pub fn prepare(
    tree: &Tree,
    options: &Options<'_>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Prepared, WriteError> {
    // Taken before the file is read: if it is written to meanwhile, the stamp is the old one and the file is packed again.
    let stamps: Vec<Option<Stamp>> = tree.iter().map(|(_, entry)| stamp(entry)).collect();
    let entries: Vec<&Entry> = tree.iter().map(|(_, entry)| entry).collect();
    let packed = pack(&entries, options, progress)?;
    let files = tree
        .iter()
        .zip(stamps)
        .zip(packed)
        .map(|(((path, entry), stamp), packed)| {
            let entry = entry.clone();
            (path.clone(), PreparedFile { entry, stamp, packed })
        })
        .collect();
    Ok(Prepared { files })
}

/// Compresses what is not prepared, appends RECORD, checks the result and puts it in its place.
/// Entries are sorted by the bytes of their paths, `.dist-info` behind all others, RECORD last.
///
/// `progress` is told how many bytes are compressed, of how many in all.
pub fn write(
    wheel: Wheel,
    prepared: Prepared,
    options: &Options<'_>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Written, WriteError> {
    let record = ArchivePath::parse(&format!("{}/RECORD", wheel.dist_info)).map_err(fault)?;
    let mut members = members(wheel.tree, prepared, options, progress)?;
    members.sort_by(|one, other| order(&one.path).cmp(&order(&other.path)));
    members.push(record_member(&members, record, options.compression));

    let mut bytes = Vec::with_capacity(zip::write::size(&members));
    zip::write::write(&mut bytes, &members, options.timestamp).map_err(fault)?;
    check(&bytes, &members)?;

    let path = options.out.join(wheel.filename.to_string());
    fs::create_folder(options.out)?;
    fs::write_atomically(&path, &bytes)?;
    Ok(Written {
        path,
        sha256: Digest::of(&bytes).sha256_hex(),
        size: bytes.len() as u64,
    })
}

/// Sorts `*.dist-info/` behind all others, so that a reader finds it near the directory.
fn order(path: &ArchivePath) -> (bool, &str) {
    let path = path.as_str();
    let top = path.split_once('/').map_or("", |(top, _)| top);
    (top.ends_with(".dist-info"), path)
}

/// Every file of the tree, compressed: those that are prepared and still the same, and the others now.
fn members(
    tree: Tree,
    mut prepared: Prepared,
    options: &Options<'_>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Vec<Member>, WriteError> {
    let mut members = Vec::with_capacity(tree.len());
    let mut open = Vec::new();
    for (path, entry) in tree {
        match prepared.take(&path, &entry) {
            Some(packed) => members.push(Member {
                path,
                executable: entry.executable,
                packed,
            }),
            None => open.push((path, entry)),
        }
    }
    let entries: Vec<&Entry> = open.iter().map(|(_, entry)| entry).collect();
    let packed = pack(&entries, options, progress)?;
    members.extend(
        open.into_iter()
            .zip(packed)
            .map(|((path, entry), packed)| Member {
                path,
                executable: entry.executable,
                packed,
            }),
    );
    Ok(members)
}

impl Prepared {
    /// The file, if it is the one that was prepared and was not written to since.
    fn take(&mut self, path: &ArchivePath, entry: &Entry) -> Option<Packed> {
        let file = self.files.remove(path)?;
        (file.entry == *entry && file.stamp == stamp(entry)).then_some(file.packed)
    }
}

fn stamp(entry: &Entry) -> Option<Stamp> {
    match &entry.content {
        Content::Bytes(_) => None,
        Content::File(path) => fs::stamp(path),
    }
}

/// Compresses entries, or recalls what was compressed in an earlier build; gives them in the order they came.
fn pack(
    entries: &[&Entry],
    options: &Options<'_>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Vec<Packed>, WriteError> {
    let contents: Vec<Arc<Vec<u8>>> = parallel::map(options.cores, entries, |entry| content(entry))
        .into_iter()
        .collect::<Result<_, _>>()?;
    let digests = parallel::map(options.cores, &contents, |content| Digest::of(content));
    let memory = Memory::open(options.memory, options.compression);
    let recalled: Vec<Option<Vec<u8>>> = digests
        .iter()
        .map(|digest| memory.as_ref()?.recall(digest))
        .collect();

    let open: Vec<&[u8]> = contents
        .iter()
        .zip(&recalled)
        .filter(|(_, recalled)| recalled.is_none())
        .map(|(content, _)| content.as_slice())
        .collect();
    let total = open.iter().map(|content| content.len() as u64).sum();
    let done = AtomicU64::new(0);
    let compressed = deflate::compress(&open, options.compression, options.cores, &|bytes| {
        let before = done.fetch_add(bytes, Ordering::Relaxed);
        progress(before + bytes, total);
    });

    let mut compressed = compressed.into_iter();
    let packed = digests
        .into_iter()
        .zip(recalled)
        .map(|(digest, recalled)| Packed {
            bytes: recalled.unwrap_or_else(|| {
                let bytes = compressed.next().unwrap_or_default();
                if let Some(memory) = &memory {
                    memory.remember(&digest, &bytes);
                }
                bytes
            }),
            compression: options.compression,
            digest,
        });
    Ok(packed.collect())
}

fn fault(error: impl std::fmt::Display) -> WriteError {
    WriteError::SelfCheck(error.to_string())
}

fn content(entry: &Entry) -> Result<Arc<Vec<u8>>, FileError> {
    match &entry.content {
        Content::Bytes(bytes) => Ok(Arc::clone(bytes)),
        Content::File(path) => fs::read(path).map(Arc::new),
    }
}

fn record_member(members: &[Member], path: ArchivePath, compression: Compression) -> Member {
    let rows = members
        .iter()
        .map(|member| (member.path.as_str(), &member.packed.digest));
    let text = record::render(rows, path.as_str());
    let digest = Digest::of(text.as_bytes());
    let bytes = deflate::compress(&[text.as_bytes()], compression, 1, &|_| {}).concat();
    Member {
        path,
        executable: false,
        packed: Packed {
            bytes,
            compression,
            digest,
        },
    }
}

/// Reads the archive as strictly as the index will, and finds in it what went in.
fn check(bytes: &[u8], members: &[Member]) -> Result<(), WriteError> {
    let outlines = structure::read(bytes).map_err(fault)?;
    let same = outlines.len() == members.len()
        && outlines.iter().zip(members).all(|(outline, member)| {
            outline.name == member.path.as_str()
                && outline.crc32 == member.packed.digest.crc32
                && outline.size == member.packed.digest.size
                && bytes.get(outline.data.clone()) == Some(&member.packed.bytes)
        });
    if same {
        Ok(())
    } else {
        Err(WriteError::SelfCheck(
            "it does not hold what went into it".to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zip::read::{ReadEntry, read};

    /// A folder for the wheel, one for its sources, one for the memory.
    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn source(&self, name: &str, content: impl AsRef<[u8]>) -> Entry {
            std::fs::write(self.path(name), content).unwrap();
            Entry {
                content: Content::File(self.path(name)),
                executable: false,
                rule: "a test".to_owned(),
            }
        }

        fn write(&self, tree: Tree, prepared: Prepared, memory: bool) -> (Written, Vec<ReadEntry>) {
            let (out, folder) = (self.path("out/here"), self.path("memory"));
            let options = Options {
                out: &out,
                compression: Compression::default(),
                timestamp: Timestamp::EARLIEST,
                cores: 2,
                memory: memory.then_some(folder.as_path()),
            };
            let filename = WheelFilename::parse("demo-1.0-cp39-abi3-linux_x86_64.whl").unwrap();
            let written = write(Wheel::new(filename, tree), prepared, &options, &|_, _| {}).unwrap();
            let entries = read(&std::fs::read(&written.path).unwrap(), 2).unwrap();
            (written, entries)
        }

        fn prepare(&self, tree: &Tree) -> Prepared {
            let out = self.path("out");
            let options = Options {
                out: &out,
                compression: Compression::default(),
                timestamp: Timestamp::EARLIEST,
                cores: 2,
                memory: None,
            };
            prepare(tree, &options, &|_, _| {}).unwrap()
        }
    }

    fn tree(entries: impl IntoIterator<Item = (&'static str, Entry)>) -> Tree {
        let mut tree = Tree::default();
        for (path, entry) in entries {
            tree.add(ArchivePath::parse(path).unwrap(), entry).unwrap();
        }
        tree
    }

    fn text(text: &str) -> Entry {
        Entry::generated(text.to_owned(), "a test")
    }

    /// Larger than what is worth remembering.
    fn large(seed: u8) -> Vec<u8> {
        (0..400_000_u32)
            .map(|index| (index.wrapping_mul(2_654_435_761) >> 27) as u8 ^ seed)
            .collect()
    }

    #[test]
    fn metadata_comes_last_and_record_at_the_very_end() {
        let place = Place::new();
        let program = Entry {
            executable: true,
            ..text("#!python\n")
        };
        let (written, entries) = place.write(
            tree([
                ("demo-1.0.dist-info/WHEEL", text("w")),
                ("demo-1.0.dist-info/licenses/a, b", text("l")),
                ("demo-1.0.data/scripts/run", program),
                ("zoo.py", text("z")),
                ("demo/a.py", text("a")),
                ("demo.py", text("")),
            ]),
            Prepared::default(),
            false,
        );
        let names: Vec<_> = entries
            .iter()
            .map(|entry| (entry.path.as_str(), entry.mode))
            .collect();
        assert_eq!(
            names,
            [
                ("demo-1.0.data/scripts/run", 0o100_755),
                ("demo.py", 0o100_644),
                ("demo/a.py", 0o100_644),
                ("zoo.py", 0o100_644),
                ("demo-1.0.dist-info/WHEEL", 0o100_644),
                ("demo-1.0.dist-info/licenses/a, b", 0o100_644),
                ("demo-1.0.dist-info/RECORD", 0o100_644),
            ]
        );
        let record = String::from_utf8(entries.last().unwrap().bytes.clone()).unwrap();
        assert_eq!(record.lines().count(), entries.len());
        assert!(record.contains("\n\"demo-1.0.dist-info/licenses/a, b\",sha256="));
        assert!(record.ends_with("\ndemo-1.0.dist-info/RECORD,,\n"));
        assert_eq!(
            written.path.file_name().unwrap(),
            "demo-1.0-cp39-abi3-linux_x86_64.whl"
        );
        let bytes = std::fs::read(&written.path).unwrap();
        assert_eq!(written.size, bytes.len() as u64);
        assert_eq!(written.sha256, Digest::of(&bytes).sha256_hex());
    }

    #[test]
    fn a_memory_and_preparation_do_not_show_in_the_bytes() {
        let place = Place::new();
        let make = || {
            tree([
                ("demo/lib.so", Entry::generated(large(1), "a test")),
                ("demo/a.py", text("a")),
            ])
        };
        let plain = place.write(make(), Prepared::default(), false).0;
        let first = place.write(make(), Prepared::default(), true).0;
        assert_eq!(
            std::fs::read_dir(place.path("memory/deflate")).unwrap().count(),
            1
        );
        let second = place.write(make(), place.prepare(&make()), true).0;
        let third = place.write(make(), Prepared::default(), true).0;
        for other in [first, second, third] {
            assert_eq!(other.sha256, plain.sha256);
        }
    }

    #[test]
    fn a_changed_library_is_not_recalled() {
        let place = Place::new();
        for seed in [1, 2, 1] {
            let (_, entries) = place.write(
                tree([("demo/lib.so", Entry::generated(large(seed), "a test"))]),
                Prepared::default(),
                true,
            );
            assert_eq!(entries[0].bytes, large(seed));
        }
    }

    #[test]
    fn a_file_written_to_after_it_was_prepared_is_packed_again() {
        let place = Place::new();
        let make = || {
            tree([(
                "demo/version.py",
                Entry {
                    content: Content::File(place.path("version.py")),
                    executable: false,
                    rule: "a test".to_owned(),
                },
            )])
        };
        place.source("version.py", "old");
        let prepared = place.prepare(&make());
        place.source("version.py", "younger");
        let (_, entries) = place.write(make(), prepared, false);
        assert_eq!(entries[0].bytes, b"younger");
    }

    #[test]
    fn a_prepared_file_is_used_only_for_its_own_entry() {
        let place = Place::new();
        let prepared = place.prepare(&tree([
            ("a.py", text("one")),
            ("b.py", text("two")),
            ("gone.py", text("")),
        ]));
        let (_, entries) = place.write(
            tree([("a.py", text("one")), ("b.py", text("other"))]),
            prepared,
            false,
        );
        let contents: Vec<_> = entries
            .iter()
            .take(2)
            .map(|entry| entry.bytes.as_slice())
            .collect();
        assert_eq!(contents, [b"one".as_slice(), b"other"]);
        assert_eq!(entries.len(), 3);
    }

    #[test]
    fn progress_ends_at_the_whole() {
        let place = Place::new();
        let seen = std::sync::Mutex::new(Vec::new());
        let out = place.path("out");
        let options = Options {
            out: &out,
            compression: Compression::default(),
            timestamp: Timestamp::EARLIEST,
            cores: 2,
            memory: None,
        };
        let filename = WheelFilename::parse("demo-1.0-py3-none-any.whl").unwrap();
        let tree = tree([
            ("lib.so", Entry::generated(large(1), "a test")),
            ("a.py", text("a")),
        ]);
        write(
            Wheel::new(filename, tree),
            Prepared::default(),
            &options,
            &|done, total| {
                seen.lock().unwrap().push((done, total));
            },
        )
        .unwrap();
        let seen = seen.into_inner().unwrap();
        assert!(seen.iter().all(|(_, total)| *total == 400_001));
        assert_eq!(seen.iter().map(|(done, _)| *done).max(), Some(400_001));
    }

    #[test]
    fn a_missing_file_is_named_and_leaves_nothing() {
        let place = Place::new();
        let out = place.path("out");
        let options = Options {
            out: &out,
            compression: Compression::default(),
            timestamp: Timestamp::EARLIEST,
            cores: 2,
            memory: None,
        };
        let gone = place.path("gone.py");
        let entry = Entry {
            content: Content::File(gone.clone()),
            executable: false,
            rule: String::new(),
        };
        let filename = WheelFilename::parse("demo-1.0-py3-none-any.whl").unwrap();
        let wheel = Wheel::new(filename, tree([("gone.py", entry)]));
        let error = write(wheel, Prepared::default(), &options, &|_, _| {}).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot read {}", gone.display()));
        assert!(!out.exists());
    }

    #[test]
    fn a_record_of_its_own_in_the_tree_does_not_pass_the_check() {
        let place = Place::new();
        let out = place.path("out");
        let options = Options {
            out: &out,
            compression: Compression::default(),
            timestamp: Timestamp::EARLIEST,
            cores: 1,
            memory: None,
        };
        let filename = WheelFilename::parse("demo-1.0-py3-none-any.whl").unwrap();
        let wheel = Wheel::new(filename, tree([("demo-1.0.dist-info/RECORD", text(""))]));
        let error = write(wheel, Prepared::default(), &options, &|_, _| {}).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the finished wheel does not pass its own check: `demo-1.0.dist-info/RECORD` comes twice"
        );
    }
}
