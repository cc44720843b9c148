//! METADATA, written down.
//!
//! <https://packaging.python.org/en/latest/specifications/core-metadata/>

use crate::project::metadata::CoreMetadata;

/// METADATA's text, in the lowest version of the format that has every field in use: 2.4, or 2.5 with import names.
#[must_use]
pub fn render(metadata: &CoreMetadata) -> String {
    let mut fields = Fields::default();
    fields.one("Metadata-Version", lowest_version(metadata));
    fields.one("Name", metadata.name.as_written());
    fields.one("Version", &metadata.version.to_string());
    fields.each("Classifier", &metadata.classifiers);
    fields.each("Requires-Dist", &metadata.requires_dist);
    fields.each("Provides-Extra", &metadata.provides_extra);
    fields.each("License-File", &metadata.license_files);
    fields.some("Summary", metadata.summary.as_deref());
    if !metadata.keywords.is_empty() {
        fields.one("Keywords", &metadata.keywords.join(","));
    }
    fields.some("Home-Page", metadata.home_page.as_deref());
    fields.some("Author", metadata.author.as_deref());
    fields.some("Author-email", metadata.author_email.as_deref());
    fields.some("Maintainer", metadata.maintainer.as_deref());
    fields.some("Maintainer-email", metadata.maintainer_email.as_deref());
    fields.some("License-Expression", metadata.license_expression.as_deref());
    fields.some("License", metadata.license.as_deref().map(folded).as_deref());
    fields.some("Requires-Python", metadata.requires_python.as_deref());
    let description = metadata.description.as_ref();
    fields.some(
        "Description-Content-Type",
        description.and_then(|description| description.content_type.as_deref()),
    );
    for (label, address) in &metadata.project_urls {
        fields.one("Project-URL", &format!("{label}, {address}"));
    }
    match metadata.import_names.as_deref() {
        // One empty field: the wheel provides no module.
        Some([]) => fields.one("Import-Name", ""),
        Some(names) => fields.each("Import-Name", names),
        None => {}
    }
    fields.each(
        "Import-Namespace",
        metadata.import_namespaces.as_deref().unwrap_or_default(),
    );
    let mut out = fields.0;
    if let Some(description) = description {
        out.push('\n');
        out.push_str(&description.text);
        out.push('\n');
    }
    out
}

fn lowest_version(metadata: &CoreMetadata) -> &'static str {
    let namespaces = metadata.import_namespaces.as_deref().unwrap_or_default();
    if metadata.import_names.is_some() || !namespaces.is_empty() {
        "2.5"
    } else {
        "2.4"
    }
}

/// Text of several lines as the value of one field: every further line begins with a tab, which readers take for "goes on", and no
/// line is longer than the 78 characters that mail headers should keep to.
///
/// <https://www.rfc-editor.org/rfc/rfc5322#section-2.2.3>
fn folded(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.split('\n')
        .flat_map(wrapped)
        .collect::<Vec<_>>()
        .join("\n\t")
}

/// A line in pieces of at most 78 characters where spaces allow it.
fn wrapped(line: &str) -> Vec<String> {
    const WIDTH: usize = 78;
    let mut pieces = Vec::new();
    let mut rest = line.trim_end();
    while rest.chars().count() > WIDTH {
        let indent = rest.len() - rest.trim_start().len();
        let fits = rest.char_indices().nth(WIDTH).map_or(rest.len(), |(at, _)| at);
        let spaces = || {
            rest.match_indices(' ')
                .map(|(at, _)| at)
                .filter(|at| *at > indent)
        };
        let Some(cut) = spaces()
            .take_while(|at| *at <= fits)
            .last()
            .or_else(|| spaces().next())
        else {
            break;
        };
        pieces.push(rest[..cut].trim_end().to_owned());
        rest = rest[cut..].trim_start();
    }
    pieces.push(rest.to_owned());
    pieces
}

/// Header lines.
#[derive(Default)]
struct Fields(String);

impl Fields {
    fn one(&mut self, name: &str, value: &str) {
        self.0.push_str(name);
        self.0.push_str(": ");
        self.0.push_str(value);
        self.0.push('\n');
    }

    fn some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.one(name, value);
        }
    }

    fn each(&mut self, name: &str, values: &[String]) {
        for value in values {
            self.one(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ProjectName;
    use crate::project::metadata::Description;
    use crate::version::Version;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn bare() -> CoreMetadata {
        CoreMetadata {
            name: ProjectName::parse("Demo.Pkg").unwrap(),
            version: Version::parse("1.0a1").unwrap(),
            summary: None,
            description: None,
            keywords: vec![],
            home_page: None,
            author: None,
            author_email: None,
            maintainer: None,
            maintainer_email: None,
            license_expression: None,
            license: None,
            license_files: vec![],
            classifiers: vec![],
            requires_dist: vec![],
            requires_python: None,
            requires_python_specifiers: None,
            provides_extra: vec![],
            project_urls: vec![],
            import_names: None,
            import_namespaces: None,
        }
    }

    #[test]
    fn only_what_is_known_is_written() {
        assert_eq!(
            render(&bare()),
            "Metadata-Version: 2.4\nName: Demo.Pkg\nVersion: 1.0a1\n"
        );
    }

    #[test]
    fn fields_come_in_a_fixed_order() {
        let text = |text: &str| Some(text.to_owned());
        let metadata = CoreMetadata {
            summary: text("Does it"),
            description: Some(Description {
                text: "# Demo\n".to_owned(),
                content_type: text("text/markdown; charset=UTF-8; variant=GFM"),
            }),
            keywords: texts(&["a", "b"]),
            home_page: text("https://example.org"),
            author: text("A"),
            author_email: text("B <b@example.org>"),
            maintainer: text("C"),
            maintainer_email: text("d@example.org"),
            license_expression: text("MIT"),
            license_files: texts(&["LICENSE"]),
            classifiers: texts(&["Typing :: Typed"]),
            requires_dist: texts(&["x", "y>=1 ; extra == 'all'"]),
            requires_python: text(">=3.9"),
            provides_extra: texts(&["all"]),
            project_urls: vec![("Source".to_owned(), "https://example.org/git".to_owned())],
            ..bare()
        };
        assert_eq!(
            render(&metadata),
            "Metadata-Version: 2.4\n\
             Name: Demo.Pkg\n\
             Version: 1.0a1\n\
             Classifier: Typing :: Typed\n\
             Requires-Dist: x\n\
             Requires-Dist: y>=1 ; extra == 'all'\n\
             Provides-Extra: all\n\
             License-File: LICENSE\n\
             Summary: Does it\n\
             Keywords: a,b\n\
             Home-Page: https://example.org\n\
             Author: A\n\
             Author-email: B <b@example.org>\n\
             Maintainer: C\n\
             Maintainer-email: d@example.org\n\
             License-Expression: MIT\n\
             Requires-Python: >=3.9\n\
             Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM\n\
             Project-URL: Source, https://example.org/git\n\
             \n\
             # Demo\n\n"
        );
    }

    #[test]
    fn import_names_raise_the_version() {
        let lines = |import_names: Option<&[&str]>, import_namespaces: Option<&[&str]>| {
            render(&CoreMetadata {
                import_names: import_names.map(texts),
                import_namespaces: import_namespaces.map(texts),
                ..bare()
            })
            .replace("Name: Demo.Pkg\nVersion: 1.0a1\n", "")
        };
        assert_eq!(lines(None, None), "Metadata-Version: 2.4\n");
        assert_eq!(
            lines(Some(&["demo", "_demo ; private"]), Some(&["ns"])),
            "Metadata-Version: 2.5\nImport-Name: demo\nImport-Name: _demo ; private\nImport-Namespace: ns\n"
        );
        assert_eq!(lines(Some(&[]), None), "Metadata-Version: 2.5\nImport-Name: \n");
        assert_eq!(lines(None, Some(&[])), "Metadata-Version: 2.4\n");
    }

    #[test]
    fn a_license_text_stays_inside_its_field() {
        let metadata = CoreMetadata {
            license: Some("MIT License\n\nName: evil\r\nEvil: name\rThe end\n".to_owned()),
            requires_python: Some(">=3.9".to_owned()),
            ..bare()
        };
        assert!(render(&metadata).ends_with(
            "\nLicense: MIT License\n\t\n\tName: evil\n\tEvil: name\n\tThe end\n\t\nRequires-Python: >=3.9\n"
        ));
    }

    #[test]
    fn a_long_line_of_a_license_is_cut_at_a_space() {
        let words = "eight characters for sure indeed";
        let line =
            format!("Copyright me, and a very very very very very long line that exceeds seventy {words}");
        assert_eq!(
            wrapped(&line),
            [
                "Copyright me, and a very very very very very long line that exceeds seventy",
                words
            ]
        );
        assert_eq!(wrapped("  indented "), ["  indented"]);
        let unbroken = "x".repeat(100);
        assert_eq!(wrapped(&unbroken), [unbroken.as_str()]);
    }
}
