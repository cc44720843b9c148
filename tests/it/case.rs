//! A case: a crate of `test-crates` in a fresh folder, the program run on it, and all it said looked at.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use tempfile::TempDir;

use crate::place::{self, IRONWHEEL};
use crate::shell::{Answer, Shell, copy_folder};

/// What cargo needs beside itself to compile.
pub const COMPILERS: [&str; 5] = ["cargo", "rustc", "cc", "ld", "as"];

/// A copy of a test crate, and what the program is run with.
pub struct Case {
    folder: TempDir,
    name: String,
    variables: BTreeMap<String, Option<String>>,
    /// Two cases with one crate name would take turns at one file of the shared target directory.
    lock: Rc<File>,
}

/// What the program came to.
#[must_use = "what the program said has to be looked at"]
pub struct Ran {
    answer: Answer,
    folder: PathBuf,
}

impl Case {
    /// A fresh copy of a folder of `test-crates`.
    pub fn of(name: &str) -> Self {
        Self::new(name, Rc::new(place::lock(&format!("crate-{name}"))))
    }

    /// The crate `pure`, calling a C library of that name in its folder `libraries`, whose soname has no file.
    pub fn with_library(name: &str) -> Self {
        let case = Self::of("pure");
        std::fs::create_dir(case.path("libraries")).expect("a folder");
        case.write(
            "libraries/library.c",
            "int from_the_library(void) { return 42; }\n",
        );
        let library = format!("lib{name}.so");
        let cc = case.shell("cc").folder(case.path("libraries"));
        cc.args([
            "-shared",
            "-fPIC",
            "-o",
            &library,
            &format!("-Wl,-soname,{library}.1.0"),
            "library.c",
        ])
        .run()
        .succeeded();
        let call = "unsafe extern \"C\" {\n            safe fn from_the_library() -> u32;\n        }\n        left + right + from_the_library() - 42";
        case.edit("src/lib.rs", "left + right", call);
        case
    }

    /// A second copy, in another folder of a different length.
    pub fn twin(&self) -> Self {
        let twin = Self::new(&self.name, Rc::clone(&self.lock));
        let deeper = twin.folder.path().join("a folder/deeper");
        std::fs::create_dir_all(&deeper).expect("a deeper folder");
        std::fs::rename(twin.folder.path().join(&self.name), deeper.join("elsewhere"))
            .expect("a renamed folder");
        Self {
            name: "a folder/deeper/elsewhere".to_owned(),
            ..twin
        }
    }

    fn new(name: &str, lock: Rc<File>) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ironwheel-")
            .tempdir()
            .expect("a temporary folder");
        let case = Self {
            folder,
            name: name.to_owned(),
            variables: BTreeMap::new(),
            lock,
        };
        copy_folder(
            &place::repository().join("test-crates").join(name),
            &case.root(),
            &["target", "expect.toml"],
        );
        case
    }

    /// The crate's folder.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// The folder that wheels go to.
    pub fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// A path in the crate's folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file of the crate.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder"))
            .expect("a folder for a file");
        std::fs::write(&path, text)
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// Reads a file of the crate.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
    }

    /// Replaces a text that must be there.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let before = self.read(path);
        assert!(before.contains(from), "{path} holds no `{from}`");
        self.write(path, &before.replace(from, to));
    }

    /// Appends to a file of the crate.
    pub fn append(&self, path: &str, text: &str) {
        self.write(path, &(self.read(path) + text));
    }

    /// Removes a file of the crate.
    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.path(path)).unwrap_or_else(|error| panic!("cannot remove {path}: {error}"));
    }

    /// Sets a variable for all that follows.
    pub fn set(&mut self, name: &str, value: impl AsRef<Path>) -> &mut Self {
        let value = value.as_ref().to_str().expect("UTF-8").to_owned();
        self.variables.insert(name.to_owned(), Some(value));
        self
    }

    /// Leaves nothing on PATH but these tools of this machine.
    pub fn only(&mut self, tools: &[&str]) -> &mut Self {
        let folder = self.folder.path().join("tools");
        std::fs::create_dir(&folder).expect("a folder");
        for tool in tools {
            link_tool(tool, &folder);
        }
        self.set("PATH", folder)
    }

    /// Unsets a variable for all that follows.
    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.variables.insert(name.to_owned(), None);
        self
    }

    /// The program with these arguments in the crate's folder, not run yet.
    pub fn ironwheel<T: AsRef<str>>(&self, arguments: impl IntoIterator<Item = T>) -> Shell {
        self.shell(IRONWHEEL)
            .args(arguments.into_iter().map(|argument| argument.as_ref().to_owned()))
    }

    /// Any program in the crate's folder, with the environment that the case has.
    pub fn shell(&self, program: &str) -> Shell {
        let path = crate::shell::variable("PATH").unwrap_or_default();
        let python = place::python().folder().display().to_string();
        let mut shell = Shell::new(program)
            .folder(self.root())
            .set("PATH", format!("{python}:{path}"))
            .set("CARGO_TARGET_DIR", place::shared_target())
            .set("XDG_CACHE_HOME", place::kept("cache"))
            .set("CARGO_TERM_COLOR", "never");
        for (name, value) in &self.variables {
            shell = match value {
                Some(value) => shell.set(name, value),
                None => shell.unset(name),
            };
        }
        shell
    }

    /// Runs the program.
    pub fn run<T: AsRef<str>>(&self, arguments: impl IntoIterator<Item = T>) -> Ran {
        self.look_at(self.ironwheel(arguments).run())
    }

    /// Runs `build` into the case's own output folder, with the lock file as it is.
    pub fn build<T: AsRef<str>>(&self, arguments: impl IntoIterator<Item = T>) -> Ran {
        self.look_at(
            self.ironwheel(["build", "--locked", "-o"])
                .arg(self.out())
                .args(arguments.into_iter().map(|argument| argument.as_ref().to_owned()))
                .run(),
        )
    }

    /// Wraps an answer that was got by other ways.
    pub fn look_at(&self, answer: Answer) -> Ran {
        Ran {
            answer,
            folder: self.folder.path().to_owned(),
        }
    }

    /// What lies in the output folder, by name; nothing where there is no folder.
    pub fn made(&self) -> Vec<String> {
        names(&self.out())
    }

    /// The paths of the wheels in the output folder.
    pub fn wheels(&self) -> Vec<PathBuf> {
        self.made().iter().map(|name| self.out().join(name)).collect()
    }
}

/// The names in a folder, hidden ones too, sorted; nothing where there is no folder.
pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

/// Puts a tool of this machine into a folder.
fn link_tool(name: &str, folder: &Path) {
    let path = crate::shell::variable("PATH").expect("a PATH");
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    let found = if name == "python3" {
        Some(place::python().executable.clone())
    } else {
        found
    };
    let found = found.unwrap_or_else(|| panic!("the tests need `{name}` on PATH"));
    std::os::unix::fs::symlink(found, folder.join(name)).expect("a link");
}

impl Ran {
    /// Asserts success, nothing on standard output, and that exactly these notices came. Gives standard error.
    pub fn succeeds_with(self, notices: &[&str]) -> String {
        let Self { answer, .. } = self;
        assert!(
            answer.status == 0,
            "`{}` failed with status {}:\n{}",
            answer.line,
            answer.status,
            answer.stderr
        );
        assert_eq!(answer.stdout, "", "words belong on standard error");
        let found = told(&answer.stderr);
        let matches = found.len() == notices.len()
            && found
                .iter()
                .zip(notices)
                .all(|(found, expected)| found.contains(expected));
        assert!(
            matches,
            "expected the notices {notices:#?}, found {found:#?} in:\n{}",
            answer.stderr
        );
        answer.stderr
    }

    /// Asserts success, nothing on standard output and no notice. Gives standard error.
    pub fn succeeds(self) -> String {
        self.succeeds_with(&[])
    }

    /// Asserts success and no notice but such as hold `allowed`. Gives standard output.
    pub fn succeeds_on_stdout(self, allowed: Option<&str>) -> String {
        let Self { answer, .. } = self;
        assert!(
            answer.status == 0,
            "`{}` failed with status {}:\n{}",
            answer.line,
            answer.status,
            answer.stderr
        );
        let mut told = told(&answer.stderr).into_iter();
        let unexpected = told.find(|line| !allowed.is_some_and(|allowed| line.contains(allowed)));
        assert_eq!(unexpected, None, "unexpected words:\n{}", answer.stderr);
        answer.stdout
    }

    /// All three answers with what changes from run to run replaced, for a snapshot.
    pub fn report(self) -> String {
        let Self { answer, folder } = self;
        let part = |name: &str, text: &str| {
            let text = steady(text, &folder);
            if text.is_empty() {
                String::new()
            } else {
                format!("--- {name}\n{text}")
            }
        };
        format!(
            "status: {}\n{}{}",
            answer.status,
            part("stdout", &answer.stdout),
            part("stderr", &answer.stderr)
        )
    }
}

/// What is told beside the stages: notices, warnings and errors, those of cargo's among them.
pub fn told(words: &str) -> Vec<&str> {
    let kinds = ["notice:", "warning:", "error"];
    let told = words
        .lines()
        .filter(|line| kinds.iter().any(|kind| line.starts_with(kind)));
    told.filter(|line| !line.starts_with(WAITING)).collect()
}

/// Other tests build in the same target directory.
const WAITING: &str = "notice: waiting for another build in ";

/// Replaces what changes from run to run and from machine to machine; leaves out cargo's own progress.
pub fn steady(text: &str, folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let python = place::python();
    let mut text = text.to_owned();
    let target = place::shared_target();
    for (path, name) in [
        (real.as_path(), "[CASE]"),
        (folder, "[CASE]"),
        (target.as_path(), "[TARGET]"),
        (place::repository(), "[REPOSITORY]"),
    ] {
        text = text.replace(path.to_str().expect("UTF-8"), name);
    }
    for name in [&format!("python{}", python.version), "python3", "python"] {
        let path = python.folder().join(name);
        text = text.replace(path.to_str().expect("UTF-8"), "[PYTHON]");
    }
    text = text
        .replace(&python.suffix, "[SUFFIX]")
        .replace(&python.tag(), "cp[PY]")
        .replace(&python.machine, "[MACHINE]");
    for end in [" at", ":"] {
        let default = format!("CPython {}{end}", python.version);
        text = text.replace(&default, &format!("CPython [PY]{end}"));
    }
    let lines = text
        .lines()
        .filter(|line| !is_progress(line) && !line.starts_with(WAITING))
        .map(|line| steady_words(line) + "\n");
    lines.collect()
}

/// Cargo's own progress, which depends on what is compiled already.
fn is_progress(line: &str) -> bool {
    const VERBS: [&str; 11] = [
        "Compiling",
        "Finished",
        "Fresh",
        "Downloading",
        "Downloaded",
        "Updating",
        "Locking",
        "Blocking",
        "Adding",
        "Dirty",
        "Building",
    ];
    line.starts_with(' ')
        && line
            .split_whitespace()
            .next()
            .is_some_and(|verb| VERBS.contains(&verb))
}

/// A line with hashes, times, sizes and the C library's version replaced, word by word.
fn steady_words(line: &str) -> String {
    if line.starts_with("    Compiled ")
        && let Some((subject, _)) = line.rsplit_once(": ")
    {
        return format!("{subject}: [CRATES] in [N] s");
    }
    let units = ["s", "ms", "min", "B", "KiB", "MiB"];
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let words: Vec<&str> = line.split(' ').collect();
    let followed_by_unit = |at: usize| {
        words
            .get(at + 1)
            .is_some_and(|next| units.contains(&next.trim_end_matches([',', ')', '.'])))
    };
    let steady = words.iter().enumerate().map(|(at, word)| {
        if digits(word) && followed_by_unit(at) {
            "[N]".to_owned()
        } else if word.len() == 64 && word.chars().all(|c| c.is_ascii_hexdigit()) {
            "[SHA256]".to_owned()
        } else {
            steady_glibc(word)
        }
    });
    steady.collect::<Vec<_>>().join(" ")
}

/// `manylinux_2_34` is what this machine's C library makes of it.
fn steady_glibc(word: &str) -> String {
    let Some((before, after)) = word.split_once("manylinux_2_") else {
        return word.to_owned();
    };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}manylinux_2_[X]{rest}")
}
