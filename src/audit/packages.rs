//! Takes the root of a system. Gives the packages that own its libraries, read from the package managers' own files.
//!
//! Debian's and Alpine's managers keep texts; rpm keeps a database that only rpm reads, so rpm is asked.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::system::Sysroot;
use crate::process::{self, Invocation};
use crate::url::percent_encoded;

/// Which package manager installed it, as package URLs spell their types.
///
/// <https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manager {
    /// dpkg.
    Deb,
    /// rpm.
    Rpm,
    /// Alpine's apk.
    Apk,
}

impl Manager {
    /// `deb`, `rpm`, `apk`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Apk => "apk",
        }
    }
}

/// An installed package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Who installed it.
    pub manager: Manager,
    /// `libpq5`.
    pub name: String,
    /// `15.14-0+deb12u1`.
    pub version: String,
    /// rpm's epoch, which other managers write into the version.
    pub epoch: Option<String>,
    /// As the manager spells it: `amd64`.
    pub architecture: String,
    /// Its license as the manager knows it; dpkg knows none.
    pub license: Option<String>,
    /// The texts of its license, by real path, as far as they are installed.
    pub license_files: Vec<PathBuf>,
    /// The distribution: `ID` of os-release, `debian`.
    pub distribution: Option<String>,
    /// The distribution's release: `VERSION_ID` of os-release, `12`.
    pub release: Option<String>,
}

impl Package {
    /// Its package URL: `pkg:deb/debian/libpq5@15.14-0%2Bdeb12u1?arch=amd64&distro=debian-12`.
    ///
    /// <https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst>
    #[must_use]
    pub fn url(&self) -> String {
        let distribution = self.distribution.as_deref().unwrap_or("linux");
        let mut url = format!(
            "pkg:{}/{}/{}@{}?arch={}",
            self.manager.name(),
            percent_encoded(distribution),
            percent_encoded(&self.name),
            percent_encoded(&self.version),
            percent_encoded(&self.architecture)
        );
        if let (Some(name), Some(release)) = (&self.distribution, &self.release) {
            let _ = write!(
                url,
                "&distro={}-{}",
                percent_encoded(name),
                percent_encoded(release)
            );
        }
        if let Some(epoch) = &self.epoch {
            let _ = write!(url, "&epoch={}", percent_encoded(epoch));
        }
        url
    }
}

/// The packages of a system, read when first asked for.
#[derive(Debug)]
pub struct Packages {
    sysroot: Sysroot,
    deb: OnceCell<BTreeMap<String, String>>,
    apk: OnceCell<BTreeMap<String, Stanza>>,
}

/// What rpm is asked for: name, version, architecture, license and epoch with tabs between them.
const FORMAT: &str = "%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{LICENSE}\\t%{EPOCH}\\n";

/// A paragraph of `Key: value` or `K:value` lines, the first line of each key.
type Stanza = BTreeMap<String, String>;

impl Packages {
    /// The packages of the system below a root: `/`, or a folder that holds another.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self {
            sysroot: Sysroot::new(root),
            deb: OnceCell::new(),
            apk: OnceCell::new(),
        }
    }

    /// The package that owns a file, by its real path on this machine; nothing where no manager knows it.
    #[must_use]
    pub fn owner(&self, path: &Path) -> Option<Package> {
        let below = self.below(path)?;
        self.deb_owner(&below)
            .or_else(|| self.apk_owner(&below))
            .or_else(|| self.rpm_owner(&below))
    }

    /// The name of a package that would bring a library which is not there, where a list on this machine tells: Debian names
    /// packages of libraries after their sonames.
    ///
    /// <https://www.debian.org/doc/debian-policy/ch-sharedlibs.html#run-time-shared-libraries>
    #[must_use]
    pub fn bringing(&self, soname: &str) -> Option<String> {
        let names = debian_names(soname)?;
        let lists = self.sysroot.inside(Path::new("/var/lib/apt/lists"));
        let mut lists: Vec<PathBuf> = std::fs::read_dir(lists)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.to_string_lossy().ends_with("_Packages"))
            .collect();
        lists.sort();
        for list in lists {
            let Ok(text) = std::fs::read(list) else { continue };
            let text = String::from_utf8_lossy(&text);
            let mut offered = text.lines().filter_map(|line| line.strip_prefix("Package: "));
            if let Some(found) = offered.find(|offered| names.iter().any(|name| name == offered)) {
                return Some(found.to_owned());
            }
        }
        None
    }

    /// A path as the system itself spells it.
    fn below(&self, path: &Path) -> Option<String> {
        let root = self.sysroot.inside(Path::new("/"));
        let below = path.strip_prefix(&root).ok()?;
        Some(format!("/{}", below.to_str()?))
    }

    fn deb_owner(&self, path: &str) -> Option<Package> {
        let owners = self.deb.get_or_init(|| self.read_deb());
        let list = spellings(path).into_iter().find_map(|path| owners.get(&path))?;
        let (name, architecture) = match list.split_once(':') {
            Some((name, architecture)) => (name, Some(architecture)),
            None => (list.as_str(), None),
        };
        let status = self.text("/var/lib/dpkg/status")?;
        let stanza = status.split("\n\n").map(stanza).find(|stanza| {
            let is = |key: &str, value: &str| stanza.get(key).is_some_and(|it| it == value);
            is("Package", name) && architecture.is_none_or(|it| is("Architecture", it))
        })?;
        let copyright = self.real(&format!("/usr/share/doc/{name}/copyright"));
        Some(self.package(
            Manager::Deb,
            [name, stanza.get("Version")?, stanza.get("Architecture")?],
            None,
            copyright.into_iter().collect(),
        ))
    }

    /// Path of a library → the name of the list it stands in: `libpq5:amd64`.
    fn read_deb(&self) -> BTreeMap<String, String> {
        let folder = self.sysroot.inside(Path::new("/var/lib/dpkg/info"));
        let mut owners = BTreeMap::new();
        let lists = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "list"));
        for list in lists {
            let Some(name) = list.file_stem().and_then(|stem| stem.to_str()) else {
                continue;
            };
            let Ok(text) = std::fs::read(&list) else { continue };
            for line in String::from_utf8_lossy(&text)
                .lines()
                .filter(|line| line.contains(".so"))
            {
                owners.insert(line.to_owned(), name.to_owned());
            }
        }
        owners
    }

    fn apk_owner(&self, path: &str) -> Option<Package> {
        let owners = self.apk.get_or_init(|| self.read_apk());
        let stanza = spellings(path).into_iter().find_map(|path| owners.get(&path))?;
        let name = stanza.get("P")?;
        let licenses = self.sysroot.inside(Path::new("/usr/share/licenses")).join(name);
        let mut files: Vec<PathBuf> = std::fs::read_dir(licenses)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_file())
            .collect();
        files.sort();
        Some(self.package(
            Manager::Apk,
            [name, stanza.get("V")?, stanza.get("A")?],
            stanza.get("L").cloned(),
            files,
        ))
    }

    /// Path of a library → its package.
    ///
    /// <https://wiki.alpinelinux.org/wiki/Apk_spec>
    fn read_apk(&self) -> BTreeMap<String, Stanza> {
        let mut owners = BTreeMap::new();
        for path in ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"] {
            let text = self.text(path).unwrap_or_default();
            for paragraph in text.split("\n\n") {
                let package = stanza(paragraph);
                let mut folder = "";
                for line in paragraph.lines() {
                    if let Some(name) = line.strip_prefix("F:") {
                        folder = name;
                    }
                    if let Some(file) = line.strip_prefix("R:").filter(|file| file.contains(".so")) {
                        owners.insert(format!("/{folder}/{file}"), package.clone());
                    }
                }
            }
        }
        owners
    }

    fn rpm_owner(&self, path: &str) -> Option<Package> {
        let kept = ["/var/lib/rpm", "/usr/lib/sysimage/rpm"];
        if !kept.iter().any(|folder| self.real(folder).is_some()) {
            return None;
        }
        let told = self.rpm(&["-qf", "--queryformat", FORMAT, path])?;
        let mut fields = told.lines().next()?.split('\t');
        let mut field = || fields.next().map(str::to_owned);
        let (name, version, architecture) = (field()?, field()?, field()?);
        let license = field();
        // `(none)` where it has none.
        let epoch = field().filter(|epoch| epoch.parse::<u64>().is_ok());
        let texts = self.rpm(&["-q", "--licensefiles", &name]).unwrap_or_default();
        let files = texts.lines().filter_map(|line| self.real(line)).collect();
        Some(Package {
            epoch,
            ..self.package(Manager::Rpm, [&name, &version, &architecture], license, files)
        })
    }

    /// What rpm says; nothing where there is none, or it knows nothing.
    fn rpm(&self, arguments: &[&str]) -> Option<String> {
        let root = self.sysroot.inside(Path::new("/"));
        let mut words = vec!["--root".to_owned(), root.display().to_string()];
        words.extend(arguments.iter().map(|word| (*word).to_owned()));
        let call = Invocation {
            program: "rpm".to_owned(),
            arguments: words,
            set: BTreeMap::from([("LC_ALL".to_owned(), "C".to_owned())]),
            unset: Vec::new(),
            working_directory: PathBuf::from("/"),
        };
        let finished = process::capture(&call).ok()?;
        (finished.status == 0).then(|| String::from_utf8_lossy(&finished.stdout).into_owned())
    }

    fn package(
        &self,
        manager: Manager,
        [name, version, architecture]: [&str; 3],
        license: Option<String>,
        license_files: Vec<PathBuf>,
    ) -> Package {
        let release = self
            .text("/etc/os-release")
            .or_else(|| self.text("/usr/lib/os-release"))
            .unwrap_or_default();
        let said = |key: &str| {
            let values = release.lines().filter_map(|line| line.strip_prefix(key));
            let mut values = values.filter_map(|rest| rest.strip_prefix('='));
            values
                .next()
                .map(|value| value.trim_matches(['"', '\'']).to_owned())
        };
        Package {
            manager,
            name: name.to_owned(),
            version: version.to_owned(),
            epoch: None,
            architecture: architecture.to_owned(),
            license,
            license_files,
            distribution: said("ID"),
            release: said("VERSION_ID"),
        }
    }

    fn text(&self, path: &str) -> Option<String> {
        let bytes = std::fs::read(self.real(path)?).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn real(&self, path: &str) -> Option<PathBuf> {
        self.sysroot.real(&self.sysroot.inside(Path::new(path))).ok()
    }
}

/// A file may be registered by a path from before `/lib` became a link to `/usr/lib`, or the other way round.
fn spellings(path: &str) -> Vec<String> {
    let mut spellings = vec![path.to_owned()];
    if let Some(short) = path
        .strip_prefix("/usr")
        .filter(|short| short.starts_with("/lib"))
    {
        spellings.push(short.to_owned());
    } else if path.starts_with("/lib") {
        spellings.push(format!("/usr{path}"));
    }
    spellings
}

fn stanza(paragraph: &str) -> Stanza {
    let mut stanza = Stanza::new();
    for line in paragraph.lines().filter(|line| !line.starts_with(' ')) {
        if let Some((key, value)) = line.split_once(':') {
            stanza
                .entry(key.to_owned())
                .or_insert_with(|| value.trim().to_owned());
        }
    }
    stanza
}

/// `libpq.so.5` → `libpq5`; `libgtk-3.so.0` → `libgtk-3-0`; `libssl.so.3` → `libssl3`, since the 64-bit times also `libssl3t64`.
fn debian_names(soname: &str) -> Option<[String; 2]> {
    let (base, version) = soname.split_once(".so.")?;
    let base = base.to_ascii_lowercase().replace('_', "-");
    let between = if base.ends_with(|last: char| last.is_ascii_digit()) {
        "-"
    } else {
        ""
    };
    let name = format!("{base}{between}{version}");
    let later = format!("{name}t64");
    Some([name, later])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    const DEBIAN: &[(&str, &str)] = &[
        (
            "etc/os-release",
            "PRETTY_NAME=\"Debian GNU/Linux 12\"\nVERSION_ID=\"12\"\nID=debian\n",
        ),
        (
            "var/lib/dpkg/status",
            "Package: libfoo1\nArchitecture: i386\nVersion: 1.0-1\n\nPackage: libfoo1\nStatus: install ok installed\n\
             Architecture: amd64\nVersion: 1.0-2\nDescription: a library\n Version: not this\n\n",
        ),
        (
            "var/lib/dpkg/info/libfoo1:amd64.list",
            "/.\n/lib/libfoo.so.1.2\n/usr/share/doc/libfoo1/copyright\n",
        ),
        ("usr/lib/libfoo.so.1.2", ""),
        ("usr/share/doc/libfoo1/copyright", "all of them"),
        (
            "var/lib/apt/lists/somewhere_Packages",
            "Package: libpq5\nVersion: 15\n\nPackage: libssl3t64\n",
        ),
    ];

    #[test]
    fn debians_owner_is_found_also_under_the_path_before_folders_were_merged() {
        let folder = system(DEBIAN);
        let packages = Packages::at(folder.path());
        let root = folder.path().canonicalize().unwrap();
        assert_eq!(
            packages.owner(&root.join("usr/lib/libfoo.so.1.2")),
            Some(Package {
                manager: Manager::Deb,
                name: "libfoo1".to_owned(),
                version: "1.0-2".to_owned(),
                epoch: None,
                architecture: "amd64".to_owned(),
                license: None,
                license_files: vec![root.join("usr/share/doc/libfoo1/copyright")],
                distribution: Some("debian".to_owned()),
                release: Some("12".to_owned()),
            })
        );
        assert_eq!(packages.owner(&root.join("usr/lib/libbar.so.1")), None);
        assert_eq!(packages.owner(Path::new("/elsewhere/libfoo.so.1.2")), None);
    }

    #[test]
    fn packages_are_named_by_their_urls() {
        let package =
            |manager, [name, version, distribution, release]: [&str; 4], epoch: Option<&str>| Package {
                manager,
                name: name.to_owned(),
                version: version.to_owned(),
                epoch: epoch.map(str::to_owned),
                architecture: "x86_64".to_owned(),
                license: None,
                license_files: Vec::new(),
                distribution: Some(distribution.to_owned()),
                release: Some(release.to_owned()),
            };
        assert_eq!(
            package(Manager::Deb, ["libstdc++6", "1:2+deb12u1", "debian", "12"], None).url(),
            "pkg:deb/debian/libstdc%2B%2B6@1:2%2Bdeb12u1?arch=x86_64&distro=debian-12"
        );
        assert_eq!(
            package(Manager::Apk, ["libpq", "16.4-r0", "alpine", "3.20.3"], None).url(),
            "pkg:apk/alpine/libpq@16.4-r0?arch=x86_64&distro=alpine-3.20.3"
        );
        assert_eq!(
            package(
                Manager::Rpm,
                ["openssl-libs", "3.0.7-27.el9", "almalinux", "9.4"],
                Some("1")
            )
            .url(),
            "pkg:rpm/almalinux/openssl-libs@3.0.7-27.el9?arch=x86_64&distro=almalinux-9.4&epoch=1"
        );
        let nowhere = Package {
            distribution: None,
            ..package(Manager::Deb, ["libfoo1", "1", "debian", "12"], None)
        };
        assert_eq!(nowhere.url(), "pkg:deb/linux/libfoo1@1?arch=x86_64");
    }

    #[test]
    fn a_missing_librarys_package_is_told_where_a_list_names_it() {
        let folder = system(DEBIAN);
        let packages = Packages::at(folder.path());
        assert_eq!(packages.bringing("libpq.so.5").as_deref(), Some("libpq5"));
        assert_eq!(packages.bringing("libssl.so.3").as_deref(), Some("libssl3t64"));
        assert_eq!(packages.bringing("libcrypto.so.3"), None);
        assert_eq!(packages.bringing("libplain.so"), None);
        assert_eq!(debian_names("libgtk-3.so.0").unwrap()[0], "libgtk-3-0");
    }

    #[test]
    fn alpines_owner_is_found_with_its_license() {
        let folder = system(&[
            (
                "lib/apk/db/installed",
                "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\nF:lib\nR:ld-musl-x86_64.so.1\n\n\
                 P:libpq\nV:16.4-r0\nA:x86_64\nL:PostgreSQL\nF:usr\nF:usr/lib\nR:libpq.so.5\nR:libpq.so.5.16\n\n",
            ),
            ("usr/share/licenses/libpq/COPYRIGHT", ""),
        ]);
        let root = folder.path().canonicalize().unwrap();
        let owner = Packages::at(folder.path())
            .owner(&root.join("usr/lib/libpq.so.5.16"))
            .unwrap();
        assert_eq!(
            (owner.manager.name(), owner.name.as_str(), owner.version.as_str()),
            ("apk", "libpq", "16.4-r0")
        );
        assert_eq!(owner.license.as_deref(), Some("PostgreSQL"));
        assert_eq!(
            owner.license_files,
            [root.join("usr/share/licenses/libpq/COPYRIGHT")]
        );
    }
}
