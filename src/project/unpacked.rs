//! Whether a tree is an unpacked source distribution: one that has its metadata at its root, and no history.
//!
//! <https://packaging.python.org/en/latest/specifications/source-distribution-format/>

use std::path::Path;

use crate::fs;
use crate::name;

/// The text of PKG-INFO, where the folder is the root of an unpacked source distribution of the project of this name: the file of
/// another project is a stray one, and where a repository begins, it is a checkout.
pub fn package_information(root: &Path, project: &str) -> Option<String> {
    let path = root.join("PKG-INFO");
    if !path.is_file() || root.join(".git").exists() {
        return None;
    }
    let text = String::from_utf8_lossy(&fs::read(&path).ok()?).into_owned();
    let is_ours =
        header(&text, "Name").is_some_and(|found| name::normalize(found) == name::normalize(project));
    is_ours.then_some(text)
}

/// The value of a field that stands once.
pub fn header<'a>(text: &'a str, field: &str) -> Option<&'a str> {
    let mut lines = text.lines().take_while(|line| !line.is_empty());
    let value = lines.find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_project_s_own_metadata_makes_an_unpacked_source_distribution() {
        let folder = tempfile::tempdir().unwrap();
        let is_unpacked = || package_information(folder.path(), "my-project").is_some();
        assert!(!is_unpacked());
        for (text, expected) in [
            ("Metadata-Version: 2.4\nName: My_Project\nVersion: 1\n", true),
            ("Metadata-Version: 2.4\nName: other\nVersion: 1\n", false),
            ("Metadata-Version: 2.4\n\nName: my-project\n", false),
            ("notes\n", false),
        ] {
            std::fs::write(folder.path().join("PKG-INFO"), text).unwrap();
            assert_eq!(is_unpacked(), expected, "{text}");
        }
        std::fs::write(folder.path().join("PKG-INFO"), "Name: my-project\n").unwrap();
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        assert!(!is_unpacked());
    }
}
