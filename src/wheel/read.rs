//! From a wheel file back to its tree: every file present, every hash right, or an error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::archive::{ArchiveError, ArchivePath, Entry, Tree};
use crate::fs::{self, FileError};
use crate::tag::{TagError, WheelFilename};
use crate::zip::deflate::Digest;
use crate::zip::read::{self, ReadEntry, ZipError};

/// A wheel that was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// Its file name.
    pub filename: WheelFilename,
    /// Its `.dist-info` folder, as the archive spells it.
    pub dist_info: String,
    /// Its files, without RECORD and its signatures.
    pub tree: Tree,
    /// The size of the wheel file, in bytes.
    pub size: u64,
}

/// A wheel's files as they lie in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// Its file name.
    pub filename: WheelFilename,
    /// Its `.dist-info` folder, as the archive spells it.
    pub dist_info: String,
    /// Its files, in the archive's order.
    pub entries: Vec<ReadEntry>,
    /// The size of the wheel file, in bytes.
    pub size: u64,
}

/// Why a wheel cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not named as a wheel is.
    #[error("{path} is not named as a wheel is", path = path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TagError,
    },
    /// It is not the archive that a wheel is.
    #[error("{path} cannot be read as a wheel", path = path.display())]
    Zip {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ZipError,
    },
    /// A path that no archive should hold.
    #[error("{path} cannot be read as a wheel", path = path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ArchiveError,
    },
    /// It has none or several metadata folders, or one of another name.
    #[error("{path} should hold one metadata folder `{wanted}`, but has {found}", path = path.display())]
    DistInfo {
        /// The file.
        path: PathBuf,
        /// What the file name asks for.
        wanted: String,
        /// What is there.
        found: String,
    },
    /// A file that every wheel has is not there.
    #[error("{path} has no `{missing}`", path = path.display())]
    Missing {
        /// The wheel.
        path: PathBuf,
        /// The file in it.
        missing: String,
    },
    /// RECORD does not tell the truth.
    #[error("{path} is not what its RECORD says: {fault}", path = path.display())]
    Record {
        /// The wheel.
        path: PathBuf,
        /// The first thing that is wrong.
        fault: String,
    },
}

impl ReadError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(_) | Self::Missing { .. } => None,
            Self::Name { .. } => Some("a wheel is named `name-version-python-abi-platform.whl`".to_owned()),
            Self::Zip { .. } | Self::Archive { .. } | Self::DistInfo { .. } => {
                Some("`ironwheel check` tells all that is wrong with it".to_owned())
            }
            Self::Record { .. } => Some(
                "somebody changed the wheel after it was made; if that was you, `ironwheel check --fix` writes RECORD anew"
                    .to_owned(),
            ),
        }
    }
}

/// Reads a wheel whole, on up to `cores` threads. Nothing is written anywhere.
///
/// # Errors
/// Where it is not a zip archive that every reader sees alike, has not exactly the metadata folder of its name, or does not
/// hold what RECORD says.
///
/// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>
pub fn open(path: &Path, cores: usize) -> Result<Unpacked, ReadError> {
    let Files {
        filename,
        dist_info,
        entries,
        size,
    } = files(path, cores)?;
    let record_path = format!("{dist_info}/RECORD");
    let record = entries.iter().find(|entry| entry.path == record_path);
    compare(
        record.map_or(&[], |record| &record.bytes),
        &entries,
        &record_path,
        &|path| signs(path, &record_path),
    )
    .map_err(|fault| ReadError::Record {
        path: path.to_owned(),
        fault,
    })?;
    let mut tree = Tree::default();
    for entry in entries {
        if entry.path == record_path || signs(&entry.path, &record_path) {
            continue;
        }
        let place = ArchivePath::parse(&entry.path).map_err(|source| ReadError::Archive {
            path: path.to_owned(),
            source,
        })?;
        tree.put(
            place,
            Entry {
                content: entry.bytes.into(),
                executable: entry.mode & 0o111 != 0,
                rule: format!("a file of {filename}"),
            },
        );
    }
    Ok(Unpacked {
        filename,
        dist_info,
        tree,
        size,
    })
}

/// Reads a wheel's files, RECORD among them, and does not ask whether that tells the truth: hashing takes longer than all else.
///
/// # Errors
/// As for [`open`], but for what RECORD says.
pub fn files(path: &Path, cores: usize) -> Result<Files, ReadError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let filename = WheelFilename::parse(&name).map_err(|source| ReadError::Name {
        path: path.to_owned(),
        source,
    })?;
    let bytes = fs::read(path)?;
    let entries = read::read(&bytes, cores).map_err(|source| ReadError::Zip {
        path: path.to_owned(),
        source,
    })?;
    let dist_info = dist_info(path, &filename, &entries)?;
    for name in ["WHEEL", "METADATA", "RECORD"] {
        let wanted = format!("{dist_info}/{name}");
        if !entries.iter().any(|entry| entry.path == wanted) {
            return Err(ReadError::Missing {
                path: path.to_owned(),
                missing: wanted,
            });
        }
    }
    Ok(Files {
        filename,
        dist_info,
        entries,
        size: bytes.len() as u64,
    })
}

/// Whether a file is a signature of RECORD, which RECORD cannot know.
fn signs(path: &str, record: &str) -> bool {
    [".jws", ".p7s"]
        .iter()
        .any(|end| path.strip_suffix(end) == Some(record))
}

/// The one metadata folder, whose name is the file's in some spelling.
fn dist_info(path: &Path, filename: &WheelFilename, entries: &[ReadEntry]) -> Result<String, ReadError> {
    let folders: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| entry.path.split_once('/'))
        .map(|(folder, _)| folder)
        .filter(|folder| folder.ends_with(".dist-info"))
        .collect();
    let wanted = filename.dist_info();
    let alike = |name: &str| name.to_lowercase().replace(['-', '.'], "_");
    match folders.iter().collect::<Vec<_>>().as_slice() {
        [one] if alike(one) == alike(&wanted) => Ok((**one).to_owned()),
        found => Err(ReadError::DistInfo {
            path: path.to_owned(),
            wanted,
            found: if found.is_empty() {
                "none".to_owned()
            } else {
                found
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            },
        }),
    }
}

/// Compares RECORD with the files; gives the first thing that differs.
///
/// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#the-dist-info-directory>
fn compare(
    record: &[u8],
    entries: &[ReadEntry],
    record_path: &str,
    is_beside_record: &dyn Fn(&str) -> bool,
) -> Result<(), String> {
    let text = std::str::from_utf8(record).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut rows = BTreeMap::new();
    for row in rows_of(text) {
        let [path, hash, size] = row.as_slice() else {
            return Err(format!("a row has not three fields: {}", row.join(",")));
        };
        if rows.insert(path.clone(), (hash.clone(), size.clone())).is_some() {
            return Err(format!("`{path}` has two rows"));
        }
    }
    for entry in entries {
        let path = &entry.path;
        let row = rows.remove(path.as_str());
        if path == record_path || is_beside_record(path) {
            continue;
        }
        let Some((hash, size)) = row else {
            return Err(format!("`{path}` has no row"));
        };
        let digest = Digest::of(&entry.bytes);
        let Some(wanted) = hash.strip_prefix("sha256=") else {
            // Stronger hashes are allowed; what cannot be verified is not called wrong.
            if ["sha384=", "sha512="].iter().any(|name| hash.starts_with(name)) {
                continue;
            }
            return Err(format!("`{path}` has no hash that counts"));
        };
        if wanted.trim_end_matches('=') != URL_SAFE_NO_PAD.encode(digest.sha256) {
            return Err(format!("`{path}` has another hash"));
        }
        if !size.is_empty() && size.parse() != Ok(digest.size) {
            return Err(format!("`{path}` has {} bytes, not {size}", digest.size));
        }
    }
    match rows.keys().find(|path| !path.ends_with('/')) {
        Some(path) => Err(format!("`{path}` is not there")),
        None => Ok(()),
    }
}

/// The rows of a CSV file in the dialect that Python's `csv` reads by default.
#[must_use]
pub fn rows_of(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut field = String::new();
    let mut is_quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if field.is_empty() => is_quoted = true,
            ',' if !is_quoted => row.push(std::mem::take(&mut field)),
            '\r' if !is_quoted && letters.peek() == Some(&'\n') => {}
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            letter => field.push(letter),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows.retain(|row| row.iter().any(|field| !field.is_empty()));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, bytes: &[u8]) -> ReadEntry {
        ReadEntry {
            compressed: bytes.len() as u64,
            path: path.to_owned(),
            bytes: bytes.to_vec(),
            mode: 0o644,
        }
    }

    #[test]
    fn rows_are_read_as_python_reads_them() {
        assert_eq!(
            rows_of("a,b,1\r\n\"x,\"\"y\",,\n\nlast,,"),
            [vec!["a", "b", "1"], vec!["x,\"y", "", ""], vec!["last", "", ""]]
        );
    }

    #[test]
    fn a_record_that_tells_less_or_other_than_the_truth_is_found() {
        let record = "a-1.dist-info/RECORD";
        let hash = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
        let verdict = |rows: &str| {
            let entries = [entry("a.py", b""), entry(record, rows.as_bytes())];
            compare(rows.as_bytes(), &entries, record, &|_| false)
        };
        assert_eq!(verdict(&format!("a.py,{hash},0\n{record},,\n")), Ok(()));
        assert_eq!(verdict(&format!("a.py,{hash}=,0\n{record},,\n")), Ok(()));
        for (rows, fault) in [
            (format!("{record},,\n"), "`a.py` has no row"),
            (format!("a.py,{hash},1\n"), "`a.py` has 0 bytes, not 1"),
            (format!("a.py,{hash}x,0\n"), "`a.py` has another hash"),
            ("a.py,md5=x,0\n".to_owned(), "`a.py` has no hash that counts"),
            (format!("a.py,{hash},0\nb.py,{hash},0\n"), "`b.py` is not there"),
            (format!("a.py,{hash},0\na.py,{hash},0\n"), "`a.py` has two rows"),
            ("a.py\n".to_owned(), "a row has not three fields: a.py"),
        ] {
            assert_eq!(verdict(&rows), Err(fault.to_owned()), "{rows}");
        }
    }
}
