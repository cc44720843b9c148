//! `verify` says whether a build makes the same bytes everywhere, and why not.

use serde_json::Value;

use crate::case::Case;
use crate::json;

/// Runs `verify` and gives its status and what it says of each file.
fn verified(case: &Case, arguments: &[&str]) -> (i32, Vec<Value>, String) {
    let answer = case
        .ironwheel(["verify", "--message-format", "json", "--locked"])
        .args(arguments.iter().copied())
        .run();
    let events = json::checked(&answer.stdout).into_iter();
    let files = events.filter(|event| event["event"] == "verified").collect();
    (answer.status, files, answer.stderr)
}

fn differences(file: &Value) -> Vec<&Value> {
    file["differences"]
        .as_array()
        .expect("differences")
        .iter()
        .collect()
}

#[test]
fn a_project_that_is_the_same_everywhere_is_so_and_stays_untouched() {
    let case = Case::of("program");
    let (status, files, words) = verified(&case, &["--sdist"]);
    assert_eq!(status, 0, "{words}");
    assert_eq!(files.len(), 2, "a wheel and a source distribution: {files:?}");
    for file in &files {
        assert_eq!(file["first"], file["second"]);
        assert!(differences(file).is_empty());
    }
    assert!(!case.path("target").exists());
    assert!(case.made().is_empty(), "nothing is left in the output folder");

    // A wheel that was made elsewhere is compared with one build.
    case.build(["--sdist"]).succeeds_with(&[]);
    let wheel = case
        .wheels()
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .expect("a wheel");
    let wheel_text = wheel.to_str().expect("UTF-8");
    let (status, files, words) = verified(&case, &[wheel_text]);
    assert_eq!((status, files.len()), (0, 1), "{words}");
    case.edit("src/main.rs", "a program", "b program");
    let (status, files, words) = verified(&case, &[wheel_text]);
    assert_eq!(status, 1, "{words}");
    assert!(words.contains("error: 1 of 1 files differ"), "{words}");
    let found = differences(&files[0])[0]["words"].as_str().expect("words");
    assert!(found.starts_with("section"), "{found}");
    assert!(
        found.contains("b program") && found.contains("a program"),
        "{found}"
    );
}

#[test]
fn what_a_build_script_writes_into_code_is_explained() {
    let case = Case::of("program");
    case.write(
        "build.rs",
        "fn main() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    println!(\"cargo:rustc-env=MADE_AT=seconds {now}\");
    println!(\"cargo:rustc-env=MADE_IN=folder {}\", std::env::var(\"OUT_DIR\").unwrap());
    println!(\"cargo:rerun-if-changed=build.rs\");
}
",
    );
    let print = |text: &str| format!("fn main() {{\n    println!(\"{{}}\", {text});\n}}\n");
    case.write("src/main.rs", &print("env!(\"MADE_AT\")"));
    let (status, files, words) = verified(&case, &[]);
    assert_eq!(status, 1, "{words}");
    let found = differences(&files[0]);
    assert_eq!(found.len(), 1, "the record follows from the program: {found:?}");
    assert_eq!(found[0]["cause"], "the time of the build is in it");
    assert!(
        found[0]["words"]
            .as_str()
            .is_some_and(|words| words.contains("`.rodata`"))
    );

    case.write("src/main.rs", &print("env!(\"MADE_IN\")"));
    let (status, files, words) = verified(&case, &[]);
    assert_eq!(status, 1, "{words}");
    let told = differences(&files[0])[0]["cause"]
        .as_str()
        .expect("a cause")
        .to_owned();
    assert!(
        told.starts_with("the target directory is in it: `folder /"),
        "{told}"
    );
}

#[test]
fn a_build_that_fails_is_no_difference() {
    let case = Case::of("program");
    case.write("src/main.rs", "fn main() { wrong }\n");
    let (status, files, words) = verified(&case, &[]);
    assert_eq!((status, files.len()), (101, 0), "{words}");
    assert!(
        words.contains("error: the first build failed with status 101"),
        "{words}"
    );
}
