//! Which packages of Debian a crate needs to be compiled and to run, by the `-sys` crates among its dependencies.

use std::collections::{BTreeMap, BTreeSet};

/// When a crate needs something of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Always.
    Always,
    /// Unless one of these features builds the library from sources of its own.
    Unless(&'static [&'static str]),
    /// Only with one of these features.
    With(&'static [&'static str]),
}

/// What a crate needs.
struct Need {
    package: &'static str,
    when: When,
    /// What compiles it.
    build: &'static [&'static str],
    /// The package of Debian with the library, as far as its name is the same in every release; `None` where nothing is needed
    /// to run.
    library: Option<&'static str>,
    /// The library's own name, for people.
    name: &'static str,
}

const fn library(
    package: &'static str,
    when: When,
    build: &'static [&'static str],
    library: &'static str,
    name: &'static str,
) -> Need {
    Need {
        package,
        when,
        build,
        library: Some(library),
        name,
    }
}

const fn tool(package: &'static str, when: When, build: &'static [&'static str]) -> Need {
    Need {
        package,
        when,
        build,
        library: None,
        name: "",
    }
}

use When::{Always, Unless, With};

/// Crates that build their library from sources of their own where the system has none (`libz-sys`, `zstd-sys`, `bzip2-sys`,
/// `lzma-sys`, `libgit2-sys`, `libssh2-sys`, `ring`) need a C compiler, which is always there, and stand here only with what else
/// they need.
const NEEDS: &[Need] = &[
    library(
        "openssl-sys",
        Unless(&["vendored", "bundled"]),
        &["libssl-dev", "pkg-config"],
        "libssl3",
        "libssl",
    ),
    library(
        "pq-sys",
        Unless(&["bundled", "bundled_without_openssl"]),
        &["libpq-dev", "pkg-config"],
        "libpq5",
        "libpq",
    ),
    library(
        "libpq-sys",
        Always,
        &["libpq-dev", "pkg-config"],
        "libpq5",
        "libpq",
    ),
    library(
        "mysqlclient-sys",
        Unless(&["bundled"]),
        &["libmariadb-dev", "pkg-config"],
        "libmariadb3",
        "libmariadb",
    ),
    library(
        "libsqlite3-sys",
        Unless(&[
            "bundled",
            "bundled-windows",
            "bundled-sqlcipher",
            "bundled-sqlcipher-vendored-openssl",
            "bundled_bindings",
        ]),
        &["libsqlite3-dev", "pkg-config"],
        "libsqlite3-0",
        "libsqlite3",
    ),
    library("odbc-sys", Always, &["unixodbc-dev"], "libodbc2", "libodbc"),
    library(
        "rdkafka-sys",
        With(&["dynamic-linking", "dynamic_linking"]),
        &["librdkafka-dev", "pkg-config"],
        "librdkafka1",
        "librdkafka",
    ),
    library(
        "libxml",
        Always,
        &["libxml2-dev", "pkg-config"],
        "libxml2",
        "libxml2",
    ),
    library(
        "hdf5-sys",
        Unless(&["static"]),
        &["libhdf5-dev", "pkg-config"],
        "libhdf5-103-1",
        "libhdf5",
    ),
    library(
        "hdf5-metno-sys",
        Unless(&["static"]),
        &["libhdf5-dev", "pkg-config"],
        "libhdf5-103-1",
        "libhdf5",
    ),
    library(
        "netcdf-sys",
        Unless(&["static"]),
        &["libnetcdf-dev", "pkg-config"],
        "libnetcdf19",
        "libnetcdf",
    ),
    library(
        "gdal-sys",
        Unless(&["bundled"]),
        &["libgdal-dev", "pkg-config"],
        "libgdal32",
        "libgdal",
    ),
    library(
        "proj-sys",
        Unless(&["bundled_proj"]),
        &["libproj-dev", "pkg-config"],
        "libproj25",
        "libproj",
    ),
    library(
        "geos-sys",
        Unless(&["static"]),
        &["libgeos-dev", "pkg-config"],
        "libgeos-c1v5",
        "libgeos_c",
    ),
    library(
        "openblas-src",
        With(&["system"]),
        &["libopenblas-dev", "pkg-config"],
        "libopenblas0",
        "libopenblas",
    ),
    library(
        "netlib-src",
        With(&["system"]),
        &["liblapack-dev", "libblas-dev"],
        "liblapack3",
        "liblapack",
    ),
    library(
        "fftw-sys",
        With(&["system"]),
        &["libfftw3-dev"],
        "libfftw3-double3",
        "libfftw3",
    ),
    library(
        "gmp-mpfr-sys",
        With(&["use-system-libs"]),
        &["libgmp-dev", "libmpfr-dev", "libmpc-dev"],
        "libmpc3",
        "libmpfr",
    ),
    library(
        "alsa-sys",
        Always,
        &["libasound2-dev", "pkg-config"],
        "libasound2",
        "libasound",
    ),
    library(
        "libudev-sys",
        Always,
        &["libudev-dev", "pkg-config"],
        "libudev1",
        "libudev",
    ),
    library(
        "libusb1-sys",
        Unless(&["vendored"]),
        &["libusb-1.0-0-dev", "pkg-config"],
        "libusb-1.0-0",
        "libusb",
    ),
    library(
        "hidapi",
        Unless(&["linux-static-libusb", "linux-native"]),
        &["libudev-dev", "pkg-config"],
        "libudev1",
        "libudev",
    ),
    library(
        "libdbus-sys",
        Unless(&["vendored"]),
        &["libdbus-1-dev", "pkg-config"],
        "libdbus-1-3",
        "libdbus",
    ),
    library(
        "freetype-sys",
        With(&["dynamic"]),
        &["libfreetype-dev", "pkg-config"],
        "libfreetype6",
        "libfreetype",
    ),
    library(
        "yeslogic-fontconfig-sys",
        Unless(&["dlopen"]),
        &["libfontconfig-dev", "pkg-config"],
        "libfontconfig1",
        "libfontconfig",
    ),
    library(
        "servo-fontconfig-sys",
        Always,
        &["libfontconfig-dev", "pkg-config"],
        "libfontconfig1",
        "libfontconfig",
    ),
    library(
        "zmq-sys",
        Always,
        &["libzmq3-dev", "pkg-config"],
        "libzmq5",
        "libzmq",
    ),
    library(
        "libsodium-sys",
        With(&["use-pkg-config"]),
        &["libsodium-dev", "pkg-config"],
        "libsodium23",
        "libsodium",
    ),
    library(
        "libgssapi-sys",
        Always,
        &["libkrb5-dev", "libclang-dev"],
        "libgssapi-krb5-2",
        "libgssapi_krb5",
    ),
    library(
        "sasl2-sys",
        Unless(&["vendored"]),
        &["libsasl2-dev", "pkg-config"],
        "libsasl2-2",
        "libsasl2",
    ),
    library(
        "opencv",
        Always,
        &["libopencv-dev", "clang", "libclang-dev"],
        "libopencv-core406",
        "libopencv",
    ),
    library(
        "ffmpeg-sys-next",
        Unless(&["build"]),
        &[
            "libavcodec-dev",
            "libavformat-dev",
            "libavfilter-dev",
            "libavdevice-dev",
            "libclang-dev",
            "pkg-config",
        ],
        "libavcodec59",
        "libavcodec",
    ),
    library(
        "cairo-sys-rs",
        Always,
        &["libcairo2-dev", "pkg-config"],
        "libcairo2",
        "libcairo",
    ),
    library(
        "glib-sys",
        Always,
        &["libglib2.0-dev", "pkg-config"],
        "libglib2.0-0",
        "libglib",
    ),
    tool("openssl-src", Always, &["make", "perl"]),
    tool("clang-sys", Always, &["libclang-dev"]),
    tool(
        "prost-build",
        Unless(&["vendored", "protobuf-src"]),
        &["protobuf-compiler"],
    ),
    tool("tonic-build", Always, &["protobuf-compiler"]),
    tool("tonic-prost-build", Always, &["protobuf-compiler"]),
    tool(
        "protobuf-src",
        Always,
        &["autoconf", "automake", "cmake", "g++", "libtool", "make"],
    ),
    tool("cmake", Always, &["cmake", "g++", "make"]),
    tool("autotools", Always, &["autoconf", "automake", "libtool", "make"]),
    tool("link-cplusplus", Always, &["g++"]),
    tool("cxx-build", Always, &["g++"]),
    tool("nasm-rs", Always, &["nasm"]),
    tool(
        "rdkafka-sys",
        Unless(&["cmake-build", "dynamic-linking", "dynamic_linking"]),
        &["make"],
    ),
    tool("tikv-jemalloc-sys", Always, &["make"]),
    tool("jemalloc-sys", Always, &["make"]),
    tool(
        "gmp-mpfr-sys",
        Unless(&["use-system-libs"]),
        &["diffutils", "m4", "make"],
    ),
    tool("rug", Unless(&["use-system-libs"]), &["diffutils", "m4", "make"]),
    tool("librocksdb-sys", Always, &["g++", "libclang-dev"]),
    tool("duckdb", With(&["bundled"]), &["g++"]),
    tool("libduckdb-sys", With(&["bundled"]), &["g++"]),
    tool("openblas-src", Unless(&["system"]), &["gfortran", "make", "perl"]),
];

/// Crates that bring a tool of their own, so that the system need not.
const BRINGERS: [(&str, &str); 2] = [
    ("protoc-bin-vendored", "protobuf-compiler"),
    ("protobuf-src", "protobuf-compiler"),
];

/// What the dependencies need of the system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemPackages {
    /// To compile: packages of Debian, with the crates they are for. The compiler for C is not among them.
    pub build: BTreeMap<&'static str, BTreeSet<String>>,
    /// Libraries that are linked: their own name, and the package of Debian that has it.
    pub libraries: BTreeMap<&'static str, &'static str>,
}

/// Looks dependencies up, each with the features that are on.
#[must_use]
pub fn needed<'a>(dependencies: impl IntoIterator<Item = (&'a str, &'a [String])>) -> SystemPackages {
    let dependencies: Vec<(&str, &[String])> = dependencies.into_iter().collect();
    let mut found = SystemPackages::default();
    for (name, features) in &dependencies {
        let is_on = |wanted: &&str| features.iter().any(|feature| feature == wanted);
        for need in NEEDS.iter().filter(|need| need.package == *name) {
            let is_needed = match need.when {
                Always => true,
                Unless(features) => !features.iter().any(&is_on),
                With(features) => features.iter().any(&is_on),
            };
            if !is_needed {
                continue;
            }
            for package in need.build {
                found.build.entry(package).or_default().insert((*name).to_owned());
            }
            if let Some(library) = need.library {
                found.libraries.insert(need.name, library);
            }
        }
    }
    for (bringer, package) in BRINGERS {
        if dependencies.iter().any(|(name, _)| *name == bringer) {
            found.build.remove(package);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed_by(dependencies: &[(&str, &[&str])]) -> SystemPackages {
        let owned: Vec<(&str, Vec<String>)> = dependencies
            .iter()
            .map(|(name, features)| {
                (
                    *name,
                    features.iter().map(|feature| (*feature).to_owned()).collect(),
                )
            })
            .collect();
        needed(owned.iter().map(|(name, features)| (*name, features.as_slice())))
    }

    fn build(dependencies: &[(&str, &[&str])]) -> Vec<&'static str> {
        needed_by(dependencies).build.into_keys().collect()
    }

    #[test]
    fn a_library_of_the_system_needs_its_headers() {
        let found = needed_by(&[("pq-sys", &[]), ("serde", &[])]);
        assert_eq!(
            found.build.keys().copied().collect::<Vec<_>>(),
            ["libpq-dev", "pkg-config"]
        );
        assert_eq!(found.libraries, BTreeMap::from([("libpq", "libpq5")]));
    }

    #[test]
    fn a_library_that_is_built_along_needs_nothing_of_the_system() {
        assert_eq!(build(&[("libsqlite3-sys", &["bundled"])]), [""; 0]);
        assert_eq!(
            build(&[("libsqlite3-sys", &[])]),
            ["libsqlite3-dev", "pkg-config"]
        );
        assert_eq!(
            build(&[("openssl-sys", &["vendored"]), ("openssl-src", &[])]),
            ["make", "perl"]
        );
        assert_eq!(
            build(&[("rdkafka-sys", &["cmake-build"]), ("cmake", &[])]),
            ["cmake", "g++", "make"]
        );
    }

    #[test]
    fn a_tool_that_a_crate_brings_is_not_installed() {
        assert_eq!(build(&[("prost-build", &[])]), ["protobuf-compiler"]);
        assert_eq!(
            build(&[("prost-build", &[]), ("protoc-bin-vendored", &[])]),
            [""; 0]
        );
    }

    #[test]
    fn every_row_says_something() {
        for need in NEEDS {
            let says = !need.build.is_empty() || need.library.is_some();
            assert!(says, "{}", need.package);
        }
    }
}
