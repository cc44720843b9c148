//! Every rule that a file is judged by. `docs/check.md` holds the same table; a test keeps the two equal.

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Warning,
    /// The file is wrong.
    Error,
}

impl Severity {
    /// The word for people and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Whose rules count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// The packaging standards.
    #[default]
    Standards,
    /// Also what the public index refuses.
    Pypi,
}

impl Profile {
    /// The word for people and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Standards => "standards",
            Self::Pypi => "pypi",
        }
    }
}

/// One rule. Its identifier never changes its meaning.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `ZIP-09`.
    pub id: &'static str,
    /// What must hold.
    pub title: &'static str,
    /// Where that is written.
    pub source: &'static str,
    /// What to do where it does not hold.
    pub advice: &'static str,
    /// How grave it is by the standards; nothing where they do not mind.
    pub standards: Option<Severity>,
    /// How grave it is for the public index.
    pub pypi: Option<Severity>,
}

impl Rule {
    /// How grave a breach is under a profile; nothing where it is none.
    #[must_use]
    pub fn severity(&self, profile: Profile) -> Option<Severity> {
        match profile {
            Profile::Standards => self.standards,
            Profile::Pypi => self.pypi,
        }
    }
}

const E: Option<Severity> = Some(Severity::Error);
const W: Option<Severity> = Some(Severity::Warning);
const NONE: Option<Severity> = None;

macro_rules! specification {
    ($page:literal) => {
        concat!("https://packaging.python.org/en/latest/specifications/", $page)
    };
}

const WHEEL: &str = specification!("binary-distribution-format/");
const FILE_NAME: &str = specification!("binary-distribution-format/#file-name-convention");
const FILE_CONTENTS: &str = specification!("binary-distribution-format/#file-contents");
const DATA: &str = specification!("binary-distribution-format/#the-data-directory");
const DIST_INFO: &str = specification!("binary-distribution-format/#the-dist-info-directory");
const ARCHIVER: &str = specification!("binary-distribution-format/#recommended-archiver-features");
const TAGS: &str = specification!("platform-compatibility-tags/");
const PLATFORMS: &str = specification!("platform-compatibility-tags/#use");
const RECORD: &str = specification!("recording-installed-packages/#the-record-file");
const METADATA: &str = specification!("core-metadata/");
const ENTRY_POINTS: &str = specification!("entry-points/#file-format");
const SDIST: &str = specification!("source-distribution-format/");
const SDIST_ARCHIVE: &str =
    specification!("source-distribution-format/#source-distribution-archive-features");
const PYPROJECT: &str = specification!("pyproject-toml/");
const DEPENDENCY: &str = specification!("dependency-specifiers/");
const LICENSE: &str = specification!("license-expression/");
const UPLOAD: &str = "https://github.com/pypi/warehouse/blob/main/warehouse/forklift/legacy.py";
const UPLOAD_ZIP: &str = "https://github.com/pypi/warehouse/blob/main/warehouse/utils/zipfiles.py";
const UPLOAD_METADATA: &str = "https://github.com/pypi/warehouse/blob/main/warehouse/forklift/metadata.py";
const APPNOTE: &str = "https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT";
const PEP_384: &str = "https://peps.python.org/pep-0384/";
const PEP_561: &str = "https://peps.python.org/pep-0561/#packaging-type-information";
const PEP_600: &str = "https://peps.python.org/pep-0600/";
const PEP_770: &str = "https://peps.python.org/pep-0770/";
const PEP_803: &str = "https://peps.python.org/pep-0803/";
const STABLE_ABI: &str = "https://docs.python.org/3/c-api/stable.html";
const INITIALISATION: &str = "https://docs.python.org/3/extending/extending.html";
const LOADER: &str = "https://man7.org/linux/man-pages/man8/ld.so.8.html";

const REBUILD: &str = "build it again with a tool that heeds this";
const FIX: &str = "`ironwheel check --fix` mends it";
const PACK_AGAIN: &str = "pack it again: `ironwheel check --fix` does where every file can be read";

macro_rules! rules {
    ($($name:ident $id:literal $standards:ident $pypi:ident $source:ident $title:literal, $advice:expr;)*) => {
        $(
            #[doc = $title]
            pub const $name: Rule = Rule {
                id: $id,
                title: $title,
                source: $source,
                advice: $advice,
                standards: $standards,
                pypi: $pypi,
            };
        )*

        /// Every rule, in the order of the document.
        pub const ALL: &[Rule] = &[$($name),*];
    };
}

rules! {
    FN_01 "FN-01" E E FILE_NAME "the file name has five or six parts between dashes and ends in `.whl`", "name it `{name}-{version}(-{build})-{python}-{abi}-{platform}.whl`";
    FN_02 "FN-02" E E FILE_NAME "the name in the file name is normalized: lower case, runs of `-`, `_` and `.` made one `_`", FIX;
    FN_03 "FN-03" E E FILE_NAME "the version in the file name is a normalized version, and the one of the metadata", FIX;
    FN_04 "FN-04" E E FILE_NAME "a build tag begins with a digit", "rename the file and build it again";
    FN_06 "FN-06" W E FILE_NAME "the file name is ASCII and not longer than file systems take", "give the wheel fewer tags or a shorter name";
    FN_07 "FN-07" E E TAGS "tags are made of letters, digits and `_`", REBUILD;
    FN_08 "FN-08" E E TAGS "several tags of one kind stand sorted, each once", FIX;
    FN_09 "FN-09" W W TAGS "every combination of the tags is one that an interpreter has", "build one wheel for each Python instead of joining their tags";

    TAG_01 "TAG-01" E E TAGS "the ABI tag fits the Python tag", REBUILD;
    TAG_02 "TAG-02" E E TAGS "the `t` of a free-threaded build stands in the ABI tag, not in the Python tag", REBUILD;
    TAG_03 "TAG-03" E E TAGS "a stable-ABI wheel names the oldest CPython it is for", "name it `cp3X-abi3`, X being the minor version it was built for";
    TAG_08 "TAG-08" E E WHEEL "a wheel with native code is neither for `any` platform nor `Root-Is-Purelib: true`", REBUILD;
    TAG_09 "TAG-09" W W TAGS "the Python tag is not older than `Requires-Python` allows", "raise the Python tag, or lower `Requires-Python`";
    TAG_10 "TAG-10" W W TAGS "a wheel is not made for a debug build of Python", "build it with a Python that is no debug build";
    TAG_12 "TAG-12" E E PEP_803 "`abi3t` is for CPython 3.15 and later", "name it `cp315-abi3.abi3t`";
    TAG_13 "TAG-13" W W PEP_803 "a wheel for `abi3t` also serves `abi3`", "build for both: `cp315-abi3.abi3t`";
    TAG_15 "TAG-15" E E TAGS "an extension has a file name that every Python of the tag imports", "name it `{module}.abi3.so`";
    TAG_16 "TAG-16" E E TAGS "an extension's file name is for the Python and the machine of the tag", REBUILD;
    TAG_17 "TAG-17" E E PEP_600 "a manylinux tag is `manylinux_X_Y_ARCH` or one of the older names on the machines it was defined for", REBUILD;
    TAG_19 "TAG-19" E E PEP_600 "the shared objects hold to the manylinux or musllinux tag", "ask for the tag that holds, or build on a system as old as the tag promises";
    TAG_20 "TAG-20" W W PEP_600 "a bundled library carries its own file name as soname", "bundle it again, with a soname that nothing else has";
    TAG_22 "TAG-22" E E TAGS "a musllinux tag is `musllinux_X_Y_ARCH`", REBUILD;
    TAG_23 "TAG-23" E E TAGS "a macOS tag names a version that there is: `macosx_10_Y` or `macosx_N_0`", REBUILD;
    TAG_25 "TAG-25" W E TAGS "the platform is one that an interpreter names", REBUILD;

    ZIP_01 "ZIP-01" W E UPLOAD "files are stored or deflated, nothing else", PACK_AGAIN;
    ZIP_02 "ZIP-02" E E UPLOAD_ZIP "no name comes twice", PACK_AGAIN;
    ZIP_03 "ZIP-03" E E UPLOAD_ZIP "the directory and the headers in front of the files say the same", PACK_AGAIN;
    ZIP_04 "ZIP-04" E E UPLOAD_ZIP "nothing stands before, behind or between the files, and the end record is true", PACK_AGAIN;
    ZIP_05 "ZIP-05" W E UPLOAD_ZIP "there are no comments", PACK_AGAIN;
    ZIP_06 "ZIP-06" E E WHEEL "names are UTF-8 without control characters", "rename the file and build again";
    ZIP_07 "ZIP-07" E E WHEEL "a name beyond ASCII is marked as UTF-8", PACK_AGAIN;
    ZIP_08 "ZIP-08" E E UPLOAD_ZIP "extra fields can be read in one way only", PACK_AGAIN;
    ZIP_09 "ZIP-09" W E UPLOAD_ZIP "sizes stand in front of the bytes: no data descriptors", PACK_AGAIN;
    ZIP_10 "ZIP-10" E E UPLOAD "the archive cannot be taken for one of another kind", PACK_AGAIN;
    ZIP_11 "ZIP-11" E E UPLOAD "an archive that unpacks to more than 64 MiB does not do so from less than a fiftieth", "leave out what is empty, or strip it";
    ZIP_12 "ZIP-12" W W ARCHIVER "`.dist-info` comes last, and RECORD last of all", FIX;
    ZIP_13 "ZIP-13" E E WHEEL "paths are relative and stay inside", "rename the file and build again";
    ZIP_14 "ZIP-14" E E WHEEL "there are no symbolic links and special files", "pack the file that the link leads to";
    ZIP_15 "ZIP-15" W W RECORD "folders have no entries of their own", FIX;
    ZIP_16 "ZIP-16" W W APPNOTE "files carry a date that there is", FIX;
    ZIP_17 "ZIP-17" W W WHEEL "files are readable by all and writable by their owner alone", FIX;
    ZIP_18 "ZIP-18" E E DATA "scripts are executable", FIX;
    ZIP_20 "ZIP-20" W W WHEEL "no two names differ only in case", "rename one of the two";
    ZIP_22 "ZIP-22" E E UPLOAD_ZIP "nothing is encrypted, split or marked with flags that installers do not know", PACK_AGAIN;

    ARC_001 "ARC-001" E E APPNOTE "the file is an archive of its kind", "download or build it again";
    ARC_002 "ARC-002" E E APPNOTE "every file unpacks to what its headers say", "download or build it again";
    ARC_003 "ARC-003" E E WHEEL "every file can be read by its owner", FIX;

    WM_01 "WM-01" E E DIST_INFO "there is one `.dist-info` folder, named as the file is", FIX;
    WM_02 "WM-02" E E DIST_INFO "`.dist-info` holds METADATA, WHEEL and RECORD", "build it again; a missing RECORD `ironwheel check --fix` writes";
    WM_03 "WM-03" E E DIST_INFO "`.dist-info` holds nothing that only an installer writes, and no signatures of RECORD", FIX;
    WM_04 "WM-04" E E FILE_CONTENTS "WHEEL is `Key: value` lines, with `Wheel-Version: 1.x` and `Root-Is-Purelib` once each", FIX;
    WM_05 "WM-05" E E FILE_CONTENTS "the `Tag` lines of WHEEL are those of the file name, expanded", FIX;
    WM_06 "WM-06" E E FILE_CONTENTS "the `Build` line of WHEEL is the build tag of the file name", FIX;
    WM_08 "WM-08" E E DATA "there is at most one `.data` folder, named as the file is, and in it only the five schemes", FIX;
    WM_09 "WM-09" W W DATA "a wheel does not install to both `purelib` and `platlib`", "leave `.data/purelib` and `.data/platlib` out";
    WM_10 "WM-10" E E DATA "scripts lie in no sub-folder", "put them into `scripts` itself";
    WM_11 "WM-11" W W WHEEL "there are no byte code, no caches, and nothing that only a build needs", "leave it out: `exclude` it";
    WM_12 "WM-12" W W DIST_INFO "`.dist-info` has no sub-folders but `licenses` and `sboms`", "put the files elsewhere";
    WM_14 "WM-14" W W PEP_561 "a package with stubs says so by `py.typed`", "add an empty `py.typed` beside the package's `__init__`";
    WM_15 "WM-15" W W WHEEL "nothing at the top that every other wheel may bring as well", "put it into the package, or leave it out";
    WM_16 "WM-16" W W FILE_CONTENTS "the last line of WHEEL has an end", FIX;

    REC_01 "REC-01" E E RECORD "RECORD lists every file, and nothing else", FIX;
    REC_02 "REC-02" E E RECORD "RECORD has the hash and the size of every file but itself", FIX;
    REC_03 "REC-03" E E RECORD "RECORD is CSV of three columns, in UTF-8", FIX;
    REC_04 "REC-04" E E RECORD "RECORD lists a file once, with `/` in its path", FIX;

    MD_01 "MD-01" E E METADATA "metadata is UTF-8 without a mark at its beginning, and has Metadata-Version, Name and Version", REBUILD;
    MD_02 "MD-02" E E METADATA "Metadata-Version is one that there is", REBUILD;
    MD_03 "MD-03" E E METADATA "Name is a valid name, and the one of the file name", REBUILD;
    MD_04 "MD-04" E E METADATA "Version is a valid version", REBUILD;
    MD_05 "MD-05" E E METADATA "Summary is one line", "put the rest into the description";
    MD_06 "MD-06" NONE E UPLOAD_METADATA "Summary has at most 512 characters", "put the rest into the description";
    MD_07 "MD-07" E E METADATA "every line of the header is a field or goes on with the one before", REBUILD;
    MD_08 "MD-08" E E METADATA "Description-Content-Type is text/plain, text/x-rst or text/markdown in UTF-8, and there is one description", REBUILD;
    MD_12 "MD-12" E E METADATA "there is License or License-Expression, not both", "leave `License` out";
    MD_13 "MD-13" E E METADATA "every License-File is a relative path, and the file is there", "pack the file, or take the field out";
    MD_14 "MD-14" W W METADATA "a field is one that Metadata-Version has", "raise Metadata-Version";
    MD_15 "MD-15" E E METADATA "Provides-Extra is normalized, and every extra that a requirement names is provided", REBUILD;
    MD_16 "MD-16" E E DEPENDENCY "Requires-Dist is a dependency specifier", REBUILD;
    MD_17 "MD-17" W W DEPENDENCY "versions of a requirement stand without parentheses", "build it again with a newer tool";
    MD_18 "MD-18" NONE E UPLOAD_METADATA "no requirement is an address", "depend on a release instead";
    MD_19 "MD-19" E E METADATA "Requires-Python is a set of version specifiers", REBUILD;
    MD_20 "MD-20" E E METADATA "Project-URL is a label of at most 32 characters, a comma and an address, each label once", REBUILD;
    MD_21 "MD-21" W W METADATA "addresses stand in Project-URL, not in Home-page and Download-URL", "use `[project.urls]`";
    MD_23 "MD-23" NONE E UPLOAD_METADATA "no classifier says that the project is private", "take `Private ::` out where the wheel is for the index";
    MD_25 "MD-25" E E METADATA "Import-Name and Import-Namespace are dotted names, none in both", REBUILD;
    MD_28 "MD-28" E E METADATA "Dynamic names neither Name nor Version nor Metadata-Version", REBUILD;
    MD_31 "MD-31" NONE E UPLOAD_METADATA "Version has no local part", "publish it without `+…`";
    MD_32 "MD-32" E E METADATA "a field that is there once is there once", REBUILD;
    MD_33 "MD-33" NONE E UPLOAD_METADATA "Metadata-Version is one that the index takes", "use 2.5 or lower";
    MD_34 "MD-34" W W METADATA "every field is one of the specification", "take it out";
    PP_12 "PP-12" W E LICENSE "License-Expression is a license expression", "write it with SPDX identifiers: `MIT OR Apache-2.0`";

    EP_01 "EP-01" E E ENTRY_POINTS "`entry_points.txt` is UTF-8 with sections of `name = object` lines, none twice", REBUILD;
    EP_02 "EP-02" E E ENTRY_POINTS "the name of a script is made of letters, digits, `.`, `-` and `_`", "rename the script";
    EP_03 "EP-03" E E ENTRY_POINTS "the name of a group is dotted words", "rename the group";
    EP_04 "EP-04" E E ENTRY_POINTS "an entry point is `module` or `module:attribute`, a script always the latter", REBUILD;
    EP_05 "EP-05" W W ENTRY_POINTS "an entry point asks for no extras", "take `[…]` out";

    SB_01 "SB-01" W W PEP_770 "`sboms` holds bills of materials only", "put other files elsewhere";
    SB_02 "SB-02" W W PEP_770 "a bill of materials in JSON is of a known format", "see what the tool that wrote it says";

    PYO_09 "PYO-09" E E INITIALISATION "an extension exports `PyInit_` with its own name", "give the module, the file and the entry point one name";
    ELF_001 "ELF-001" E E LOADER "a shared object can be read", "build it again";
    ELF_002 "ELF-002" E E TAGS "a shared object is for the machine of the tag", "build one wheel for each machine";
    ELF_003 "ELF-003" W W LOADER "a needed library that the wheel holds is found through the run path", "give the library that needs it the run path `$ORIGIN/…` of its folder";
    ELF_004 "ELF-004" W W LOADER "the folders of run paths are in the wheel", "take the entry out: `ironwheel elf --set-rpath`";
    ELF_005 "ELF-005" W W LOADER "run paths are relative to `$ORIGIN` and stay below the folder that the wheel is unpacked to", "take the entry out: `ironwheel elf --set-rpath`";
    ELF_006 "ELF-006" E E LOADER "no shared object asks for an executable stack, which newer loaders refuse", "link it with `-z noexecstack`, or `ironwheel elf --clear-execstack`";
    ELF_007 "ELF-007" E E STABLE_ABI "a stable-ABI extension uses nothing of CPython beyond the stable ABI of the tag's Python", "raise the Python of the tag, or turn the feature that needs more off";
    ELF_008 "ELF-008" E E PEP_384 "an extension leaves CPython to the interpreter: it is not linked to libpython", "build it with `PYO3_BUILD_EXTENSION_MODULE=1`";
    ELF_009 "ELF-009" E E TAGS "an extension is a shared object of the tag's platform", "build it for the platform";
    ELF_010 "ELF-010" W W LOADER "no two shared objects have one soname", "bundle one of them once";
    ELF_011 "ELF-011" W W INITIALISATION "a file with an extension's name is one", "give a library that Python does not import the name of a library";

    TAG_29 "TAG-29" NONE E UPLOAD "the platform is not the plain `linux_…`", "ask for a manylinux or musllinux tag: `--compatibility pypi`";
    UP_03 "UP-03" NONE E UPLOAD "the file has at most 100 MB, where the project was not granted more", "make it smaller: strip it, or split the package";
    UP_04 "UP-04" NONE E UPLOAD "the platform is one that the index takes", "build for a platform of its list";

    SD_01 "SD-01" E E SDIST "the file is named `{name}-{version}.tar.gz`, both normalized", "build it again with a newer tool";
    SD_02 "SD-02" E E SDIST "there is one folder, named as the file is, with PKG-INFO and pyproject.toml", REBUILD;
    SD_03 "SD-03" E E SDIST_ARCHIVE "the archive is a gzip-compressed tar archive in the pax format", REBUILD;
    SD_04 "SD-04" W E UPLOAD "no sparse files, nothing behind the compressed data", REBUILD;
    SD_07 "SD-07" E E SDIST_ARCHIVE "no absolute paths, nothing that leads out, no devices", REBUILD;
    SD_08 "SD-08" W W SDIST_ARCHIVE "modes are plain", "build it again with a newer tool";
    PP_01 "PP-01" E E PYPROJECT "pyproject.toml is TOML, and `build-system` has `requires`", REBUILD;
    PP_04 "PP-04" E E PYPROJECT "PKG-INFO has the name of pyproject.toml, and its version where that is static", REBUILD;

    IMAGE_001 "IMAGE-001" E E PLATFORMS "pip in the image takes the wheel", "choose an image with that C library and Python, or build in a container of the image's system and for its Python";
    IMAGE_002 "IMAGE-002" E E PEP_600 "the image's C library has what the wheel asks for", "build in a container of the image's system, or an older one";
    IMAGE_003 "IMAGE-003" W W LOADER "the image has what the wheel needs and does not hold", "install it in the image, or put it into the wheel: `ironwheel repair`";

    SMOKE_001 "SMOKE-001" E E WHEEL "the wheel does what it was asked to do in a fresh environment", "see the traceback";
}

/// Rules about whether shared objects hold to the platform tag.
pub const OF_PLATFORM: &[Rule] = &[TAG_16, TAG_17, TAG_19, ELF_002, ELF_009];

/// Rules about what is in a project, whatever tool packs it: compiled code, and the scripts that lie in a folder.
pub const OF_CONTENT: &[Rule] = &[ELF_001, ELF_006, ELF_007, ELF_008, ELF_009, WM_10];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_identifier_is_given_once() {
        let ids: BTreeSet<&str> = ALL.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), ALL.len());
    }

    #[test]
    fn no_rule_is_graver_by_the_standards_than_for_the_index() {
        for rule in ALL {
            assert!(rule.pypi >= rule.standards, "{}", rule.id);
            assert!(rule.pypi.is_some(), "{}", rule.id);
        }
    }
}
