//! `ironwheel elf` as it is typed: what it prints, what it writes, and what it does not touch; and every kind of bad input.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use ironwheel::elf::{Edits, RunPath, apply, inspect};

use crate::place::{self, IRONWHEEL};
use crate::shell::{Answer, Shell};

const LIBRARY: &str = "gnu-x86_64.so";

fn fixture(name: &str) -> PathBuf {
    place::repository().join("tests/fixtures/elf").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).expect("a fixture")
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A folder with a library in it.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("libsample.so");
    std::fs::write(&path, bytes(LIBRARY)).expect("a library");
    (folder, path)
}

fn elf(folder: &Path, arguments: &[&str]) -> Answer {
    Shell::new(IRONWHEEL)
        .arg("elf")
        .args(arguments)
        .folder(folder)
        .run()
}

fn names(folder: &Path) -> Vec<String> {
    crate::case::names(folder)
}

fn set_soname() -> Edits {
    Edits {
        soname: Some("libother.so.1".to_owned()),
        run_path: RunPath::Set("$ORIGIN/../a_long_name.libs".repeat(12)),
        ..Edits::default()
    }
}

#[test]
fn several_files_are_edited_in_place_with_all_flags_at_once() {
    let (folder, one) = folder();
    let other = folder.path().join("libother.so");
    std::fs::write(&other, bytes("lld-s390x.so")).unwrap();
    std::fs::set_permissions(&one, std::fs::Permissions::from_mode(0o751)).unwrap();
    let hard_link = folder.path().join("cached.so");
    std::fs::hard_link(&one, &hard_link).unwrap();
    symlink("libsample.so", folder.path().join("link.so")).unwrap();
    let flags = [
        "--set-soname",
        "libnew.so.2",
        "--force-rpath",
        "--set-rpath",
        "$ORIGIN",
        "link.so",
        "libother.so",
    ];
    let said = elf(folder.path(), &flags).succeeded();
    assert_eq!(said, "");
    for path in [&one, &other] {
        let facts = inspect(&read(path)).unwrap();
        assert_eq!(
            (facts.soname.as_deref(), facts.rpath.as_deref()),
            (Some("libnew.so.2"), Some("$ORIGIN"))
        );
    }
    assert_eq!(one.metadata().unwrap().mode() & 0o777, 0o751);
    assert_eq!(
        read(&hard_link),
        bytes(LIBRARY),
        "another name of the file keeps the old bytes"
    );
    assert!(folder.path().join("link.so").is_symlink());
    assert_eq!(
        names(folder.path()),
        ["cached.so", "libother.so", "libsample.so", "link.so"]
    );
}

#[test]
fn a_file_that_is_as_it_is_wished_is_not_written() {
    let (folder, path) = folder();
    let flags = ["--replace-needed", "libabsent.so", "libnew.so", "libsample.so"];
    let before = path.metadata().unwrap();
    elf(folder.path(), &flags).succeeded();
    let after = path.metadata().unwrap();
    assert_eq!(
        (before.ino(), before.mtime_nsec()),
        (after.ino(), after.mtime_nsec())
    );
}

#[test]
fn output_leaves_the_file_alone() {
    let (folder, path) = folder();
    elf(
        folder.path(),
        &[
            "--set-soname",
            "libnew.so",
            "--output",
            "edited.so",
            "libsample.so",
        ],
    )
    .succeeded();
    assert_eq!(read(&path), bytes(LIBRARY));
    assert_eq!(
        inspect(&read(&folder.path().join("edited.so")))
            .unwrap()
            .soname
            .as_deref(),
        Some("libnew.so")
    );
    let one_name_for_two = elf(
        folder.path(),
        &[
            "--set-soname",
            "libnew.so",
            "--output",
            "again.so",
            "libsample.so",
            "edited.so",
        ],
    );
    assert_eq!(one_name_for_two.status, 2, "{}", one_name_for_two.stderr);
    assert!(
        one_name_for_two.stderr.contains("`--output`"),
        "{}",
        one_name_for_two.stderr
    );
    assert_eq!(names(folder.path()), ["edited.so", "libsample.so"]);
}

#[test]
fn what_is_printed_is_what_patchelf_prints() {
    let (folder, _) = folder();
    let print = |flag: &str, file: &str| elf(folder.path(), &[flag, file]).succeeded();
    assert_eq!(print("--print-soname", "libsample.so"), "mylib\n");
    assert_eq!(
        print("--print-needed", "libsample.so"),
        "libc.so.6\nld-linux-x86-64.so.2\n"
    );
    assert_eq!(print("--print-rpath", "libsample.so"), "\n");
    let program = fixture("gnu-x86_64-program");
    assert_eq!(
        print("--print-interpreter", program.to_str().unwrap()),
        "/lib64/ld-linux-x86-64.so.2\n"
    );
}

/// Each flag of patchelf's that takes `@FILE`, what the file holds, and what is then true of the edited library.
type ValueFromFile = (
    &'static [&'static str],
    &'static str,
    fn(&ironwheel::elf::Facts) -> bool,
);

#[test]
fn a_value_can_be_what_a_file_holds() {
    let flags: [ValueFromFile; 6] = [
        (&["--set-rpath", "@value"], "$ORIGIN/a", |it| {
            it.runpath.as_deref() == Some("$ORIGIN/a")
        }),
        (&["--add-rpath", "@value"], "$ORIGIN/b\n", |it| {
            it.runpath.as_deref() == Some("$ORIGIN/b")
        }),
        (&["--set-soname", "@value"], "libvalue.so.1", |it| {
            it.soname.as_deref() == Some("libvalue.so.1")
        }),
        (&["--add-needed", "@value"], "libmore.so", |it| {
            it.needed.contains(&"libmore.so".to_owned())
        }),
        (
            &[
                "--set-rpath",
                "/a:/b",
                "--output",
                "@value",
                "--no-sort",
                "--no-clobber-old-sections",
                "--debug",
            ],
            "libsample.so",
            |it| it.runpath.as_deref() == Some("/a:/b"),
        ),
        // The two names of this flag are never files.
        (&["--replace-needed", "libc.so.6", "@value"], "", |it| {
            it.needed.first().is_some_and(|it| it == "@value")
        }),
    ];
    for (words, held, holds) in flags {
        let (folder, path) = folder();
        std::fs::write(folder.path().join("value"), held).unwrap();
        let line = [words, &["libsample.so"]].concat();
        assert_eq!(elf(folder.path(), &line).succeeded(), "", "{line:?}");
        let facts = inspect(&read(&path)).unwrap();
        assert!(holds(&facts), "{line:?}: {facts:?}");
    }
    let (folder, path) = folder();
    let answer = elf(folder.path(), &["--set-rpath", "@absent", "libsample.so"]);
    assert_eq!(answer.status, 1);
    assert!(
        answer.stderr.contains("cannot read") && answer.stderr.contains("absent"),
        "{}",
        answer.stderr
    );
    assert_eq!(read(&path), bytes(LIBRARY));
}

#[test]
fn a_library_that_is_not_needed_any_more_can_be_what_a_file_holds() {
    let (folder, path) = folder();
    std::fs::write(folder.path().join("value"), "libx.so\n").unwrap();
    for flag in ["--add-needed", "--remove-needed"] {
        elf(folder.path(), &[flag, "@value", "libsample.so"]).succeeded();
        let is_needed = inspect(&read(&path))
            .unwrap()
            .needed
            .contains(&"libx.so".to_owned());
        assert_eq!(is_needed, flag == "--add-needed");
    }
}

#[test]
fn a_prefix_and_an_interpreter_can_be_what_a_file_holds() {
    let (folder, _) = folder();
    let program = folder.path().join("program");
    std::fs::copy(fixture("gnu-x86_64-program"), &program).unwrap();
    std::fs::write(folder.path().join("value"), "/lib/ld-of-file.so").unwrap();
    for flag in ["--set-interpreter", "--interpreter"] {
        elf(folder.path(), &[flag, "@value", "program"]).succeeded();
        assert_eq!(
            elf(folder.path(), &["--print-interpreter", "program"]).succeeded(),
            "/lib/ld-of-file.so\n"
        );
    }
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    std::fs::write(folder.path().join("value"), "/opt").unwrap();
    let run_path = format!("{}:$ORIGIN", empty.display());
    elf(folder.path(), &["--set-rpath", &run_path, "libsample.so"]).succeeded();
    let shrink = [
        "--shrink-rpath",
        "--allowed-rpath-prefixes",
        "@value",
        "libsample.so",
    ];
    elf(folder.path(), &shrink).succeeded();
    assert_eq!(
        elf(folder.path(), &["--print-rpath", "libsample.so"]).succeeded(),
        "$ORIGIN\n"
    );
}

#[test]
fn a_library_has_no_interpreter_to_print() {
    let (folder, _) = folder();
    let answer = elf(folder.path(), &["--print-interpreter", "libsample.so"]);
    assert_eq!(
        (answer.status, answer.stdout.as_str()),
        (1, ""),
        "{}",
        answer.stderr
    );
    for words in [
        "cannot print the interpreter of",
        "libsample.so",
        "it has no `PT_INTERP`",
    ] {
        assert!(answer.stderr.contains(words), "{words}: {}", answer.stderr);
    }
}

/// Calls `ironwheel elf` on many files and sends it a signal while it works.
#[test]
fn a_signal_leaves_whole_files_and_nothing_else() {
    for (signal, status) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..2000).map(|number| format!("lib{number:04}.so")).collect();
        for name in &names {
            std::fs::write(folder.path().join(name), bytes(LIBRARY)).unwrap();
        }
        let child = Shell::new("env")
            .args(["--default-signal=INT,TERM,HUP", IRONWHEEL, "elf"])
            .args(["--set-soname", "libnew.so.2", "--set-rpath", "$ORIGIN/../a.libs"])
            .args(&names)
            .folder(folder.path())
            .start();
        while read(&folder.path().join(&names[50])) == bytes(LIBRARY) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        Shell::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .run()
            .succeeded();
        let output = child.wait_with_output().expect("a child can be waited for");
        let answer = crate::shell::answer("ironwheel elf".to_owned(), output);
        assert_eq!(answer.status, status, "SIG{signal}: {}", answer.stderr);
        assert_eq!(self::names(folder.path()), names, "SIG{signal}");
        let is_edited = |name: &String| {
            let bytes = read(&folder.path().join(name));
            let soname = inspect(&bytes).expect("a whole file").soname;
            soname.as_deref() == Some("libnew.so.2")
        };
        assert!(is_edited(&names[0]) && !is_edited(&names[1999]), "SIG{signal}");
    }
}

#[test]
fn a_failed_edit_leaves_the_file_and_nothing_beside_it() {
    let (folder, path) = folder();
    std::fs::write(&path, &bytes(LIBRARY)[..5000]).unwrap();
    let answer = elf(folder.path(), &["--set-rpath", "$ORIGIN", "libsample.so"]);
    assert_eq!(answer.status, 1, "{}", answer.stderr);
    assert!(answer.stderr.contains("libsample.so"), "{}", answer.stderr);
    assert_eq!(read(&path), &bytes(LIBRARY)[..5000]);
    assert_eq!(names(folder.path()), ["libsample.so"]);
}

#[test]
fn a_file_over_four_gibibytes_is_refused_unread() {
    let (folder, path) = folder();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len((4 << 30) + 1).unwrap();
    let answer = elf(folder.path(), &["--print-soname", "libsample.so"]);
    assert_eq!(answer.status, 1);
    assert!(
        answer.stderr.contains("larger than the 4 GiB"),
        "{}",
        answer.stderr
    );
}

/// What is wrong, the file, and a part of what is said: the field and its offset, or the kind of file.
type Bad = (&'static str, Vec<u8>, &'static str);

fn with(name: &str, at: usize, bytes_there: &[u8]) -> Vec<u8> {
    let mut bytes = bytes(name);
    bytes[at..at + bytes_there.len()].copy_from_slice(bytes_there);
    bytes
}

/// Where the value of a dynamic entry of the x86-64 library stands.
fn value_of(tag: u64) -> usize {
    let bytes = bytes(LIBRARY);
    let parsed = goblin::elf::Elf::parse(&bytes).unwrap();
    let index = parsed
        .dynamic
        .as_ref()
        .unwrap()
        .dyns
        .iter()
        .position(|it| it.d_tag == tag)
        .unwrap();
    let is_dynamic = |it: &&goblin::elf::ProgramHeader| it.p_type == goblin::elf::program_header::PT_DYNAMIC;
    let table = parsed.program_headers.iter().find(is_dynamic).unwrap().p_offset;
    usize::try_from(table).unwrap() + index * 16 + 8
}

fn bad_files() -> Vec<Bad> {
    use goblin::elf::dynamic::{DT_GNU_HASH, DT_SONAME, DT_STRSZ, DT_STRTAB, DT_SYMTAB, DT_VERNEED};
    let far = u64::MAX.to_le_bytes();
    let dynamic = |tag: u64, value: &[u8]| with(LIBRARY, value_of(tag), value);
    vec![
        ("empty", Vec::new(), "not an ELF file: it begins with nothing"),
        (
            "a script",
            b"#!/bin/sh\n".to_vec(),
            "not an ELF file: it begins with `23 21 2f 62`",
        ),
        ("only the magic", b"\x7fELF".to_vec(), "EI_CLASS at offset 0x4"),
        (
            "no class",
            with(LIBRARY, 4, &[3]),
            "EI_CLASS at offset 0x4: 3 is neither 32 nor 64 bit",
        ),
        (
            "no byte order",
            with(LIBRARY, 5, &[0]),
            "EI_DATA at offset 0x5: 0 is no byte order",
        ),
        (
            "program headers far away",
            with(LIBRARY, 32, &far),
            "e_phoff at offset 0x20",
        ),
        (
            "section headers far away",
            with(LIBRARY, 40, &far),
            "e_shoff at offset 0x28",
        ),
        (
            "program headers of another size",
            with(LIBRARY, 54, &[1, 0]),
            "e_phentsize at offset 0x36",
        ),
        (
            "strings far away",
            dynamic(DT_STRTAB, &far),
            "DT_STRTAB at offset",
        ),
        ("strings too long", dynamic(DT_STRSZ, &far), "DT_STRSZ at offset"),
        (
            "a string behind the table",
            dynamic(DT_SONAME, &0xffff_u64.to_le_bytes()),
            "DT_SONAME at offset",
        ),
        (
            "symbols far away",
            dynamic(DT_SYMTAB, &far),
            "DT_SYMTAB at offset",
        ),
        (
            "a hash table far away",
            dynamic(DT_GNU_HASH, &far),
            "DT_GNU_HASH at offset",
        ),
        (
            "versions far away",
            dynamic(DT_VERNEED, &far),
            "DT_VERNEED at offset",
        ),
    ]
}

#[test]
fn bad_input_is_named_by_field_and_offset() {
    for (what, bytes, words) in bad_files() {
        let read = inspect(&bytes).expect_err(what).to_string();
        assert!(read.contains(words), "{what}: {read}");
        let edit = apply(&bytes, &set_soname()).expect_err(what).to_string();
        assert!(edit.contains(words), "{what}: {edit}");
    }
}

#[test]
fn a_string_table_without_end_is_not_edited() {
    let bytes = bytes(LIBRARY);
    let parsed = goblin::elf::Elf::parse(&bytes).unwrap();
    let size = parsed.dynamic.as_ref().unwrap().info.strsz as u64 - 1;
    let endless = with(
        LIBRARY,
        value_of(goblin::elf::dynamic::DT_STRSZ),
        &size.to_le_bytes(),
    );
    let error = apply(&endless, &set_soname()).unwrap_err().to_string();
    assert!(error.starts_with("DT_STRSZ at offset"), "{error}");
}

#[test]
fn files_without_a_dynamic_section_say_which_they_are() {
    let mut object = bytes(LIBRARY);
    object[16] = 1; // ET_REL
    object[56..58].fill(0); // no program headers
    let mut program = object.clone();
    program[16] = 2; // ET_EXEC
    let mut core = object.clone();
    core[16] = 4; // ET_CORE
    for (bytes, words) in [
        (object, "an object file"),
        (program, "statically linked"),
        (core, "a core dump"),
    ] {
        assert!(!inspect(&bytes).unwrap().is_dynamic);
        let error = apply(&bytes, &set_soname()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn names_that_no_string_table_holds_are_refused() {
    for (soname, words) in [("lib\0.so", "holds a NUL"), ("", "a name is empty")] {
        let edits = Edits {
            soname: Some(soname.to_owned()),
            ..Edits::default()
        };
        let error = apply(&bytes(LIBRARY), &edits).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_file_that_ends_anywhere_gives_facts_or_an_error() {
    for name in [LIBRARY, "lld-mips.so", "lld-s390x.so"] {
        let whole = bytes(name);
        for length in (0..whole.len()).step_by(37).chain(0..400) {
            let part = &whole[..length];
            if let Ok(edited) = apply(part, &set_soname()) {
                assert_eq!(
                    inspect(&edited).unwrap().soname.as_deref(),
                    Some("libother.so.1"),
                    "{name}, {length}"
                );
            }
            let _ = inspect(part);
        }
    }
}

#[test]
fn a_section_header_that_lies_about_a_symbol_table_costs_no_time() {
    // The dynamic table has to move, so that the symbol `_DYNAMIC` is looked for.
    let mut bytes = bytes("lld-x86_64.so");
    let parsed = goblin::elf::Elf::parse(&bytes).unwrap();
    let table = parsed.header.e_shoff;
    let is_symbols = |it: &goblin::elf::SectionHeader| it.sh_type == goblin::elf::section_header::SHT_SYMTAB;
    let index = parsed
        .section_headers
        .iter()
        .position(is_symbols)
        .expect(".symtab");
    let size = usize::try_from(table).unwrap() + index * 64 + 32;
    bytes[size..size + 8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    let edited = apply(&bytes, &set_soname()).unwrap();
    assert_eq!(inspect(&edited).unwrap().soname.as_deref(), Some("libother.so.1"));
}

#[test]
fn a_dynamic_table_that_is_in_no_loaded_part_is_not_edited() {
    let mut bytes = bytes(LIBRARY);
    let parsed = goblin::elf::Elf::parse(&bytes).unwrap();
    let is_dynamic = |it: &goblin::elf::ProgramHeader| it.p_type == goblin::elf::program_header::PT_DYNAMIC;
    let header = 64 + parsed.program_headers.iter().position(is_dynamic).unwrap() * 56;
    bytes[header + 16..header + 24].copy_from_slice(&0x7000_0000_u64.to_le_bytes());
    let error = apply(&bytes, &set_soname()).unwrap_err().to_string();
    assert!(error.contains("p_offset of PT_DYNAMIC"), "{error}");
}
