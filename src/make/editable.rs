//! An editable build: the extension is put into the source tree, and the wheel says where that lies.
//!
//! <https://peps.python.org/pep-0660/>

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::hooks::{HookError, check_promised, filename_as_far_as_known, only_job};
use super::{
    MakeError, Maker, announce, begin, check_entry_point, check_writable, decide, end, inspect, understand,
};
use crate::archive::{ArchivePath, Content, Entry, Tree};
use crate::audit::{self, Object, Place, Search};
use crate::bundle::BundleError;
use crate::compile::{self, Alone, Compiled};
use crate::elf::{self, Edits, Facts, RunPath};
use crate::event::{Listener, Stage, WheelMade};
use crate::fs::{self, FileError};
use crate::glue;
use crate::host::Host;
use crate::plan::{Job, Part};
use crate::project::products::Role;
use crate::project::settings::Overrides;
use crate::project::{Notice, Project};
use crate::tag::WheelFilename;
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
    filename: WheelFilename,
    /// What the wheel holds beside what is made of what cargo made.
    settled: Tree,
    /// What build scripts made.
    from_out_dirs: Tree,
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
        outside: Vec::new(),
        interpreter: None,
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
        let mut from_out_dirs = Tree::default();
        let mut notices = Vec::new();
        let out_dir = |name: Option<&str>| maker.out_dir(&compiled, name);
        files::add_from_out_dirs(&self.project, out_dir, &mut from_out_dirs, &mut notices)?;
        announce(&notices, self.listener);
        let mut settled = self.selected.tree.clone();
        if self.project.layout.is_mixed() {
            let name = format!("{}.pth", self.project.metadata.name.escaped());
            settled.add(
                ArchivePath::parse(&name)?,
                Entry::generated(
                    path_file(&self.project.layout.python_root)?,
                    "says where the sources lie",
                ),
            )?;
        }
        maker.add_dist_info(&filename, &compiled, &mut settled)?;
        Ok(Editable {
            editing: self,
            compiled,
            filename,
            settled,
            from_out_dirs,
            _alone: alone,
        })
    }

    /// Where a file of the wheel goes in the source tree; nothing where it stays in the wheel. Programs belong to the environment,
    /// everything else to the package.
    fn place_of(&self, path: &ArchivePath) -> Option<PathBuf> {
        let data = format!("{}/", self.project.data_folder());
        let is_in_place = self.project.layout.is_mixed() && !path.as_str().starts_with(&data);
        is_in_place.then(|| self.project.layout.python_root.join(path.as_str()))
    }
}

/// A line that Python adds to where it looks for packages: a path and nothing that runs.
///
/// <https://docs.python.org/3/library/site.html>, <https://peps.python.org/pep-0829/>
fn path_file(root: &Path) -> Result<String, MakeError> {
    let Some(path) = root.to_str() else {
        return Err(MakeError::Files(files::FilesError::NotUnicode(root.to_owned())));
    };
    if path.contains(LINE_ENDS) || path.ends_with(is_stripped) {
        return Err(MakeError::PathFile(root.to_owned()));
    }
    Ok(format!("{path}\n"))
}

/// Where Python ends a line.
///
/// <https://docs.python.org/3/library/stdtypes.html#str.splitlines>
const LINE_ENDS: [char; 10] = [
    '\n', '\r', '\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\u{85}', '\u{2028}', '\u{2029}',
];

/// Whether Python takes it off a line's end.
fn is_stripped(letter: char) -> bool {
    letter.is_whitespace() || letter == '\x1f'
}

/// Files beside a manifest that say how code for Python is generated, which cargo does not look at.
const GENERATORS: [&str; 2] = ["cbindgen.toml", "uniffi.toml"];

impl Editable<'_> {
    /// What tells this outcome from any other, without reading what cargo made and without generating anything of it: contents, and
    /// of files their times.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        use std::fmt::Write as _;
        let mut text = format!("{}\n{}\n", env!("CARGO_PKG_VERSION"), self.filename);
        for (path, entry) in self.settled.iter().chain(self.from_out_dirs.iter()) {
            let content = match &entry.content {
                Content::Bytes(bytes) => Digest::of(bytes).sha256_hex(),
                Content::File(source) => format!("{} {:?}", source.display(), fs::stamp(source)),
            };
            let _ = writeln!(text, "{path} {} {content}", entry.executable);
        }
        let stamp = |path: &Path| format!("{} {:?}", path.display(), fs::stamp(path));
        for (part, file) in self.editing.job.parts.iter().zip(&self.compiled.files) {
            let _ = writeln!(text, "{} {}", part.path, stamp(file));
            let folder = part.product.manifest.parent().unwrap_or(Path::new("/"));
            for name in GENERATORS {
                let _ = writeln!(text, "{}", stamp(&folder.join(name)));
            }
        }
        let header = self.editing.project.cargo.target_directory.join("header.h");
        let _ = writeln!(text, "{}", stamp(&header));
        let settings = &self.editing.project.settings;
        let _ = writeln!(
            text,
            "{} {:?}",
            settings.generate_stubs.value, self.editing.project.bindings
        );
        for folder in &self.compiled.link_search {
            let _ = writeln!(text, "{}", folder.display());
        }
        Digest::of(text.as_bytes()).sha256_hex()
    }

    /// Judges what cargo made, lets it find its libraries where the linker found them, and puts what belongs into the source tree
    /// there. Cargo's own files are read and never touched.
    pub fn finish(self) -> Result<Finished, MakeError> {
        let editing = self.editing;
        let clock = begin(Stage::Audit, editing.job.main().path.as_str(), editing.listener);
        let mut made = self.from_out_dirs.clone();
        editing.maker().add_compiled(
            &editing.job,
            &self.compiled,
            |file| Ok(Content::File(file.to_owned())),
            &mut made,
        )?;
        let mut needed = BTreeSet::new();
        for (part, file) in editing.job.parts.iter().zip(&self.compiled.files) {
            let bytes = fs::read(file)?;
            let facts = inspect(&bytes, file)?;
            if let Role::Extension(module) = &part.product.role {
                check_entry_point(&facts, module.last())?;
            }
            needed.extend(facts.needed.clone());
            let content = Content::from(self.with_run_path(part, file, bytes, facts)?);
            if let Some(mut entry) = made.remove(part.path.as_str()) {
                entry.content = content;
                made.put(part.path.clone(), entry);
            }
        }
        let mut tree = self.settled;
        let mut in_place = Vec::new();
        for (path, entry) in made {
            match editing.place_of(&path) {
                Some(place) => {
                    if is_written_by_hand(&place, &entry) {
                        let notice = Notice::new(format!(
                            "a file of the project's own stays where a generated one would go: {}",
                            place.display()
                        ))
                        .hint("remove it, or give the generated code another place");
                        announce(&[notice], editing.listener);
                        continue;
                    }
                    put_in_place(&place, &entry)?;
                    in_place.push(place);
                }
                None => tree.add(path, entry)?,
            }
        }
        remove_shadows(editing)?;
        let outcome = "for this machine and its libraries";
        end(Stage::Audit, outcome, clock, editing.listener);
        Ok(Finished {
            wheel: Wheel::new(self.filename, tree),
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
}

/// Whether Python code lies there that nobody generated, and that would be another afterwards.
fn is_written_by_hand(place: &Path, entry: &Entry) -> bool {
    let Content::Bytes(bytes) = &entry.content else {
        return false;
    };
    let is_code = place.extension().is_some_and(|extension| extension == "py");
    is_code
        && std::fs::read_to_string(place)
            .is_ok_and(|text| text.as_bytes() != bytes.as_slice() && !glue::is_generated(&text))
}

/// Writes a file into the source tree under a new inode: whoever has the old one loaded keeps it.
fn put_in_place(place: &Path, entry: &Entry) -> Result<(), FileError> {
    fs::create_folder(place.parent().unwrap_or(place))?;
    match &entry.content {
        Content::Bytes(bytes) => fs::put_in_place(place, bytes, entry.executable),
        Content::File(source) => fs::put_in_place(place, &fs::read(source)?, entry.executable),
    }
}

/// An extension of the same name for this very interpreter, left by an earlier build, would be imported in place of one with the
/// stable ABI.
fn remove_shadows(editing: &Editing<'_>) -> Result<(), MakeError> {
    let Some(interpreter) = &editing.job.interpreter else {
        return Ok(());
    };
    for part in &editing.job.parts {
        let (Role::Extension(module), Some(place)) = (&part.product.role, editing.place_of(&part.path))
        else {
            continue;
        };
        let shadow = place.with_file_name(format!("{}{}", module.last(), interpreter.ext_suffix));
        if shadow == place || !shadow.is_file() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_python_holds_the_whole_path_or_there_is_none() {
        assert_eq!(path_file(Path::new("/a b/ c")).unwrap(), "/a b/ c\n");
        let ends = LINE_ENDS.map(|end| format!("/a{end}b"));
        let stripped = ["/a ", "/a\t", "/a\u{a0}", "/a\u{3000}", "/a\x1f"].map(str::to_owned);
        for path in ends.into_iter().chain(stripped) {
            let refused = path_file(Path::new(&path));
            assert!(matches!(refused, Err(MakeError::PathFile(_))), "{path:?}");
        }
    }
}
