//! RECORD: every file with its hash and size, as real CSV.
//!
//! <https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file>

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::zip::deflate::Digest;

/// RECORD's text: a row for each file, sorted by the bytes of its path, then RECORD's own, which has neither hash nor size.
///
/// Takes every file's path and digest in any order, and the path of RECORD itself.
#[must_use]
pub fn render<'a>(files: impl IntoIterator<Item = (&'a str, &'a Digest)>, record: &str) -> String {
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_unstable_by_key(|(path, _)| *path);
    let mut out = String::new();
    for (path, digest) in files {
        let hash = URL_SAFE_NO_PAD.encode(digest.sha256);
        let _ = writeln!(out, "{},sha256={hash},{}", field(path), digest.size);
    }
    let _ = writeln!(out, "{},,", field(record));
    out
}

/// A value as one field of CSV, in the dialect that Python's `csv` reads by default.
fn field(value: &str) -> Cow<'_, str> {
    if value.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", value.replace('"', "\"\"")).into()
    } else {
        value.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_with_record_last() {
        let empty = Digest::of(b"");
        let digest = Digest::of(b"print()\n");
        assert_eq!(
            render(
                [
                    ("a-1.dist-info/WHEEL", &empty),
                    ("a/b.py", &digest),
                    ("a.py", &empty)
                ],
                "a-1.dist-info/RECORD"
            ),
            "a-1.dist-info/WHEEL,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\
             a.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\
             a/b.py,sha256=2FlPoSaOyrxir3yeJEm4xG2w9CbNmq04TGfv5Z5YKz4,8\n\
             a-1.dist-info/RECORD,,\n"
        );
    }

    #[test]
    fn commas_and_quotes_are_quoted() {
        assert_eq!(field("a/plain name.py"), "a/plain name.py");
        assert_eq!(field("a,b.txt"), "\"a,b.txt\"");
        assert_eq!(field("q\"x.txt"), "\"q\"\"x.txt\"");
    }
}
