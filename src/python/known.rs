//! Interpreters that are not on this machine, worked out from their version and the target triple.

use super::{Implementation, Interpreter};

/// How CPython and PyPy spell a processor in the suffixes of extension modules.
struct Processor {
    /// As target triples begin.
    triple: &'static str,
    cpython: &'static str,
    pypy: &'static str,
    pointer_width: u8,
}

const fn processor(triple: &'static str, cpython: &'static str, pypy: &'static str, bits: u8) -> Processor {
    Processor {
        triple,
        cpython,
        pypy,
        pointer_width: bits,
    }
}

/// The processors that Python names on Linux.
///
/// <https://github.com/python/cpython/blob/main/Misc/platform_triplet.c>
const PROCESSORS: [Processor; 22] = [
    processor("x86_64", "x86_64", "x86_64", 64),
    processor("aarch64", "aarch64", "aarch64", 64),
    processor("i586", "i386", "x86", 32),
    processor("i686", "i386", "x86", 32),
    processor("arm", "arm", "arm", 32),
    processor("armv5te", "arm", "arm", 32),
    processor("armv7", "arm", "arm", 32),
    processor("thumbv7neon", "arm", "arm", 32),
    processor("powerpc", "powerpc", "ppc", 32),
    processor("powerpc64", "powerpc64", "ppc_64", 64),
    processor("powerpc64le", "powerpc64le", "ppc_64", 64),
    processor("s390x", "s390x", "s390x", 64),
    processor("riscv64gc", "riscv64", "riscv64", 64),
    processor("riscv64a23", "riscv64", "riscv64", 64),
    processor("loongarch64", "loongarch64", "loongarch64", 64),
    processor("mips", "mips", "mips", 32),
    processor("mipsel", "mipsel", "mips", 32),
    processor("sparc", "sparc", "sparc", 32),
    processor("sparc64", "sparc64", "sparc64", 64),
    processor("m68k", "m68k", "m68k", 32),
    processor("mips64", "mips64", "mips64", 64),
    processor("mips64el", "mips64el", "mips64", 64),
];

/// The C interfaces of Linux that triples and Python call by the same word.
const LINUX_ENVIRONMENTS: [&str; 8] = [
    "gnu",
    "gnueabi",
    "gnueabihf",
    "gnuabi64",
    "musl",
    "musleabi",
    "musleabihf",
    "muslabi64",
];

/// What a target triple means to Python.
struct Platform {
    system: System,
    processor: &'static Processor,
}

/// The systems that extensions can be named for without a Python at hand.
enum System {
    /// With the word for its C interface: `gnu`, `musl`, `gnueabihf`.
    Linux(String),
    Darwin,
    Windows,
    FreeBsd,
}

impl Platform {
    fn of(target: &str) -> Option<Self> {
        let mut parts = target.split('-');
        let written = parts.next()?;
        let rest: Vec<&str> = parts.collect();
        let processor = PROCESSORS.iter().find(|processor| processor.triple == written)?;
        let system = match rest.as_slice() {
            [_, "linux", environment] if LINUX_ENVIRONMENTS.contains(environment) => {
                System::Linux((*environment).to_owned())
            }
            [_, "darwin"] => System::Darwin,
            [_, "windows", _] => System::Windows,
            [_, "freebsd"] => System::FreeBsd,
            _ => return None,
        };
        Some(Self { system, processor })
    }
}

/// The interpreter of that version for that target, as its own build would describe it; nothing where that cannot be known.
///
/// GraalPy is never known: its ABI names the release, which a language version does not tell.
#[must_use]
pub fn known(
    implementation: Implementation,
    minor: u8,
    free_threaded: bool,
    target: &str,
) -> Option<Interpreter> {
    let platform = Platform::of(target)?;
    let (ext_suffix, soabi, abiflags) = match implementation {
        Implementation::CPython => cpython(minor, free_threaded, &platform),
        Implementation::PyPy if !free_threaded => pypy(minor, &platform)?,
        Implementation::PyPy | Implementation::GraalPy => return None,
    };
    Some(Interpreter {
        implementation,
        major: 3,
        minor,
        free_threaded,
        debug: false,
        ext_suffix,
        soabi: Some(soabi),
        abiflags,
        pointer_width: platform.processor.pointer_width,
        platform: None,
        executable: None,
        base_executable: None,
    })
}

/// CPython's suffix, SOABI and flags.
///
/// <https://peps.python.org/pep-3149/>
fn cpython(minor: u8, free_threaded: bool, platform: &Platform) -> (String, String, String) {
    let flags = match (free_threaded, minor) {
        (true, _) => "t",
        (false, ..=7) => "m",
        (false, _) => "",
    };
    let tag = format!("cpython-3{minor}{flags}");
    let soabi = match &platform.system {
        System::Linux(environment) => format!(
            "{tag}-{}-linux-{}",
            platform.processor.cpython,
            cpython_environment(environment, minor)
        ),
        System::Darwin => format!("{tag}-darwin"),
        System::FreeBsd => tag,
        System::Windows => {
            let soabi = format!("cp3{minor}{flags}-{}", windows_platform(platform.processor));
            return (format!(".{soabi}.pyd"), soabi, flags.to_owned());
        }
    };
    (format!(".{soabi}.so"), soabi, flags.to_owned())
}

/// Before 3.11 CPython called every Linux C library `gnu`.
fn cpython_environment(environment: &str, minor: u8) -> String {
    if minor < 11 {
        environment.replacen("musl", "gnu", 1)
    } else {
        environment.to_owned()
    }
}

fn windows_platform(processor: &Processor) -> &'static str {
    match processor.triple {
        "aarch64" => "win_arm64",
        "x86_64" => "win_amd64",
        _ => "win32",
    }
}

/// PyPy's suffix, SOABI and flags. Its ABI has a number of its own, which changed with Python 3.12.
fn pypy(minor: u8, platform: &Platform) -> Option<(String, String, String)> {
    let abi = if minor < 12 { "pp73" } else { "pp80" };
    let soabi = format!("pypy3{minor}-{abi}");
    let suffix = match &platform.system {
        System::Linux(_) => format!(".{soabi}-{}-linux-gnu.so", platform.processor.pypy),
        System::Darwin => format!(".{soabi}-darwin.so"),
        System::Windows => format!(".{soabi}-{}.pyd", windows_platform(platform.processor)),
        System::FreeBsd => return None,
    };
    Some((suffix, soabi, String::new()))
}

/// What speaks against an interpreter found on this machine when code for `target` is made; nothing where it fits.
pub(super) fn misfit(interpreter: &Interpreter, target: &str) -> Option<String> {
    let platform = Platform::of(target)?;
    let (system, prefix) = match platform.system {
        System::Linux(_) => ("Linux", "linux-"),
        System::Darwin => ("macOS", "macosx-"),
        System::Windows => ("Windows", "win"),
        System::FreeBsd => ("FreeBSD", "freebsd-"),
    };
    if let Some(own) = &interpreter.platform
        && !own.starts_with(prefix)
    {
        return Some(format!("it is made for `{own}`, not for {system}"));
    }
    if interpreter.pointer_width != platform.processor.pointer_width {
        return Some(format!(
            "it is a {}-bit program, and the target is `{target}`",
            interpreter.pointer_width
        ));
    }
    let System::Linux(environment) = &platform.system else {
        return None;
    };
    let (processor, libc) = triplet(&interpreter.ext_suffix)?;
    let other_processor = PROCESSORS
        .iter()
        .any(|known| processor == known.cpython || processor == known.pypy)
        && processor != platform.processor.cpython
        && processor != platform.processor.pypy;
    // Only from 3.11 on does the suffix tell the C libraries apart.
    let other_libc = interpreter.implementation == Implementation::CPython
        && interpreter.minor >= 11
        && libc.starts_with("musl") != environment.starts_with("musl");
    (other_processor || other_libc)
        .then(|| format!("it is made for `{processor}-linux-{libc}`, and the target is `{target}`"))
}

/// Processor and C interface in a suffix: `.cpython-312-x86_64-linux-gnu.so`.
fn triplet(ext_suffix: &str) -> Option<(&str, &str)> {
    let (before, after) = ext_suffix.strip_suffix(".so")?.split_once("-linux-")?;
    let (_, processor) = before.rsplit_once('-')?;
    Some((processor, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::request::Version;
    use Implementation::{CPython, GraalPy, PyPy};

    /// Version, target, suffix, ABI tag.
    const SUFFIXES: &str = "
        3.7        x86_64-unknown-linux-gnu         .cpython-37m-x86_64-linux-gnu.so          cp37m
        3.12       x86_64-unknown-linux-gnu         .cpython-312-x86_64-linux-gnu.so          cp312
        3.14t      x86_64-unknown-linux-gnu         .cpython-314t-x86_64-linux-gnu.so         cp314t
        3.10       x86_64-unknown-linux-musl        .cpython-310-x86_64-linux-gnu.so          cp310
        3.11       x86_64-unknown-linux-musl        .cpython-311-x86_64-linux-musl.so         cp311
        3.12       i686-unknown-linux-gnu           .cpython-312-i386-linux-gnu.so            cp312
        3.12       aarch64-unknown-linux-gnu        .cpython-312-aarch64-linux-gnu.so         cp312
        3.12       armv7-unknown-linux-gnueabihf    .cpython-312-arm-linux-gnueabihf.so       cp312
        3.12       armv7-unknown-linux-musleabihf   .cpython-312-arm-linux-musleabihf.so      cp312
        3.12       powerpc64le-unknown-linux-gnu    .cpython-312-powerpc64le-linux-gnu.so     cp312
        3.12       s390x-unknown-linux-gnu          .cpython-312-s390x-linux-gnu.so           cp312
        3.12       riscv64gc-unknown-linux-gnu      .cpython-312-riscv64-linux-gnu.so         cp312
        3.12       mips64el-unknown-linux-gnuabi64  .cpython-312-mips64el-linux-gnuabi64.so   cp312
        3.12       aarch64-apple-darwin             .cpython-312-darwin.so                    cp312
        3.12       x86_64-pc-windows-msvc           .cp312-win_amd64.pyd                      cp312
        3.14t      aarch64-pc-windows-msvc          .cp314t-win_arm64.pyd                     cp314t
        3.12       i686-pc-windows-gnu              .cp312-win32.pyd                          cp312
        3.12       x86_64-unknown-freebsd           .cpython-312.so                           cp312
        pypy3.9    x86_64-unknown-linux-gnu         .pypy39-pp73-x86_64-linux-gnu.so          pypy39_pp73
        pypy3.11   i686-unknown-linux-gnu           .pypy311-pp73-x86-linux-gnu.so            pypy311_pp73
        pypy3.11   powerpc64le-unknown-linux-gnu    .pypy311-pp73-ppc_64-linux-gnu.so         pypy311_pp73
        pypy3.12   aarch64-apple-darwin             .pypy312-pp80-darwin.so                   pypy312_pp80
        pypy3.11   x86_64-pc-windows-msvc           .pypy311-pp73-win_amd64.pyd               pypy311_pp73
    ";

    #[test]
    fn knows_the_suffixes_of_extension_modules() {
        for row in SUFFIXES.trim().lines() {
            let [version, target, suffix, abi_tag] = row.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("{row}");
            };
            let version = Version::parse(version).unwrap();
            let interpreter = known(
                version.implementation,
                version.minor,
                version.free_threaded,
                target,
            )
            .unwrap();
            assert_eq!(
                (interpreter.ext_suffix.as_str(), interpreter.abi_tag().as_str()),
                (suffix, abi_tag),
                "{row}"
            );
        }
    }

    #[test]
    fn does_not_make_up_what_it_cannot_know() {
        assert!(known(GraalPy, 11, false, "x86_64-unknown-linux-gnu").is_none());
        assert!(known(PyPy, 11, true, "x86_64-unknown-linux-gnu").is_none());
        for target in [
            "wasm32-unknown-emscripten",
            "x86_64-unknown-haiku",
            "x86_64-linux-android",
            "odd",
        ] {
            assert!(known(CPython, 12, false, target).is_none(), "{target}");
        }
    }

    #[test]
    fn an_interpreter_fits_its_own_target_and_no_other() {
        let fits = |of: &str, minor, target| {
            let mut interpreter = known(CPython, minor, false, of).unwrap();
            interpreter.platform = Some("linux-x86_64".to_owned());
            misfit(&interpreter, target)
        };
        assert_eq!(
            fits("x86_64-unknown-linux-gnu", 12, "x86_64-unknown-linux-gnu"),
            None
        );
        assert_eq!(
            fits("x86_64-unknown-linux-musl", 12, "x86_64-unknown-linux-musl"),
            None
        );
        assert_eq!(
            fits("x86_64-unknown-linux-musl", 10, "x86_64-unknown-linux-musl"),
            None,
            "an old suffix tells nothing about the C library"
        );
        assert_eq!(
            fits("x86_64-unknown-linux-gnu", 12, "x86_64-unknown-linux-musl").unwrap(),
            "it is made for `x86_64-linux-gnu`, and the target is `x86_64-unknown-linux-musl`"
        );
        assert_eq!(
            fits("x86_64-unknown-linux-gnu", 12, "aarch64-unknown-linux-gnu").unwrap(),
            "it is made for `x86_64-linux-gnu`, and the target is `aarch64-unknown-linux-gnu`"
        );
        assert_eq!(
            fits("i686-unknown-linux-gnu", 12, "x86_64-unknown-linux-gnu").unwrap(),
            "it is a 32-bit program, and the target is `x86_64-unknown-linux-gnu`"
        );
        assert_eq!(
            fits("x86_64-unknown-linux-gnu", 12, "x86_64-apple-darwin").unwrap(),
            "it is made for `linux-x86_64`, not for macOS"
        );
    }
}
