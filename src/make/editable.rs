//! An editable build: the extension is put into the source tree, and the wheel says where that lies.
//!
//! <https://peps.python.org/pep-0660/>

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::hooks::{HookError, check_promised, filename_as_far_as_known, only_job};
use super::{MakeError, Maker, announce, begin, check_entry_point, check_writable, decide, end, understand};
use crate::archive::{ArchivePath, Content, Entry, Tree};
use crate::audit::{self, Object, Place, Search};
use crate::bundle::BundleError;
use crate::compile::{self, Alone, Compiled};
use crate::elf::{self, Edits, Facts, RunPath};
use crate::event::{Listener, Stage, WheelMade};
use crate::fs::{self, FileError};
use crate::host::Host;
use crate::plan::{Job, Part};
use crate::project::products::Role;
use crate::project::settings::Overrides;
use crate::project::{Notice, Project};
use crate::wheel::files::{self, Selected};
use crate::wheel::write::{Prepared, Wheel};
use crate::zip::deflate::Digest;

/// An editable build that is understood and planned.
pub struct Editing<'a> {
    project: Project,
    job: Job,
    selected: Selected,
    host: &'a Host,
    listener: Listener<'a>,
}

/// What an editable build comes to, compiled but put nowhere yet.
pub struct Editable<'a> {
    editing: &'a Editing<'a>,
    compiled: Compiled,
    wheel: Wheel,
    /// Files for the source tree: where to, and what.
    in_place: Vec<(PathBuf, Entry)>,
    /// No other build puts its own library in the place of this one's meanwhile.
    _alone: Alone,
}

/// An editable wheel whose extension lies in its place.
#[derive(Debug)]
pub struct Finished {
    /// The wheel, not written yet.
    pub wheel: Wheel,
    /// What was put into the source tree.
    pub in_place: Vec<PathBuf>,
    /// What the extension needs (`DT_NEEDED`).
    pub needed: Vec<String>,
}

/// Understands and plans, and compiles nothing.
pub fn edit<'a>(
    overrides: &Overrides,
    host: &'a Host,
    listener: Listener<'a>,
) -> Result<Editing<'a>, MakeError> {
    let project = understand(overrides, host, listener)?;
    if project.cargo.target_triple != project.cargo.host_triple {
        return Err(HookError::OtherMachine(project.cargo.target_triple).into());
    }
    let plan = decide(&project, host, listener)?;
    let job = only_job(&plan)?.clone();
    let data = project.data_folder();
    let selected = if project.layout.is_mixed() {
        files::select_data(&project, &data)?
    } else {
        files::select(&project, &data)?
    };
    announce(&plan.notices, listener);
    announce(&selected.notices, listener);
    Ok(Editing {
        project,
        job,
        selected,
        host,
        listener,
    })
}

/// Makes the editable wheel that a front end asks for. `promised` is the folder with the metadata that it was told before.
pub fn editable_wheel(
    overrides: &Overrides,
    promised: Option<&Path>,
    host: &Host,
    listener: Listener<'_>,
) -> Result<WheelMade, MakeError> {
    let editing = edit(overrides, host, listener)?;
    let project = &editing.project;
    check_writable(&project.settings.out.value)?;
    if let Some(folder) = promised {
        check_promised(project, folder)?;
    }
    let finished = editing.compile()?.finish()?;
    let maker = editing.maker();
    let memory = project.cargo.memory();
    let clock = begin(Stage::Write, finished.wheel.filename.to_string(), listener);
    let proof = super::Proof {
        needed: finished.needed,
        libraries: Vec::new(),
    };
    maker.write(
        finished.wheel,
        Prepared::default(),
        &maker.options(&memory),
        proof,
        clock,
    )
}

impl Editing<'_> {
    /// The project.
    #[must_use]
    pub fn project(&self) -> &Project {
        &self.project
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            project: &self.project,
            selected: &self.selected,
            host: self.host,
            listener: self.listener,
        }
    }

    /// Compiles, and puts nothing anywhere.
    pub fn compile(&self) -> Result<Editable<'_>, MakeError> {
        let alone = compile::alone(&self.project.cargo, self.listener)?;
        let maker = self.maker();
        let compiled = maker.compile(&self.job)?;
        let filename = filename_as_far_as_known(&self.project, &self.job)?;
        let mut tree = self.selected.tree.clone();
        let mut made = Tree::default();
        let mut notices = Vec::new();
        let out_dir = |name: Option<&str>| maker.out_dir(&compiled, name);
        files::add_from_out_dirs(&self.project, out_dir, &mut made, &mut notices)?;
        announce(&notices, self.listener);
        maker.add_compiled(
            &self.job,
            &compiled,
            |file| Ok(Content::File(file.to_owned())),
            &mut made,
        )?;
        let root = &self.project.layout.python_root;
        let data = format!("{}/", self.project.data_folder());
        let mut in_place = Vec::new();
        for (path, entry) in made {
            // Programs belong to the environment, everything else to the package.
            if self.project.layout.is_mixed() && !path.as_str().starts_with(&data) {
                in_place.push((root.join(path.as_str()), entry));
            } else {
                tree.add(path, entry)?;
            }
        }
        if self.project.layout.is_mixed() {
            let name = format!("{}.pth", self.project.metadata.name.escaped());
            tree.add(
                ArchivePath::parse(&name)?,
                Entry::generated(path_file(root)?, "says where the sources lie"),
            )?;
        }
        maker.add_dist_info(&filename, &mut tree)?;
        Ok(Editable {
            editing: self,
            compiled,
            wheel: Wheel::new(filename, tree),
            in_place,
            _alone: alone,
        })
    }
}

/// A line that Python adds to where it looks for packages: a path and nothing that runs.
///
/// <https://docs.python.org/3/library/site.html>, <https://peps.python.org/pep-0829/>
fn path_file(root: &Path) -> Result<String, MakeError> {
    match root.to_str().filter(|path| !path.contains(['\n', '\r'])) {
        Some(path) => Ok(format!("{path}\n")),
        None => Err(MakeError::Files(files::FilesError::NotUnicode(root.to_owned()))),
    }
}

impl Editable<'_> {
    /// The wheel's name.
    #[must_use]
    pub fn filename(&self) -> String {
        self.wheel.filename.to_string()
    }

    /// The files of the source tree that are to be.
    pub fn in_place(&self) -> impl Iterator<Item = &Path> {
        self.in_place.iter().map(|(path, _)| path.as_path())
    }

    /// What tells this outcome from any other, without reading the extension: contents, and of files their times.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        use std::fmt::Write as _;
        let mut text = format!("{}\n{}\n", env!("CARGO_PKG_VERSION"), self.filename());
        let in_wheel = self
            .wheel
            .tree
            .iter()
            .map(|(path, entry)| (path.to_string(), entry));
        let in_tree = self
            .in_place
            .iter()
            .map(|(path, entry)| (path.display().to_string(), entry));
        for (path, entry) in in_wheel.chain(in_tree) {
            let content = match &entry.content {
                Content::Bytes(bytes) => Digest::of(bytes).sha256_hex(),
                Content::File(source) => format!("{} {:?}", source.display(), fs::stamp(source)),
            };
            let _ = writeln!(text, "{path:?} {} {content}", entry.executable);
        }
        let search = self
            .compiled
            .link_search
            .iter()
            .map(|path| path.display().to_string());
        text.extend(search);
        Digest::of(text.as_bytes()).sha256_hex()
    }

    /// Judges what cargo made, lets it find its libraries where the linker found them, and puts what belongs into the source tree
    /// there. Cargo's own files are read and never touched.
    pub fn finish(mut self) -> Result<Finished, MakeError> {
        let editing = self.editing;
        let clock = begin(Stage::Audit, editing.job.main().path.as_str(), editing.listener);
        let mut needed = BTreeSet::new();
        for (part, file) in editing.job.parts.iter().zip(&self.compiled.files) {
            let bytes = fs::read(file)?;
            let facts = inspect(&bytes, file)?;
            if let Role::Extension(module) = &part.product.role {
                check_entry_point(&facts, module.last())?;
            }
            needed.extend(facts.needed.clone());
            let content = Content::from(self.with_run_path(part, file, bytes, facts)?);
            let target = editing.project.layout.python_root.join(part.path.as_str());
            if let Some((_, entry)) = self.in_place.iter_mut().find(|(path, _)| *path == target) {
                entry.content = content;
            } else if let Some(mut entry) = self.wheel.tree.remove(part.path.as_str()) {
                entry.content = content;
                self.wheel.tree.put(part.path.clone(), entry);
            }
        }
        let in_place = self.put_in_place()?;
        let outcome = "for this machine and its libraries";
        end(Stage::Audit, outcome, clock, editing.listener);
        Ok(Finished {
            wheel: self.wheel,
            in_place,
            needed: needed.into_iter().collect(),
        })
    }

    /// A copy whose run path also leads to libraries that only the linker was told of; the same bytes where the loader finds all.
    fn with_run_path(
        &self,
        part: &Part,
        file: &Path,
        mut bytes: Vec<u8>,
        mut facts: Facts,
    ) -> Result<Vec<u8>, MakeError> {
        let editing = self.editing;
        let search = Search {
            extra: Vec::new(),
            ..editing.maker().search(&self.compiled)
        };
        let mut added: Vec<&Path> = Vec::new();
        loop {
            let missing = missing(part, &facts, &search)?;
            let more: Vec<&Path> = self
                .compiled
                .link_search
                .iter()
                .map(PathBuf::as_path)
                .filter(|folder| {
                    !added.contains(folder) && missing.iter().any(|name| folder.join(name).is_file())
                })
                .collect();
            if more.is_empty() {
                if !missing.is_empty() {
                    let names = missing.join("`, `");
                    announce(
                        &[Notice::new(format!(
                            "`{}` needs libraries that are nowhere: `{names}`",
                            part.path
                        ))
                        .hint("name their folder in `LD_LIBRARY_PATH` when Python runs, or install them")],
                        editing.listener,
                    );
                }
                return Ok(bytes);
            }
            added.extend(more);
            let folders: Vec<&str> = added.iter().filter_map(|folder| folder.to_str()).collect();
            let edits = Edits {
                run_path: RunPath::Add(folders.join(":")),
                ..Edits::default()
            };
            bytes = elf::apply(&bytes, &edits).map_err(|source| MakeError::Elf {
                path: file.to_owned(),
                source,
            })?;
            facts = inspect(&bytes, file)?;
        }
    }

    /// Writes what belongs into the source tree, each file under a new inode: whoever has the old one loaded keeps it.
    fn put_in_place(&self) -> Result<Vec<PathBuf>, MakeError> {
        let mut written = Vec::new();
        for (path, entry) in &self.in_place {
            let bytes = match &entry.content {
                Content::Bytes(bytes) => std::sync::Arc::clone(bytes),
                Content::File(source) => fs::read(source)?.into(),
            };
            fs::create_folder(path.parent().unwrap_or(path))?;
            fs::put_in_place(path, &bytes, entry.executable)?;
            written.push(path.clone());
        }
        self.remove_shadow()?;
        Ok(written)
    }

    /// An extension of the same name for this very interpreter, left by an earlier build, would be imported in place of one with the
    /// stable ABI.
    fn remove_shadow(&self) -> Result<(), MakeError> {
        let editing = self.editing;
        let Some(interpreter) = &editing.job.interpreter else {
            return Ok(());
        };
        for part in &editing.job.parts {
            let target = editing.project.layout.python_root.join(part.path.as_str());
            let Role::Extension(module) = &part.product.role else {
                continue;
            };
            let shadow = target.with_file_name(format!("{}{}", module.last(), interpreter.ext_suffix));
            if shadow == target || !shadow.is_file() || !self.in_place().any(|path| path == target) {
                continue;
            }
            std::fs::remove_file(&shadow).map_err(FileError::new("remove", &shadow))?;
            let words = format!(
                "an extension of an earlier build, which Python would import in place of this one, was removed: {}",
                shadow.display()
            );
            announce(&[Notice::new(words)], editing.listener);
        }
        Ok(())
    }
}

fn inspect(bytes: &[u8], file: &Path) -> Result<Facts, MakeError> {
    elf::inspect(bytes).map_err(|source| MakeError::Elf {
        path: file.to_owned(),
        source,
    })
}

/// Libraries that the loader would not find.
fn missing(part: &Part, facts: &Facts, search: &Search) -> Result<Vec<String>, MakeError> {
    let object = Object {
        path: part.path.clone(),
        facts: facts.clone(),
    };
    let closure = audit::close(&[object], search).map_err(BundleError::Closure)?;
    let behind = closure.libraries.values().map(|library| &library.needs);
    let needs = closure.objects.values().chain(behind).flatten();
    let missing: BTreeSet<String> = needs
        .filter(|(_, place)| **place == Place::Missing)
        .map(|(name, _)| name.clone())
        .collect();
    Ok(missing.into_iter().collect())
}
