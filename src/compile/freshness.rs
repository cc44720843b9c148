//! What was compiled, remembered by content: times alone are not trusted.
//!
//! Cargo compiles a crate again when one of its files is younger than the result. A container's `COPY`, a checkout or an unpacked
//! archive can put other content in place with an old time, and cargo then takes the old result for good. So beside cargo's
//! results lies a record of what they were made from. Before cargo runs, packages whose files differ from the record though
//! their times do not tell are given to `cargo clean`. After it has run, whatever it took from its cache must be vouched for: by
//! a record that names this very result and these very sources. Where none does, the package is cleaned and compiled once more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Mirror;
use super::invocation::Subject;
use super::messages::{Artifact, Messages};
use super::sources::{self, Files, Stamp};
use crate::fs;
use crate::project::cargo::{CargoFacts, PackageFacts};
use crate::project::products::Product;
use crate::zip::deflate::Digest;

/// Raised when records come to mean something else.
const FORMAT: u32 = 1;

/// Archives that caches are packed into know times in steps of up to two seconds.
const ARCHIVE_STEP: u64 = 2_000_000_000;

/// In place of a package's id: files that lie in no package's folder, and any package may use.
const OUTSIDE: &str = "";

/// The watch over one build.
pub(super) struct Watch<'a> {
    cargo: &'a CargoFacts,
    product: &'a Product,
    /// Where records lie.
    folder: PathBuf,
    /// Where this build's own lies.
    own: PathBuf,
    record: Option<Compared>,
    cleanings: Cleanings,
}

/// A record, and how the sources compare with it.
struct Compared {
    record: Record,
    comparisons: BTreeMap<String, Comparison>,
}

/// How a package's files compare with those it was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Comparison {
    /// They are the same.
    Same,
    /// Some differ, and their times tell cargo so.
    Newer,
    /// Some differ, and their times do not tell.
    Hidden,
}

impl<'a> Watch<'a> {
    /// Looks at what is remembered of a build and at the sources as they are. `name` is for people who look into the folder;
    /// `arguments` tell this build from others of that name.
    pub fn begin(subject: Subject<'a>, name: &str, arguments: &[String], product: &'a Product) -> Self {
        let cargo = subject.cargo;
        let folder = cargo.memory().join("sources");
        let profile = &subject.settings.profile.value;
        let digest = digest(arguments.iter().chain([&product.package]));
        let own = folder.join(format!("{profile}-{name}-{digest}.json"));
        let target = subject.settings.target.value.as_deref().unwrap_or("host");
        Self {
            cargo,
            product,
            record: Compared::read(&own),
            cleanings: Cleanings::read(folder.join(format!("cleanings-{profile}-{target}.json"))),
            folder,
            own,
        }
    }

    /// Packages whose sources changed although their times stayed behind, so that cargo would not see it, by id.
    pub fn hidden_changes(&self) -> BTreeSet<String> {
        let Some(compared) = &self.record else {
            return BTreeSet::new();
        };
        let hidden: BTreeSet<String> = compared
            .comparisons
            .iter()
            // What was made of a package that has been cleaned since is gone; cargo cannot take it for good.
            .filter(|(package, comparison)| {
                **comparison == Comparison::Hidden && self.cleanings.last(package) <= compared.record.finished
            })
            .map(|(package, _)| package.clone())
            .collect();
        if hidden.contains(OUTSIDE) {
            let local = self
                .cargo
                .packages
                .iter()
                .filter(|(_, package)| is_local(package));
            return local.map(|(id, _)| id.clone()).collect();
        }
        hidden
    }

    /// Notes that packages were cleaned.
    pub fn cleaned(&mut self, packages: &BTreeSet<String>) {
        self.cleanings.note(packages);
    }

    /// Packages of which cargo took something from its cache that nothing vouches for, by id.
    pub fn unvouched(&self, messages: &Messages) -> BTreeSet<String> {
        let mut others = None;
        local(self.cargo, messages)
            .filter(|artifact| artifact.fresh)
            .filter(|artifact| {
                let own = self.record.as_ref();
                !own.is_some_and(|record| record.vouches(artifact, messages))
                    && !others
                        .get_or_insert_with(|| self.others())
                        .iter()
                        .any(|record| record.vouches(artifact, messages))
            })
            .map(|artifact| artifact.package_id.clone())
            .collect()
    }

    /// Writes down what was compiled from what, and gives the files that it was compiled from. That it may be impossible to write is
    /// of no harm: the next build compiles the local packages again.
    pub fn end(self, messages: &Messages) -> Vec<PathBuf> {
        let nothing_new = local(self.cargo, messages).all(|artifact| artifact.fresh);
        let record = match self.record {
            Some(compared) if nothing_new && compared.is_same() => compared.record,
            compared => Record::of(
                self.cargo,
                self.product,
                messages,
                compared.map(|compared| compared.record),
            ),
        };
        write(&self.own, &record);
        let sources = record.packages.into_values();
        let files = sources.flat_map(|sources| {
            sources
                .named_files
                .into_keys()
                .chain(sources.folder_files.into_keys())
        });
        files.collect()
    }

    /// Writes down what was compiled of crates that have their own sources in a copy of the project, under the paths of the project
    /// itself: there `build` will find the same files, and need not compile them again.
    pub fn end_in_mirror(self, messages: &Messages, mirror: Mirror<'_>) {
        let mut record = Record::of(self.cargo, self.product, messages, None);
        let is_kept = |id: &str| {
            let package = self.cargo.packages.get(id);
            package.is_some_and(|package| is_original(package, mirror))
        };
        record.packages.retain(|id, _| id == OUTSIDE || is_kept(id));
        record.results.retain(|made| is_kept(&made.package));
        if record.results.is_empty() {
            return;
        }
        let text = serde_json::to_string(&record).unwrap_or_default();
        let text = text.replace(&*mirror.beginning.to_string_lossy(), "");
        if let Ok(record) = serde_json::from_str::<Record>(&text) {
            write(&self.own, &record);
        }
    }

    /// What is remembered of other builds in the same target directory.
    fn others(&self) -> Vec<Compared> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| *path != self.own)
            .filter_map(|path| Compared::read(&path))
            .collect()
    }
}

impl Compared {
    fn read(path: &Path) -> Option<Self> {
        let mut record: Record = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        if record.format != FORMAT {
            return None;
        }
        let comparisons = record.compare();
        Some(Self { record, comparisons })
    }

    fn is_same(&self) -> bool {
        self.comparisons
            .values()
            .all(|comparison| *comparison == Comparison::Same)
    }

    /// Whether it tells of this very artifact, and that it was made of the sources as they are now.
    fn vouches(&self, artifact: &Artifact, messages: &Messages) -> bool {
        // Where times told of a change, something of the package must have been compiled again; not everything, since a build
        // script does not hang on the library's files.
        let is_seen = |package: &str| match self.comparisons.get(package) {
            Some(Comparison::Same) => true,
            Some(Comparison::Newer) => messages
                .artifacts
                .iter()
                .any(|other| !other.fresh && (package == OUTSIDE || other.package_id == artifact.package_id)),
            Some(Comparison::Hidden) | None => false,
        };
        is_seen(&artifact.package_id) && is_seen(OUTSIDE) && self.record.tells_of(artifact)
    }
}

/// What one build was made of and what it made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    format: u32,
    /// When the results were finished, in nanoseconds since 1970.
    finished: u64,
    /// When the files were looked at.
    looked: u64,
    /// Local packages by id, and what lies outside of all.
    packages: BTreeMap<String, Sources>,
    /// What was made of them.
    results: Vec<Made>,
}

/// What a package was made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sources {
    /// Files and folders that the compiler or a build script named.
    named: BTreeSet<PathBuf>,
    /// They, and all that lies in them.
    named_files: Files,
    /// The package's folder, where cargo may watch all of it.
    folder: Option<PathBuf>,
    /// What lies in it.
    folder_files: Files,
}

/// Something made of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    package: String,
    path: PathBuf,
    stamp: Stamp,
    /// SHA-256.
    content: String,
}

impl Record {
    /// The record of a build that has just been made; what did not change since the one before is taken from there.
    fn of(cargo: &CargoFacts, product: &Product, messages: &Messages, before: Option<Self>) -> Self {
        let finished = sources::now();
        let before = before.unwrap_or_else(Self::nothing);
        let mut packages: BTreeMap<String, Sources> = BTreeMap::new();
        packages.insert(OUTSIDE.to_owned(), Sources::default());
        let named = named(cargo, product, messages);
        for (id, package) in cargo.packages.iter().filter(|(_, package)| is_local(package)) {
            let folder = (named.is_none() || watches_all(package, messages, id)).then(|| folder_of(package));
            packages.insert(
                id.clone(),
                Sources {
                    folder,
                    ..Sources::default()
                },
            );
        }
        for path in named.unwrap_or_default() {
            let owner = owner(cargo, &path);
            packages.entry(owner).or_default().named.insert(path);
        }
        let none = Sources::default();
        for (id, sources) in &mut packages {
            let known = before.packages.get(id).unwrap_or(&none);
            (sources.named_files, sources.folder_files) = sources.now(known, before.looked);
        }
        Self {
            format: FORMAT,
            finished,
            looked: finished,
            packages,
            results: local(cargo, messages)
                .filter_map(|artifact| Made::of(artifact, &before.results))
                .collect(),
        }
    }

    /// The record of no build.
    fn nothing() -> Self {
        Self {
            format: FORMAT,
            finished: 0,
            looked: 0,
            packages: BTreeMap::new(),
            results: Vec::new(),
        }
    }

    /// Compares the sources with what they are now. Takes over the stamps of those that are the same, so that they need not be
    /// read again next time.
    fn compare(&mut self) -> BTreeMap<String, Comparison> {
        let (finished, looked, now) = (self.finished, self.looked, sources::now());
        let mut comparisons = BTreeMap::new();
        for (id, sources) in &mut self.packages {
            let (named_files, folder_files) = sources.now(sources, looked);
            let named = compare(&sources.named_files, &named_files, finished, |path| {
                sources.named.contains(path)
            });
            let folder = compare(&sources.folder_files, &folder_files, finished, |_| false);
            let comparison = match folder {
                // Cargo may have reasons not to watch a file of the folder; a younger one is its affair.
                Comparison::Same | Comparison::Newer => named,
                Comparison::Hidden => Comparison::Hidden,
            };
            comparisons.insert(id.clone(), comparison);
            let is_restamped = named_files != sources.named_files || folder_files != sources.folder_files;
            let is_settled = [&named_files, &folder_files]
                .iter()
                .all(|files| sources::are_settled(files, looked) || !sources::are_settled(files, now));
            if comparison == Comparison::Same && (is_restamped || !is_settled) {
                (sources.named_files, sources.folder_files) = (named_files, folder_files);
                self.looked = now;
            }
        }
        comparisons
    }

    fn tells_of(&self, artifact: &Artifact) -> bool {
        let made = self.results.iter().find(|made| {
            made.package == artifact.package_id && Some(&made.path) == artifact.filenames.first()
        });
        made.is_some_and(Made::is_unchanged)
    }
}

impl Sources {
    /// The files as they are now; `known` as they were at `looked`.
    fn now(&self, known: &Self, looked: u64) -> (Files, Files) {
        let named = sources::see(&self.named, &known.named_files, looked);
        let folder = self.folder.as_ref().map_or_else(Files::new, |folder| {
            sources::see_package(folder, &known.folder_files, looked)
        });
        (named, folder)
    }
}

impl Made {
    fn of(artifact: &Artifact, before: &[Self]) -> Option<Self> {
        let path = artifact.filenames.first()?;
        let stamp = Stamp::of(path)?;
        let known = before
            .iter()
            .find(|made| made.path == *path && made.stamp == stamp);
        let content = match known {
            Some(made) => made.content.clone(),
            None => sources::content(path)?,
        };
        Some(Self {
            package: artifact.package_id.clone(),
            path: path.clone(),
            stamp,
            content,
        })
    }

    /// Whether the file is still the one that was made: by its time, or where a cache did not keep that, by its content.
    fn is_unchanged(&self) -> bool {
        let Some(stamp) = Stamp::of(&self.path) else {
            return false;
        };
        let is_cut = stamp.modified % 1_000_000_000 == 0;
        let same_time = stamp.modified == self.stamp.modified
            || is_cut && stamp.modified.abs_diff(self.stamp.modified) < ARCHIVE_STEP;
        stamp.size == self.stamp.size
            && (same_time || sources::content(&self.path).as_ref() == Some(&self.content))
    }
}

/// Compares files with what they were when something was made of them at `finished`. `cargo_sees` says of which paths cargo
/// notices that they are gone.
fn compare(before: &Files, after: &Files, finished: u64, cargo_sees: impl Fn(&Path) -> bool) -> Comparison {
    let changed = after
        .iter()
        .filter(|(path, seen)| before.get(*path).is_none_or(|old| old.content != seen.content))
        .map(|(_, seen)| {
            if seen.stamp.modified > finished {
                Comparison::Newer
            } else {
                Comparison::Hidden
            }
        });
    let vanished = before
        .keys()
        .filter(|path| !after.contains_key(*path))
        .map(|path| {
            if cargo_sees(path) {
                Comparison::Newer
            } else {
                Comparison::Hidden
            }
        });
    changed.chain(vanished).max().unwrap_or(Comparison::Same)
}

/// When packages were last cleaned: what any build made of them before is gone, so that no other build need clean them again.
struct Cleanings {
    path: PathBuf,
    /// By package id, in nanoseconds since 1970.
    times: BTreeMap<String, u64>,
}

impl Cleanings {
    fn read(path: PathBuf) -> Self {
        let times = std::fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        Self { path, times }
    }

    fn last(&self, package: &str) -> u64 {
        self.times.get(package).copied().unwrap_or(0)
    }

    fn note(&mut self, packages: &BTreeSet<String>) {
        let now = sources::now();
        self.times
            .extend(packages.iter().map(|package| (package.clone(), now)));
        write(&self.path, &self.times);
    }
}

fn write(path: &Path, value: &impl Serialize) {
    if let (Ok(bytes), Some(folder)) = (serde_json::to_vec(value), path.parent())
        && fs::create_folder(folder).is_ok()
    {
        let _ = fs::write_if_changed(path, &bytes);
    }
}

/// A short name for a list of texts.
fn digest<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    let joined: String = texts.flat_map(|text| [text.as_str(), "\0"]).collect();
    Digest::of(joined.as_bytes()).sha256_hex().split_off(48)
}

fn is_local(package: &PackageFacts) -> bool {
    package.source.is_none()
}

fn folder_of(package: &PackageFacts) -> PathBuf {
    package.manifest.parent().unwrap_or(Path::new("/")).to_owned()
}

/// Whether a local package has its own sources in a copy of the project.
pub(super) fn is_original(package: &PackageFacts, mirror: Mirror<'_>) -> bool {
    is_local(package) && mirror.originals.contains(&folder_of(package))
}

/// What cargo made of packages that lie at a path.
fn local<'m>(cargo: &'m CargoFacts, messages: &'m Messages) -> impl Iterator<Item = &'m Artifact> {
    messages.artifacts.iter().filter(|artifact| {
        let package = cargo.packages.get(&artifact.package_id);
        package.is_some_and(is_local)
    })
}

/// Files and folders that the local packages were made of, as cargo's own dependency file beside the product lists them, less
/// what build scripts wrote; nothing where there is no such file.
fn named(cargo: &CargoFacts, product: &Product, messages: &Messages) -> Option<BTreeSet<PathBuf>> {
    let file = messages.file_of(product)?;
    let text = fs::read_text(&file.with_extension("d")).ok()?;
    let paths = sources::dependencies(&text)
        .into_iter()
        // Relative where the user told cargo which folder they shall be relative to.
        .map(|path| cargo.workspace_root.join(path))
        .filter(|path| !path.starts_with(&cargo.target_directory))
        .filter(|path| {
            !messages
                .scripts
                .iter()
                .any(|script| path.starts_with(&script.out_dir))
        })
        .collect();
    Some(paths)
}

/// The local package in whose folder a path lies, by its text: what a file of a package includes from elsewhere is named as
/// `package/src/../../notes.md`, and `..` resolved would no longer tell whose it is.
fn owner(cargo: &CargoFacts, path: &Path) -> String {
    cargo
        .packages
        .iter()
        .filter(|(_, package)| is_local(package) && path.starts_with(folder_of(package)))
        .max_by_key(|(_, package)| folder_of(package).components().count())
        .map_or_else(|| OUTSIDE.to_owned(), |(id, _)| id.clone())
}

/// Whether cargo watches a package's whole folder, as it does where a build script does not say what to watch.
///
/// <https://doc.rust-lang.org/cargo/reference/build-scripts.html#change-detection>
fn watches_all(package: &PackageFacts, messages: &Messages, id: &str) -> bool {
    let said = |words: &str| {
        words
            .lines()
            .any(|line| line.starts_with("cargo:rerun-if-") || line.starts_with("cargo::rerun-if-"))
    };
    package.has_build_script
        && !messages
            .scripts
            .iter()
            .filter(|script| script.package_id == id)
            .filter_map(|script| script.out_dir.parent())
            // Beside `OUT_DIR` cargo keeps what the script printed. Were that to move, more would be watched than need be.
            .filter_map(|folder| std::fs::read_to_string(folder.join("output")).ok())
            .any(|words| said(&words))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::compile::messages::{Script, Target};
    use crate::host::Host;
    use crate::name::ModulePath;
    use crate::project::products::Role;
    use crate::project::settings::{Overrides, Settings, Tables, resolve};

    const ROOT: &str = "path+file:///demo#0.1.0";
    const HELPER: &str = "path+file:///helper#0.1.0";

    /// A crate with a helper at a path, and a target directory.
    struct World {
        folder: tempfile::TempDir,
        cargo: CargoFacts,
        settings: Settings,
        product: Product,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().to_owned();
            let package = |name: &str| PackageFacts {
                name: name.to_owned(),
                version: "0.1.0".parse().unwrap(),
                license: None,
                source: None,
                manifest: path.join(name).join("Cargo.toml"),
                has_build_script: name == "helper",
                features: Vec::new(),
                extra: serde_json::Value::Null,
                normal_dependencies: Vec::new(),
                optional_dependencies: BTreeMap::new(),
                build_dependencies: Vec::new(),
                is_proc_macro: false,
            };
            let host = Host::new(BTreeMap::new(), path.clone()).unwrap();
            let world = Self {
                cargo: CargoFacts {
                    root_id: ROOT.to_owned(),
                    targets: Vec::new(),
                    feature_table: BTreeMap::new(),
                    members: Vec::new(),
                    further: Vec::new(),
                    packages: [
                        (ROOT.to_owned(), package("demo")),
                        (HELPER.to_owned(), package("helper")),
                    ]
                    .into(),
                    workspace_root: path.clone(),
                    target_directory: path.join("target"),
                    target_triple: String::new(),
                    host_triple: String::new(),
                },
                product: Product {
                    package: ROOT.to_owned(),
                    manifest: path.join("demo/Cargo.toml"),
                    is_alone: true,
                    role: Role::Extension(ModulePath::parse("demo").unwrap()),
                },
                settings: resolve(&Overrides::default(), &Tables::default(), &path, &host).unwrap(),
                folder,
            };
            for name in [
                "demo/src/lib.rs",
                "helper/src/lib.rs",
                "helper/build.rs",
                "notes.txt",
            ] {
                world.write(name, name, 1000);
            }
            world
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        /// Writes a file and lets it be that many seconds old.
        fn write(&self, name: &str, text: &str, age: u64) {
            let path = self.path(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age))
                .unwrap();
        }

        /// Writes a file with a time that cargo takes notice of.
        fn edit(&self, name: &str, text: &str) {
            let path = self.path(name);
            std::fs::write(&path, text).unwrap();
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() + Duration::from_secs(10))
                .unwrap();
        }

        /// What cargo would leave behind and say, with the libraries of the packages in `compiled` made anew, and the build script
        /// where that is named.
        fn cargo(&self, configuration: &str, compiled: &[&str]) -> Messages {
            let artifact = |package: &str, kind: &str, path: &str| {
                let part = if kind == "custom-build" { kind } else { package };
                let fresh = !compiled.contains(&part);
                if !fresh || !self.path(path).exists() {
                    self.write(path, &format!("{path} {:?}", SystemTime::now()), 5);
                }
                Artifact {
                    package_id: package.to_owned(),
                    target: Target {
                        name: package.to_owned(),
                        kind: vec![kind.to_owned()],
                        crate_types: vec![kind.to_owned()],
                    },
                    profile: crate::compile::messages::Profile::default(),
                    features: Vec::new(),
                    filenames: vec![self.path(path)],
                    executable: None,
                    fresh,
                }
            };
            let sources = [
                "demo/src/lib.rs",
                "helper/src/lib.rs",
                "helper/build.rs",
                "notes.txt",
            ]
            .map(|name| self.path(name).to_string_lossy().into_owned());
            let library = format!("target/{configuration}.so");
            self.write(
                &format!("target/{configuration}.d"),
                &format!("{library}: {}\n", sources.join(" ")),
                0,
            );
            Messages {
                artifacts: vec![
                    artifact(HELPER, "custom-build", "target/build/helper/build-script-build"),
                    artifact(HELPER, "lib", "target/deps/libhelper.rlib"),
                    artifact(ROOT, "cdylib", &library),
                ],
                scripts: vec![Script {
                    package_id: HELPER.to_owned(),
                    linked_paths: Vec::new(),
                    out_dir: self.path("target/build/helper/out"),
                }],
            }
        }

        fn watch(&self, configuration: &str) -> Watch<'_> {
            let subject = Subject {
                manifest: &self.cargo.packages[ROOT].manifest,
                cargo: &self.cargo,
                settings: &self.settings,
            };
            Watch::begin(subject, configuration, &[], &self.product)
        }

        /// A build of a configuration that compiles all, and is remembered.
        fn build(&self, configuration: &str) {
            let watch = self.watch(configuration);
            watch.end(&self.cargo(configuration, &[ROOT, HELPER, "custom-build"]));
        }
    }

    fn set(packages: &[&str]) -> BTreeSet<String> {
        packages.iter().map(|package| (*package).to_owned()).collect()
    }

    #[test]
    fn an_unchanged_build_is_vouched_for() {
        let world = World::new();
        world.build("a");
        let watch = world.watch("a");
        assert_eq!(watch.hidden_changes(), set(&[]));
        let messages = world.cargo("a", &[]);
        assert_eq!(watch.unvouched(&messages), set(&[]));
        let before = std::fs::read(&watch.own).unwrap();
        let own = watch.own.clone();
        watch.end(&messages);
        assert_eq!(std::fs::read(own).unwrap().len(), before.len());
    }

    #[test]
    fn a_change_that_times_do_not_tell_is_hidden() {
        let world = World::new();
        world.build("a");
        world.write("demo/src/lib.rs", "other", 1000);
        assert_eq!(world.watch("a").hidden_changes(), set(&[ROOT]));
        world.write("helper/src/lib.rs", "other", 1000);
        assert_eq!(world.watch("a").hidden_changes(), set(&[ROOT, HELPER]));
    }

    #[test]
    fn other_times_with_the_same_content_are_no_change() {
        let world = World::new();
        world.build("a");
        world.write("demo/src/lib.rs", "demo/src/lib.rs", 50);
        let watch = world.watch("a");
        assert_eq!(watch.hidden_changes(), set(&[]));
        assert_eq!(watch.unvouched(&world.cargo("a", &[])), set(&[]));
    }

    #[test]
    fn a_change_that_times_tell_is_cargos_affair_as_long_as_cargo_sees_it() {
        let world = World::new();
        world.build("a");
        world.edit("helper/src/lib.rs", "other");
        let watch = world.watch("a");
        assert_eq!(watch.hidden_changes(), set(&[]));
        assert_eq!(
            watch.unvouched(&world.cargo("a", &[])),
            set(&[HELPER]),
            "its result may have been given a later time too"
        );
        assert_eq!(
            watch.unvouched(&world.cargo("a", &[ROOT, HELPER])),
            set(&[]),
            "the build script does not hang on the library"
        );
    }

    #[test]
    fn files_outside_of_all_packages_concern_all() {
        let world = World::new();
        world.build("a");
        world.write("notes.txt", "other", 1000);
        assert_eq!(world.watch("a").hidden_changes(), set(&[ROOT, HELPER]));
        world.build("a");
        world.edit("notes.txt", "third");
        let watch = world.watch("a");
        assert_eq!(watch.unvouched(&world.cargo("a", &[ROOT])), set(&[]));
        assert_eq!(watch.unvouched(&world.cargo("a", &[])), set(&[ROOT, HELPER]));
    }

    #[test]
    fn a_cache_that_nobody_here_made_is_not_trusted() {
        let world = World::new();
        let messages = world.cargo("a", &[]);
        assert_eq!(world.watch("a").unvouched(&messages), set(&[ROOT, HELPER]));
        world.build("a");
        world.write("target/a.so", "another library", 1);
        assert_eq!(world.watch("a").unvouched(&messages), set(&[ROOT]));
    }

    #[test]
    fn a_cache_may_lose_times_but_not_content() {
        let world = World::new();
        world.build("a");
        let text = std::fs::read_to_string(world.path("target/a.so")).unwrap();
        world.write("target/a.so", &text, 500);
        assert_eq!(world.watch("a").unvouched(&world.cargo("a", &[])), set(&[]));
    }

    #[test]
    fn a_build_for_another_interpreter_vouches_for_what_both_share() {
        let world = World::new();
        world.build("a");
        let messages = world.cargo("b", &[ROOT]);
        assert_eq!(world.watch("b").unvouched(&messages), set(&[]));
        world.write("helper/src/lib.rs", "other", 1000);
        assert_eq!(world.watch("b").unvouched(&messages), set(&[HELPER]));
    }

    #[test]
    fn what_one_build_has_cleaned_another_need_not_clean_again() {
        let world = World::new();
        world.build("a");
        world.build("b");
        world.write("demo/src/lib.rs", "other", 1000);
        let mut watch = world.watch("a");
        let hidden = watch.hidden_changes();
        assert_eq!(hidden, set(&[ROOT]));
        watch.cleaned(&hidden);
        watch.end(&world.cargo("a", &[ROOT]));
        let watch = world.watch("b");
        assert_eq!(watch.hidden_changes(), set(&[]));
        assert_eq!(watch.unvouched(&world.cargo("b", &[ROOT])), set(&[]));
    }

    #[test]
    fn a_folder_is_watched_where_the_build_script_does_not_say_what_to_watch() {
        let world = World::new();
        world.write("helper/schema.proto", "one", 1000);
        world.build("a");
        world.write("helper/schema.proto", "two", 1000);
        assert_eq!(world.watch("a").hidden_changes(), set(&[HELPER]));
        world.build("a");
        std::fs::remove_file(world.path("helper/schema.proto")).unwrap();
        assert_eq!(world.watch("a").hidden_changes(), set(&[HELPER]));
        world.write(
            "target/build/helper/output",
            "cargo:rerun-if-changed=build.rs\n",
            0,
        );
        world.build("a");
        world.write("helper/schema.proto", "three", 1000);
        assert_eq!(world.watch("a").hidden_changes(), set(&[]));
    }

    #[test]
    fn a_younger_file_in_a_watched_folder_is_cargos_affair() {
        let world = World::new();
        world.write("helper/notes.md", "one", 1000);
        world.build("a");
        world.edit("helper/notes.md", "two");
        let watch = world.watch("a");
        assert_eq!(watch.hidden_changes(), set(&[]));
        assert_eq!(watch.unvouched(&world.cargo("a", &[])), set(&[]));
    }

    #[test]
    fn a_record_that_makes_no_sense_is_none() {
        let world = World::new();
        world.build("a");
        let own = world.watch("a").own.clone();
        std::fs::write(own, "{}").unwrap();
        assert_eq!(
            world.watch("a").unvouched(&world.cargo("a", &[])),
            set(&[ROOT, HELPER])
        );
    }
}
