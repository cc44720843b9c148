//! Cargo's messages, read.
//!
//! <https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::project::products::{Product, Role};

/// What cargo said it made.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// Everything that was compiled or found compiled, in cargo's order.
    pub artifacts: Vec<Artifact>,
    /// What each build script said, in cargo's order.
    pub scripts: Vec<Script>,
}

/// Something that rustc made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Artifact {
    /// Whose it is; opaque.
    pub package_id: String,
    pub target: Target,
    #[serde(default)]
    pub profile: Profile,
    #[serde(default)]
    pub features: Vec<String>,
    #[serde(default)]
    pub filenames: Vec<PathBuf>,
    /// The program, where it is one.
    #[serde(default)]
    pub executable: Option<PathBuf>,
    /// Whether it lay there already.
    #[serde(default)]
    pub fresh: bool,
}

/// How an artifact was compiled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Profile {
    #[serde(default)]
    pub opt_level: String,
}

/// The part of a package that an artifact is made of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Target {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub kind: Vec<String>,
    #[serde(default)]
    pub crate_types: Vec<String>,
}

/// What a build script said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Script {
    pub package_id: String,
    #[serde(default)]
    pub linked_paths: Vec<String>,
    pub out_dir: PathBuf,
}

/// A message, as far as it matters here. Reasons that later cargos come up with are none of ours.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    BuildScriptExecuted(Script),
    #[serde(other)]
    Other,
}

impl Messages {
    /// Takes a line of cargo's standard output. One that is no message of a known kind, such as a tool that rustc runs may print,
    /// is passed over.
    pub fn read(&mut self, line: &[u8]) {
        match serde_json::from_slice(line) {
            Ok(Message::CompilerArtifact(artifact)) => self.artifacts.push(artifact),
            Ok(Message::BuildScriptExecuted(script)) => self.scripts.push(script),
            Ok(Message::Other) | Err(_) => {}
        }
    }

    /// The shared object among what was made of a package's library.
    fn library(&self, package_id: &str) -> Option<&Path> {
        self.artifacts
            .iter()
            .filter(|artifact| artifact.package_id == package_id && artifact.is_library())
            .flat_map(|artifact| &artifact.filenames)
            .find(|path| is_shared_object(path))
            .map(PathBuf::as_path)
    }

    /// The file that cargo made of a product.
    pub fn file_of(&self, product: &Product) -> Option<&Path> {
        match &product.role {
            Role::Extension(_) | Role::Library { .. } => self.library(&product.package),
            Role::Program(name) => self.program(&product.package, name),
        }
    }

    /// The file with debug information that belongs to what cargo made of a product. One that an earlier build left is not listed.
    pub fn debug_file_of(&self, product: &Product) -> Option<&Path> {
        let is_of_product = |artifact: &&Artifact| match &product.role {
            Role::Extension(_) | Role::Library { .. } => artifact.is_library(),
            Role::Program(name) => artifact.target.name == *name,
        };
        self.artifacts
            .iter()
            .filter(|artifact| artifact.package_id == product.package)
            .filter(is_of_product)
            .flat_map(|artifact| &artifact.filenames)
            .find(|path| path.extension().is_some_and(|extension| extension == "dwp"))
            .map(PathBuf::as_path)
    }

    /// How hard the compiler worked on a product.
    pub fn optimisation_of(&self, product: &Product) -> &str {
        let file = self.file_of(product);
        self.artifacts
            .iter()
            .filter(|artifact| artifact.package_id == product.package)
            .find(|artifact| {
                let program = artifact.executable.as_deref();
                let mut files = artifact.filenames.iter().map(PathBuf::as_path).chain(program);
                files.any(|path| Some(path) == file)
            })
            .map_or("", |artifact| artifact.profile.opt_level.as_str())
    }

    fn program(&self, package_id: &str, name: &str) -> Option<&Path> {
        self.artifacts
            .iter()
            .filter(|artifact| artifact.package_id == package_id && artifact.target.name == name)
            .filter(|artifact| artifact.target.kind.iter().any(|kind| kind == "bin"))
            .find_map(|artifact| artifact.executable.as_deref())
    }

    /// The archives of all crates, which are what the linker was given.
    pub fn archives(&self) -> Vec<PathBuf> {
        let files = self.artifacts.iter().flat_map(|artifact| &artifact.filenames);
        let is_archive = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "rlib");
        files.filter(is_archive).cloned().collect()
    }

    /// How much was compiled rather than found.
    pub fn compiled(&self) -> usize {
        self.artifacts.iter().filter(|artifact| !artifact.fresh).count()
    }

    /// The features that the library of each of these packages was compiled with, by the packages' names.
    pub fn features_of(&self, names_by_id: &BTreeMap<&str, &str>) -> BTreeMap<String, Vec<String>> {
        self.artifacts
            .iter()
            .filter(|artifact| artifact.is_library())
            .filter_map(|artifact| {
                let name = names_by_id.get(artifact.package_id.as_str())?;
                Some(((*name).to_owned(), artifact.features.clone()))
            })
            .collect()
    }

    /// Folders that build scripts asked the linker to search for libraries, each once, in cargo's order.
    pub fn link_search(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        for path in self.scripts.iter().flat_map(|script| &script.linked_paths) {
            let folder = match path.split_once('=') {
                Some(("native" | "all", folder)) => folder,
                Some(("crate" | "dependency" | "framework", _)) => continue,
                _ => path,
            };
            let folder = PathBuf::from(folder);
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }

    /// `OUT_DIR` of each package with a build script, by package id.
    pub fn out_dirs(&self) -> BTreeMap<String, PathBuf> {
        self.scripts
            .iter()
            .map(|script| (script.package_id.clone(), script.out_dir.clone()))
            .collect()
    }
}

impl Artifact {
    /// Whether it is what a package's `[lib]` became, not its build script and not a procedural macro.
    pub(super) fn is_library(&self) -> bool {
        self.target
            .kind
            .iter()
            .chain(&self.target.crate_types)
            .any(|kind| matches!(kind.as_str(), "lib" | "rlib" | "dylib" | "cdylib" | "staticlib"))
    }
}

fn is_shared_object(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "so" || extension == "dylib" || extension == "dll")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "path+file:///a b/demo#demo@0.1.0";

    fn read(lines: &[&str]) -> Messages {
        let mut messages = Messages::default();
        for line in lines {
            messages.read(line.as_bytes());
        }
        messages
    }

    fn demo() -> Messages {
        read(&[
            "warning: printed by a linker wrapper",
            r#"{"reason":"compiler-artifact","package_id":"registry+x#pyo3-ffi@0.29.3","target":{"kind":["custom-build"],
                "crate_types":["bin"]},"features":["default"],"filenames":["/t/build-script-build"],"fresh":true}"#,
            r#"{"reason":"compiler-artifact","package_id":"registry+x#pyo3-ffi@0.29.3","target":{"kind":["lib"],
                "crate_types":["lib"]},"features":["abi3","default"],"filenames":["/t/libpyo3_ffi-1.rlib"],"fresh":false}"#,
            r#"{"reason":"build-script-executed","package_id":"path+file:///a b/demo#demo@0.1.0","out_dir":"/t/out",
                "linked_paths":["native=/opt/ssl/lib","/opt/x=y/lib","framework=/F","dependency=/d","all=/opt/ssl/lib"]}"#,
            r#"{"reason":"compiler-artifact","package_id":"path+file:///a b/demo#demo@0.1.0","target":{"kind":["custom-build"],
                "crate_types":["bin"]},"filenames":["/t/build/demo/build.so"],"fresh":true}"#,
            r#"{"reason":"compiler-artifact","package_id":"path+file:///a b/demo#demo@0.1.0","target":{"kind":["cdylib","rlib"],
                "crate_types":["cdylib","rlib"],"invented":1},"filenames":["/t/libdemo.rlib","/t/libdemo.so"],"fresh":true}"#,
            r#"{"reason":"moon-phase","phase":3}"#,
            r#"{"reason":"build-finished","success":true}"#,
        ])
    }

    #[test]
    fn finds_the_shared_object_by_package_and_extension() {
        assert_eq!(demo().library(ROOT), Some(Path::new("/t/libdemo.so")));
        assert_eq!(demo().library("registry+x#pyo3-ffi@0.29.3"), None);
    }

    #[test]
    fn finds_a_program_by_its_name() {
        let messages = read(&[
            r#"{"reason":"compiler-artifact","package_id":"p","target":{"name":"build-script-build","kind":["custom-build"],
                "crate_types":["bin"]},"filenames":["/t/build-script-build"],"executable":null,"fresh":true}"#,
            r#"{"reason":"compiler-artifact","package_id":"p","target":{"name":"one","kind":["bin"],"crate_types":["bin"]},
                "filenames":["/t/one"],"executable":"/t/one","fresh":true}"#,
        ]);
        let product = |name: &str| Product {
            package: "p".to_owned(),
            manifest: PathBuf::new(),
            is_alone: true,
            role: Role::Program(name.to_owned()),
        };
        assert_eq!(messages.file_of(&product("one")), Some(Path::new("/t/one")));
        assert_eq!(messages.file_of(&product("two")), None);
    }

    #[test]
    fn archives_are_those_of_every_crate() {
        let expected = ["/t/libpyo3_ffi-1.rlib", "/t/libdemo.rlib"].map(PathBuf::from);
        assert_eq!(demo().archives(), expected);
    }

    #[test]
    fn counts_what_was_not_fresh() {
        assert_eq!(demo().compiled(), 1);
    }

    #[test]
    fn features_are_those_of_the_library_not_of_its_build_script() {
        let names = BTreeMap::from([("registry+x#pyo3-ffi@0.29.3", "pyo3-ffi")]);
        let expected = vec!["abi3".to_owned(), "default".to_owned()];
        assert_eq!(
            demo().features_of(&names),
            BTreeMap::from([("pyo3-ffi".to_owned(), expected)])
        );
    }

    #[test]
    fn build_scripts_tell_where_to_search() {
        assert_eq!(
            demo().link_search(),
            [PathBuf::from("/opt/ssl/lib"), PathBuf::from("/opt/x=y/lib")]
        );
        assert_eq!(demo().out_dirs()[ROOT], Path::new("/t/out"));
    }
}
