//! Where things lie: the repository, the target folders that tests share, the interpreters of this machine.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::shell::{Shell, variable};

/// The program under test.
pub const IRONWHEEL: &str = env!("CARGO_BIN_EXE_ironwheel");

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder below `target/` that outlives a run, so that the next one is faster.
pub fn kept(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder)
        .unwrap_or_else(|error| panic!("cannot create {}: {error}", folder.display()));
    folder
}

/// The target directory that all test crates share, so that PyO3 is compiled once and not once for each.
pub fn shared_target() -> PathBuf {
    kept("test-crates")
}

/// Waits for a lock that other tests and other test processes heed; it is held until the file is dropped.
#[expect(
    clippy::incompatible_msrv,
    reason = "tests run with the newest compiler, only the program must build with the oldest"
)]
pub fn lock(name: &str) -> File {
    let path = kept("locks").join(name);
    let file =
        File::create(&path).unwrap_or_else(|error| panic!("cannot create {}: {error}", path.display()));
    file.lock()
        .unwrap_or_else(|error| panic!("cannot lock {}: {error}", path.display()));
    file
}

/// A Python of this machine.
#[derive(Debug, Clone)]
pub struct Python {
    /// The program itself, not a shim in front of it.
    pub executable: PathBuf,
    /// `3.11`.
    pub version: String,
    /// `.cpython-311-x86_64-linux-gnu.so`.
    pub suffix: String,
    /// `x86_64`.
    pub machine: String,
}

impl Python {
    /// `cp311`.
    pub fn tag(&self) -> String {
        format!("cp{}", self.version.replace('.', ""))
    }

    /// The folder it lies in.
    pub fn folder(&self) -> &Path {
        self.executable.parent().expect("a program lies in a folder")
    }

    fn probe(program: &Path) -> Option<Self> {
        let question = "import sys, sysconfig, os; print(os.path.realpath(sys.executable), '%d.%d' % sys.version_info[:2], \
                        sysconfig.get_config_var('EXT_SUFFIX'), os.uname().machine, sep='\\n')";
        let answer = Shell::new(program).args(["-c", question]).run();
        let mut lines = answer.stdout.lines().map(str::to_owned);
        Some(Self {
            executable: lines.next().filter(|_| answer.status == 0)?.into(),
            version: lines.next()?,
            suffix: lines.next()?,
            machine: lines.next()?,
        })
    }
}

/// The Python that is meant when nothing is said.
pub fn python() -> &'static Python {
    static FOUND: OnceLock<Python> = OnceLock::new();
    FOUND.get_or_init(|| {
        Python::probe(Path::new("python3")).expect("the tests need a `python3` on PATH that works")
    })
}

/// Every CPython here that PyO3 takes, oldest first; the default one is among them.
pub fn pythons() -> &'static [Python] {
    static FOUND: OnceLock<Vec<Python>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut folders: Vec<PathBuf> = variable("PYENV_ROOT")
            .map(|root| Path::new(&root).join("versions"))
            .and_then(|versions| std::fs::read_dir(versions).ok())
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("bin"))
            .collect();
        folders.extend(std::env::split_paths(&variable("PATH").unwrap_or_default()));
        let mut found = vec![python().clone()];
        for minor in 9..=14 {
            let name = format!("python3.{minor}");
            let known = |found: &[Python]| found.iter().any(|python| python.version == format!("3.{minor}"));
            for program in folders
                .iter()
                .map(|folder| folder.join(&name))
                .filter(|program| program.is_file())
            {
                if !known(&found) {
                    found.extend(
                        Python::probe(&program).filter(|python| python.version == format!("3.{minor}")),
                    );
                }
            }
        }
        found.sort_by_key(|python| {
            python
                .version
                .split('.')
                .filter_map(|part| part.parse::<u8>().ok())
                .collect::<Vec<_>>()
        });
        found
    })
}

/// The Python of one version, if this machine has it.
pub fn python_of(version: &str) -> Option<&'static Python> {
    pythons().iter().find(|python| python.version == version)
}
