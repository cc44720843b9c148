//! `[dependency-groups]`: what developers of a project need beside what its users need.
//!
//! <https://packaging.python.org/en/latest/specifications/dependency-groups/>

use pep508_rs::{Requirement, VerbatimUrl};

use super::metadata::requirement;
use super::pyproject::{Document, DocumentError, Item, Table, nearest};
use crate::name::normalize;

/// The names of the groups, as they are written, in the order of the file.
pub fn names(document: &Document) -> Result<Vec<String>, DocumentError> {
    let table = document.root().table("dependency-groups")?;
    Ok(table.map_or_else(Vec::new, |table| table.keys().map(str::to_owned).collect()))
}

/// The requirements of a group, those of groups that it includes at their places; none where there is no such group.
pub fn requirements(
    document: &Document,
    group: &str,
) -> Result<Option<Vec<Requirement<VerbatimUrl>>>, DocumentError> {
    let Some(table) = document.root().table("dependency-groups")? else {
        return Ok(None);
    };
    let Some(key) = key_of(&table, group)? else {
        return Ok(None);
    };
    let mut found = Vec::new();
    add(&table, key, &mut vec![key], &mut found)?;
    Ok(Some(found))
}

/// The key of a group, however its name is spelled there and here.
fn key_of<'a>(table: &Table<'a>, group: &str) -> Result<Option<&'a str>, DocumentError> {
    let wanted = normalize(group);
    let mut found = table.keys().filter(|key| normalize(key) == wanted);
    let first = found.next();
    match (first, found.next()) {
        (Some(first), Some(second)) => Err(table.invalid(
            second,
            format!("is the same group as `{first}`, spelt differently"),
        )),
        _ => Ok(first),
    }
}

/// `path` holds the groups that are being read: one of them again would never end.
fn add<'a>(
    table: &Table<'a>,
    key: &'a str,
    path: &mut Vec<&'a str>,
    found: &mut Vec<Requirement<VerbatimUrl>>,
) -> Result<(), DocumentError> {
    for item in table.items(key)?.unwrap_or_default() {
        let inner = match item {
            Item::Text(text) => {
                found.push(requirement(&text)?);
                continue;
            }
            Item::Table(inner) => inner,
        };
        let include = inner
            .text("include-group")?
            .ok_or_else(|| inner.invalid("", "must be a requirement or `{ include-group = \"…\" }`"))?;
        if let Some(unknown) = inner.unknown_keys(&["include-group"]).into_iter().next() {
            return Err(unknown);
        }
        let Some(included) = key_of(table, include.value)? else {
            let known: Vec<&str> = table.keys().collect();
            let suggestion = nearest(include.value, &known)
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(include.invalid(format!("names no group (`{}`){suggestion}", include.value)));
        };
        if path.contains(&included) {
            return Err(include.invalid(format!(
                "leads back to where it came from: {} → {included}",
                path.join(" → ")
            )));
        }
        path.push(included);
        add(table, included, path, found)?;
        path.pop();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn document(groups: &str) -> Document {
        let text = format!("[dependency-groups]\n{groups}");
        Document::parse(Path::new("p.toml"), text).unwrap()
    }

    fn of(groups: &str, group: &str) -> Result<Option<Vec<String>>, String> {
        requirements(&document(groups), group)
            .map(|found| found.map(|all| all.iter().map(ToString::to_string).collect()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn groups_include_one_another() {
        let groups =
            "Test_All = [\"pytest>=8\", { include-group = \"typing\" }, \"coverage\"]\ntyping = [\"mypy\"]\n";
        let expected = ["pytest>=8", "mypy", "coverage"].map(str::to_owned).to_vec();
        assert_eq!(of(groups, "test-all"), Ok(Some(expected)));
        assert_eq!(of(groups, "dev"), Ok(None));
        assert_eq!(names(&document(groups)).unwrap(), ["Test_All", "typing"]);
        let none = Document::parse(Path::new("p.toml"), String::new()).unwrap();
        assert_eq!(names(&none).unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (groups, message) in [
            (
                "a = [{ include-group = \"b\" }]\nb = [{ include-group = \"a\" }]\n",
                "leads back to where it came from: a → b → a: p.toml:3:24",
            ),
            (
                "a = [{ include-group = \"tset\" }]\ntest = []\n",
                "names no group (`tset`); did you mean `test`?: p.toml:2:24",
            ),
            ("a = [{ include = \"b\" }]\n", "must be a requirement or"),
            ("a = [\"no specifier at all\"]\n", "is not a dependency specifier"),
            ("a = \"b\"\n", "must be an array"),
            ("a = []\nA = []\n", "is the same group as `a`"),
        ] {
            let error = of(groups, "a").unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
