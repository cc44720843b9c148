//! What an edit costs in memory, beside a copy of the file: `cargo bench --bench elf_edit -- FILE…`

use std::hint::black_box;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ironwheel::elf::{Edits, RunPath, RunPathTag, apply, inspect};

/// How often each is done; the quickest time counts, as anything else that runs only makes it longer.
const TIMES: usize = 15;

fn main() {
    let files: Vec<PathBuf> = std::env::args_os()
        .skip(1)
        .filter(|word| word != "--bench")
        .map(PathBuf::from)
        .collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:>12} {:>12} {:>12}  file", "bytes", "copy µs", "edit µs").expect("a place to tell it");
    for file in files {
        let bytes = std::fs::read(&file).expect("a file that can be read");
        let edits = edits(&bytes);
        let copied = quickest(|| {
            black_box(black_box(&bytes).clone());
        });
        let edited = quickest(|| {
            black_box(apply(black_box(&bytes), &edits).expect("a file that can be edited"));
        });
        writeln!(
            out,
            "{:>12} {:>12} {:>12}  {}",
            bytes.len(),
            copied.as_micros(),
            edited.as_micros(),
            file.display()
        )
        .expect("a place to tell it");
    }
}

/// What putting a library into a wheel asks for: a soname, a run path, and another name for each needed library.
fn edits(bytes: &[u8]) -> Edits {
    let needed = inspect(bytes).expect("a file that can be read").needed;
    let renamed = needed.into_iter().map(|name| {
        let new = name.replacen(".so", "-0123abcd.so", 1);
        (name, new)
    });
    Edits {
        soname: Some("libsample-0123abcd.so.1".to_owned()),
        replace_needed: renamed.collect(),
        run_path: RunPath::Set("$ORIGIN/../sample.libs".to_owned()),
        run_path_tag: RunPathTag::Rpath,
        ..Edits::default()
    }
}

fn quickest(mut deed: impl FnMut()) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..TIMES {
        let clock = Instant::now();
        deed();
        best = best.min(clock.elapsed());
    }
    best
}
