//! From requests to interpreters.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use super::known::{known, misfit};
use super::memory::{Identity, Memory};
use super::probe::{Answer, OLDEST_MINOR, probe};
use super::request::Version;
use super::{Implementation, Interpreter, PythonError, Search};
use crate::host::Host;

/// The first CPython without the global interpreter lock.
const FIRST_FREE_THREADED: u8 = 13;

/// Finds what each request names, all probed at once: a path, an environment's folder, a program name (`python3.12`), a version
/// (`3.12`, `3.14t`, `pypy3.11`, `pypy-3.11`, `graalpy3.11`). What is not on this machine is computed where it can be.
/// Two requests for the same interpreter give it once; the order of the requests is kept.
pub fn find(requests: &[String], search: Search<'_>, host: &Host) -> Result<Vec<Interpreter>, PythonError> {
    let seeker = Seeker::new(search, host);
    let answers = at_once(requests, |request| seeker.request(request));
    seeker.remember();
    Ok(distinct(answers.into_iter().collect::<Result<_, _>>()?))
}

/// Finds every supported interpreter on `PATH` (`-f`), oldest first: each version's own program name is tried, and where there
/// is none, `python3` and `python`. What does not work is passed over; that nothing is left is an error.
///
/// When cross building, every version that the project's PyO3 takes is computed.
pub fn find_all(search: Search<'_>, host: &Host) -> Result<Vec<Interpreter>, PythonError> {
    let seeker = Seeker::new(search, host);
    let versions = versions(search);
    let found = if seeker.is_cross() {
        versions
            .into_iter()
            .filter_map(|version| seeker.computed(version, &version.program()).ok())
            .collect()
    } else {
        let answers = at_once(&versions, |version| seeker.on_path(*version));
        answers
            .into_iter()
            .filter_map(|answer| answer.ok().flatten())
            .collect()
    };
    let mut found: Vec<Interpreter> = distinct(found)
        .into_iter()
        .filter(|interpreter| is_allowed(interpreter, search))
        .collect();
    if found.is_empty() {
        found.push(seeker.first_of(&["python3", "python"])?);
    }
    seeker.remember();
    found.sort_by_key(|interpreter| {
        (
            interpreter.implementation,
            interpreter.minor,
            interpreter.free_threaded,
        )
    });
    Ok(found)
}

/// Finds the one interpreter that is meant when nothing is said: `PYO3_PYTHON`, the active virtual environment's, the active
/// Conda environment's, `pythonLocation`'s, `python3`, `python`.
///
/// When cross building only `PYO3_CROSS_PYTHON_VERSION` can say it.
pub fn default(search: Search<'_>, host: &Host) -> Result<Interpreter, PythonError> {
    let seeker = Seeker::new(search, host);
    let found = seeker.default();
    seeker.remember();
    found
}

/// The versions whose program names `find_all` tries, oldest first.
fn versions(search: Search<'_>) -> Vec<Version> {
    let version = |implementation, minor, free_threaded| Version {
        implementation,
        major: 3,
        minor,
        free_threaded,
    };
    let (oldest, newest) = (search.cpython.0.max(OLDEST_MINOR), search.cpython.1);
    let locked = (oldest..=newest).map(|minor| version(Implementation::CPython, minor, false));
    let free =
        (oldest.max(FIRST_FREE_THREADED)..=newest).map(|minor| version(Implementation::CPython, minor, true));
    let pypy = (search.pypy.0..=search.pypy.1).map(|minor| version(Implementation::PyPy, minor, false));
    locked.chain(free).chain(pypy).collect()
}

/// Does the same to all items at the same time; the results have the items' order.
fn at_once<T: Sync, R: Send>(items: &[T], task: impl Fn(&T) -> R + Sync) -> Vec<R> {
    std::thread::scope(|scope| {
        let task = &task;
        let threads: Vec<_> = items.iter().map(|item| scope.spawn(move || task(item))).collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

/// Each kind of interpreter once, at the place of its first; one on this machine wins over one that was computed.
fn distinct(all: Vec<Interpreter>) -> Vec<Interpreter> {
    let kind = |interpreter: &Interpreter| {
        (
            interpreter.implementation,
            interpreter.major,
            interpreter.minor,
            interpreter.free_threaded,
            interpreter.debug,
        )
    };
    let mut kept: Vec<Interpreter> = Vec::new();
    for interpreter in all {
        match kept.iter_mut().find(|one| kind(one) == kind(&interpreter)) {
            None => kept.push(interpreter),
            Some(one) if one.executable.is_none() => *one = interpreter,
            Some(_) => {}
        }
    }
    kept
}

/// Whether `requires-python` admits some release of the interpreter's version.
fn is_allowed(interpreter: &Interpreter, search: Search<'_>) -> bool {
    // The first release and one later than any: `>=3.9.2` admits 3.9, `<3.9` does not.
    let releases = [".0", ".9999"].map(|patch| format!("{}{patch}", interpreter.version()));
    search.requires_python.is_none_or(|specifiers| {
        releases
            .iter()
            .filter_map(|release| pep440_rs::Version::from_str(release).ok())
            .any(|release| specifiers.contains(&release))
    })
}

/// A search under way.
struct Seeker<'a> {
    search: Search<'a>,
    host: &'a Host,
    memory: Memory,
    learned: Mutex<Vec<(Identity, Interpreter)>>,
}

impl<'a> Seeker<'a> {
    fn new(search: Search<'a>, host: &'a Host) -> Self {
        Self {
            search,
            host,
            memory: Memory::load(search.memory),
            learned: Mutex::new(Vec::new()),
        }
    }

    /// Writes down what was learned.
    fn remember(self) {
        let learned = self.learned.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !learned.is_empty() {
            self.memory.learn(self.search.memory, learned);
        }
    }

    fn is_cross(&self) -> bool {
        self.search.target != self.search.host_triple
    }

    /// What the program at `path` is; from memory, where it is the same as then.
    fn ask(&self, path: &Path) -> Result<Answer, PythonError> {
        let identity = Identity::of(path);
        if let Some(interpreter) = identity
            .as_ref()
            .and_then(|identity| self.memory.recall(identity))
        {
            return self.fitting(path, interpreter.clone());
        }
        match probe(path, self.host)? {
            Answer::Interpreter(interpreter) => {
                if let Some(identity) = identity {
                    let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
                    learned.push((identity, (*interpreter).clone()));
                }
                self.fitting(path, *interpreter)
            }
            stand_in @ Answer::StandIn(_) => Ok(stand_in),
        }
    }

    /// The interpreter, if what is compiled for the target runs in it.
    fn fitting(&self, path: &Path, interpreter: Interpreter) -> Result<Answer, PythonError> {
        match misfit(&interpreter, self.search.target) {
            None => Ok(Answer::Interpreter(Box::new(interpreter))),
            Some(reason) => Err(PythonError::Broken {
                path: path.to_owned(),
                reason,
            }),
        }
    }

    /// What one request names.
    fn request(&self, request: &str) -> Result<Interpreter, PythonError> {
        if self.is_cross() {
            return self.for_another_machine(request);
        }
        if request.contains('/') {
            return self.at_path(&self.absolute(request), request);
        }
        if let Some(version) = Version::parse(request) {
            return match self.on_path(version)? {
                Some(interpreter) => Ok(interpreter),
                None => self.computed(version, request),
            };
        }
        let mut stand_in = None;
        for path in self.programs(request) {
            match self.ask(&path)? {
                Answer::Interpreter(interpreter) => return Ok(*interpreter),
                Answer::StandIn(error) => stand_in = Some(error),
            }
        }
        match stand_in {
            Some(error) => Err(error),
            None => self.at_path(&self.absolute(request), request),
        }
    }

    /// The path that a request names, without `.` in it. A `..` stays: what it means depends on symbolic links.
    fn absolute(&self, request: &str) -> PathBuf {
        self.host.absolute(Path::new(request)).components().collect()
    }

    /// The interpreter that a path names, or that lies in the environment which it names.
    fn at_path(&self, path: &Path, request: &str) -> Result<Interpreter, PythonError> {
        let program = if path.is_dir() {
            ["bin/python", "bin/python3"]
                .into_iter()
                .map(|program| path.join(program))
                .find(|program| program.is_file())
        } else {
            path.exists().then(|| path.to_owned())
        };
        let not_found = || PythonError::NotFound {
            request: request.to_owned(),
        };
        match self.ask(&program.ok_or_else(not_found)?)? {
            Answer::Interpreter(interpreter) => Ok(*interpreter),
            Answer::StandIn(error) => Err(error),
        }
    }

    /// The interpreter of a version that its own program name leads to.
    fn on_path(&self, version: Version) -> Result<Option<Interpreter>, PythonError> {
        for path in self.programs(&version.program()) {
            if let Answer::Interpreter(interpreter) = self.ask(&path)?
                && Version::of(&interpreter) == version
            {
                return Ok(Some(*interpreter));
            }
        }
        Ok(None)
    }

    /// Every executable file of that name on `PATH`.
    fn programs(&self, name: &str) -> Vec<PathBuf> {
        let path = self.host.variable("PATH").unwrap_or_default();
        path.split(':')
            .filter(|folder| !folder.is_empty() && !name.is_empty())
            .filter_map(|folder| {
                self.host
                    .find_program(&format!("{}/{name}", folder.trim_end_matches('/')))
            })
            .collect()
    }

    /// The interpreter of a version, though it is not on this machine.
    fn computed(&self, version: Version, request: &str) -> Result<Interpreter, PythonError> {
        if (version.major, version.minor) < (3, OLDEST_MINOR) {
            return Err(PythonError::TooOld {
                found: format!(
                    "{} {}.{}",
                    version.implementation.title(),
                    version.major,
                    version.minor
                ),
                oldest: format!("3.{OLDEST_MINOR}"),
            });
        }
        let newest = match version.implementation {
            Implementation::CPython => self.search.cpython.1,
            Implementation::PyPy | Implementation::GraalPy => self.search.pypy.1,
        };
        let exists = version.major == 3
            && version.minor <= newest
            && (!version.free_threaded || version.minor >= FIRST_FREE_THREADED);
        exists
            .then(|| {
                known(
                    version.implementation,
                    version.minor,
                    version.free_threaded,
                    self.search.target,
                )
            })
            .flatten()
            .ok_or_else(|| PythonError::NotFound {
                request: request.to_owned(),
            })
    }

    /// What a request names when nothing on this machine would run what is compiled: its version, also that of a path's last part.
    fn for_another_machine(&self, request: &str) -> Result<Interpreter, PythonError> {
        let name = request.rsplit('/').next().unwrap_or(request);
        match Version::parse(name) {
            Some(version) => self.computed(version, request),
            None => Err(PythonError::NoVersion {
                request: Some(request.to_owned()),
                target: self.search.target.to_owned(),
            }),
        }
    }

    fn default(&self) -> Result<Interpreter, PythonError> {
        if self.is_cross() {
            return self.cross_default();
        }
        if let Some(request) = self.host.variable("PYO3_PYTHON") {
            return self.request(request).and_then(|found| self.allowed(found));
        }
        let places = [
            ("VIRTUAL_ENV", "bin/python"),
            ("CONDA_PREFIX", "bin/python"),
            ("pythonLocation", "bin/python3"),
        ];
        let program = places
            .into_iter()
            .filter_map(|(variable, program)| Some(Path::new(self.host.variable(variable)?).join(program)))
            .find(|program| self.host.absolute(program).is_file());
        match program {
            Some(program) => {
                let program = self.host.absolute(&program);
                let found = self.at_path(&program, &program.to_string_lossy())?;
                self.allowed(found)
            }
            None => self.first_of(&["python3", "python"]),
        }
    }

    /// What PyO3's own variables say when cross building.
    ///
    /// <https://pyo3.rs/latest/building-and-distribution.html#cross-compiling>
    fn cross_default(&self) -> Result<Interpreter, PythonError> {
        let Some(version) = self.host.variable("PYO3_CROSS_PYTHON_VERSION") else {
            return Err(PythonError::NoVersion {
                request: None,
                target: self.search.target.to_owned(),
            });
        };
        let implementation = self
            .host
            .variable("PYO3_CROSS_PYTHON_IMPLEMENTATION")
            .unwrap_or("CPython");
        let request = format!("{}{version}", implementation.to_ascii_lowercase());
        self.for_another_machine(&request)
            .and_then(|found| self.allowed(found))
    }

    /// The first of these programs that works and that the project allows; else what is wrong with the first there is.
    fn first_of(&self, names: &[&str]) -> Result<Interpreter, PythonError> {
        let mut wrong = None;
        for path in names.iter().flat_map(|name| self.programs(name)) {
            let found = match self.ask(&path) {
                Ok(Answer::Interpreter(interpreter)) => self.allowed(*interpreter),
                Ok(Answer::StandIn(error)) | Err(error) => Err(error),
            };
            match found {
                Ok(interpreter) => return Ok(interpreter),
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        let tried: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        Err(wrong.unwrap_or_else(|| PythonError::NoDefault {
            tried: format!("{} on `PATH`", tried.join(" and ")),
        }))
    }

    /// The interpreter, if the project allows it.
    fn allowed(&self, interpreter: Interpreter) -> Result<Interpreter, PythonError> {
        if is_allowed(&interpreter, self.search) {
            return Ok(interpreter);
        }
        Err(PythonError::NotAllowed {
            found: interpreter.describe(),
            requires_python: self
                .search
                .requires_python
                .map_or_else(String::new, ToString::to_string),
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// The triple that the stand-in interpreters below are made for.
    const TARGET: &str = "x86_64-unknown-linux-gnu";

    /// A folder that is the whole `PATH`, with programs that answer as interpreters do.
    struct World {
        folder: tempfile::TempDir,
        variables: BTreeMap<String, String>,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("bin").to_string_lossy().into_owned();
            Self {
                folder,
                variables: BTreeMap::from([("PATH".to_owned(), path)]),
            }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn script(&self, name: &str, script: &str) {
            let path = self.path(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(
                &path,
                format!("#!/bin/sh\necho x >> {}.asked\n{script}\n", path.display()),
            )
            .unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }

        /// A program that says it is the CPython of that version.
        fn python(&self, name: &str, minor: u8, flag: &str) {
            let path = self.path(name);
            self.script(
                name,
                &format!(
                    "echo 'ironwheel {{\"implementation\": \"cpython\", \"major\": 3, \"minor\": {minor}, \
                     \"free_threaded\": {}, \"ext_suffix\": \".cpython-3{minor}{flag}-x86_64-linux-gnu.so\", \
                     \"pointer_width\": 64, \"platform\": \"linux-x86_64\", \"executable\": \"{}\"}}'",
                    flag == "t",
                    path.display()
                ),
            );
        }

        fn with<R>(
            &self,
            requires_python: &str,
            target: &str,
            task: impl FnOnce(Search<'_>, &Host) -> R,
        ) -> R {
            let specifiers = pep440_rs::VersionSpecifiers::from_str(requires_python).unwrap();
            let host = Host::new(self.variables.clone(), self.folder.path().to_owned()).unwrap();
            let search = Search {
                target,
                host_triple: TARGET,
                cpython: (7, 15),
                pypy: (9, 11),
                requires_python: Some(&specifiers),
                memory: &self.path("memory"),
            };
            task(search, &host)
        }

        fn find(&self, requests: &[&str]) -> Result<Vec<String>, String> {
            let requests: Vec<String> = requests.iter().map(|request| (*request).to_owned()).collect();
            self.with("", TARGET, |search, host| find(&requests, search, host))
                .map(|found| found.iter().map(|one| self.name(one)).collect())
                .map_err(|error| self.shorten(&error.to_string()))
        }

        fn find_all(&self, requires_python: &str) -> Result<Vec<String>, String> {
            self.with(requires_python, TARGET, find_all)
                .map(|found| found.iter().map(|one| self.name(one)).collect())
                .map_err(|error| self.shorten(&error.to_string()))
        }

        fn default(&self, requires_python: &str) -> Result<String, String> {
            self.with(requires_python, TARGET, default)
                .map(|found| self.name(&found))
                .map_err(|error| self.shorten(&error.to_string()))
        }

        fn name(&self, interpreter: &Interpreter) -> String {
            self.shorten(&interpreter.describe())
        }

        fn shorten(&self, text: &str) -> String {
            text.replace(&*self.folder.path().to_string_lossy(), "~")
        }
    }

    #[test]
    fn finds_paths_programs_environments_and_versions() {
        let world = World::new();
        world.python("bin/python3.12", 12, "");
        world.python("bin/python3", 11, "");
        world.python("elsewhere/python", 9, "");
        world.python(".venv/bin/python", 10, "");
        assert_eq!(
            world.find(&[
                "3.12",
                "python3",
                "elsewhere/python",
                ".venv",
                "3.14t",
                "pypy-3.11"
            ]),
            Ok([
                "CPython 3.12 at ~/bin/python3.12",
                "CPython 3.11 at ~/bin/python3",
                "CPython 3.9 at ~/elsewhere/python",
                "CPython 3.10 at ~/.venv/bin/python",
                "CPython 3.14t (not on PATH)",
                "PyPy 3.11 (not on PATH)",
            ]
            .map(str::to_owned)
            .to_vec())
        );
    }

    #[test]
    fn gives_each_interpreter_once_and_prefers_the_one_at_hand() {
        let world = World::new();
        world.python("a/python", 12, "");
        world.python("b/python", 12, "");
        assert_eq!(
            world.find(&["3.13", "3.12", "./a/python", "./b/python", "python3.12"]),
            Ok(["CPython 3.13 (not on PATH)", "CPython 3.12 at ~/a/python"]
                .map(str::to_owned)
                .to_vec())
        );
    }

    #[test]
    fn a_stand_in_of_a_version_manager_is_passed_over() {
        let mut world = World::new();
        world.script(
            "bin/python3.12",
            "echo 'shim: python3.12: command not found' >&2; exit 127",
        );
        world.script(
            "bin/python",
            "echo 'shim: python: command not found' >&2; exit 127",
        );
        assert_eq!(
            world.find(&["3.12"]),
            Ok(vec!["CPython 3.12 (not on PATH)".to_owned()])
        );
        assert_eq!(
            world.find(&["python"]),
            Err(
                "the Python interpreter ~/bin/python does not work: shim: python: command not found"
                    .to_owned()
            )
        );
        world.python("later/python3.12", 12, "");
        let path = format!(
            "{}:{}",
            world.path("bin").display(),
            world.path("later").display()
        );
        world.variables.insert("PATH".to_owned(), path);
        assert_eq!(
            world.find(&["3.12"]),
            Ok(vec!["CPython 3.12 at ~/later/python3.12".to_owned()])
        );
    }

    #[test]
    fn says_what_is_wrong_with_a_request() {
        let world = World::new();
        world.script(
            "bin/broken",
            "echo 'Fatal Python error: no encodings' >&2; exit 1",
        );
        world.script("bin/silent", "exit 0");
        world.script(
            "bin/old",
            "echo 'ironwheel {\"implementation\": \"cpython\", \"major\": 2, \"minor\": 7}'",
        );
        std::fs::write(world.path("plain"), "").unwrap();
        for (request, message) in [
            ("nothing", "no Python interpreter found for `nothing`"),
            ("./nothing", "no Python interpreter found for `./nothing`"),
            ("", "no Python interpreter found for ``"),
            ("3.99", "no Python interpreter found for `3.99`"),
            ("3.12t", "no Python interpreter found for `3.12t`"),
            ("graalpy3.11", "no Python interpreter found for `graalpy3.11`"),
            ("3.6", "CPython 3.6 is too old: 3.7 or later is needed"),
            (
                "old",
                "CPython 2.7 at ~/bin/old is too old: 3.7 or later is needed",
            ),
            (
                "broken",
                "the Python interpreter ~/bin/broken does not work: Fatal Python error: no encodings",
            ),
            (
                "silent",
                "the Python interpreter ~/bin/silent does not work: it does not answer as Python does",
            ),
            (
                "./plain",
                "the Python interpreter ~/plain does not work: Permission denied (os error 13)",
            ),
        ] {
            assert_eq!(world.find(&[request]), Err(message.to_owned()), "{request}");
        }
    }

    #[test]
    fn finds_all_on_the_path_oldest_first() {
        let world = World::new();
        for (name, minor, flag) in [
            ("bin/python3.13t", 13, "t"),
            ("bin/python3.13", 13, ""),
            ("bin/python3.9", 9, ""),
            ("bin/python3.8", 8, ""),
            ("bin/python3", 13, ""),
        ] {
            world.python(name, minor, flag);
        }
        world.script("bin/python3.12", "exit 1");
        assert_eq!(
            world.find_all(">=3.9.2"),
            Ok([
                "CPython 3.9 at ~/bin/python3.9",
                "CPython 3.13 at ~/bin/python3.13",
                "CPython 3.13t at ~/bin/python3.13t",
            ]
            .map(str::to_owned)
            .to_vec())
        );
    }

    #[test]
    fn finds_the_plain_names_where_no_version_has_its_own() {
        let world = World::new();
        world.python("bin/python", 11, "");
        assert_eq!(
            world.find_all(""),
            Ok(vec!["CPython 3.11 at ~/bin/python".to_owned()])
        );
        assert_eq!(
            World::new().find_all(""),
            Err("no Python interpreter found: tried `python3` and `python` on `PATH`".to_owned())
        );
    }

    #[test]
    fn the_default_follows_the_environment() {
        let mut world = World::new();
        world.python("bin/python", 8, "");
        world.python("location/bin/python3", 9, "");
        world.python("conda/bin/python", 10, "");
        world.python("venv/bin/python", 11, "");
        world.python("bin/mine", 12, "");
        assert_eq!(world.default(""), Ok("CPython 3.8 at ~/bin/python".to_owned()));
        for (variable, value, found) in [
            (
                "pythonLocation",
                "location",
                "CPython 3.9 at ~/location/bin/python3",
            ),
            ("CONDA_PREFIX", "conda", "CPython 3.10 at ~/conda/bin/python"),
            ("VIRTUAL_ENV", "venv", "CPython 3.11 at ~/venv/bin/python"),
            ("PYO3_PYTHON", "mine", "CPython 3.12 at ~/bin/mine"),
        ] {
            world.variables.insert(variable.to_owned(), value.to_owned());
            assert_eq!(world.default(""), Ok(found.to_owned()), "{variable}");
        }
    }

    #[test]
    fn the_default_passes_over_what_the_project_excludes() {
        let mut world = World::new();
        world.python("bin/python3", 8, "");
        let excluded = "CPython 3.8 at ~/bin/python3 is excluded by `requires-python`: >=3.9";
        assert_eq!(world.default(">=3.9"), Err(excluded.to_owned()));
        world.python("bin/python", 12, "");
        assert_eq!(
            world.default(">=3.9"),
            Ok("CPython 3.12 at ~/bin/python".to_owned())
        );
        world
            .variables
            .insert("PYO3_PYTHON".to_owned(), "python3".to_owned());
        assert_eq!(world.default(">=3.9"), Err(excluded.to_owned()));
    }

    #[test]
    fn nothing_is_run_for_another_machine() {
        let mut world = World::new();
        world.python("bin/python3.12", 12, "");
        let other = "aarch64-unknown-linux-gnu";
        let requests = ["/opt/bin/python3.12".to_owned(), "pypy3.10".to_owned()];
        let found = world
            .with("", other, |search, host| find(&requests, search, host))
            .unwrap();
        assert_eq!(
            found
                .iter()
                .map(|one| one.ext_suffix.as_str())
                .collect::<Vec<_>>(),
            [
                ".cpython-312-aarch64-linux-gnu.so",
                ".pypy310-pp73-aarch64-linux-gnu.so"
            ]
        );
        let all = world.with(">=3.13", other, find_all).unwrap();
        assert_eq!(
            all.iter().map(Interpreter::abi_tag).collect::<Vec<_>>(),
            ["cp313", "cp313t", "cp314", "cp314t", "cp315", "cp315t"]
        );
        assert_eq!(
            world.with("", other, default).unwrap_err().to_string(),
            "building for `aarch64-unknown-linux-gnu` on another machine needs a Python version"
        );
        world
            .variables
            .insert("PYO3_CROSS_PYTHON_VERSION".to_owned(), "3.13t".to_owned());
        assert_eq!(world.with("", other, default).unwrap().abi_tag(), "cp313t");
        let request = ["python3".to_owned()];
        assert_eq!(
            world
                .with("", other, |search, host| find(&request, search, host))
                .unwrap_err()
                .to_string(),
            "building for `aarch64-unknown-linux-gnu` on another machine needs a Python version, which `python3` does not name"
        );
        assert!(!world.path("bin/python3.12.asked").exists());
    }

    #[test]
    fn a_script_is_asked_each_time() {
        let world = World::new();
        world.python("bin/python3", 12, "");
        for asked in ["x\n", "x\nx\n"] {
            world.find(&["python3"]).unwrap();
            assert_eq!(
                std::fs::read_to_string(world.path("bin/python3.asked")).unwrap(),
                asked
            );
        }
    }
}
