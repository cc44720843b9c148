//! One binary, one file per promise.

mod elf_patchelf_bugs;
