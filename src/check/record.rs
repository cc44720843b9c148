//! RECORD against the files that are there.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::members::Members;
use super::{Findings, listed, rules};

/// A row of RECORD.
struct Row {
    path: String,
    hash: String,
    size: String,
}

pub(super) fn judge(members: &Members, folder: &str, findings: &mut Findings) {
    let path = format!("{folder}/RECORD");
    if members.awaits_record {
        return;
    }
    let Some(bytes) = members.get(&path).and_then(|member| member.whole()) else {
        // That it is missing has been said.
        return;
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        findings.within(&rules::REC_03, &path, "RECORD is not UTF-8");
        return;
    };
    if text.starts_with('\u{feff}') {
        findings.within(&rules::REC_03, &path, "RECORD begins with a byte order mark");
    }
    let rows = match rows(text.trim_start_matches('\u{feff}')) {
        Ok(rows) => rows,
        Err(message) => {
            findings.within(&rules::REC_03, &path, message);
            return;
        }
    };
    let named = judge_paths(members, &rows, &path, findings);
    judge_whole(members, &named, &path, findings);
    judge_hashes(members, &rows, &path, findings);
}

/// The paths of the rows, each once.
fn judge_paths<'a>(
    members: &Members,
    rows: &'a [Row],
    record: &str,
    findings: &mut Findings,
) -> BTreeSet<&'a str> {
    let mut named = BTreeSet::new();
    for row in rows {
        let path = row.path.as_str();
        // Where the archive has the name as well, it has been told there.
        if path.contains('\\') && members.get(path).is_none() {
            findings.within(
                &rules::REC_04,
                record,
                format!("RECORD names a file with a backslash: `{path}`"),
            );
        }
        if !named.insert(path) {
            findings.within(
                &rules::REC_04,
                record,
                format!("RECORD lists a file twice: `{path}`"),
            );
        }
    }
    named
}

fn judge_whole(members: &Members, named: &BTreeSet<&str>, record: &str, findings: &mut Findings) {
    let signatures = [format!("{record}.jws"), format!("{record}.p7s")];
    let present: BTreeSet<&str> = members
        .files
        .iter()
        .map(|member| member.path.as_str())
        .filter(|path| signatures.iter().all(|signature| signature != path))
        .collect();
    let unlisted: Vec<&str> = present.difference(named).copied().collect();
    if !unlisted.is_empty() {
        let message = format!("RECORD does not list {}", listed(&unlisted));
        findings.within(&rules::REC_01, record, message);
    }
    let absent: Vec<&str> = named
        .difference(&present)
        .copied()
        .filter(|path| signatures.iter().all(|signature| signature != path))
        .collect();
    if !absent.is_empty() {
        let message = format!("RECORD lists what is no file of the wheel: {}", listed(&absent));
        findings.within(&rules::REC_01, record, message);
    }
}

fn judge_hashes(members: &Members, rows: &[Row], record: &str, findings: &mut Findings) {
    let digests: BTreeMap<&str, _> = members
        .files
        .iter()
        .filter_map(|member| Some((member.path.as_str(), member.digest?)))
        .collect();
    let (mut wrong, mut weak, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let path = row.path.as_str();
        if path == record {
            if !(row.hash.is_empty() && row.size.is_empty()) {
                findings.within(&rules::REC_02, record, "RECORD gives a hash or a size of itself");
            }
            continue;
        }
        let Some(digest) = digests.get(path) else { continue };
        match row.hash.split_once('=') {
            None => bare.push(path),
            Some(("sha256", told)) => {
                let is_right = told == URL_SAFE_NO_PAD.encode(digest.sha256);
                if row.size.is_empty() {
                    bare.push(path);
                } else if !is_right || row.size != digest.size.to_string() {
                    wrong.push(path);
                }
            }
            Some(("sha384" | "sha512" | "sha3_256" | "sha3_384" | "sha3_512" | "blake2b" | "blake2s", _)) => {
                if !row.size.is_empty() && row.size != digest.size.to_string() {
                    wrong.push(path);
                }
            }
            Some(_) => weak.push(path),
        }
    }
    for (files, words) in [
        (wrong, "another hash or size than the file has for"),
        (weak, "a hash that is not at least SHA-256 for"),
        (bare, "no hash or no size for"),
    ] {
        if !files.is_empty() {
            let message = format!("RECORD has {words} {}", listed(&files));
            findings.within(&rules::REC_02, record, message);
        }
    }
}

/// The rows, as Python's `csv` reads them by default.
fn rows(text: &str) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    let mut rest = text;
    let mut number = 0_usize;
    while !rest.is_empty() {
        let (fields, after) = row(rest)?;
        rest = after;
        number += 1;
        if fields.iter().all(String::is_empty) && fields.len() == 1 {
            continue;
        }
        let count = fields.len();
        let Ok([path, hash, size]) = <[String; 3]>::try_from(fields) else {
            return Err(format!("row {number} of RECORD has {count} columns, not 3"));
        };
        rows.push(Row { path, hash, size });
    }
    Ok(rows)
}

/// One row, and the text behind it.
fn row(text: &str) -> Result<(Vec<String>, &str), String> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = field(rest)?;
        fields.push(field);
        let Some(more) = after.strip_prefix(',') else {
            let after = after.strip_prefix('\r').unwrap_or(after);
            return Ok((fields, after.strip_prefix('\n').unwrap_or(after)));
        };
        rest = more;
    }
}

fn field(text: &str) -> Result<(String, &str), String> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\r', '\n']).unwrap_or(text.len());
        let (field, after) = text.split_at(end);
        return Ok((field.to_owned(), after));
    };
    let mut out = String::new();
    loop {
        let Some((piece, after)) = rest.split_once('"') else {
            return Err("RECORD has a quoted field without an end".to_owned());
        };
        out.push_str(piece);
        let Some(more) = after.strip_prefix('"') else {
            // What follows the quote belongs to the field, too.
            let end = after.find([',', '\r', '\n']).unwrap_or(after.len());
            let (piece, after) = after.split_at(end);
            out.push_str(piece);
            return Ok((out, after));
        };
        out.push('"');
        rest = more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<[String; 3]>, String> {
        rows(text).map(|rows| {
            rows.into_iter()
                .map(|row| [row.path, row.hash, row.size])
                .collect()
        })
    }

    #[test]
    fn rows_are_read_as_python_reads_them() {
        let row = |path: &str| [path.to_owned(), "h".to_owned(), "1".to_owned()];
        assert_eq!(read("a.py,h,1\r\nb.py,h,1").unwrap(), [row("a.py"), row("b.py")]);
        assert_eq!(read("\"a,b\",h,1\n").unwrap(), [row("a,b")]);
        assert_eq!(read("\"q\"\"x\",h,1\n\n").unwrap(), [row("q\"x")]);
        assert!(read("a,b,h,1\n").unwrap_err().contains("4 columns"));
        assert!(read("\"a,h,1\n").is_err());
    }
}
