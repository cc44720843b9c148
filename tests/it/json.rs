//! Every line of `--message-format json` is what `docs/json-events.md` says.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::case::Case;
use crate::place;

/// Fields and their types, by event, as the document's tables have them.
fn documented() -> BTreeMap<String, BTreeMap<String, String>> {
    let text = std::fs::read_to_string(place::repository().join("docs/json-events.md"))
        .expect("docs/json-events.md");
    let mut events: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut named: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            events.extend(named.drain(..));
            named = heading
                .split(", ")
                .map(|name| (name.trim_matches('`').to_owned(), BTreeMap::new()))
                .collect();
        } else if let Some(row) = line.strip_prefix("| `") {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let field = cells[0].trim_matches('`').to_owned();
            for (name, fields) in &mut named {
                // A table for several events has a column that says which of them has the field.
                let several = ["both", "`started`", "`finished`"].contains(&cells[2]);
                if !several || cells[2] == "both" || cells[2].trim_matches('`') == name {
                    fields.insert(field.clone(), cells[1].to_owned());
                }
            }
        }
    }
    events.extend(named);
    assert!(
        events.contains_key("wheel") && events.contains_key("error"),
        "{events:?}"
    );
    events
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "number" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array of strings" => value
            .as_array()
            .is_some_and(|items| items.iter().all(Value::is_string)),
        "array of objects" => value
            .as_array()
            .is_some_and(|items| items.iter().all(Value::is_object)),
        _ => match kind.strip_suffix(" or null") {
            Some(other) => value.is_null() || is_a(value, other),
            None => panic!("docs/json-events.md has a type that the tests do not know: {kind}"),
        },
    }
}

/// Checks every line against the document, and gives the events.
pub fn checked(stdout: &str) -> Vec<Value> {
    let documented = documented();
    let events: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON: {error}: {line}")))
        .collect();
    for event in &events {
        let name = event["event"]
            .as_str()
            .unwrap_or_else(|| panic!("an event without a name: {event}"));
        assert_eq!(event["schema"], 1, "{event}");
        let fields = documented
            .get(name)
            .unwrap_or_else(|| panic!("`{name}` is not documented"));
        let found: Vec<&String> = event
            .as_object()
            .expect("an object")
            .keys()
            .filter(|key| !["event", "schema"].contains(&key.as_str()))
            .collect();
        let mut expected: Vec<&String> = fields.keys().collect();
        expected.sort();
        let mut sorted = found.clone();
        sorted.sort();
        assert_eq!(sorted, expected, "the fields of `{name}`: {event}");
        for (field, kind) in fields {
            assert!(
                is_a(&event[field], kind),
                "`{name}.{field}` is no {kind}: {event}"
            );
        }
    }
    events
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

#[test]
fn a_build_tells_everything_that_happens() {
    let case = Case::of("two-interpreters");
    let stdout = case
        .build(["-i", "3.11", "-i", "3.12", "--message-format", "json"])
        .succeeds_on_stdout(None);
    let events = checked(&stdout);
    let wheels = named(&events, "wheel");
    assert_eq!(wheels.len(), 2);
    for (wheel, path) in wheels.iter().zip(case.wheels()) {
        let text = path.to_str().expect("UTF-8");
        assert_eq!(wheel["path"], text);
        assert_eq!(wheel["filename"], text.rsplit('/').next().expect("a name"));
        assert_eq!(wheel["size"], path.metadata().expect("a wheel").len());
        let sum = crate::shell::Shell::new("sha256sum").arg(&path).run().succeeded();
        assert!(sum.starts_with(wheel["sha256"].as_str().expect("a hash")));
        let look = crate::expect::look(&path);
        assert_eq!(wheel["files"], look.files.len() + look.info.len());
        let needed: Vec<&str> = wheel["needed"]
            .as_array()
            .expect("names")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let mut sorted = needed.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, look.elf.values().next().expect("an extension").needed);
        let version = look
            .files
            .iter()
            .find_map(|file| file.split(".cpython-").nth(1)?.split('-').next())
            .expect("a version");
        let tags: Vec<&str> = wheel["tags"]
            .as_array()
            .expect("tags")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert!(
            !tags.is_empty()
                && tags
                    .iter()
                    .all(|tag| tag.starts_with(&format!("cp{version}-cp{version}-"))),
            "{tags:?}"
        );
    }
    for stage in ["project", "python", "compile", "audit", "write"] {
        let of = |name: &str| {
            named(&events, name)
                .iter()
                .filter(|event| event["stage"] == stage)
                .count()
        };
        assert!(of("started") >= 1 && of("started") == of("finished"), "{stage}");
    }
    assert!(!named(&events, "cargo").is_empty());
}

#[test]
fn an_error_is_the_last_event() {
    let case = Case::of("pure");
    case.edit("src/lib.rs", "left + right", "left + rihgt");
    let answer = case
        .ironwheel(["build", "--locked", "--message-format", "json", "-o"])
        .arg(case.out())
        .run();
    let events = checked(&answer.stdout);
    let last = events.last().expect("an event");
    assert_eq!((&last["event"], &last["status"]), (&"error".into(), &101.into()));
    assert!(
        answer.stderr.contains("rihgt"),
        "words for people stay on standard error:\n{}",
        answer.stderr
    );
    assert_eq!(answer.status, 101);
    let diagnostics = named(&events, "cargo");
    let said = diagnostics
        .iter()
        .any(|event| event["message"]["reason"] == "compiler-message");
    assert!(
        said || answer.stderr.contains("error[E0425]"),
        "{}",
        answer.stdout
    );
}

#[test]
fn a_plan_tells_every_wheel() {
    let case = Case::of("two-interpreters");
    let stdout = case
        .run([
            "plan",
            "--locked",
            "-i",
            "3.11",
            "-i",
            "3.12",
            "--message-format",
            "json",
        ])
        .succeeds_on_stdout(None);
    checked(&stdout);
}

#[test]
fn a_reader_that_goes_away_is_no_reason_to_fail() {
    let case = Case::of("pure");
    let line = format!(
        "{} build --locked --message-format json -o {} | head -1",
        place::IRONWHEEL,
        case.out().display()
    );
    let answer = case.shell("sh").args(["-c", &line]).run();
    assert_eq!(checked(&answer.stdout).len(), 1);
    assert_eq!(case.made().len(), 1, "{}", answer.stderr);
}
