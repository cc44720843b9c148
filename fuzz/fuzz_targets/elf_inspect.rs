//! Whatever the bytes: facts or an error.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = ironwheel::elf::inspect(bytes);
});
