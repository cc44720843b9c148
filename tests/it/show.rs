//! What `ironwheel show` tells of a wheel, and what it says where there is nothing to tell.

use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::audit::shown;
use crate::case::{Case, steady};
use crate::place::{self, IRONWHEEL};
use crate::shell::{Shell, variable};

/// Packs a wheel of the files in a folder, in the order of their paths, each name as it is given.
const PACK: &str = r#"
import base64, hashlib, json, sys, zipfile
out, record, files = sys.argv[1], sys.argv[2], json.load(sys.stdin)
rows = []
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
    def add(name, data):
        info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
        archive.writestr(info, data)
    for name, path in files:
        data = open(path, "rb").read()
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(data)}\n")
        add(name, data)
    if record:
        add(record, "".join(rows) + f"{record},,\n")
"#;

/// A folder in which wheels are made.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().expect("a folder").join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// Links a shared object that needs no C library.
    fn link(&self, output: &str, arguments: &[&str]) -> PathBuf {
        let source = self.write("empty.c", "int PyInit_demo(void) { return 0; }\n");
        let path = self.path(output);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        Shell::new("cc")
            .args(["-shared", "-nostdlib", "-fPIC", "-Wl,--no-as-needed", "-o"])
            .arg(&path)
            .arg(source)
            .args(arguments.iter().copied())
            .run()
            .succeeded();
        path
    }

    /// A wheel of these files; METADATA and WHEEL come by themselves, and RECORD where its path is not empty.
    fn wheel(&self, name: &str, record: &str, files: &[(&str, PathBuf)]) -> PathBuf {
        let mut all: Vec<(String, PathBuf)> = files
            .iter()
            .map(|(name, path)| ((*name).to_owned(), path.clone()))
            .collect();
        if let Some(folder) = record.strip_suffix("/RECORD") {
            let metadata = self.write("METADATA", "Metadata-Version: 2.4\nName: demo\nVersion: 1.0\n");
            let wheel = self.write("WHEEL", "Wheel-Version: 1.0\nGenerator: by hand\n");
            all.push((format!("{folder}/METADATA"), metadata));
            all.push((format!("{folder}/WHEEL"), wheel));
        }
        let out = self.path(name);
        let list = self.write("files.json", &serde_json::to_string(&all).expect("JSON"));
        let script = self.write("pack.py", PACK);
        Shell::new("sh")
            .args(["-c", "exec \"$0\" \"$1\" \"$2\" \"$3\" <\"$4\""])
            .arg(&place::python().executable)
            .arg(script)
            .arg(&out)
            .arg(record)
            .arg(list)
            .run()
            .succeeded();
        out
    }

    fn refused(&self, wheel: &Path) -> String {
        let answer = Shell::new(IRONWHEEL).arg("show").arg(wheel).run();
        assert!(answer.stdout.is_empty(), "{}", answer.stdout);
        format!(
            "status: {}\n{}",
            answer.status,
            steady(&answer.stderr, &self.path(""))
        )
    }
}

const RECORD: &str = "demo-1.0.dist-info/RECORD";
const NAME: &str = "demo-1.0-py3-none-any.whl";

#[test]
fn it_tells_who_needs_whom_and_what_is_missing() {
    let bench = Bench::new();
    let libraries = bench.path("opt/lib");
    let folder = libraries.to_str().expect("UTF-8");
    let inner = bench.link("opt/lib/libinner.so.2.0", &["-Wl,-soname,libinner.so.2"]);
    std::os::unix::fs::symlink("libinner.so.2.0", bench.path("opt/lib/libinner.so.2")).expect("a link");
    let gone = bench.link("gone/libgone.so", &["-Wl,-soname,libgone.so.9"]);
    let outer = bench.link(
        "opt/lib/libouter.so.1",
        &[
            "-Wl,-soname,libouter.so.1",
            inner.to_str().expect("UTF-8"),
            gone.to_str().expect("UTF-8"),
        ],
    );
    let inside = bench.link("inside.so", &["-Wl,-soname,libinside.so"]);
    let extension = bench.link(
        "extension.so",
        &[
            outer.to_str().expect("UTF-8"),
            inside.to_str().expect("UTF-8"),
            &format!("-Wl,--disable-new-dtags,-rpath,$ORIGIN/../demo.libs:{folder}"),
        ],
    );
    let machine = &place::python().machine;
    let wheel = bench.wheel(
        &format!("demo-1.0-cp311-cp311-linux_{machine}.whl"),
        RECORD,
        &[
            ("demo.libs/libinside.so", inside),
            ("demo/deep.so", extension),
            (
                "demo-1.0.dist-info/entry_points.txt",
                bench.write("entry_points.txt", "[console_scripts]\ndemo = demo:main\n"),
            ),
            (
                "demo-1.0.dist-info/sboms/demo.cdx.json",
                bench.write(
                    "sbom.json",
                    r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{}, {}]}"#,
                ),
            ),
        ],
    );
    let answer = Shell::new(IRONWHEEL)
        .arg("show")
        .arg(&wheel)
        .unset("LD_LIBRARY_PATH")
        .run();
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let words = answer.stdout.replace(folder, "[OPT]");
    for line in [
        "  project      demo 1.0",
        "  made by      by hand",
        "  entry point  demo = demo:main (console_scripts)",
        "  materials    demo-1.0.dist-info/sboms/demo.cdx.json: CycloneDX 1.5, 2 components",
        &format!("  named for    linux_{machine}"),
        &format!("  runs on      linux_{machine}"),
        "  demo/deep.so",
        "  ├─ libinside.so → demo.libs/libinside.so",
        "  └─ libouter.so.1 → [OPT]/libouter.so.1 outside of the wheel",
        "     ├─ libgone.so.9: missing",
        "     └─ libinner.so.2 → [OPT]/libinner.so.2.0 outside of the wheel",
        "    `demo/deep.so` needs `libouter.so.1`, which not every such system has",
        "  libgone.so.9, searched in:",
        "    demo.libs",
        "    [OPT]",
        "    /usr/lib",
    ] {
        assert!(
            words.lines().any(|it| it == line),
            "no line `{line}` in:\n{words}"
        );
    }
    let told = shown(&wheel, &[]);
    assert_eq!(told["missing"][0]["name"], "libgone.so.9");
    assert_eq!(told["libraries"].as_array().map(Vec::len), Some(2));
    let policy = &told["policies"][0];
    assert_eq!(
        (&policy["holds"], &policy["holds_repaired"]),
        (&false.into(), &false.into())
    );
    let kinds: Vec<&str> = policy["objections"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|it| it["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["missing-library", "foreign-library"]);
    // With the missing one in its place, everything could be copied.
    let place = gone.parent().and_then(Path::to_str).expect("UTF-8");
    std::fs::rename(&gone, gone.with_file_name("libgone.so.9")).expect("renamed");
    let told = shown(&wheel, &["--ldpaths", place]);
    assert!(told["missing"].as_array().expect("a list").is_empty(), "{told}");
    assert_eq!(told["platform"], format!("linux_{machine}"));
    let repaired = told["platform_repaired"].as_str().expect("a platform");
    assert!(repaired.starts_with("manylinux_2_"), "{repaired}");
    assert_eq!(told["policies"][0]["libraries"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_wheel_that_was_just_built_holds_what_its_name_says() {
    let case = Case::of("pure");
    case.build(["--profile", "dev"]).succeeds();
    let wheel = case.wheels().remove(0);
    let told = shown(&wheel, &[]);
    let platform = told["platform"].as_str().expect("a platform");
    assert!(case.made()[0].contains(platform), "{platform}: {:?}", case.made());
    assert!(told["libraries"].as_array().expect("a list").is_empty());
    assert_eq!(told["sboms"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_no_wheel_is_refused_with_the_reason() {
    let bench = Bench::new();
    let text = bench.write("some.txt", "words\n");
    let mut said = Vec::new();
    let mut refuse = |what: &str, wheel: &Path| said.push(format!("=== {what}\n{}\n", bench.refused(wheel)));
    refuse("not an archive", &bench.write(NAME, "this is no archive"));
    refuse("not there", &bench.path("absent-1.0-py3-none-any.whl"));
    refuse("not named like a wheel", &bench.write("demo.whl", ""));
    let leads_out = bench.wheel(NAME, RECORD, &[("../outside.txt", text.clone())]);
    refuse("a file outside of the wheel", &leads_out);
    let bare = bench.wheel(NAME, "", &[("demo.txt", text.clone())]);
    refuse("no metadata", &bare);
    let twice = bench.wheel(NAME, RECORD, &[("other-2.0.dist-info/METADATA", text.clone())]);
    refuse("metadata of two", &twice);
    let papers = [
        ("demo-1.0.dist-info/METADATA", text.clone()),
        ("demo-1.0.dist-info/WHEEL", text),
    ];
    refuse("no RECORD", &bench.wheel(NAME, "", &papers));
    let zeros = bench.write("zeros", &"\0".repeat(70 << 20));
    refuse("a bomb", &bench.wheel(NAME, RECORD, &[("demo/zeros", zeros)]));
    assert_snapshot!(said.concat());
}

#[test]
fn a_damaged_shared_object_is_told_and_not_judged() {
    let bench = Bench::new();
    let damaged = bench.write("damaged.so", "\u{7f}ELF\u{2}\u{1}\u{1} and no more");
    let wheel = bench.wheel(NAME, RECORD, &[("demo/damaged.so", damaged)]);
    let told = shown(&wheel, &[]);
    assert_eq!(told["platform"], "any");
    assert_eq!(told["unreadable"][0]["path"], "demo/damaged.so");
}

#[test]
fn object_files_and_libraries_for_linkers_make_no_platform() {
    let bench = Bench::new();
    let source = bench.write("empty.c", "int nothing;\n");
    let object = bench.path("empty.o");
    let cc = Shell::new("cc").args(["-c", "-o"]).arg(&object).arg(source);
    cc.run().succeeded();
    let wheel = bench.wheel(NAME, RECORD, &[("demo/empty.o", object)]);
    let told = shown(&wheel, &[]);
    assert_eq!(told["platform"], "any");
    assert_eq!(told["objects"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_page_holds_what_there_is_to_see_and_nothing_of_a_file_s_name_becomes_a_tag() {
    let bench = Bench::new();
    let inside = bench.link("inside.so", &["-Wl,-soname,libinside.so"]);
    let text = bench.write("some.txt", "words\n");
    let files = [
        ("demo.libs/libinside.so", inside),
        ("demo/<script>alert('1')<&.txt", text),
    ];
    let machine = &place::python().machine;
    let wheel = bench.wheel(
        &format!("demo-1.0-cp311-cp311-linux_{machine}.whl"),
        RECORD,
        &files,
    );
    let page = bench.path("page.html");
    let show = |wheels: &[&Path]| {
        let shell = Shell::new(IRONWHEEL).args(["show", "--html"]).arg(&page);
        shell.args(wheels.iter().map(|it| it.to_path_buf())).run()
    };
    assert_eq!(show(&[&wheel]).status, 0);
    let text = std::fs::read_to_string(&page).expect("a page");
    for part in [
        "libinside.so",
        "&lt;script&gt;alert(&#39;1&#39;)&lt;&amp;.txt",
        "C and plain names",
        &format!("manylinux_2_17_{machine}"),
        "prefers-color-scheme: dark",
        "default-src 'none'",
    ] {
        assert!(text.contains(part), "no `{part}` in the page");
    }
    assert!(!text.contains("<script"));
    std::fs::remove_file(&page).expect("a page");
    show(&[&wheel]);
    assert_eq!(
        std::fs::read_to_string(&page).expect("a page"),
        text,
        "the same page each time"
    );
    let answer = show(&[&wheel, &wheel]);
    assert_eq!(
        (answer.status, answer.stderr.as_str()),
        (
            2,
            "error: a page shows one wheel, and 2 were given\n  hint: give each wheel a page of its own\n"
        )
    );
}

/// Asked for with `IRONWHEEL_TEST_BROWSER=1`: Debian's `chromium-headless-shell` or a `chromium` looks at the page.
#[test]
fn a_browser_shows_the_page_without_complaint_and_asks_nobody_for_anything() {
    if variable("IRONWHEEL_TEST_BROWSER").is_none() {
        // Not a promise that can be looked at everywhere: a browser is larger than all else together.
        return;
    }
    let case = Case::of("pure");
    case.build(["--profile", "dev"]).succeeds();
    let wheel = case.wheels().remove(0);
    let bench = Bench::new();
    let page = bench.path("page.html");
    Shell::new(IRONWHEEL)
        .args(["show", "--html"])
        .arg(&page)
        .arg(&wheel)
        .run()
        .succeeded();
    let browser = [
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
    ]
    .into_iter()
    .find(|name| {
        Shell::new("sh")
            .args(["-c", &format!("command -v {name}")])
            .run()
            .status
            == 0
    })
    .expect("IRONWHEEL_TEST_BROWSER=1 needs a `chromium` or `chromium-headless-shell` on PATH");
    for scheme in ["light", "dark"] {
        let log = bench.path(&format!("{scheme}.json"));
        let picture = bench.path(&format!("{scheme}.png"));
        let answer = Shell::new(browser)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--window-size=1280,1600",
            ])
            .args(["--enable-logging=stderr", "--v=0", "--virtual-time-budget=2000"])
            .arg(format!(
                "--blink-settings=preferredColorScheme={}",
                u8::from(scheme == "light")
            ))
            .arg(format!("--log-net-log={}", log.display()))
            .arg(format!("--user-data-dir={}", bench.path(scheme).display()))
            .arg(format!("--screenshot={}", picture.display()))
            .arg(format!("file://{}", page.display()))
            .run();
        assert_eq!(answer.status, 0, "{}", answer.stderr);
        assert!(!answer.stderr.contains("CONSOLE"), "{}", answer.stderr);
        let shown = std::fs::metadata(&picture).expect("a picture").len();
        assert!(shown > 20_000, "{shown} bytes of picture");
        let log: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&log).expect("a log")).expect("JSON");
        let asked: Vec<&str> = log["events"]
            .as_array()
            .expect("events")
            .iter()
            .filter_map(|event| event["params"]["url"].as_str())
            .filter(|url| url.starts_with("http"))
            .collect();
        assert!(asked.is_empty(), "{asked:?}");
    }
    let text = |scheme: &str| std::fs::read(bench.path(&format!("{scheme}.png"))).expect("a picture");
    assert_ne!(text("light"), text("dark"));
    let dumped = Shell::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(format!("--user-data-dir={}", bench.path("dom").display()))
        .arg(format!("file://{}", page.display()))
        .run();
    assert!(dumped.stdout.contains("pyo3"), "the crates are told");
}
