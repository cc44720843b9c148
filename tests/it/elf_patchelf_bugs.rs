//! Editing ELF files does none of the harm that others have done: a test for each kind.
//!
//! The judge is goblin's own reading, which the editor does not use.

use std::path::{Path, PathBuf};

use goblin::elf::program_header::{PF_W, PT_DYNAMIC, PT_GNU_RELRO, PT_INTERP, PT_LOAD, PT_NOTE, PT_PHDR};
use goblin::elf::section_header::{SHF_ALLOC, SHT_NOBITS, SHT_NOTE};
use goblin::elf::{Elf, dynamic, program_header::ProgramHeader, section_header::SectionHeader};
use ironwheel::elf::{Edits, RunPath, RunPathTag, apply, inspect};

const LIBRARIES: [&str; 8] = [
    "gnu-x86_64.so",
    "gnu-x86_64-2m.so",
    "lld-x86_64.so",
    "lld-s390x.so",
    "lld-mips.so",
    "lld-mips64el.so",
    "lld-powerpc64.so",
    "lld-loongarch64.so",
];
const BIG_ENDIAN: [&str; 3] = ["lld-s390x.so", "lld-mips.so", "lld-powerpc64.so"];

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/elf")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parsed(bytes: &[u8]) -> Elf<'_> {
    Elf::parse(bytes).expect("goblin reads it")
}

fn edited(bytes: &[u8], edits: &Edits) -> Vec<u8> {
    apply(bytes, edits).unwrap_or_else(|error| panic!("{edits:?}: {error}"))
}

/// What grafting does to a library: soname, run path and every needed library become longer.
fn graft(bytes: &[u8]) -> Edits {
    let needed = inspect(bytes).expect("a sane file").needed;
    let longer = |name: &String| (name.clone(), name.replacen(".so", "-0123abcd.so", 1));
    Edits {
        soname: Some("libsample-89abcdef.so.1".to_owned()),
        replace_needed: needed.iter().map(longer).collect(),
        run_path: RunPath::Set(
            (0..6)
                .map(|it| format!("$ORIGIN/../a_long_name_{it}.libs"))
                .collect::<Vec<_>>()
                .join(":"),
        ),
        ..Edits::default()
    }
}

/// Every library, before and after a graft.
fn grafted(names: &[&str]) -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let graft_one = |name: &&str| {
        let before = fixture(name);
        let after = edited(&before, &graft(&before));
        assert_ne!(before, after, "{name}");
        ((*name).to_owned(), before, after)
    };
    names.iter().map(graft_one).collect()
}

fn loads<'a>(elf: &'a Elf<'_>) -> Vec<&'a ProgramHeader> {
    elf.program_headers
        .iter()
        .filter(|it| it.p_type == PT_LOAD)
        .collect()
}

fn segment<'a>(elf: &'a Elf<'_>, kind: u32) -> Option<&'a ProgramHeader> {
    elf.program_headers.iter().find(|it| it.p_type == kind)
}

fn section<'a>(elf: &'a Elf<'_>, name: &str) -> Option<&'a SectionHeader> {
    elf.section_headers
        .iter()
        .find(|it| elf.shdr_strtab.get_at(it.sh_name) == Some(name))
}

fn content<'a>(bytes: &'a [u8], it: &SectionHeader) -> &'a [u8] {
    &bytes[usize::try_from(it.sh_offset).unwrap()..][..usize::try_from(it.sh_size).unwrap()]
}

fn dynamic_value(elf: &Elf<'_>, tag: u64) -> Option<u64> {
    elf.dynamic
        .as_ref()?
        .dyns
        .iter()
        .find(|it| it.d_tag == tag)
        .map(|it| it.d_val)
}

fn temporary(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    (folder, path)
}

#[expect(clippy::disallowed_methods, reason = "tests start other programs themselves")]
fn run(program: &Path, arguments: &[&str]) -> std::process::Output {
    std::process::Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

fn assert_congruent(name: &str, bytes: &[u8]) {
    for load in loads(&parsed(bytes)) {
        let page = load.p_align.max(1);
        assert_eq!(load.p_vaddr % page, load.p_offset % page, "{name}: {load:?}");
        assert!(
            load.p_offset + load.p_filesz <= bytes.len() as u64,
            "{name}: {load:?}"
        );
    }
}

/// A kind of harm, and what proves that it is not done.
type Case = (u8, &'static str, fn());

const CASES: [Case; 25] = [
    (
        1,
        "strip after an edit leaves a sane file",
        strip_leaves_a_sane_file,
    ),
    (
        2,
        "segments are aligned in the file as in memory",
        segments_stay_congruent,
    ),
    (
        3,
        "editing again and again does not make the file longer",
        editing_again_does_not_grow,
    ),
    (4, "large pages are kept apart", large_pages_are_kept_apart),
    (
        5,
        "a huge alignment is no reason to pad the file",
        huge_alignment_does_not_pad,
    ),
    (
        6,
        "a string that ends another one survives it",
        shared_ends_survive,
    ),
    (
        7,
        "provided versions stay where readers look for them",
        provided_versions_survive,
    ),
    (8, "initialisers stay where they are", initialisers_stay),
    (
        9,
        "the dynamic table can be written to where it could",
        dynamic_stays_writable,
    ),
    (10, "strings and symbols are loaded whole", tables_are_loaded),
    (11, "no segment is split", no_segment_is_split),
    (
        12,
        "nothing is written over what stands behind the program headers",
        neighbours_of_headers_survive,
    ),
    (
        13,
        "notes are untouched in either byte order",
        notes_are_untouched,
    ),
    (
        14,
        "the symbol _DYNAMIC follows the dynamic table",
        dynamic_symbol_follows,
    ),
    (
        15,
        "sections with the same name are not mistaken for each other",
        same_names_are_not_mistaken,
    ),
    (16, "sections keep their order", sections_keep_their_order),
    (
        17,
        "addresses relative to a dynamic entry still lead to the same place",
        relative_entries_are_corrected,
    ),
    (
        18,
        "needed versions follow the needed library",
        needed_versions_follow,
    ),
    (
        19,
        "several edits at once are the same as one after the other",
        edits_at_once_or_one_by_one,
    ),
    (
        20,
        "flags keep their bits in either byte order",
        flags_keep_their_bits,
    ),
    (
        21,
        "what is there already is not added again",
        nothing_is_added_twice,
    ),
    (
        22,
        "files without section headers are edited too",
        files_without_sections,
    ),
    (
        23,
        "what is only for debuggers is untouched",
        debug_information_is_untouched,
    ),
    (
        24,
        "what was appended to the file stays at its end",
        appended_payloads_stay_last,
    ),
    (
        25,
        "the program headers of a program stay where the kernel looks for them",
        programs_still_run,
    ),
];

#[test]
fn none_of_the_known_harms_is_done() {
    let failed: Vec<String> = CASES
        .iter()
        .filter(|(_, _, case)| std::panic::catch_unwind(case).is_err())
        .map(|(number, promise, _)| format!("{number}: {promise}"))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

fn strip_leaves_a_sane_file() {
    for (name, _, after) in grafted(&["gnu-x86_64.so", "gnu-x86_64-2m.so", "lld-x86_64.so"]) {
        let (_folder, path) = temporary(&name, &after);
        let output = run(Path::new("strip"), &[path.to_str().unwrap()]);
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let stripped = std::fs::read(&path).unwrap();
        assert_congruent(&name, &stripped);
        let (one, other) = (inspect(&after).unwrap(), inspect(&stripped).unwrap());
        assert_eq!(
            (one.needed, one.soname, one.rpath, one.exported),
            (other.needed, other.soname, other.rpath, other.exported)
        );
    }
}

fn segments_stay_congruent() {
    for (name, _, after) in grafted(&LIBRARIES) {
        assert_congruent(&name, &after);
    }
}

fn editing_again_does_not_grow() {
    for (name, before, mut after) in grafted(&LIBRARIES) {
        assert_eq!(
            edited(&after, &graft(&before)),
            after,
            "{name}: the same edit again"
        );
        let size = after.len();
        for number in 0..5 {
            let soname = Some(format!("libsample-{number}9abcdef.so.1"));
            after = edited(
                &after,
                &Edits {
                    soname,
                    ..Edits::default()
                },
            );
        }
        assert_eq!(after.len(), size, "{name}");
    }
}

fn large_pages_are_kept_apart() {
    for (name, _, after) in grafted(&["lld-loongarch64.so", "lld-powerpc64.so", "lld-mips64el.so"]) {
        let elf = parsed(&after);
        for pair in loads(&elf).windows(2) {
            let end = (pair[0].p_vaddr + pair[0].p_memsz).next_multiple_of(0x1_0000);
            assert!(end <= pair[1].p_vaddr & !0xffff, "{name}: {pair:?}");
        }
    }
}

fn huge_alignment_does_not_pad() {
    let (_, before, after) = grafted(&["gnu-x86_64-2m.so"]).remove(0);
    assert!(loads(&parsed(&before)).iter().all(|it| it.p_align == 0x20_0000));
    assert!(
        after.len() - before.len() < 4096,
        "{} bytes more",
        after.len() - before.len()
    );
}

fn shared_ends_survive() {
    let before = fixture("gnu-x86_64.so");
    let soname = Some("another".to_owned());
    let after = edited(
        &before,
        &Edits {
            soname,
            ..Edits::default()
        },
    );
    let elf = parsed(&after);
    let auxiliary = dynamic_value(&elf, 0x7fff_fffd).expect("DT_AUXILIARY");
    assert_eq!(
        elf.dynstrtab.get_at(usize::try_from(auxiliary).unwrap()),
        Some("lib")
    );
    assert_eq!(elf.soname, Some("another"));
}

fn provided_versions_survive() {
    let (_, before, after) = grafted(&["gnu-x86_64.so"]).remove(0);
    let facts = inspect(&after).unwrap();
    assert_eq!(facts.provided_versions, ["SAMPLE_1", "SAMPLE_2"]);
    assert_eq!(facts.exported, inspect(&before).unwrap().exported);
    let elf = parsed(&after);
    let address = section(&elf, ".gnu.version_d").expect("the section").sh_addr;
    assert_eq!(dynamic_value(&elf, dynamic::DT_VERDEF), Some(address));
    assert_eq!(elf.verdef.expect("goblin reads them").iter().count(), 3);
}

fn initialisers_stay() {
    for (name, before, after) in grafted(&["gnu-x86_64.so", "lld-x86_64.so"]) {
        let (old, new) = (parsed(&before), parsed(&after));
        for tag in [
            dynamic::DT_INIT,
            dynamic::DT_FINI,
            dynamic::DT_INIT_ARRAY,
            dynamic::DT_FINI_ARRAY,
        ] {
            assert!(dynamic_value(&old, tag).is_some(), "{name}");
            assert_eq!(dynamic_value(&old, tag), dynamic_value(&new, tag), "{name}");
        }
        let array =
            |bytes: &[u8], elf: &Elf<'_>| content(bytes, section(elf, ".init_array").unwrap()).to_vec();
        assert_eq!(array(&before, &old), array(&after, &new), "{name}");
    }
}

fn dynamic_stays_writable() {
    for (name, before, after) in grafted(&LIBRARIES) {
        let host = |elf: &Elf<'_>| {
            let table = segment(elf, PT_DYNAMIC).unwrap().p_vaddr;
            let load = loads(elf)
                .into_iter()
                .find(|it| it.vm_range().contains(&usize::try_from(table).unwrap()))
                .cloned();
            let relro = segment(elf, PT_GNU_RELRO)
                .is_some_and(|it| it.vm_range().contains(&usize::try_from(table).unwrap()));
            (load.expect("a segment holds it").p_flags & PF_W, relro)
        };
        assert_eq!(host(&parsed(&before)).0, host(&parsed(&after)).0, "{name}");
        if name != "lld-powerpc64.so" {
            // There no padding takes the strings, and writing `.bss` out anyway is cheaper than padding for this table too.
            assert_eq!(host(&parsed(&before)).1, host(&parsed(&after)).1, "{name}");
        }
    }
}

fn tables_are_loaded() {
    for (name, _, after) in grafted(&LIBRARIES) {
        let elf = parsed(&after);
        let inside = |address: u64, size: u64| {
            loads(&elf)
                .iter()
                .any(|it| address >= it.p_vaddr && address + size <= it.p_vaddr + it.p_filesz)
        };
        let value = |tag: u64| dynamic_value(&elf, tag).unwrap();
        assert!(
            inside(value(dynamic::DT_STRTAB), value(dynamic::DT_STRSZ)),
            "{name}"
        );
        assert!(inside(value(dynamic::DT_SYMTAB), 24), "{name}");
        let strings = section(&elf, ".dynstr").unwrap();
        assert_eq!(
            (strings.sh_addr, strings.sh_size),
            (value(dynamic::DT_STRTAB), value(dynamic::DT_STRSZ)),
            "{name}"
        );
    }
}

fn no_segment_is_split() {
    for (name, before, after) in grafted(&LIBRARIES) {
        let starts = |bytes: &[u8]| {
            loads(&parsed(bytes))
                .iter()
                .map(|it| (it.p_vaddr, it.p_flags))
                .collect::<Vec<_>>()
        };
        assert_eq!(starts(&before), starts(&after), "{name}");
    }
}

fn neighbours_of_headers_survive() {
    for (name, before, after) in grafted(&LIBRARIES) {
        let (old, new) = (parsed(&before), parsed(&after));
        assert_eq!(
            (old.header.e_phoff, old.header.e_phnum),
            (new.header.e_phoff, new.header.e_phnum),
            "{name}"
        );
        let end = usize::try_from(old.header.e_phoff).unwrap()
            + usize::from(old.header.e_phnum) * usize::from(old.header.e_phentsize);
        assert_eq!(before[end..end + 64], after[end..end + 64], "{name}");
    }
}

fn notes_are_untouched() {
    for (name, before, after) in grafted(&LIBRARIES) {
        let (old, new) = (parsed(&before), parsed(&after));
        let notes = |elf: &Elf<'_>| -> Vec<_> {
            let segments = elf.program_headers.iter().filter(|it| it.p_type == PT_NOTE);
            let sections = elf.section_headers.iter().filter(|it| it.sh_type == SHT_NOTE);
            let segments = segments.map(|it| (it.p_vaddr, it.p_offset, it.p_filesz, it.p_align));
            segments
                .chain(sections.map(|it| (it.sh_addr, it.sh_offset, it.sh_size, it.sh_addralign)))
                .collect()
        };
        assert!(!notes(&old).is_empty(), "{name}");
        assert_eq!(notes(&old), notes(&new), "{name}");
        let facts = inspect(&after).unwrap();
        assert!(facts.build_id.is_some(), "{name}");
        assert_eq!(facts.build_id, inspect(&before).unwrap().build_id, "{name}");
    }
}

fn dynamic_symbol_follows() {
    let (_, before, after) = grafted(&["lld-x86_64.so"]).remove(0);
    let (old, new) = (parsed(&before), parsed(&after));
    let table = |elf: &Elf<'_>| segment(elf, PT_DYNAMIC).unwrap().p_vaddr;
    assert_ne!(
        table(&old),
        table(&new),
        "the table had to move, or this proves nothing"
    );
    let symbol = new
        .syms
        .iter()
        .find(|it| new.strtab.get_at(it.st_name) == Some("_DYNAMIC"))
        .expect("_DYNAMIC");
    assert_eq!(symbol.st_value, table(&new));
}

fn same_names_are_not_mistaken() {
    let mut before = fixture("gnu-x86_64.so");
    let (table, names, comment) = {
        let elf = parsed(&before);
        let index = elf
            .section_headers
            .iter()
            .position(|it| elf.shdr_strtab.get_at(it.sh_name) == Some(".comment"));
        (
            elf.header.e_shoff,
            section(&elf, ".dynstr").unwrap().sh_name,
            index.unwrap(),
        )
    };
    let header = usize::try_from(table).unwrap() + comment * 64;
    before[header..header + 4].copy_from_slice(&u32::try_from(names).unwrap().to_le_bytes());
    let old = parsed(&before).section_headers[comment].clone();
    let after = edited(&before, &graft(&before));
    let elf = parsed(&after);
    assert_eq!(
        content(&before, &old),
        content(&after, &elf.section_headers[comment])
    );
    assert_eq!(elf.soname, Some("libsample-89abcdef.so.1"));
}

fn sections_keep_their_order() {
    for (name, before, after) in grafted(&LIBRARIES) {
        let shape = |bytes: &[u8]| -> Vec<_> {
            let elf = parsed(bytes);
            let shape = elf
                .section_headers
                .iter()
                .map(|it| (it.sh_name, it.sh_flags, it.sh_link, it.sh_info, it.sh_addralign));
            shape.collect()
        };
        assert_eq!(shape(&before), shape(&after), "{name}");
    }
}

fn relative_entries_are_corrected() {
    const RLD_MAP_REL: u64 = 0x7000_0035;
    const RLD_VERSION: u64 = 0x7000_0001;
    // The linker only writes the tag into programs: an entry that nobody needs becomes one.
    let mut before = fixture("lld-mips64el.so");
    let index = parsed(&before)
        .dynamic
        .unwrap()
        .dyns
        .iter()
        .position(|it| it.d_tag == RLD_VERSION)
        .expect("DT_MIPS_RLD_VERSION");
    let at = usize::try_from(segment(&parsed(&before), PT_DYNAMIC).unwrap().p_offset).unwrap() + index * 16;
    before[at..at + 8].copy_from_slice(&RLD_MAP_REL.to_le_bytes());
    before[at + 8..at + 16].copy_from_slice(&0x1234_u64.to_le_bytes());
    let after = edited(&before, &graft(&before));
    let target = |bytes: &[u8]| {
        let elf = parsed(bytes);
        let entries = &elf.dynamic.as_ref().unwrap().dyns;
        let index = entries.iter().position(|it| it.d_tag == RLD_MAP_REL).unwrap();
        let entry = segment(&elf, PT_DYNAMIC).unwrap().p_vaddr + index as u64 * 16;
        (entry, entry.wrapping_add(entries[index].d_val))
    };
    assert_ne!(
        target(&before).0,
        target(&after).0,
        "the entry had to move, or this proves nothing"
    );
    assert_eq!(target(&before).1, target(&after).1);
    let registers =
        |bytes: &[u8]| content(bytes, section(&parsed(bytes), ".MIPS.abiflags").unwrap()).to_vec();
    assert_eq!(registers(&before), registers(&after));
}

fn needed_versions_follow() {
    let before = fixture("gnu-x86_64.so");
    let replace_needed = [("libc.so.6".to_owned(), "libc-0123abcd.so.6".to_owned())].into();
    let after = edited(
        &before,
        &Edits {
            replace_needed,
            ..Edits::default()
        },
    );
    let facts = inspect(&after).unwrap();
    assert_eq!(facts.needed[0], "libc-0123abcd.so.6");
    assert!(
        facts
            .needed_versions
            .iter()
            .any(|it| it.library == "libc-0123abcd.so.6" && it.version == "GLIBC_2.2.5")
    );
    assert!(facts.needed_versions.iter().all(|it| it.library != "libc.so.6"));
    let remove_needed = ["libc.so.6".to_owned()].into();
    let error = apply(
        &before,
        &Edits {
            remove_needed,
            ..Edits::default()
        },
    )
    .unwrap_err()
    .to_string();
    assert!(error.contains("of `libc.so.6`"), "{error}");
}

fn edits_at_once_or_one_by_one() {
    for (name, before, at_once) in grafted(&LIBRARIES) {
        let all = graft(&before);
        let soname = Edits {
            soname: all.soname.clone(),
            ..Edits::default()
        };
        let needed = Edits {
            replace_needed: all.replace_needed.clone(),
            ..Edits::default()
        };
        let run_path = Edits {
            run_path: all.run_path.clone(),
            ..Edits::default()
        };
        let one_by_one = edited(&edited(&edited(&before, &soname), &needed), &run_path);
        let read = |bytes: &[u8]| inspect(bytes).unwrap();
        assert_eq!(read(&at_once), read(&one_by_one), "{name}");
    }
}

fn flags_keep_their_bits() {
    for (name, before, after) in grafted(&BIG_ENDIAN) {
        let facts = |bytes: &[u8]| {
            inspect(bytes)
                .map(|it| (it.flags, it.flags_1, it.machine))
                .unwrap()
        };
        assert_eq!(facts(&before), facts(&after), "{name}");
        assert!(!facts(&after).2.is_little_endian, "{name}");
    }
    assert_eq!(
        inspect(&fixture("lld-s390x.so")).unwrap().flags_1,
        dynamic::DF_1_NOW
    );
}

fn nothing_is_added_twice() {
    let before = fixture("gnu-x86_64.so");
    let edits = Edits {
        add_needed: vec!["libm.so.6".to_owned(), "libm.so.6".to_owned()],
        run_path: RunPath::Add("$ORIGIN:$ORIGIN".to_owned()),
        run_path_tag: RunPathTag::Runpath,
        ..Edits::default()
    };
    let once = edited(&before, &edits);
    let facts = inspect(&once).unwrap();
    assert_eq!(facts.needed, ["libc.so.6", "ld-linux-x86-64.so.2", "libm.so.6"]);
    assert_eq!(facts.runpath.as_deref(), Some("$ORIGIN"));
    assert_eq!(edited(&once, &edits), once);
}

fn files_without_sections() {
    for name in LIBRARIES {
        let mut before = fixture(name);
        let fields: &[(usize, usize)] = if parsed(&before).is_64 {
            &[(40, 8), (60, 2), (62, 2)]
        } else {
            &[(32, 4), (48, 2), (50, 2)]
        };
        for (at, width) in fields {
            before[*at..at + width].fill(0);
        }
        let facts = inspect(&before).unwrap();
        assert!(facts.is_stripped && !facts.needed.is_empty(), "{name}");
        let after = edited(&before, &graft(&before));
        assert_eq!(
            inspect(&after).unwrap().soname.as_deref(),
            Some("libsample-89abcdef.so.1"),
            "{name}"
        );
        assert_eq!(inspect(&after).unwrap().exported, facts.exported, "{name}");
        assert_congruent(name, &after);
    }
}

fn debug_information_is_untouched() {
    for (name, before, after) in grafted(&LIBRARIES) {
        let (old, new) = (parsed(&before), parsed(&after));
        for (one, other) in old.section_headers.iter().zip(&new.section_headers) {
            let is_moved_symbol_table = old.shdr_strtab.get_at(one.sh_name) == Some(".symtab");
            if one.sh_flags & u64::from(SHF_ALLOC) == 0 && one.sh_type != SHT_NOBITS && !is_moved_symbol_table
            {
                assert_eq!(content(&before, one), content(&after, other), "{name}: {one:?}");
            }
        }
    }
}

fn appended_payloads_stay_last() {
    for name in LIBRARIES {
        let mut before = fixture(name);
        before.extend_from_slice(b"PK\x05\x06 a payload that is found from the end\0\0\0");
        let after = edited(&before, &graft(&before));
        assert!(
            after.ends_with(b"PK\x05\x06 a payload that is found from the end\0\0\0"),
            "{name}"
        );
    }
}

fn programs_still_run() {
    let before = fixture("gnu-x86_64-program");
    let edits = Edits {
        run_path: RunPath::Set("/nonexistent/".repeat(40)),
        add_needed: vec!["libm.so.6".to_owned()],
        ..Edits::default()
    };
    let after = edited(&before, &edits);
    let (old, new) = (parsed(&before), parsed(&after));
    assert_eq!(old.header.e_phoff, new.header.e_phoff);
    for kind in [PT_PHDR, PT_INTERP] {
        assert_eq!(
            segment(&old, kind).map(|it| it.p_vaddr),
            segment(&new, kind).map(|it| it.p_vaddr)
        );
    }
    assert_eq!(new.header.e_phnum, old.header.e_phnum);
    if cfg!(all(
        target_arch = "x86_64",
        target_env = "gnu",
        target_os = "linux"
    )) {
        let (_folder, path) = temporary("program", &after);
        let output = run(&path, &["word"]);
        assert_eq!(
            (output.status.code(), output.stdout.as_slice()),
            (Some(1), &b"2 word\n"[..])
        );
    }
}
