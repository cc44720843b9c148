//! Shared objects out of wheels that people install, edited as grafting edits them and put before judges nobody here wrote.
//!
//! Asked for with `IRONWHEEL_TEST_PEERS=1`, as `.ci/run` does; the list of wheels, the judge and the model of the algorithm come
//! from the folder `shared/elf` beside the checkout, `strip` from binutils, LLVM and elfutils.

use crate::judges;
use crate::place::{self, IRONWHEEL};
use crate::shell::{Shell, variable};

#[test]
fn edited_shared_objects_are_sane_small_and_survive_strip() {
    if variable("IRONWHEEL_TEST_PEERS").is_none() {
        // Not a promise of the program's alone: it needs a corpus that lies outside the checkout.
        return;
    }
    let shared = place::repository().join("../shared/elf");
    assert!(
        shared.join("elf_check.py").is_file(),
        "IRONWHEEL_TEST_PEERS=1 needs the judge in {}",
        shared.display()
    );
    Shell::new(judges::environment().join("bin/python"))
        .arg(place::repository().join("tests/elf_corpus.py"))
        .arg(IRONWHEEL)
        .arg(shared)
        .arg(place::kept("elf-corpus"))
        .set("PYTHONDONTWRITEBYTECODE", "1")
        .run()
        .succeeded();
}
