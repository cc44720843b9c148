# For people. `.ci/run` runs the same lines, so a machine without `just` loses nothing.

# what can be done
default:
    @just --list

# a wheel from a test crate, in /tmp/wheels
try crate="pure":
    cargo run --release -- build -m test-crates/{{ crate }}/Cargo.toml

# everything that has to hold before a change goes in
check: format lint doc test

# the one way to lay out code
format:
    cargo fmt --all --check

# no warnings
lint:
    cargo clippy --all-targets --locked -- -D warnings

# documentation without dead links
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked --document-private-items

# all tests
test:
    cargo test --locked

# ratios against maturin, several minutes
bench *arguments:
    benches/against_maturin.sh {{ arguments }}

# one static file that starts quickly and runs on any Linux: linked to the GNU C library, and to musl
static:
    RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static" cargo build --release --locked --target x86_64-unknown-linux-gnu
    RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static" cargo build --release --locked --target x86_64-unknown-linux-musl
