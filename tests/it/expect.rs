//! `expect.toml`: what must be true of a test crate's wheels.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::case::Case;
use crate::place::{self, Python};
use crate::shell::Shell;

/// What must be true of a test crate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expect {
    /// What the crate is there to show, in a sentence.
    pub about: String,
    /// What stands behind `build`.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Files that git would not keep, made before the build.
    #[serde(default)]
    pub create: Vec<String>,
    /// The notices that come, each by a part of its line.
    #[serde(default)]
    pub notices: Vec<String>,
    /// Every file of the source distribution, in its order; empty where there can be none.
    #[serde(default)]
    pub sdist: Vec<String>,
    /// The notices that come with the source distribution, each by a part of its line.
    #[serde(default)]
    pub sdist_notices: Vec<String>,
    /// The wheels that come, in the order of their names.
    pub wheel: Vec<ExpectedWheel>,
}

/// What must be true of a wheel.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExpectedWheel {
    /// The Python it is for: `3.12`; the default one where nothing is said.
    pub interpreter: Option<String>,
    /// Its file name. `{cp}` is the interpreter's tag, `{platform}` what the audit finds, `{machine}` the machine.
    pub name: String,
    /// Every file outside `.dist-info`. `{suffix}` is what the interpreter's extensions end in.
    pub files: Vec<String>,
    /// Every file in `.dist-info` but METADATA, WHEEL and RECORD.
    #[serde(default)]
    pub info: Vec<String>,
    /// Every header of METADATA, in any order.
    pub headers: Vec<String>,
    /// METADATA's body.
    #[serde(default)]
    pub body: String,
    /// Every entry point: group, name and reference.
    #[serde(default)]
    pub entry_points: Vec<String>,
    /// Files that may be executed, the extension not among them.
    #[serde(default)]
    pub executable: Vec<String>,
    /// How many ELF files there are.
    #[serde(default = "one")]
    pub elf: usize,
    /// The libraries that the ELF files need, the loader not among them.
    pub needed: Vec<String>,
    /// Python packages that it needs to run.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Python that must run where the wheel is installed.
    pub run: String,
    /// Commands that must be there once the wheel is installed, with what they print.
    #[serde(default)]
    pub commands: BTreeMap<String, String>,
}

/// What `tests/look.py` finds in a wheel.
#[derive(Debug, Deserialize)]
pub struct Look {
    pub files: Vec<String>,
    pub info: Vec<String>,
    pub executable: Vec<String>,
    pub headers: Vec<String>,
    pub body: String,
    pub entry_points: Vec<String>,
    pub elf: BTreeMap<String, Elf>,
}

/// What `readelf` says of an ELF file.
#[derive(Debug, Deserialize)]
pub struct Elf {
    pub needed: Vec<String>,
    pub runpath: Vec<String>,
    pub exported: Vec<String>,
}

/// Looks into a wheel with Python's own libraries and `readelf`.
pub fn look(wheel: &Path) -> Look {
    let script = place::repository().join("tests/look.py");
    let text = Shell::new(&place::python().executable)
        .arg(script)
        .arg(wheel)
        .run()
        .succeeded();
    serde_json::from_str(&text).expect("look.py prints JSON")
}

impl Expect {
    /// Reads the expectations of a test crate.
    pub fn of(name: &str) -> Self {
        let path = place::repository()
            .join("test-crates")
            .join(name)
            .join("expect.toml");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let expect: Self =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            expect.about.ends_with('.') && !expect.wheel.is_empty(),
            "{}: say what it shows",
            path.display()
        );
        expect
    }

    /// Makes the files that git would not keep.
    pub fn create(&self, case: &Case) {
        for path in &self.create {
            case.write(path, "left over\n");
        }
    }

    /// The wheels of the case with what is expected of them, after checking that there are no others.
    pub fn pair(&self, case: &Case) -> Vec<(PathBuf, &ExpectedWheel)> {
        let made = case.made();
        assert_eq!(
            made.len(),
            self.wheel.len(),
            "other wheels than expected: {made:?}"
        );
        let wheels = made.into_iter().map(|name| case.out().join(name));
        wheels.zip(&self.wheel).collect()
    }
}

impl ExpectedWheel {
    /// The version of the interpreter it is for.
    pub fn version(&self) -> &str {
        self.interpreter.as_deref().unwrap_or(&place::python().version)
    }

    /// The interpreter it is for, if this machine has it.
    pub fn python(&self) -> Option<&'static Python> {
        place::python_of(self.version())
    }

    fn fill(&self, text: &str, platform: &str) -> String {
        let default = place::python();
        let digits = |version: &str| version.replace('.', "");
        let suffix = default.suffix.replace(
            &format!("-{}-", digits(&default.version)),
            &format!("-{}-", digits(self.version())),
        );
        text.replace("{cp}", &format!("cp{}", digits(self.version())))
            .replace("{suffix}", &suffix)
            .replace("{machine}", &default.machine)
            .replace("{platform}", platform)
    }

    fn filled(&self, texts: &[String]) -> Vec<String> {
        sorted(texts.iter().map(|text| self.fill(text, "")))
    }

    /// Checks that a wheel is what is expected.
    pub fn check(&self, wheel: &Path) {
        let name = wheel.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        let platform = name
            .trim_end_matches(".whl")
            .rsplit('-')
            .next()
            .expect("a wheel's name has a platform");
        assert_eq!(name, self.fill(&self.name, platform), "the file name");
        if self.name.contains("{platform}") {
            assert!(
                platform.starts_with("manylinux"),
                "on a machine of our day some policy holds: {name}"
            );
        }
        let look = look(wheel);
        assert_eq!(
            sorted(look.files.iter().cloned()),
            self.filled(&self.files),
            "the files"
        );
        let always = ["METADATA", "WHEEL", "RECORD"].map(str::to_owned);
        let info = sorted(self.info.iter().cloned().chain(always));
        assert_eq!(sorted(look.info.iter().cloned()), info, "the files in .dist-info");
        assert_eq!(by_field(&look.headers), by_field(&self.headers), "the headers");
        assert_eq!(look.body, self.body, "the description");
        assert_eq!(look.entry_points, self.entry_points, "the entry points");
        self.check_compiled(&look);
    }

    fn check_compiled(&self, look: &Look) {
        let names = || look.elf.keys().collect::<Vec<_>>();
        assert_eq!(look.elf.len(), self.elf, "what cargo made: {:?}", names());
        let needed: BTreeSet<&String> = look
            .elf
            .values()
            .flat_map(|elf| &elf.needed)
            .filter(|library| !library.starts_with("ld-"))
            .collect();
        assert_eq!(needed, self.needed.iter().collect(), "needed libraries");
        for (path, elf) in &look.elf {
            assert_eq!(
                elf.runpath,
                Vec::<String>::new(),
                "nothing is grafted, so nothing is searched for"
            );
            let name = path.rsplit('/').next().expect("a path has a name");
            let module = name.split('.').next().filter(|_| is_extension(name));
            assert_eq!(
                elf.exported,
                module
                    .map(|module| format!("PyInit_{module}"))
                    .into_iter()
                    .collect::<Vec<_>>(),
                "Python finds the module"
            );
        }
        let executable: Vec<&String> = look
            .executable
            .iter()
            .filter(|executable| !look.elf.contains_key(*executable))
            .collect();
        assert_eq!(
            executable,
            self.executable.iter().collect::<Vec<_>>(),
            "files that may be executed"
        );
    }
}

fn one() -> usize {
    1
}

/// Whether a file's name is one that Python imports: `a.abi3.so`, `a.cpython-311-x86_64-linux-gnu.so`.
fn is_extension(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').collect();
    matches!(parts.as_slice(), [_, _, .., "so"])
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}

/// Headers by field: their order counts within a field, not between fields.
fn by_field(headers: &[String]) -> BTreeMap<&str, Vec<&str>> {
    let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for header in headers {
        let (field, value) = header
            .split_once(": ")
            .unwrap_or((header.trim_end_matches(':'), ""));
        fields.entry(field).or_default().push(value);
    }
    fields
}
