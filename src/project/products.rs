//! What cargo shall make of the project, and what each is to the wheel.

use std::path::{Path, PathBuf};

use super::bindings::{Bindings, Kind, is_library, is_program};
use super::cargo::{CargoFacts, TargetFacts};
use super::load::ProjectError;
use super::pyproject::Document;
use super::settings::{Bins, Settings, TargetWish};
use crate::name::ModulePath;

/// Something that cargo makes and the wheel holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The package that it is made of, by its opaque id.
    pub package: String,
    /// That package's Cargo.toml.
    pub manifest: PathBuf,
    /// Whether a shared object is all that the library is compiled to; true for programs.
    pub is_alone: bool,
    /// What it is to the wheel.
    pub role: Role,
}

/// What something compiled is to the wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// An extension module, which Python imports.
    Extension(ModulePath),
    /// A library, which generated Python code loads.
    Library {
        /// Where that code goes.
        module: ModulePath,
        /// The library's name: `demo` for `libdemo.so`.
        name: String,
    },
    /// A program, by its name.
    Program(String),
}

impl Product {
    /// For people: `the extension demo._native`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.role {
            Role::Extension(module) => format!("the extension `{module}`"),
            Role::Library { module, .. } => format!("the library of `{module}`"),
            Role::Program(name) => format!("the program `{name}`"),
        }
    }
}

/// Lists what is made: the library first, then further extensions, then the programs in cargo's order.
pub fn list(
    cargo: &CargoFacts,
    bindings: &Bindings,
    module: &ModulePath,
    settings: &Settings,
) -> Result<Vec<Product>, ProjectError> {
    let wishes = &settings.targets.value;
    let product = |role, is_alone| Product {
        package: cargo.root_id.clone(),
        manifest: cargo.root().manifest.clone(),
        is_alone,
        role,
    };
    let mut products = Vec::new();
    let library = cargo
        .targets
        .iter()
        .find(|target| bindings.kind != Kind::Bin && is_library(target) && is_wished(target, wishes));
    if let Some(library) = library {
        let role = match bindings.kind {
            Kind::Pyo3 => Role::Extension(module.clone()),
            Kind::Uniffi => Role::Library {
                module: module.clone(),
                name: name_for_uniffi(&cargo.root().manifest)?
                    .unwrap_or_else(|| library.name.replace('-', "_")),
            },
            Kind::Cffi | Kind::Bin => Role::Library {
                module: module.clone(),
                name: module.last().to_owned(),
            },
        };
        products.push(product(role, library.crate_types == ["cdylib"]));
    }
    if bindings.kind != Kind::Pyo3 && settings.extensions.is_explicit() {
        return Err(ProjectError::ExtensionsWithout {
            bindings: bindings.to_string(),
        });
    }
    for (wish, id) in settings.extensions.value.iter().zip(&cargo.further) {
        let member = cargo.members.iter().find(|member| member.id == *id);
        let found = member.and_then(|member| {
            let library = member.targets.iter().find(|target| is_library(target))?;
            Some((member, library))
        });
        let (member, library) = found.ok_or_else(|| ProjectError::NoLibrary {
            package: wish.crate_name.clone(),
        })?;
        products.push(Product {
            package: member.id.clone(),
            manifest: member.manifest.clone(),
            is_alone: library.crate_types == ["cdylib"],
            role: Role::Extension(module_of(&wish.module)?),
        });
    }
    let programs = Programs {
        cargo,
        settings,
        all_by_default: bindings.kind == Kind::Bin,
    };
    for program in programs.list()? {
        products.push(product(Role::Program(program.name.clone()), true));
    }
    if products.is_empty() || (library.is_none() && bindings.kind != Kind::Bin) {
        return Err(nothing(cargo, wishes));
    }
    Ok(products)
}

fn module_of(name: &str) -> Result<ModulePath, ProjectError> {
    ModulePath::parse(name).map_err(|source| ProjectError::ModuleName {
        source,
        origin: "`extensions`".to_owned(),
    })
}

/// The name that uniffi's code looks for, where uniffi.toml gives another than the library's own.
fn name_for_uniffi(manifest: &Path) -> Result<Option<String>, ProjectError> {
    let path = manifest.with_file_name("uniffi.toml");
    if !path.is_file() {
        return Ok(None);
    }
    let document = Document::read(&path)?;
    let python = match document.root().table("bindings")? {
        Some(bindings) => bindings.table("python")?,
        None => None,
    };
    let name = match python {
        Some(python) => python.text("cdylib_name")?.map(|name| name.value.to_owned()),
        None => None,
    };
    Ok(name)
}

/// Which programs go into the wheel.
struct Programs<'a> {
    cargo: &'a CargoFacts,
    settings: &'a Settings,
    /// Whether all are meant where nothing is said; beside a library they have to be asked for.
    all_by_default: bool,
}

impl<'a> Programs<'a> {
    fn list(&self) -> Result<Vec<&'a TargetFacts>, ProjectError> {
        let wishes = &self.settings.targets.value;
        let listed = !wishes.is_empty() && self.settings.bins.value == Bins::None;
        let all = || self.all().filter(|program| self.is_buildable(program));
        match &self.settings.bins.value {
            Bins::Named(names) => names.iter().map(|name| self.named(name)).collect(),
            Bins::All => Ok(all().collect()),
            Bins::None if self.all_by_default => {
                Ok(all().filter(|program| is_wished(program, wishes)).collect())
            }
            // The library's name may be a program's as well, so beside a library the kind has to be said.
            Bins::None if listed => {
                let by_kind: Vec<TargetWish> = wishes
                    .iter()
                    .filter(|wish| wish.kind.as_deref() == Some("bin"))
                    .cloned()
                    .collect();
                let is_listed = |program: &&TargetFacts| !by_kind.is_empty() && is_wished(program, &by_kind);
                Ok(all().filter(is_listed).collect())
            }
            Bins::None => Ok(Vec::new()),
        }
    }

    fn all(&self) -> impl Iterator<Item = &'a TargetFacts> + use<'a> {
        self.cargo.targets.iter().filter(|target| is_program(target))
    }

    fn is_buildable(&self, program: &TargetFacts) -> bool {
        // A feature for some interpreters only is cargo's affair: it says which program it cannot build without.
        let asked = &self.settings.features.value;
        let on = |feature: &String| {
            self.cargo.root().features.contains(feature) || asked.iter().any(|it| it.name == *feature)
        };
        program.required_features.iter().all(on)
    }

    fn named(&self, name: &str) -> Result<&'a TargetFacts, ProjectError> {
        let Some(program) = self.all().find(|program| program.name == name) else {
            return Err(ProjectError::NoSuchProgram {
                name: name.to_owned(),
                there: names(self.all().map(|program| program.name.as_str())),
            });
        };
        if self.is_buildable(program) {
            Ok(program)
        } else {
            Err(ProjectError::ProgramsNeedFeatures {
                programs: format!("`{name}`"),
                features: names(program.required_features.iter().map(String::as_str)),
            })
        }
    }
}

/// Whether `targets` asks for a target, or asks for nothing.
fn is_wished(target: &TargetFacts, wishes: &[TargetWish]) -> bool {
    wishes.is_empty()
        || wishes.iter().any(|wish| {
            wish.name == target.name
                && wish
                    .kind
                    .as_ref()
                    .is_none_or(|kind| target.crate_types.contains(kind) || target.kinds.contains(kind))
        })
}

/// Why nothing would be made.
fn nothing(cargo: &CargoFacts, wishes: &[TargetWish]) -> ProjectError {
    if wishes.is_empty() {
        let programs = || cargo.targets.iter().filter(|target| is_program(target));
        return ProjectError::ProgramsNeedFeatures {
            programs: names(programs().map(|program| program.name.as_str())),
            features: names(
                programs()
                    .flat_map(|program| &program.required_features)
                    .map(String::as_str),
            ),
        };
    }
    ProjectError::NoSuchTarget {
        wished: names(wishes.iter().map(|wish| wish.name.as_str())),
        there: names(cargo.targets.iter().map(|target| target.name.as_str())),
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
