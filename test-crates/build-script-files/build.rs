//! Makes files that the wheel takes from `OUT_DIR`.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let folder = Path::new(&out).join("made");
    std::fs::create_dir_all(&folder).expect("OUT_DIR can be written");
    std::fs::write(folder.join("table.txt"), "made by the build script\n").expect("OUT_DIR can be written");
    std::fs::write(folder.join("other.bin"), [0]).expect("OUT_DIR can be written");
}
