//! WHEEL and `entry_points.txt`.

use std::fmt::Write as _;

use crate::project::metadata::EntryPoints;
use crate::tag::WheelFilename;

/// WHEEL's text. Its tags are read off the file name, so the two cannot disagree.
///
/// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-contents>
#[must_use]
pub fn wheel(filename: &WheelFilename) -> String {
    let mut out = format!(
        "Wheel-Version: 1.0\nGenerator: ironwheel {}\nRoot-Is-Purelib: false\n",
        env!("CARGO_PKG_VERSION")
    );
    for tag in filename.tag().expanded() {
        let _ = writeln!(out, "Tag: {tag}");
    }
    if let Some(build) = filename.build() {
        let _ = writeln!(out, "Build: {build}");
    }
    out
}

/// The text of `entry_points.txt`; nothing where there are no entry points, for then there is no such file.
///
/// <https://packaging.python.org/en/latest/specifications/entry-points/#file-format>
#[must_use]
pub fn entry_points(entry_points: &EntryPoints) -> Option<String> {
    let mut out = String::new();
    for (group, entries) in entry_points.0.iter().filter(|(_, entries)| !entries.is_empty()) {
        let _ = writeln!(out, "[{group}]");
        for (name, object) in entries {
            let _ = writeln!(out, "{name}={object}");
        }
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_of_the_file_name_has_its_line() {
        let filename = WheelFilename::parse("a-1.0-7-cp315-abi3.abi3t-linux_x86_64.whl").unwrap();
        assert_eq!(
            wheel(&filename),
            format!(
                "Wheel-Version: 1.0\nGenerator: ironwheel {}\nRoot-Is-Purelib: false\n\
                 Tag: cp315-abi3-linux_x86_64\nTag: cp315-abi3t-linux_x86_64\nBuild: 7\n",
                env!("CARGO_PKG_VERSION")
            )
        );
        let filename = WheelFilename::parse("a-1.0-py3-none-any.whl").unwrap();
        assert!(!wheel(&filename).contains("Build"));
    }

    #[test]
    fn entry_points_keep_their_order() {
        let pair = |name: &str, object: &str| (name.to_owned(), object.to_owned());
        let groups = EntryPoints(vec![
            (
                "console_scripts".to_owned(),
                vec![pair("z", "a:main"), pair("b", "a.b:main")],
            ),
            ("gui_scripts".to_owned(), vec![]),
            ("pytest11".to_owned(), vec![pair("plugin", "a.plugin")]),
        ]);
        assert_eq!(
            entry_points(&groups).unwrap(),
            "[console_scripts]\nz=a:main\nb=a.b:main\n[pytest11]\nplugin=a.plugin\n"
        );
    }

    #[test]
    fn without_entry_points_there_is_no_file() {
        assert_eq!(entry_points(&EntryPoints::default()), None);
        assert_eq!(
            entry_points(&EntryPoints(vec![("empty".to_owned(), vec![])])),
            None
        );
    }
}
