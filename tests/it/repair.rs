//! `ironwheel repair`: wheels that lack libraries come out with them, and run without them on the system.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::place::{self, IRONWHEEL};
use crate::shell::{Answer, Shell};
use crate::{expect, judges};

/// A place where libraries and wheels are made.
struct Yard {
    folder: TempDir,
}

const WORD: &str = "const char *word(void) { return \"wheel\"; }\n";
const GREET: &str = "const char *word(void); const char *greet(void) { return word(); }\n";

/// An extension module of that name, whose `greet` answers what the C function says.
fn module(name: &str, function: &str) -> String {
    format!(
        "#include <Python.h>\n\
         const char *{function}(void);\n\
         static PyObject *call(PyObject *self, PyObject *none) {{ return PyUnicode_FromString({function}()); }}\n\
         static PyMethodDef methods[] = {{{{\"greet\", call, METH_NOARGS, 0}}, {{0}}}};\n\
         static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, \"{name}\", 0, -1, methods}};\n\
         PyMODINIT_FUNC PyInit_{name}(void) {{ return PyModule_Create(&module); }}\n"
    )
}

impl Yard {
    fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ironwheel-")
            .tempdir()
            .expect("a temporary folder");
        Self { folder }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        path
    }

    fn link(&self, to: &str, path: &str) {
        std::os::unix::fs::symlink(to, self.path(path)).expect("a symbolic link");
    }

    /// Compiles C to a shared object.
    fn compile(&self, out: &str, source: &str, arguments: &[&str]) {
        let input = self.write(&format!("{out}.c"), source);
        let out = self.path(out);
        Shell::new("cc")
            .args(["-shared", "-fPIC", "-g", "-O1"])
            // Debugging information names no folder, so that the same source gives the same bytes.
            .arg(format!("-ffile-prefix-map={}=.", self.folder.path().display()))
            .arg("-o")
            .arg(&out)
            .arg(&input)
            .args(arguments.iter().copied())
            .folder(self.folder.path())
            .run()
            .succeeded();
        std::fs::remove_file(input).expect("the source goes");
    }

    /// `lib/libgreet.so.2`, which needs `lib/libword.so.1`; neither knows where the other lies.
    fn libraries(&self) {
        std::fs::create_dir(self.path("lib")).expect("a folder");
        self.compile("lib/libword.so.1.0", WORD, &["-Wl,-soname,libword.so.1"]);
        self.link("libword.so.1.0", "lib/libword.so.1");
        self.link("libword.so.1", "lib/libword.so");
        self.compile(
            "lib/libgreet.so.2.5",
            GREET,
            &["-Llib", "-lword", "-Wl,-soname,libgreet.so.2"],
        );
        self.link("libgreet.so.2.5", "lib/libgreet.so.2");
        self.link("libgreet.so.2.5", "lib/libgreet.so");
    }

    /// An extension module of the wheel.
    fn extension(&self, path: &str, function: &str, arguments: &[&str]) {
        let include = Shell::new(&place::python().executable)
            .args(["-c", "import sysconfig; print(sysconfig.get_path('include'))"])
            .run()
            .succeeded();
        let include = format!("-I{}", include.trim());
        let out = format!("tree/{path}{}", place::python().suffix);
        std::fs::create_dir_all(self.path(&out).parent().expect("a folder")).expect("a folder");
        let name = path.rsplit('/').next().expect("a name");
        let flags = ["-Llib", include.as_str()];
        self.compile(&out, &module(name, function), &[&flags, arguments].concat());
    }

    /// Packs `tree` with the standard tool of the field; gives the wheel.
    fn pack(&self) -> PathBuf {
        self.pack_with("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
    }

    fn pack_with(&self, metadata: &str) -> PathBuf {
        let python = place::python();
        self.write("tree/demo/__init__.py", "");
        self.write("tree/demo-1.0.dist-info/METADATA", metadata);
        self.write(
            "tree/demo-1.0.dist-info/WHEEL",
            &format!(
                "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: false\nTag: {0}-{0}-linux_{1}\n",
                python.tag(),
                python.machine
            ),
        );
        let wheels = self.path("dist");
        std::fs::create_dir(&wheels).expect("a folder");
        judges::judge_named("wheel")
            .arg("pack")
            .arg(self.path("tree"))
            .arg("--dest-dir")
            .arg(&wheels)
            .run()
            .succeeded();
        only_file(&wheels)
    }

    fn repair<T: AsRef<str>>(&self, wheel: &Path, arguments: &[T]) -> Answer {
        Shell::new(IRONWHEEL)
            .arg("repair")
            .args(arguments.iter().map(|it| it.as_ref().to_owned()))
            .arg(wheel)
            .folder(self.folder.path())
            .run()
    }

    /// Repairs a wheel with the libraries of `lib`; gives the new one.
    fn repaired(&self, wheel: &Path, arguments: &[&str]) -> PathBuf {
        self.repair(wheel, &[&["--ldpaths", "lib"], arguments].concat())
            .succeeded();
        let wheels = self.path("wheelhouse");
        let made = only_file(&wheels);
        let kept = self.path("repaired").join(made.file_name().expect("a name"));
        std::fs::create_dir_all(self.path("repaired")).expect("a folder");
        std::fs::rename(&made, &kept).expect("moved");
        kept
    }

    /// Installs a wheel where nothing else is, away from the libraries, and runs Python there.
    fn python(&self, wheel: &Path, code: &str) -> Answer {
        let site = self.path("site");
        let _ = std::fs::remove_dir_all(&site);
        judges::judge_named("pip")
            .args(["install", "--quiet", "--no-deps", "--no-index", "--target"])
            .arg(&site)
            .arg(wheel)
            .run()
            .succeeded();
        Shell::new(&place::python().executable)
            .args(["-c", code])
            .set("PYTHONPATH", &site)
            .run()
    }

    /// Every file of a wheel with what `readelf` says of it.
    fn elf_files(wheel: &Path) -> Vec<(String, expect::Elf)> {
        expect::look(wheel).elf.into_iter().collect()
    }
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(files.len(), 1, "one file in {}: {files:?}", folder.display());
    files.remove(0)
}

/// A name without the eight digits that tell its content: `libword-*.so.1.0`.
fn starred(name: &str) -> String {
    let is_hash = |part: &str| part.len() == 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name
        .split_once('-')
        .and_then(|(base, rest)| Some((base, rest.split_at_checked(8)?)))
    {
        Some((base, (hash, rest))) if is_hash(hash) => format!("{base}-*{rest}"),
        _ => name.to_owned(),
    }
}

#[test]
fn libraries_travel_with_the_wheel_and_are_found_there() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension("demo/_native", "greet", &["-lgreet"]);
    let before = std::fs::read(yard.path("lib/libgreet.so.2.5")).expect("a library");
    let wheel = yard.pack();
    let missing = yard.python(&wheel, "import demo._native");
    assert!(
        missing.stderr.contains("libgreet.so.2"),
        "the wheel lacks it: {}",
        missing.stderr
    );

    let repaired = yard.repaired(&wheel, &[]);
    let name = repaired
        .file_name()
        .and_then(|name| name.to_str())
        .expect("UTF-8");
    assert!(name.contains("manylinux_2_"), "{name}");
    let seen: Vec<(String, Vec<String>, Vec<String>)> = Yard::elf_files(&repaired)
        .into_iter()
        .map(|(path, elf)| {
            let folder = path.rsplit_once('/').expect("a folder").0.to_owned();
            let file = starred(path.rsplit('/').next().expect("a name"));
            let needed = elf.needed.iter().filter(|it| !it.starts_with("libc."));
            (
                format!("{folder}/{file}"),
                needed.map(|it| starred(it)).collect(),
                elf.runpath,
            )
        })
        .collect();
    let texts = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        seen,
        [
            (
                "demo.libs/libgreet-*.so.2.5".to_owned(),
                texts(&["libword-*.so.1.0"]),
                texts(&["$ORIGIN"])
            ),
            ("demo.libs/libword-*.so.1.0".to_owned(), texts(&[]), texts(&[])),
            (
                format!("demo/_native{}", place::python().suffix),
                texts(&["libgreet-*.so.2.5"]),
                texts(&["$ORIGIN/../demo.libs"])
            ),
        ]
    );
    let answer = yard
        .python(&repaired, "from demo._native import greet; print(greet())")
        .succeeded();
    assert_eq!(answer, "wheel\n");
    assert!(
        std::fs::read(yard.path("lib/libgreet.so.2.5")).expect("a library") == before,
        "the library of the system is read only"
    );
    let shown = judges::judge_named("auditwheel")
        .arg("show")
        .arg(&repaired)
        .run()
        .succeeded();
    let platform = name
        .trim_end_matches(".whl")
        .rsplit('-')
        .next()
        .expect("a platform");
    let tag = platform
        .split('.')
        .find(|tag| tag.starts_with("manylinux_2_"))
        .expect("a tag");
    assert!(shown.contains(&format!("\"{tag}\"")), "auditwheel says {shown}");

    let findings = Shell::new(IRONWHEEL).arg("check").arg(&repaired).run();
    assert_eq!(findings.status, 0, "{}{}", findings.stdout, findings.stderr);

    // A repaired wheel lacks nothing, so repairing it again changes nothing.
    let again = yard.repaired(&repaired, &[]);
    assert_eq!(again.file_name(), repaired.file_name());
    let other = Yard::new();
    other.libraries();
    let twin = other.repaired(&wheel, &[]);
    assert!(
        std::fs::read(&twin).expect("a wheel") == std::fs::read(&again).expect("a wheel"),
        "the same libraries in another folder give the same bytes"
    );
}

#[test]
fn a_bill_of_materials_names_what_travels() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension("demo/_native", "greet", &["-lgreet"]);
    let repaired = yard.repaired(&yard.pack(), &[]);
    let text = Shell::new(&place::python().executable)
        .args([
            "-c",
            "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read('demo-1.0.dist-info/sboms/auditwheel.cdx.json').decode())",
        ])
        .arg(&repaired)
        .run()
        .succeeded();
    let bill: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let names: Vec<&str> = bill["components"]
        .as_array()
        .expect("components")
        .iter()
        .map(|component| component["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["libgreet.so.2", "libword.so.1"]);
    assert!(
        !text.contains(yard.folder.path().to_str().expect("UTF-8")),
        "no path of this machine: {text}"
    );
}

#[test]
fn one_library_serves_several_extensions_at_any_depth() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension("demo/_native", "word", &["-lword"]);
    yard.extension("demo/deep/er/_inner", "greet", &["-lgreet", "-lword"]);
    yard.extension("_top", "word", &["-lword"]);
    // The same library under another name of the system is the same library.
    yard.link("libword.so.1.0", "lib/libword.so.1.0.0");
    let repaired = yard.repaired(&yard.pack(), &[]);
    let files = Yard::elf_files(&repaired);
    let words = files.iter().filter(|(path, _)| path.contains("libword"));
    assert_eq!(words.count(), 1, "{files:?}");
    let answer = yard.python(
        &repaired,
        "import demo._native, _top, demo.deep.er._inner as i; print(demo._native.greet(), _top.greet(), i.greet())",
    );
    assert_eq!(answer.succeeded(), "wheel wheel wheel\n");
    let run_path = |end: &str| {
        let (_, elf) = files.iter().find(|(path, _)| path.contains(end)).expect("a file");
        elf.runpath.clone()
    };
    assert_eq!(run_path("_top"), ["$ORIGIN/demo.libs"]);
    assert_eq!(run_path("er/_inner"), ["$ORIGIN/../../../demo.libs"]);
}

#[test]
fn libraries_that_need_each_other_travel_together() {
    let yard = Yard::new();
    yard.libraries();
    let one =
        "const char *word(void); int other(void) { return 1; } const char *greet(void) { return word(); }\n";
    yard.compile(
        "lib/libone.so",
        "int other(void) { return 0; }\n",
        &["-Wl,-soname,libone.so"],
    );
    let two = "int other(void); const char *word(void) { return other() ? \"circle\" : \"line\"; }\n";
    yard.compile("lib/libtwo.so", two, &["-Llib", "-lone", "-Wl,-soname,libtwo.so"]);
    yard.compile("lib/libone.so", one, &["-Llib", "-ltwo", "-Wl,-soname,libone.so"]);
    yard.extension("demo/_native", "greet", &["-lone"]);
    let repaired = yard.repaired(&yard.pack(), &[]);
    let answer = yard
        .python(&repaired, "from demo._native import greet; print(greet())")
        .succeeded();
    assert_eq!(answer, "circle\n");
}

#[test]
fn versions_follow_the_name_of_their_library() {
    let yard = Yard::new();
    yard.libraries();
    let script = yard.write("words.map", "WORDS_1.0 { global: word; local: *; };\n");
    let script = format!("-Wl,--version-script={}", script.display());
    yard.compile("lib/libword.so.1.0", WORD, &["-Wl,-soname,libword.so.1", &script]);
    yard.extension("demo/_native", "word", &["-lword"]);
    let repaired = yard.repaired(&yard.pack(), &[]);
    let answer = yard
        .python(&repaired, "from demo._native import greet; print(greet())")
        .succeeded();
    assert_eq!(answer, "wheel\n");
}

#[test]
fn a_library_that_was_left_out_is_found_where_it_was_said_to_be() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension("demo/_native", "greet", &["-lgreet"]);
    let wheel = yard.pack();
    let repaired = yard.repaired(&wheel, &["--exclude", "libword.so.*", "--run-path", "words/lib"]);
    let files = Yard::elf_files(&repaired);
    assert_eq!(files.len(), 2, "{files:?}");
    let (path, greet) = &files[0];
    assert!(path.starts_with("demo.libs/libgreet-"), "{path}");
    assert!(greet.needed.contains(&"libword.so.1".to_owned()), "{greet:?}");
    assert_eq!(greet.runpath, ["$ORIGIN/../words/lib"]);
    let lacking = yard.python(&repaired, "import demo._native");
    assert!(lacking.stderr.contains("libword.so.1"), "{}", lacking.stderr);
    let check = |flags: &[&str]| {
        let check = Shell::new(IRONWHEEL).arg("check").args(flags.iter().copied());
        check.arg(&repaired).run().status
    };
    assert_eq!(check(&[]), 3, "the tag promises what the wheel has not");
    assert_eq!(
        check(&["--exclude", "libword.so.*"]),
        0,
        "unless somebody else brings it"
    );
    let place = yard.path("site/words/lib");
    let code = format!(
        "import os, shutil; os.makedirs({0:?}); shutil.copy({1:?}, {0:?} + '/libword.so.1'); from demo._native import greet; print(greet())",
        place.display().to_string(),
        yard.path("lib/libword.so.1.0").display().to_string()
    );
    assert_eq!(yard.python(&repaired, &code).succeeded(), "wheel\n");
}

#[test]
fn a_library_that_is_nowhere_is_an_error_with_the_places() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension("demo/_native", "greet", &["-lgreet"]);
    let wheel = yard.pack();
    std::fs::remove_file(yard.path("lib/libword.so.1")).expect("removed");
    let answer = yard.repair(&wheel, &["--ldpaths", "lib"]);
    assert_eq!(answer.status, 3, "{}", answer.stderr);
    for part in [
        "cannot find `libword.so.1`, which `",
        "libgreet.so.2.5` needs",
        "leave it out with `--exclude`; searched: ",
    ] {
        assert!(answer.stderr.contains(part), "no `{part}` in {}", answer.stderr);
    }
    assert!(!yard.path("wheelhouse").exists(), "nothing is written");
}

#[test]
fn run_paths_that_lead_out_are_dropped_and_those_that_lead_inside_stay() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension(
        "demo/_native",
        "greet",
        &[
            "-lgreet",
            "-Wl,-rpath,/opt/words/lib:$ORIGIN/own:$ORIGIN/../../..:$ORIGIN/empty",
        ],
    );
    std::fs::create_dir(yard.path("tree/demo/own")).expect("a folder");
    yard.compile("tree/demo/own/libown.so", "int own(void) { return 0; }\n", &[]);
    let repaired = yard.repaired(&yard.pack(), &[]);
    let files = Yard::elf_files(&repaired);
    let (_, native) = files
        .iter()
        .find(|(path, _)| path.contains("_native"))
        .expect("the extension");
    assert_eq!(native.runpath, ["$ORIGIN/own:$ORIGIN/empty:$ORIGIN/../demo.libs"]);
}

#[test]
fn a_program_is_run_by_a_script_that_knows_where_it_lies() {
    let yard = Yard::new();
    yard.libraries();
    let main = yard.write(
        "main.c",
        "#include <stdio.h>\nconst char *word(void);\nint main(int count, char **words) { printf(\"%s %s\\n\", word(), words[1]); return 0; }\n",
    );
    let program = yard.path("tree/demo-1.0.data/scripts/say");
    std::fs::create_dir_all(program.parent().expect("a folder")).expect("a folder");
    Shell::new("cc")
        .arg("-o")
        .arg(&program)
        .arg(&main)
        .args(["-Llib", "-lword"])
        .folder(yard.folder.path())
        .run()
        .succeeded();
    let repaired = yard.repaired(&yard.pack(), &[]);
    let answer = yard.python(
        &repaired,
        "import subprocess, sys, os, importlib.metadata as m; site = sys.path[1]; \
         print(subprocess.run([sys.executable, site + '/bin/say', 'well'], check=True, capture_output=True, text=True).stdout, end='')",
    );
    assert_eq!(answer.succeeded(), "wheel well\n");
}

#[test]
fn symbols_go_where_that_is_asked_for() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension("demo/_native", "greet", &["-lgreet"]);
    let wheel = yard.pack();
    let plain = std::fs::metadata(yard.repaired(&wheel, &[]))
        .expect("a wheel")
        .len();
    let stripped = yard.repaired(&wheel, &["--strip"]);
    assert!(std::fs::metadata(&stripped).expect("a wheel").len() < plain);
    let site = yard.path("site");
    let answer = yard
        .python(&stripped, "from demo._native import greet; print(greet())")
        .succeeded();
    assert_eq!(answer, "wheel\n");
    for path in Yard::elf_files(&stripped).iter().map(|(path, _)| site.join(path)) {
        let sections = Shell::new("readelf").args(["-SW"]).arg(&path).run();
        assert_eq!(sections.stderr, "", "readelf has nothing to complain about");
        let sections = sections.succeeded();
        for gone in [".symtab", ".strtab", ".debug_info"] {
            assert!(!sections.contains(gone), "{} in {sections}", path.display());
        }
        assert!(sections.contains(".note.gnu.build-id"), "{sections}");
    }
}

#[test]
fn what_is_no_wheel_is_refused_and_nothing_is_written() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension("demo/_native", "greet", &["-lgreet"]);
    let wheel = yard.pack();
    let name = wheel
        .file_name()
        .and_then(|name| name.to_str())
        .expect("UTF-8")
        .to_owned();
    let good = std::fs::read(&wheel).expect("a wheel");
    let python = |code: &str| {
        Shell::new(&place::python().executable)
            .args([
                "-c",
                &format!("import sys, zipfile; z = zipfile.ZipFile(sys.argv[1], 'a'); {code}; z.close()"),
            ])
            .arg(&wheel)
            .run()
            .succeeded();
    };
    let refused = |part: &str| {
        let answer = yard.repair(&wheel, &["--ldpaths", "lib"]);
        assert_eq!(answer.status, 1, "{}", answer.stderr);
        assert!(answer.stderr.contains(part), "no `{part}` in {}", answer.stderr);
        assert!(answer.stderr.contains("hint: "), "no advice in {}", answer.stderr);
        assert!(!yard.path("wheelhouse").exists(), "nothing is written");
        std::fs::write(&wheel, &good).expect("a wheel");
    };
    std::fs::write(&wheel, "no wheel").expect("a file");
    refused("cannot be read as a wheel");
    std::fs::write(&wheel, &good[..good.len() / 2]).expect("half a wheel");
    refused("cannot be read as a wheel");
    python("z.writestr('../outside.py', '')");
    refused("`../outside.py`");
    python("z.writestr('other-1.0.dist-info/WHEEL', '')");
    refused(
        "should hold one metadata folder `demo-1.0.dist-info`, but has `demo-1.0.dist-info`, `other-1.0.dist-info`",
    );
    python("z.writestr('demo/added.py', '')");
    refused("`demo/added.py` has no row");
    let pure = yard.path("pure-1.0-py3-none-any.whl");
    std::fs::copy(&wheel, &pure).expect("a copy");
    let answer = yard.repair(&pure, &["--ldpaths", "lib"]);
    assert_eq!(answer.status, 1, "{}", answer.stderr);
    assert!(
        answer
            .stderr
            .contains("`pure-1.0.dist-info`, but has `demo-1.0.dist-info`"),
        "{}",
        answer.stderr
    );
    assert_eq!(
        yard.repair(&yard.path(&format!("no-{name}")), &["--strip"])
            .status,
        1
    );
}

#[test]
fn ways_to_the_packages_of_others_stay() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension(
        "demo/_native",
        "word",
        &["-lword", "-Wl,-rpath,$ORIGIN/../other/lib:/opt/lib"],
    );
    let repaired = yard.repaired(&yard.pack(), &["--run-path", "third/lib"]);
    let files = Yard::elf_files(&repaired);
    let (_, native) = files
        .iter()
        .find(|(path, _)| path.contains("_native"))
        .expect("the extension");
    assert_eq!(
        native.runpath,
        ["$ORIGIN/../other/lib:$ORIGIN/../demo.libs:$ORIGIN/../third/lib"]
    );
}

#[test]
fn an_extension_needs_libpython_no_more() {
    let yard = Yard::new();
    yard.libraries();
    yard.compile(
        "lib/libpython3.11.so.1.0",
        "int python;\n",
        &["-Wl,-soname,libpython3.11.so.1.0"],
    );
    yard.link("libpython3.11.so.1.0", "lib/libpython3.11.so");
    yard.extension(
        "demo/_native",
        "word",
        &["-lword", "-Wl,--no-as-needed", "-lpython3.11"],
    );
    let wheel = yard.pack();
    let answer = yard.repair(&wheel, &["--ldpaths", "lib"]);
    assert!(
        answer.stderr.contains("`libpython3.11.so.1.0` is needed no more"),
        "{}",
        answer.stderr
    );
    let repaired = only_file(&yard.path("wheelhouse"));
    for (path, elf) in Yard::elf_files(&repaired) {
        assert!(
            !elf.needed.iter().any(|needed| needed.contains("python")),
            "{path}: {elf:?}"
        );
    }
    let answer = yard.python(&repaired, "from demo._native import greet; print(greet())");
    assert_eq!(answer.succeeded(), "wheel\n");
}

#[test]
fn folders_that_are_spelled_otherwise_stay_what_they_are() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension("De.Mo-1.0.data/platlib/demo/_native", "word", &["-lword"]);
    let wheel = yard.pack();
    let spelled = yard.path("spelled");
    std::fs::create_dir(&spelled).expect("a folder");
    let respell = "import sys, zipfile, hashlib, base64\n\
                   old = zipfile.ZipFile(sys.argv[1]); new = zipfile.ZipFile(sys.argv[2], 'w'); rows = []\n\
                   for name in old.namelist():\n    \
                       if name.endswith('RECORD'): continue\n    \
                       data = old.read(name).replace(b'Name: demo', b'Name: De.Mo'); name = name.replace('demo-1.0.dist-info', 'De.Mo-1.0.dist-info')\n    \
                       digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')\n    \
                       rows.append(f'{name},sha256={digest},{len(data)}'); new.writestr(name, data)\n\
                   rows.append('De.Mo-1.0.dist-info/RECORD,,')\n\
                   new.writestr('De.Mo-1.0.dist-info/RECORD', '\\n'.join(rows) + '\\n'); new.close()\n";
    let name = wheel
        .file_name()
        .and_then(|name| name.to_str())
        .expect("UTF-8")
        .replace("demo-", "de_mo-");
    Shell::new(&place::python().executable)
        .args(["-c", respell])
        .arg(&wheel)
        .arg(spelled.join(&name))
        .run()
        .succeeded();
    let repaired = yard.repaired(&spelled.join(&name), &[]);
    let answer = yard.python(&repaired, "from demo._native import greet; print(greet())");
    assert_eq!(answer.succeeded(), "wheel\n");
}

#[test]
fn a_library_of_the_wheel_that_nobody_would_find_is_led_to() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension("demo/_native", "greet", &["-lgreet"]);
    std::fs::create_dir_all(yard.path("tree/demo/own")).expect("a folder");
    std::fs::rename(
        yard.path("lib/libgreet.so.2.5"),
        yard.path("tree/demo/own/libgreet.so.2"),
    )
    .expect("moved");
    let repaired = yard.repaired(&yard.pack(), &[]);
    let files = Yard::elf_files(&repaired);
    let (_, native) = files
        .iter()
        .find(|(path, _)| path.contains("_native"))
        .expect("the extension");
    assert_eq!(native.runpath, ["$ORIGIN/own"]);
    let answer = yard.python(&repaired, "from demo._native import greet; print(greet())");
    assert_eq!(answer.succeeded(), "wheel\n");
}

#[test]
fn nothing_is_overwritten_and_no_other_machine_is_named() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension("demo/_native", "word", &["-lword"]);
    let wheel = yard.pack();
    let repaired = yard.repaired(&wheel, &[]);
    let folder = repaired
        .parent()
        .and_then(|folder| folder.to_str())
        .expect("UTF-8");
    let answer = yard.repair(&repaired, &["-w", folder]);
    assert_eq!(answer.status, 1, "{}", answer.stderr);
    assert!(
        answer.stderr.contains("would take the place of"),
        "{}",
        answer.stderr
    );
    let answer = yard.repair(&wheel, &["--ldpaths", "lib", "--plat", "manylinux_2_28_sparc"]);
    assert_eq!(answer.status, 1, "{}", answer.stderr);
    assert!(
        answer.stderr.contains("but the platform asked for is for sparc"),
        "{}",
        answer.stderr
    );
    for suffix in ["", "../x", "/x", "."] {
        assert_eq!(yard.repair(&wheel, &["-L", suffix]).status, 2, "{suffix:?}");
    }
    std::fs::write(yard.path("tree/demo/damaged.so"), b"\x7fELF").expect("a file");
    std::fs::remove_dir_all(yard.path("dist")).expect("removed");
    let answer = yard.repair(&yard.pack(), &["--ldpaths", "lib"]);
    assert_eq!(answer.status, 1, "{}", answer.stderr);
    assert!(
        answer.stderr.contains("`demo/damaged.so` of "),
        "{}",
        answer.stderr
    );
}

#[test]
fn what_was_wrong_with_a_wheel_stays_its_own_and_what_is_wrong_with_a_library_is_told() {
    let yard = Yard::new();
    std::fs::create_dir(yard.path("lib")).expect("a folder");
    yard.compile(
        "lib/libword.so",
        WORD,
        &["-Wl,-soname,libword.so", "-Wl,-z,execstack"],
    );
    yard.extension("demo/_native", "word", &["-lword"]);
    let metadata = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: ((\n";
    let wheel = yard.pack_with(metadata);
    let rules = |wheel: &Path| {
        let answer = Shell::new(IRONWHEEL).arg("check").arg(wheel).run();
        let errors = answer.stdout.lines().map(str::trim_start);
        let errors: Vec<String> = errors
            .filter_map(|line| line.strip_prefix("error "))
            .map(|line| line.split_whitespace().next().unwrap_or_default().to_owned())
            .collect();
        errors
    };
    assert_eq!(rules(&wheel), ["MD-16"]);
    let answer = yard.repair(&wheel, &["--ldpaths", "lib"]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    assert!(
        answer.stderr.contains("asks for an executable stack (ELF-006)"),
        "{}",
        answer.stderr
    );
    assert!(!answer.stderr.contains("MD-16"), "{}", answer.stderr);
    let repaired = only_file(&yard.path("wheelhouse"));
    assert_eq!(rules(&repaired), ["MD-16", "ELF-006"]);
}

#[test]
fn a_platform_beyond_all_policies_is_told() {
    let yard = Yard::new();
    yard.libraries();
    yard.extension("demo/_native", "word", &["-lword"]);
    let platform = format!("manylinux_2_99_{}", place::python().machine);
    let wheel = yard.pack();
    let answer = yard.repair(&wheel, &["--ldpaths", "lib", "--only-plat", "--plat", &platform]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let notice =
        format!("notice: `{platform}` asks for more than any policy, the newest being `manylinux_2_");
    assert!(answer.stderr.contains(&notice), "{}", answer.stderr);
    let repaired = only_file(&yard.path("wheelhouse"));
    let name = repaired.file_name().and_then(|name| name.to_str());
    assert!(name.is_some_and(|name| name.contains(&platform)), "{name:?}");
    std::fs::remove_file(&repaired).expect("removed");
    let answer = yard.repair(&wheel, &["--ldpaths", "lib"]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    assert!(!answer.stderr.contains("any policy"), "{}", answer.stderr);
}

#[test]
fn two_libraries_of_one_name_are_told() {
    let yard = Yard::new();
    yard.libraries();
    std::fs::create_dir(yard.path("other")).expect("a folder");
    let other = "const char *word(void) { return \"other\"; }\n";
    yard.compile("other/libword.so.1.0", other, &["-Wl,-soname,libword.so.1"]);
    yard.link("libword.so.1.0", "other/libword.so.1");
    let rpath = format!("-Wl,--disable-new-dtags,-rpath,{}", yard.path("other").display());
    yard.extension("demo/_one", "word", &["-lword"]);
    yard.extension("demo/_two", "word", &["-lword", &rpath]);
    let answer = yard.repair(&yard.pack(), &["--ldpaths", "lib"]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    assert!(
        answer
            .stderr
            .contains("notice: two libraries go by the name `libword.so.1`"),
        "{}",
        answer.stderr
    );
}

/// Published wheels that carry libraries, what imports them, and what they need beside themselves.
///
/// Asked for with `IRONWHEEL_TEST_PEERS=1`, as `.ci/run` does.
#[test]
fn real_wheels_that_lost_their_libraries_get_them_back() {
    if crate::shell::variable("IRONWHEEL_TEST_PEERS").is_none() {
        return;
    }
    for (wheel, code, beside) in [
        (
            "pyzmq==27.3.0",
            "import zmq; c = zmq.Context(); s = c.socket(zmq.REP); s.bind('inproc://x'); print(zmq.zmq_version_info()[0])",
            None,
        ),
        (
            "numpy==2.4.6",
            "import numpy as n; print(n.linalg.inv(n.array([[2.0, 0.0], [0.0, 4.0]]))[1, 1])",
            None,
        ),
        (
            "h5py==3.16.0",
            "import h5py, io; f = h5py.File(io.BytesIO(), 'w'); f['x'] = [1, 2, 3]; print(int(f['x'][2]))",
            Some("numpy==2.4.6"),
        ),
    ] {
        comes_back(wheel, code, beside);
    }
}

fn comes_back(requirement: &str, code: &str, beside: Option<&str>) {
    let yard = Yard::new();
    let download = |requirement: &str, folder: &str| {
        judges::judge_named("pip")
            .args([
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary",
                ":all:",
                "--dest",
            ])
            .arg(yard.path(folder))
            .arg(requirement)
            .run()
            .succeeded();
        only_file(&yard.path(folder))
    };
    let published = download(requirement, "published");
    let script = place::repository().join("tests/unrepair.py");
    Shell::new(&place::python().executable)
        .arg(script)
        .arg(IRONWHEEL)
        .arg(&published)
        .arg(yard.path("tree"))
        .arg(yard.path("lib"))
        .run()
        .succeeded();
    std::fs::create_dir(yard.path("dist")).expect("a folder");
    judges::judge_named("wheel")
        .arg("pack")
        .arg(yard.path("tree"))
        .arg("--dest-dir")
        .arg(yard.path("dist"))
        .run()
        .succeeded();
    let beside = beside.map(|requirement| download(requirement, "beside"));
    let code = match &beside {
        Some(wheel) => format!(
            "import sys; sys.path.append({:?}); {code}",
            wheel.with_extension("").display().to_string()
        ),
        None => code.to_owned(),
    };
    if let Some(wheel) = beside {
        let unpack = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
        let python = Shell::new(&place::python().executable).args(["-c", unpack]);
        python.arg(&wheel).arg(wheel.with_extension("")).run().succeeded();
    }
    let bare = only_file(&yard.path("dist"));
    let lacking = yard.python(&bare, &code);
    assert!(
        lacking.stderr.contains("cannot open shared object"),
        "{requirement}: {}",
        lacking.stderr
    );
    let repaired = yard.repaired(&bare, &[]);
    let expected = yard.python(&published, &code).succeeded();
    assert_eq!(
        yard.python(&repaired, &code).succeeded(),
        expected,
        "{requirement}"
    );
    let shown = judges::judge_named("auditwheel")
        .arg("show")
        .arg(&repaired)
        .run()
        .succeeded();
    let name = repaired
        .file_name()
        .and_then(|name| name.to_str())
        .expect("UTF-8");
    let agrees = shown
        .split('"')
        .any(|word| word.starts_with("manylinux_2_") && name.contains(word));
    assert!(agrees, "{name}, but auditwheel says {shown}");
    let findings = Shell::new(IRONWHEEL).arg("check").arg(&repaired).run();
    assert_eq!(findings.status, 0, "{}{}", findings.stdout, findings.stderr);
}
