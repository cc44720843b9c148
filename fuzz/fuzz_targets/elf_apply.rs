//! Whatever the bytes: an edited file that says what was asked for and does not change when edited so again, or an error.
#![no_main]

use ironwheel::elf::{Edits, RunPath, RunPathTag, apply, inspect};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    let chosen = |bit: u8| choice & (1 << bit) != 0;
    let edits = Edits {
        soname: chosen(0).then(|| "libfuzzed-0123abcd.so.1".to_owned()),
        replace_needed: [("libc.so.6".to_owned(), "libc-0123abcd.so.6".to_owned())].into_iter().filter(|_| chosen(1)).collect(),
        add_needed: if chosen(2) { vec!["libadded.so".to_owned()] } else { Vec::new() },
        run_path: match choice >> 3 & 3 {
            0 => RunPath::Keep,
            1 => RunPath::Remove,
            2 => RunPath::Set("$ORIGIN/../fuzzed.libs:".repeat(10)),
            _ => RunPath::Add("$ORIGIN".to_owned()),
        },
        run_path_tag: if chosen(5) { RunPathTag::Rpath } else { RunPathTag::AsItIs },
        interpreter: chosen(6).then(|| "/lib/a/rather/long/name/of/an/interpreter.so.1".to_owned()),
        clear_executable_stack: chosen(7),
        ..Edits::default()
    };
    if edits == Edits::default() {
        return;
    }
    let Ok(edited) = apply(bytes, &edits) else { return };
    assert!(inspect(bytes).is_err() || inspect(&edited).is_ok(), "an edited file can be read where the original could");
    let again = apply(&edited, &edits).expect("an edited file can be edited");
    assert_eq!(edited, again, "the same edit again changes nothing");
});
