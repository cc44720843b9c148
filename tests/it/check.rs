//! `ironwheel check` finds each defect that is put into a right file, and has nothing to say about files that are right.

use std::fmt::Write as _;

use ironwheel::check::Severity;
use ironwheel::check::rules::ALL;

use crate::place;

/// The rules as docs/check.md lists them.
fn table() -> String {
    let word = |severity: Option<Severity>| severity.map_or("–", Severity::name);
    let mut out = "| rule | what must hold | standards | index |\n|---|---|---|---|\n".to_owned();
    for rule in ALL {
        let _ = writeln!(
            out,
            "| [{}]({}) | {} | {} | {} |",
            rule.id,
            rule.source,
            rule.title,
            word(rule.standards),
            word(rule.pypi)
        );
    }
    out
}

#[test]
fn the_document_lists_the_rules() {
    let text = std::fs::read_to_string(place::repository().join("docs/check.md")).expect("a document");
    let (_, rest) = text.split_once("<!-- rules:").expect("a beginning");
    let (_, rest) = rest.split_once("-->\n").expect("the beginning's end");
    let (listed, _) = rest.split_once("<!-- end of rules -->").expect("an end");
    assert!(
        listed == table(),
        "docs/check.md should hold this table:\n{}",
        table()
    );
}
