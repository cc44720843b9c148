//! Takes the root of a system. Gives the folders in which its loader looks unasked, and real paths within that root.
//! Knows nothing of libraries.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::policy::CLibrary;

/// The root of the system that a wheel is made for: `/`, or a folder that holds another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sysroot {
    root: PathBuf,
}

/// As many links as Linux follows.
const MOST_LINKS: usize = 40;
/// As deep as configurations that include each other are followed.
const MOST_INCLUDES: usize = 16;

impl Sysroot {
    /// A root, which need not exist.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.canonicalize().unwrap_or_else(|_| root.to_owned()),
        }
    }

    /// Where a path of that system lies on this machine.
    pub fn inside(&self, path: &Path) -> PathBuf {
        let below: PathBuf = path
            .components()
            .filter(|part| !matches!(part, Component::RootDir | Component::Prefix(_)))
            .collect();
        self.root.join(below)
    }

    /// The file that a path leads to. Links of another system stay in that system.
    pub fn real(&self, path: &Path) -> io::Result<PathBuf> {
        let below = match path.strip_prefix(&self.root) {
            Ok(below) if self.root != Path::new("/") => below,
            _ => return path.canonicalize(),
        };
        let mut left = reversed(below);
        let mut real = self.root.clone();
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part == ".." {
                if real != self.root {
                    real.pop();
                }
                continue;
            }
            let next = real.join(&part);
            if !next.symlink_metadata()?.is_symlink() {
                real = next;
                continue;
            }
            links += 1;
            if links > MOST_LINKS {
                return Err(io::Error::other("too many symbolic links"));
            }
            let target = next.read_link()?;
            if target.is_absolute() {
                real.clone_from(&self.root);
            }
            left.extend(reversed(&target));
        }
        Ok(real)
    }

    /// The folders in which a loader looks unasked, in order, for files of an architecture as tags spell it.
    pub fn folders(&self, c_library: CLibrary, architecture: &str) -> Vec<PathBuf> {
        let mut folders = match c_library {
            CLibrary::Gnu => {
                let mut folders = Vec::new();
                let mut seen = BTreeSet::new();
                self.read_configuration(Path::new("/etc/ld.so.conf"), 0, &mut seen, &mut folders);
                folders.extend(default_folders(architecture));
                folders
            }
            CLibrary::Musl => self.musl_folders(architecture),
        };
        let mut seen = BTreeSet::new();
        folders.retain(|folder| seen.insert(folder.clone()));
        folders.iter().map(|folder| self.inside(folder)).collect()
    }

    /// The configuration of glibc's loader: a folder a line, `include` with patterns that are relative to the file, and lines
    /// about processors (`hwcap`), which no portable wheel may follow. As for the loader, one that cannot be read says nothing.
    ///
    /// <https://man7.org/linux/man-pages/man8/ldconfig.8.html>
    fn read_configuration(
        &self,
        path: &Path,
        depth: usize,
        seen: &mut BTreeSet<PathBuf>,
        folders: &mut Vec<PathBuf>,
    ) {
        if depth > MOST_INCLUDES || !seen.insert(path.to_owned()) {
            return;
        }
        let Some(text) = self.text(path) else { return };
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            match word {
                "" | "hwcap" => {}
                "include" => {
                    for pattern in rest.split_whitespace() {
                        let beside = path.parent().unwrap_or(path).join(pattern);
                        for included in self.matching(&beside) {
                            self.read_configuration(&included, depth + 1, seen, folders);
                        }
                    }
                }
                // `/usr/lib/folder=libc6` once told the kind of libraries.
                _ => folders.extend(
                    line.split('=')
                        .next()
                        .map(|folder| PathBuf::from(folder.trim()))
                        .filter(|folder| folder.is_absolute()),
                ),
            }
        }
    }

    /// The path file of musl, else its defaults.
    ///
    /// <https://musl.libc.org/doc/1.1.24/manual.html>
    fn musl_folders(&self, architecture: &str) -> Vec<PathBuf> {
        let names = musl_names(architecture);
        let configured = names
            .iter()
            .find_map(|name| self.text(&PathBuf::from(format!("/etc/ld-musl-{name}.path"))));
        let text = configured.unwrap_or_else(|| "/lib:/usr/local/lib:/usr/lib".to_owned());
        text.split([':', '\n'])
            .map(|folder| PathBuf::from(folder.trim()))
            .filter(|folder| folder.is_absolute())
            .collect()
    }

    fn text(&self, path: &Path) -> Option<String> {
        let real = self.real(&self.inside(path)).ok()?;
        Some(String::from_utf8_lossy(&std::fs::read(real).ok()?).into_owned())
    }

    /// The paths of that system that match a pattern, sorted.
    fn matching(&self, pattern: &Path) -> Vec<PathBuf> {
        let below = self.inside(pattern);
        let Ok(below) = below.strip_prefix(&self.root) else {
            return Vec::new();
        };
        let root = glob::Pattern::escape(&self.root.to_string_lossy());
        let whole = format!("{}/{}", root.trim_end_matches('/'), below.display());
        let Ok(found) = glob::glob(&whole) else {
            return Vec::new();
        };
        found
            .filter_map(Result::ok)
            .filter_map(|path| Some(Path::new("/").join(path.strip_prefix(&self.root).ok()?)))
            .collect()
    }
}

/// The components of a path, the last one first; nothing of `.` and `/`.
fn reversed(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        })
        .collect()
}

/// What distributions build into glibc's loader. A library of the wrong kind is passed over, so that one list serves them all.
fn default_folders(architecture: &str) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(triple) = multiarch(architecture) {
        folders.push(format!("/lib/{triple}"));
        folders.push(format!("/usr/lib/{triple}"));
    }
    for folder in library_folders(architecture) {
        folders.push(format!("/{folder}"));
        folders.push(format!("/usr/{folder}"));
    }
    folders.into_iter().map(PathBuf::from).collect()
}

fn library_folders(architecture: &str) -> &'static [&'static str] {
    match architecture {
        "i686" => &["lib", "lib32"],
        "riscv64" => &["lib64/lp64d", "lib64", "lib"],
        _ if architecture.contains("64") || architecture == "s390x" => &["lib64", "lib"],
        _ => &["lib"],
    }
}

/// What `$LIB` in a run path may stand for: distributions differ.
pub(super) fn meanings_of_lib(architecture: &str) -> Vec<String> {
    let mut meanings: Vec<String> = multiarch(architecture)
        .map(|triple| format!("lib/{triple}"))
        .into_iter()
        .collect();
    meanings.extend(
        library_folders(architecture)
            .iter()
            .map(|name| (*name).to_owned()),
    );
    meanings
}

/// What `$PLATFORM` in a run path may stand for: the kernel's name for the processor, where it is one.
pub(super) fn meanings_of_platform(architecture: &str) -> &'static [&'static str] {
    match architecture {
        "x86_64" => &["x86_64", "haswell", "xeon_phi"],
        "i686" => &["i686", "i586", "i386"],
        "aarch64" => &["aarch64"],
        "armv7l" => &["v7l", "v8l"],
        "ppc64le" => &["power8", "power9", "power10"],
        "s390x" => &["z13", "z14", "z15", "z16"],
        _ => &[],
    }
}

/// The folder of an architecture's libraries on Debian and its descendants.
///
/// <https://wiki.debian.org/Multiarch/Tuples>
fn multiarch(architecture: &str) -> Option<&'static str> {
    Some(match architecture {
        "x86_64" => "x86_64-linux-gnu",
        "i686" => "i386-linux-gnu",
        "aarch64" => "aarch64-linux-gnu",
        "armv7l" => "arm-linux-gnueabihf",
        "armv6l" => "arm-linux-gnueabi",
        "ppc64le" => "powerpc64le-linux-gnu",
        "ppc64" => "powerpc64-linux-gnu",
        "s390x" => "s390x-linux-gnu",
        "riscv64" => "riscv64-linux-gnu",
        "loongarch64" => "loongarch64-linux-gnu",
        _ => return None,
    })
}

/// How musl spells an architecture in its loader's name.
fn musl_names(architecture: &str) -> Vec<&str> {
    match architecture {
        "i686" => vec!["i386"],
        "armv7l" => vec!["armhf", "armv7", "arm"],
        "armv6l" => vec!["arm", "armhf"],
        "ppc64le" => vec!["powerpc64le"],
        other => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(files: &[(&str, &str)]) -> (tempfile::TempDir, Sysroot) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let sysroot = Sysroot::new(folder.path());
        (folder, sysroot)
    }

    fn folders(sysroot: &Sysroot, c_library: CLibrary, architecture: &str) -> Vec<String> {
        sysroot
            .folders(c_library, architecture)
            .iter()
            .map(|path| path.strip_prefix(&sysroot.root).unwrap().display().to_string())
            .collect()
    }

    #[test]
    fn the_loaders_configuration_is_followed_with_its_includes() {
        let (_folder, sysroot) = system(&[
            (
                "etc/ld.so.conf",
                "# comment\n/opt/first # more\ninclude ld.so.conf.d/*.conf /etc/more.conf\nhwcap 1 nosegneg\n/opt/last=libc6\nrelative\n",
            ),
            ("etc/ld.so.conf.d/b.conf", "/opt/b\n/opt/first\n"),
            ("etc/ld.so.conf.d/a.conf", "/opt/a\ninclude *.conf\n"),
            ("etc/ld.so.conf.d/c.txt", "/opt/c\n"),
            ("etc/more.conf", "include /etc/ld.so.conf\n/opt/more\n"),
        ]);
        assert_eq!(
            folders(&sysroot, CLibrary::Gnu, "aarch64"),
            [
                "opt/first",
                "opt/a",
                "opt/b",
                "opt/more",
                "opt/last",
                "lib/aarch64-linux-gnu",
                "usr/lib/aarch64-linux-gnu",
                "lib64",
                "usr/lib64",
                "lib",
                "usr/lib"
            ]
        );
    }

    #[test]
    fn musl_has_a_path_file_of_its_own() {
        let (_folder, sysroot) = system(&[
            ("etc/ld-musl-i386.path", "/opt/lib:/lib\n/usr/lib\n"),
            ("etc/ld.so.conf", "/opt/never\n"),
        ]);
        assert_eq!(
            folders(&sysroot, CLibrary::Musl, "i686"),
            ["opt/lib", "lib", "usr/lib"]
        );
        assert_eq!(
            folders(&sysroot, CLibrary::Musl, "x86_64"),
            ["lib", "usr/local/lib", "usr/lib"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_of_another_system_stay_in_it() {
        use std::os::unix::fs::symlink;
        let (folder, sysroot) = system(&[("usr/lib/libfoo.so.1.2", "x"), ("etc/real.conf", "/opt/linked\n")]);
        let root = folder.path();
        symlink("usr/lib", root.join("lib")).unwrap();
        symlink("/lib/libfoo.so.1.2", root.join("usr/lib/libfoo.so.1")).unwrap();
        symlink("../../../../lib/libfoo.so.1", root.join("usr/lib/libup.so")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        symlink("/etc/real.conf", root.join("etc/ld.so.conf")).unwrap();
        let real = |path: &str| sysroot.real(&sysroot.inside(Path::new(path)));
        let expected = sysroot.inside(Path::new("/usr/lib/libfoo.so.1.2"));
        assert_eq!(real("/lib/libfoo.so.1").unwrap(), expected);
        assert_eq!(real("/lib/libup.so").unwrap(), expected);
        assert!(real("/loop").is_err());
        assert!(real("/lib/absent").is_err());
        assert_eq!(folders(&sysroot, CLibrary::Gnu, "x86_64")[0], "opt/linked");
    }
}
