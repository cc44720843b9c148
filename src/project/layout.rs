//! Where things lie in the tree, where they go in the wheel, and why.

use std::path::{Path, PathBuf};

use super::bindings;
use super::load::ProjectError;
use super::notice::Notice;
use super::settings::Settings;
use crate::name::ModulePath;

/// Pure (the extension alone) or mixed (a Python package with an extension in it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Only Rust: the extension gets a package of its own, with a generated `__init__.py`.
    Pure {
        /// `<root>/<name>.pyi`, which makes the package typed.
        stub: Option<PathBuf>,
    },
    /// Python files beside the extension.
    Mixed,
}

/// Where things lie in the tree and go in the wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Pure or mixed.
    pub kind: Kind,
    /// The folder that holds the packages: `python-source`, `src` or the root.
    pub python_root: PathBuf,
    /// Top-level packages (folders below `python_root`) that go into the wheel: the extension's, if it lies in one, and
    /// `python-packages`.
    pub packages: Vec<String>,
    /// Why this layout was chosen, for people.
    pub reason: String,
    /// `<module>.data` or the `data` setting.
    pub data: Option<PathBuf>,
}

impl Layout {
    /// The folder, in the wheel, of a package that is generated for a library: `a/b/c` for the module `a.b.c` beside Python files,
    /// else `c`.
    #[must_use]
    pub fn code_folder(&self, module: &ModulePath) -> String {
        if self.is_mixed() {
            match module.parts() {
                [one] => format!("{one}/{one}"),
                parts => parts.join("/"),
            }
        } else {
            module.last().to_owned()
        }
    }

    /// Whether a module lies in a package of the project, and not in one that is generated for it.
    #[must_use]
    pub fn has_package(&self, module: &ModulePath) -> bool {
        self.is_mixed() && self.packages.iter().any(|package| package == module.first())
    }

    /// Takes in the package that an extension lies in.
    pub(super) fn make_room(&mut self, module: &ModulePath) -> Result<(), ProjectError> {
        let package = self.python_root.join(module.first());
        if self.has_package(module) {
            return Ok(());
        }
        if package.is_dir() && self.is_mixed() {
            self.packages.push(module.first().to_owned());
        } else if module.is_dotted() {
            return Err(ProjectError::NoPackageForModule {
                module: module.to_string(),
                package,
            });
        }
        Ok(())
    }

    /// Whether there are Python files beside the extension.
    #[must_use]
    pub fn is_mixed(&self) -> bool {
        self.kind == Kind::Mixed
    }
}

/// Decides the layout by what lies in the tree. `src_root` is `src` where the manifest was found in `rust/`.
pub fn detect(
    root: &Path,
    src_root: Option<PathBuf>,
    module: &ModulePath,
    bindings: bindings::Kind,
    settings: &Settings,
    notices: &mut Vec<Notice>,
) -> Result<Layout, ProjectError> {
    let python_source = settings.python_source.value.clone();
    let python_root = python_source
        .clone()
        .or(src_root)
        .unwrap_or_else(|| root.to_owned());
    if python_source.is_some() && !python_root.is_dir() {
        return Err(ProjectError::NoPythonSource {
            path: python_root,
            origin: settings.python_source.origin.to_string(),
        });
    }
    let data = data_folder(root, module, settings)?;
    let package = python_root.join(module.first());
    let shown = package
        .strip_prefix(root)
        .unwrap_or(&package)
        .display()
        .to_string();
    let is_crate = package.join("Cargo.toml").is_file() && !package.join("__init__.py").is_file();
    if package.is_dir() && !is_crate {
        let packages = packages(Some(module.first()), &python_root, settings, notices);
        let reason = format!("the folder `{shown}` holds the package `{}`", module.first());
        return Ok(Layout {
            kind: Kind::Mixed,
            packages,
            python_root,
            reason,
            data,
        });
    }
    if python_source.is_some() {
        return Err(ProjectError::EmptyPythonSource { package });
    }
    let reason = if is_crate {
        format!("the folder `{shown}` is a Rust crate, not a Python package")
    } else if module.is_dotted() && bindings != bindings::Kind::Bin {
        return Err(ProjectError::NoPackageForModule {
            module: module.to_string(),
            package,
        });
    } else {
        format!("there is no folder `{shown}` with Python files")
    };
    let stub = Some(root.join(format!("{}.pyi", module.last())))
        .filter(|stub| bindings != bindings::Kind::Bin && stub.is_file());
    Ok(Layout {
        kind: Kind::Pure { stub },
        packages: packages(None, &python_root, settings, notices),
        python_root,
        reason,
        data,
    })
}

/// The extension's own package and those that `python-packages` names.
fn packages(
    own: Option<&str>,
    python_root: &Path,
    settings: &Settings,
    notices: &mut Vec<Notice>,
) -> Vec<String> {
    let mut packages: Vec<String> = own.map(str::to_owned).into_iter().collect();
    for extra in &settings.python_packages.value {
        let folder = python_root.join(extra);
        if !folder.is_dir() {
            notices.push(
                Notice::new(format!(
                    "`python-packages` names a folder that does not exist: {}",
                    folder.display()
                ))
                .hint("names are relative to `python-source`"),
            );
        } else if !packages.contains(extra) {
            packages.push(extra.clone());
        }
    }
    packages
}

fn data_folder(
    root: &Path,
    module: &ModulePath,
    settings: &Settings,
) -> Result<Option<PathBuf>, ProjectError> {
    if let Some(data) = &settings.data.value {
        return if data.is_dir() {
            Ok(Some(data.clone()))
        } else {
            Err(ProjectError::NoData {
                path: data.clone(),
                origin: settings.data.origin.to_string(),
            })
        };
    }
    Ok(Some(root.join(format!("{module}.data"))).filter(|folder| folder.is_dir()))
}
