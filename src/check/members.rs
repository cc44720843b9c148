//! The files of a wheel, as far as they have to be looked at: whole where the standards say what is in them, else their beginning.

use std::path::Path;

use crate::archive::{Content, Tree};
use crate::audit::image::Image;
use crate::elf::{self, ElfError, Facts};
use crate::fs::{self, FileError};
use crate::zip::deflate::Digest;
use crate::zip::parallel;
use crate::zip::survey::{self, Fault, Survey};

/// The files of a wheel in the archive's order.
#[derive(Debug)]
pub struct Members {
    /// The wheel's file name.
    pub file_name: String,
    /// Its files.
    pub files: Vec<Member>,
    /// Its folders, where the archive names any.
    pub folders: Vec<String>,
    /// Whether RECORD is not there because it is yet to be written, from the very files.
    pub awaits_record: bool,
    /// Sonames of libraries that somebody else brings: they speak against no tag.
    pub left_out: Vec<glob::Pattern>,
    /// The container image that it is to be installed into, where one is given.
    pub image: Option<Image>,
}

/// One file.
#[derive(Debug)]
pub struct Member {
    /// Its path, with `/`.
    pub path: String,
    /// Its Unix mode, where it has one.
    pub mode: Option<u32>,
    /// Hash and size; nothing where its bytes could not be had, or RECORD is yet to be written.
    pub digest: Option<Digest>,
    /// What is in it.
    pub glance: Glance,
}

/// What is in a file.
#[derive(Debug)]
pub enum Glance {
    /// All of it.
    Whole(Vec<u8>),
    /// A shared object or a program.
    Elf(Box<Result<Facts, ElfError>>),
    /// How it begins.
    Beginning(Vec<u8>),
}

/// Enough for a first line and for the marks that formats begin with.
const BEGINNING: usize = 256;

impl Members {
    /// Unpacks an archive that was surveyed; also gives the faults of files that do not unpack.
    #[must_use]
    pub fn of_archive(file_name: &str, bytes: &[u8], survey: &Survey, cores: usize) -> (Self, Vec<Fault>) {
        let looked = parallel::map(cores, &survey.members, |found| {
            if found.is_folder {
                return Ok(None);
            }
            if !found.is_readable {
                return Ok(Some(Member {
                    path: found.name.clone(),
                    mode: found.mode,
                    digest: None,
                    glance: Glance::Beginning(Vec::new()),
                }));
            }
            let content = survey::content(bytes, found)?;
            let digest = Digest::of(&content);
            Ok(Some(Member {
                path: found.name.clone(),
                mode: found.mode,
                digest: Some(digest),
                glance: Glance::at(&found.name, content),
            }))
        });
        let mut faults = Vec::new();
        let mut files = Vec::new();
        for (found, look) in survey.members.iter().zip(looked) {
            match look {
                Ok(member) => files.extend(member),
                Err(fault) => {
                    faults.push(fault);
                    files.push(Member {
                        path: found.name.clone(),
                        mode: found.mode,
                        digest: None,
                        glance: Glance::Beginning(Vec::new()),
                    });
                }
            }
        }
        let folders = survey.members.iter().filter(|found| found.is_folder);
        let members = Self {
            file_name: file_name.to_owned(),
            files,
            folders: folders.map(|found| found.name.clone()).collect(),
            awaits_record: false,
            left_out: Vec::new(),
            image: None,
        };
        (members, faults)
    }

    /// The files that a wheel will hold beside its RECORD. Of files on disk only those are read whole that have to be.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn of_tree(file_name: &str, tree: &Tree) -> Result<Self, FileError> {
        let mut files = Vec::with_capacity(tree.len());
        for (path, entry) in tree.iter() {
            let path = path.as_str();
            let glance = match &entry.content {
                Content::Bytes(bytes) => Glance::of(path, bytes),
                Content::File(file) => Glance::of_file(path, file)?,
            };
            files.push(Member {
                path: path.to_owned(),
                mode: Some(if entry.executable { 0o100_755 } else { 0o100_644 }),
                digest: None,
                glance,
            });
        }
        // The writer puts it last.
        files.sort_by_key(|member| is_in_dist_info(&member.path));
        Ok(Self {
            file_name: file_name.to_owned(),
            files,
            folders: Vec::new(),
            awaits_record: true,
            left_out: Vec::new(),
            image: None,
        })
    }

    /// The file at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Member> {
        self.files.iter().find(|member| member.path == path)
    }
}

impl Member {
    /// All its bytes, where it is of a kind that is kept whole.
    #[must_use]
    pub fn whole(&self) -> Option<&[u8]> {
        match &self.glance {
            Glance::Whole(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The facts of a shared object or a program.
    #[must_use]
    pub fn facts(&self) -> Option<&Facts> {
        match &self.glance {
            Glance::Elf(read) => read.as_ref().as_ref().ok(),
            _ => None,
        }
    }
}

impl Glance {
    fn at(path: &str, bytes: Vec<u8>) -> Self {
        if is_kept_whole(path) && !elf::is_elf(&bytes) {
            return Self::Whole(bytes);
        }
        Self::of(path, &bytes)
    }

    fn of(path: &str, bytes: &[u8]) -> Self {
        if elf::is_elf(bytes) {
            Self::Elf(Box::new(elf::inspect(bytes)))
        } else if is_kept_whole(path) {
            Self::Whole(bytes.to_vec())
        } else {
            Self::Beginning(bytes[..bytes.len().min(BEGINNING)].to_vec())
        }
    }

    fn of_file(path: &str, file: &Path) -> Result<Self, FileError> {
        let beginning = fs::read_beginning(file, BEGINNING)?;
        if is_kept_whole(path) || elf::is_elf(&beginning) {
            return Ok(Self::at(path, fs::read(file)?));
        }
        Ok(Self::Beginning(beginning))
    }
}

/// Files that the standards say the content of.
fn is_kept_whole(path: &str) -> bool {
    is_in_dist_info(path) && !path.contains("/licenses/")
}

/// Whether a path lies in a top-level `.dist-info` folder.
pub(super) fn is_in_dist_info(path: &str) -> bool {
    path.split_once('/')
        .is_some_and(|(top, _)| top.ends_with(".dist-info"))
}
