//! What a Cargo.toml needs so that Python can load the crate, added to its text without touching the rest.

use toml::{Table, Value};

use super::{Advice, Kind, templates};

/// A manifest with what it needs, as far as that can be added safely.
#[derive(Debug)]
pub(super) struct Additions {
    /// The manifest's text.
    pub text: String,
    /// What is left to the user.
    pub advice: Vec<Advice>,
}

/// Adds what is missing. What cannot be added without touching other lines becomes advice.
pub(super) fn to(text: &str, manifest: &Table, kind: Kind) -> Additions {
    let mut additions = Additions {
        text: text.to_owned(),
        advice: Vec::new(),
    };
    if kind == Kind::Bin {
        return additions;
    }
    if !has_cdylib(manifest) {
        let line = "crate-type = [\"cdylib\", \"rlib\"]";
        additions.add(
            "lib",
            line,
            has_cdylib,
            "the library is not one that Python can load",
        );
    }
    for (name, line) in templates::dependencies(kind) {
        let has = |manifest: &Table| {
            let dependencies = manifest.get("dependencies").and_then(Value::as_table);
            dependencies.is_some_and(|all| all.contains_key(name))
        };
        if !has(manifest) {
            additions.add(
                "dependencies",
                line,
                has,
                &format!("the crate does not depend on {name}"),
            );
        }
    }
    additions
}

fn has_cdylib(manifest: &Table) -> bool {
    let library = manifest.get("lib").and_then(Value::as_table);
    let types = library.and_then(|lib| lib.get("crate-type").or_else(|| lib.get("crate_type")));
    let mut types = types.and_then(Value::as_array).into_iter().flatten();
    types.any(|one| one.as_str() == Some("cdylib"))
}

impl Additions {
    /// Puts a line right behind a table's header, or the table with the line at the end of the file. The result must hold what
    /// was wanted, and must be equal to what was there but for that.
    fn add(&mut self, table: &str, line: &str, holds: impl Fn(&Table) -> bool, lacking: &str) {
        let extended = with_line(&self.text, table, line);
        let before: Table = self.text.parse().unwrap_or_default();
        let is_safe = extended
            .parse::<Table>()
            .is_ok_and(|after| holds(&after) && is_extended(&before, &after));
        if is_safe {
            self.text = extended;
        } else {
            self.advice.push(Advice {
                message: format!("Cargo.toml: {lacking}"),
                hint: format!("write into [{table}]: `{line}`"),
            });
        }
    }
}

/// Whether everything in one table is in the other as well, letter by letter.
fn is_extended(before: &Table, after: &Table) -> bool {
    before.iter().all(|(key, value)| match (value, after.get(key)) {
        (Value::Table(inner), Some(Value::Table(other))) => is_extended(inner, other),
        (value, other) => other == Some(value),
    })
}

fn with_line(text: &str, table: &str, line: &str) -> String {
    let header = format!("[{table}]");
    let mut out = String::new();
    let mut is_done = false;
    for original in text.split_inclusive('\n') {
        out.push_str(original);
        let code = original.split('#').next().unwrap_or_default().trim();
        if !is_done && code == header {
            if !original.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(line);
            // The file's own line ends.
            out.push_str(if original.ends_with("\r\n") { "\r\n" } else { "\n" });
            is_done = true;
        }
    }
    if !is_done {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push('\n');
        out.push_str(&header);
        out.push('\n');
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str) -> Additions {
        to(text, &text.parse().unwrap(), Kind::Pyo3)
    }

    #[test]
    fn missing_tables_come_at_the_end() {
        let found = added("[package]\nname = \"a\"");
        assert!(found.text.starts_with(
            "[package]\nname = \"a\"\n\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[dependencies]\npyo3 = "
        ));
        assert!(found.advice.is_empty());
    }

    #[test]
    fn lines_come_behind_the_header_and_nothing_else_moves() {
        let text = "[package]\r\nname = \"a\"\r\n[lib] # mine\r\nname   = \"b\"\r\n[dependencies]\r\nserde = \"1\"\r\n";
        let found = added(text);
        let mut lines: Vec<&str> = found.text.split("\r\n").collect();
        assert_eq!(lines.remove(3), "crate-type = [\"cdylib\", \"rlib\"]");
        assert!(lines.remove(5).starts_with("pyo3 = "));
        assert_eq!(lines.join("\r\n"), text);
    }

    #[test]
    fn what_is_there_stays() {
        let text = "[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\npyo3.workspace = true\n";
        let found = added(text);
        assert_eq!(found.text, text);
        assert!(found.advice.is_empty());
    }

    #[test]
    fn what_cannot_be_added_safely_is_left_to_the_user() {
        let text = "dependencies = { serde = \"1\" }\nlib = { crate-type = [\"rlib\"] }\n";
        let found = added(text);
        assert_eq!(found.text, text);
        let said: Vec<&str> = found
            .advice
            .iter()
            .map(|advice| advice.message.as_str())
            .collect();
        assert_eq!(
            said,
            [
                "Cargo.toml: the library is not one that Python can load",
                "Cargo.toml: the crate does not depend on pyo3"
            ]
        );
        // A header within a text is none.
        let text = "[package]\ndescription = \"\"\"\n[lib]\n\"\"\"\n[dependencies]\npyo3 = \"1\"\n";
        let found = added(text);
        assert_eq!(found.text, text);
        assert_eq!(found.advice.len(), 1);
    }
}
