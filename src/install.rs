//! Puts a wheel into an environment, and takes away what an earlier one left there: an installer without pip.
//!
//! <https://packaging.python.org/en/latest/specifications/recording-installed-packages/>

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::archive::{Content, Entry};
use crate::fs::{self, FileError};
use crate::name;
use crate::python::environment::{Environment, Places};
use crate::wheel::record;
use crate::wheel::write::Wheel;
use crate::zip::deflate::Digest;

/// Why a wheel is not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A file cannot be read, written or removed.
    #[error(transparent)]
    File(#[from] FileError),
    /// An earlier version that nobody knows the files of.
    #[error("`{name}` is installed already, but {reason}: {path}", path = path.display())]
    NotRemovable {
        /// The project's name.
        name: String,
        /// What is in the way, as the rest of a sentence about it.
        reason: &'static str,
        /// What tells of it.
        path: PathBuf,
    },
    /// A file of the wheel that belongs nowhere.
    #[error("the wheel has a file for a place that environments have not: {0}")]
    NoSuchPlace(String),
    /// An entry point that no script can be written for.
    #[error("the entry point `{name}` names no function: {object}")]
    EntryPoint {
        /// Its name.
        name: String,
        /// Its object reference.
        object: String,
    },
    /// A path that text files of the environment cannot spell.
    #[error("a path is not UTF-8, so no environment can refer to it: {}", .0.display())]
    NotUnicode(PathBuf),
}

impl InstallError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotRemovable { name, path, .. } => Some(format!(
                "uninstall it with the tool that installed it (`pip uninstall {name}`), or remove {} and what belongs to it",
                path.display()
            )),
            Self::NoSuchPlace(_) => Some(
                "the folders below `.data` are `data`, `headers`, `platlib`, `purelib` and `scripts`"
                    .to_owned(),
            ),
            Self::EntryPoint { .. } => Some("write it as `package.module:function`".to_owned()),
            Self::NotUnicode(_) => Some("move the project or the environment to another folder".to_owned()),
            Self::File(_) => None,
        }
    }
}

/// Where a project's sources lie that an installation refers to.
///
/// <https://packaging.python.org/en/latest/specifications/direct-url/>
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The project's folder.
    pub root: &'a Path,
    /// Whether the sources are used where they lie.
    pub is_editable: bool,
}

impl Origin<'_> {
    /// The text of `direct_url.json`.
    fn direct_url(&self) -> Result<String, InstallError> {
        let path = text(self.root)?;
        let url = format!("file://{}", crate::url::percent_encoded(path));
        let info = if self.is_editable {
            serde_json::json!({ "editable": true })
        } else {
            serde_json::json!({})
        };
        Ok(serde_json::json!({ "dir_info": info, "url": url }).to_string())
    }
}

/// A file to be put into the environment.
struct Item {
    target: PathBuf,
    content: Content,
    is_executable: bool,
}

/// Installs a wheel, in place of whatever version of the same project is there. Gives all files of the installation.
///
/// Each file is whole or as it was before; what the new version does not have is removed at last, so that an interrupted
/// installation can be repeated.
pub fn install(
    wheel: &Wheel,
    origin: Origin<'_>,
    environment: &Environment,
) -> Result<Vec<PathBuf>, InstallError> {
    let places = &environment.places;
    let packages = &places.platlib;
    let earlier = Earlier::find(wheel.filename.distribution(), places)?;
    let mut items = items(wheel, environment)?;
    let info = packages.join(&wheel.dist_info);
    for (name, content) in [
        ("INSTALLER", "ironwheel\n".to_owned()),
        ("REQUESTED", String::new()),
        ("direct_url.json", origin.direct_url()?),
    ] {
        items.push(Item {
            target: info.join(name),
            content: content.into(),
            is_executable: false,
        });
    }
    let mut rows = Vec::with_capacity(items.len());
    let mut files = Vec::with_capacity(items.len() + 1);
    for item in items {
        let bytes = match item.content {
            Content::Bytes(bytes) => bytes,
            Content::File(source) => Arc::new(fs::read(&source)?),
        };
        fs::create_folder(item.target.parent().unwrap_or(packages))?;
        fs::put_in_place(&item.target, &bytes, item.is_executable)?;
        rows.push((relative(&item.target, packages)?, Digest::of(&bytes)));
        files.push(item.target);
    }
    let own_row = format!("{}/RECORD", wheel.dist_info);
    let text = record::render(
        rows.iter().map(|(path, digest)| (path.as_str(), digest)),
        &own_row,
    );
    let target = info.join("RECORD");
    fs::put_in_place(&target, text.as_bytes(), false)?;
    files.push(target);
    earlier.remove_but(&files, environment)?;
    Ok(files)
}

/// The wheel's files and the scripts of its entry points, each with its place.
fn items(wheel: &Wheel, environment: &Environment) -> Result<Vec<Item>, InstallError> {
    let places = &environment.places;
    let data = format!("{}/", wheel.filename.data());
    let mut items = Vec::with_capacity(wheel.tree.len());
    for (path, entry) in wheel.tree.iter() {
        let Some(inside) = path.as_str().strip_prefix(&data) else {
            items.push(Item::of(entry, places.platlib.join(path.as_str())));
            continue;
        };
        let (place, rest) = inside.split_once('/').unwrap_or((inside, ""));
        let item = match place {
            "purelib" => Item::of(entry, places.purelib.join(rest)),
            "platlib" => Item::of(entry, places.platlib.join(rest)),
            "data" => Item::of(entry, places.data.join(rest)),
            "headers" => {
                let folder = places.headers.join(wheel.filename.distribution());
                Item::of(entry, folder.join(rest))
            }
            "scripts" => Item::script(entry, places.scripts.join(rest), &environment.python)?,
            _ => return Err(InstallError::NoSuchPlace(path.to_string())),
        };
        items.push(item);
    }
    let entry_points = wheel.tree.get(&format!("{}/entry_points.txt", wheel.dist_info));
    if let Some(entry) = entry_points {
        let bytes = bytes_of(&entry.content)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for (name, object) in scripts(&text) {
            items.push(Item {
                target: places.scripts.join(&name),
                content: wrapper(&name, &object, &environment.python)?.into(),
                is_executable: true,
            });
        }
    }
    Ok(items)
}

impl Item {
    fn of(entry: &Entry, target: PathBuf) -> Self {
        Self {
            target,
            content: entry.content.clone(),
            is_executable: entry.executable,
        }
    }

    /// A script, whose `#!python` becomes the environment's own.
    ///
    /// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#recommended-installer-features>
    fn script(entry: &Entry, target: PathBuf, python: &Path) -> Result<Self, InstallError> {
        let bytes = bytes_of(&entry.content)?;
        let content = if bytes.starts_with(b"#!python") {
            let end = bytes
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(bytes.len(), |at| at + 1);
            let mut text = first_line(python)?.into_bytes();
            text.extend_from_slice(&bytes[end..]);
            text.into()
        } else {
            entry.content.clone()
        };
        Ok(Self {
            target,
            content,
            is_executable: true,
        })
    }
}

fn bytes_of(content: &Content) -> Result<Arc<Vec<u8>>, FileError> {
    match content {
        Content::Bytes(bytes) => Ok(Arc::clone(bytes)),
        Content::File(path) => fs::read(path).map(Arc::new),
    }
}

/// The names and objects of the two groups that become programs.
///
/// <https://packaging.python.org/en/latest/specifications/entry-points/#file-format>
fn scripts(text: &str) -> Vec<(String, String)> {
    let mut is_program = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            is_program = matches!(line, "[console_scripts]" | "[gui_scripts]");
        } else if is_program && let Some((name, object)) = line.split_once('=') {
            found.push((name.trim().to_owned(), object.trim().to_owned()));
        }
    }
    found
}

/// The program that an entry point becomes.
fn wrapper(name: &str, object: &str, python: &Path) -> Result<String, InstallError> {
    let reference = object.split('[').next().unwrap_or_default().trim();
    let wrong = || InstallError::EntryPoint {
        name: name.to_owned(),
        object: object.to_owned(),
    };
    let (module, function) = reference.split_once(':').ok_or_else(wrong)?;
    let (module, function) = (module.trim(), function.trim());
    let top = function.split('.').next().unwrap_or_default();
    if module.is_empty() || top.is_empty() {
        return Err(wrong());
    }
    Ok(format!(
        "{}import sys\n\nfrom {module} import {top}\n\nif __name__ == \"__main__\":\n    sys.exit({function}())\n",
        first_line(python)?
    ))
}

/// The longest first line that every Linux takes, the two marks before it and the line's end counted.
const LONGEST_FIRST_LINE: usize = 127;

/// The first line of a script that Python runs; two where the interpreter's path is too long for the system or has a space in it.
fn first_line(python: &Path) -> Result<String, InstallError> {
    let path = text(python)?;
    if path.contains(char::is_whitespace) || path.len() + 3 > LONGEST_FIRST_LINE {
        // To a shell the second line is a call, to Python the two are a text.
        let quoted = path.replace('\'', "'\"'\"'");
        return Ok(format!("#!/bin/sh\n'''exec' '{quoted}' \"$0\" \"$@\"\n' '''\n"));
    }
    Ok(format!("#!{path}\n"))
}

fn text(path: &Path) -> Result<&str, InstallError> {
    path.to_str()
        .ok_or_else(|| InstallError::NotUnicode(path.to_owned()))
}

/// A file's path from the folder of the packages, as RECORD spells it: `../../../bin/demo`.
fn relative(path: &Path, from: &Path) -> Result<String, InstallError> {
    let (path, from) = (fs::normalize(path), fs::normalize(from));
    let shared = path
        .components()
        .zip(from.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = from.components().skip(shared).map(|_| "..");
    let down = path.components().skip(shared).map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    up.map(Some)
        .chain(down)
        .collect::<Option<Vec<&str>>>()
        .map(|parts| parts.join("/"))
        .ok_or_else(|| InstallError::NotUnicode(path.clone()))
}

/// What earlier installations of a project left in an environment.
#[derive(Debug, Default, PartialEq, Eq)]
struct Earlier {
    /// Their files, as RECORD names them.
    files: BTreeSet<PathBuf>,
}

impl Earlier {
    /// Finds every installation of the project, however its name is spelled.
    fn find(distribution: &str, places: &Places) -> Result<Self, InstallError> {
        let wanted = name::normalize(distribution);
        let mut earlier = Self::default();
        let folders = BTreeSet::from([&places.purelib, &places.platlib]);
        for folder in folders {
            for path in entries(folder) {
                let Some((name, kind)) = described(&path) else {
                    continue;
                };
                if name::normalize(&name) != wanted {
                    continue;
                }
                let not_removable = |reason| InstallError::NotRemovable {
                    name: wanted.clone(),
                    reason,
                    path: path.clone(),
                };
                match kind {
                    Kind::DistInfo => {
                        let record = path.join("RECORD");
                        let text = std::fs::read_to_string(&record)
                            .map_err(|_| not_removable("without a record of its files"))?;
                        let files = crate::wheel::read::rows_of(&text)
                            .into_iter()
                            .filter_map(|row| row.into_iter().next())
                            .map(|path| fs::normalize(&folder.join(path)));
                        earlier.files.extend(files);
                        // What others put there belongs to the installation as well.
                        earlier
                            .files
                            .extend(entries(&path).into_iter().filter(|path| path.is_file()));
                    }
                    Kind::Legacy => {
                        return Err(not_removable(
                            "in setuptools' old way, without a record of its files",
                        ));
                    }
                }
            }
        }
        Ok(earlier)
    }

    /// Removes all files but those that are kept, what Python compiled of them, and the folders that are empty then. What lies
    /// outside the environment stays.
    fn remove_but(&self, kept: &[PathBuf], environment: &Environment) -> Result<(), InstallError> {
        let places = &environment.places;
        let kept: BTreeSet<PathBuf> = kept.iter().map(|path| fs::normalize(path)).collect();
        let roots = [
            &places.purelib,
            &places.platlib,
            &places.scripts,
            &places.data,
            &environment.root,
        ];
        let is_inside = |path: &Path| {
            roots
                .iter()
                .any(|root| path.starts_with(root) && path != root.as_path())
        };
        for path in self.files.difference(&kept).filter(|path| is_inside(path)) {
            remove(path)?;
            for compiled in compiled_of(path) {
                remove(&compiled)?;
            }
            for folder in path.ancestors().skip(1) {
                let is_root = roots.iter().any(|root| root.starts_with(folder));
                // A folder with anything in it stays.
                if is_root || !is_inside(folder) || std::fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }
}

enum Kind {
    DistInfo,
    Legacy,
}

/// The project that a name beside the packages tells of: `demo-1.0.dist-info`, `demo-1.0-py3.11.egg-info`, `demo.egg-link`.
fn described(path: &Path) -> Option<(String, Kind)> {
    let name = path.file_name()?.to_str()?;
    // A link is named by the project alone, whose name may hold a hyphen.
    if let Some(project) = name.strip_suffix(".egg-link") {
        return Some((project.to_owned(), Kind::Legacy));
    }
    let (stem, kind) = match name.strip_suffix(".dist-info") {
        Some(stem) => (stem, Kind::DistInfo),
        None => (name.strip_suffix(".egg-info")?, Kind::Legacy),
    };
    Some((stem.split('-').next()?.to_owned(), kind))
}

/// What lies in a folder, in the order of names; nothing where it cannot be told.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// What Python compiled of a file: `__pycache__/<stem>.*.pyc`; nothing where it is no file of Python's.
fn compiled_of(path: &Path) -> Vec<PathBuf> {
    let is_python = path.extension().is_some_and(|extension| extension == "py");
    let (Some(stem), Some(folder)) = (path.file_stem().and_then(|stem| stem.to_str()), path.parent()) else {
        return Vec::new();
    };
    if !is_python {
        return Vec::new();
    }
    let beginning = format!("{stem}.");
    let cache = folder.join("__pycache__");
    let mut found = entries(&cache);
    found.retain(|path| {
        path.extension().is_some_and(|extension| extension == "pyc")
            && path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(&beginning))
    });
    found
}

fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError::new("remove", path)(error))
        }
        _ => {
            // The folder of what is compiled goes when it is empty; others are their file's affair.
            if let Some(folder) = path.parent().filter(|folder| folder.ends_with("__pycache__")) {
                let _ = std::fs::remove_dir(folder);
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{ArchivePath, Tree};
    use crate::tag::WheelFilename;

    fn environment(root: &Path) -> Environment {
        let packages = root.join("lib/python3.11/site-packages");
        std::fs::create_dir_all(&packages).unwrap();
        Environment {
            python: root.join("bin/python"),
            places: Places {
                purelib: packages.clone(),
                platlib: packages,
                scripts: root.join("bin"),
                data: root.to_owned(),
                headers: root.join("include/site/python3.11"),
            },
            markers: std::collections::BTreeMap::new(),
            is_made_by_uv: false,
            root: root.to_owned(),
        }
    }

    fn wheel(version: &str, files: &[(&str, &str)]) -> Wheel {
        let filename =
            WheelFilename::parse(&format!("demo_x-{version}-cp311-cp311-linux_x86_64.whl")).unwrap();
        let mut tree = Tree::default();
        let metadata = format!("{}/METADATA", filename.dist_info());
        for (path, text) in files
            .iter()
            .copied()
            .chain([(metadata.as_str(), "Name: demo-x\n")])
        {
            let entry = Entry::generated(text.to_owned(), "test");
            tree.add(ArchivePath::parse(path).unwrap(), entry).unwrap();
        }
        Wheel::new(filename, tree)
    }

    fn put(environment: &Environment, wheel: &Wheel) -> Result<Vec<PathBuf>, InstallError> {
        let origin = Origin {
            root: Path::new("/a place/demo"),
            is_editable: true,
        };
        install(wheel, origin, environment)
    }

    fn below(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(next) = open.pop() {
            for path in entries(&next) {
                if path.is_dir() {
                    open.push(path);
                } else {
                    found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }

    const INFO: [&str; 5] = ["INSTALLER", "METADATA", "RECORD", "REQUESTED", "direct_url.json"];

    #[test]
    fn files_go_where_their_kind_belongs_and_are_all_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let environment = environment(folder.path());
        let wheel = wheel(
            "1.0",
            &[
                ("demo/a, b.py", "x = 1\n"),
                ("demo_x-1.0.data/scripts/run", "#!python -u\nprint(1)\n"),
                ("demo_x-1.0.data/scripts/plain", "#!/bin/sh\n"),
                ("demo_x-1.0.data/data/share/x.txt", ""),
                ("demo_x-1.0.data/headers/x.h", ""),
                ("demo_x-1.0.data/purelib/pure.py", ""),
                (
                    "demo_x-1.0.dist-info/entry_points.txt",
                    "[console_scripts]\ndemo=demo.cli:App.main [extra]\n[other]\nx=y:z\n",
                ),
            ],
        );
        let files = put(&environment, &wheel).unwrap();
        let packages = "lib/python3.11/site-packages";
        let info = format!("{packages}/demo_x-1.0.dist-info");
        let elsewhere = [
            "bin/demo",
            "bin/plain",
            "bin/run",
            "include/site/python3.11/demo_x/x.h",
            "share/x.txt",
        ];
        let mut expected: Vec<String> = INFO
            .iter()
            .chain(&["entry_points.txt"])
            .map(|name| format!("{info}/{name}"))
            .chain(["demo/a, b.py", "pure.py"].map(|name| format!("{packages}/{name}")))
            .chain(elsewhere.map(str::to_owned))
            .collect();
        expected.sort();
        assert_eq!(below(folder.path()), expected);
        assert_eq!(files.len(), expected.len());

        let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).unwrap();
        let python = environment.python.display();
        assert_eq!(read("bin/run"), format!("#!{python}\nprint(1)\n"));
        assert_eq!(read("bin/plain"), "#!/bin/sh\n");
        assert_eq!(
            read("bin/demo"),
            format!(
                "#!{python}\nimport sys\n\nfrom demo.cli import App\n\nif __name__ == \"__main__\":\n    sys.exit(App.main())\n"
            )
        );
        assert!(fs::is_executable(&folder.path().join("bin/demo")));
        assert_eq!(read(&format!("{info}/INSTALLER")), "ironwheel\n");
        assert_eq!(
            read(&format!("{info}/direct_url.json")),
            r#"{"dir_info":{"editable":true},"url":"file:///a%20place/demo"}"#
        );
        let record = read(&format!("{info}/RECORD"));
        assert!(
            record.starts_with("\"demo/a, b.py\",sha256=") || record.contains("\n\"demo/a, b.py\",sha256=")
        );
        assert!(record.contains("../../../bin/demo,sha256="), "{record}");
        assert!(record.ends_with("demo_x-1.0.dist-info/RECORD,,\n"), "{record}");
        assert_eq!(record.lines().count(), expected.len());
    }

    #[test]
    fn an_earlier_version_goes_however_its_name_is_spelled() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("venv");
        let environment = environment(&root);
        let packages = &environment.places.platlib;
        let files = [
            ("demo/old/a.py", ""),
            ("demo/same.py", ""),
            ("demo_x-1.0.data/scripts/old", ""),
        ];
        put(&environment, &wheel("1.0", &files)).unwrap();
        let info = packages.join("Demo.X-1.0.dist-info");
        std::fs::rename(packages.join("demo_x-1.0.dist-info"), &info).unwrap();
        let cache = packages.join("demo/old/__pycache__");
        std::fs::create_dir(&cache).unwrap();
        std::fs::write(cache.join("a.cpython-311.pyc"), "").unwrap();
        std::fs::write(packages.join("demo/users.txt"), "").unwrap();
        // What leads out of the environment is not touched.
        let outside = folder.path().join("outside.txt");
        std::fs::write(&outside, "").unwrap();
        let record = info.join("RECORD");
        let text = std::fs::read_to_string(&record).unwrap();
        let text = text.replace("demo_x-1.0", "Demo.X-1.0") + "../../../../outside.txt,,\n";
        std::fs::write(&record, text).unwrap();

        put(&environment, &wheel("2.0", &[("demo/same.py", "new")])).unwrap();
        let mut expected: Vec<String> = INFO
            .iter()
            .map(|name| format!("demo_x-2.0.dist-info/{name}"))
            .collect();
        expected.extend(["demo/same.py", "demo/users.txt"].map(str::to_owned));
        assert_eq!(below(packages), {
            expected.sort();
            expected
        });
        assert!(!packages.join("demo/old").exists() && !info.exists());
        assert!(!root.join("bin/old").exists());
        assert!(outside.exists());
    }

    #[test]
    fn what_cannot_be_removed_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let environment = environment(folder.path());
        let packages = &environment.places.platlib;
        for (name, words) in [
            ("demo-x.egg-link", "in setuptools' old way"),
            ("Demo_X-0.9-py3.11.egg-info", "in setuptools' old way"),
            ("demo_x-0.9.dist-info", "without a record of its files"),
        ] {
            let path = packages.join(name);
            std::fs::create_dir(&path).unwrap();
            let error = put(&environment, &wheel("1.0", &[("demo.py", "")])).unwrap_err();
            let error = error.to_string();
            assert!(error.contains(words), "{error}");
            assert!(error.ends_with(path.to_str().unwrap()), "{error}");
            assert!(!packages.join("demo.py").exists());
            std::fs::remove_dir(&path).unwrap();
        }
    }

    #[test]
    fn long_paths_and_spaces_go_through_a_shell() {
        let line = |path: &str| first_line(Path::new(path)).unwrap();
        assert_eq!(line("/venv/bin/python"), "#!/venv/bin/python\n");
        assert_eq!(
            line("/it's a/python"),
            "#!/bin/sh\n'''exec' '/it'\"'\"'s a/python' \"$0\" \"$@\"\n' '''\n"
        );
        assert!(line(&format!("/{}/python", "x".repeat(120))).starts_with("#!/bin/sh\n"));
    }

    #[test]
    fn an_entry_point_without_a_function_is_refused() {
        for object in ["demo.cli", "demo:", ":main"] {
            assert!(
                matches!(
                    wrapper("x", object, Path::new("/p")),
                    Err(InstallError::EntryPoint { .. })
                ),
                "{object}"
            );
        }
    }
}
