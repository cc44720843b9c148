#!/bin/sh
# One static file that runs where there is nothing else: built for the GNU C library and for musl, and run in an empty root, which
# has no loader, no C library, no shell and no Python, and in a minimal Debian.
#
# Needs root, a linker, `readelf` and the target x86_64-unknown-linux-musl; for the second part, which IRONWHEEL_TEST_PEERS=1 asks
# for, `debootstrap`. PROFILE says which cargo profile is built: release, else dev.
#
# usage: tests/static.sh WHEEL
set -eu

wheel=$(realpath "$1")
profile=${PROFILE:-release}
case "$profile" in
dev) built=debug ;;
*) built=$profile ;;
esac
here=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$here/target}
roots=$(mktemp -d)
trap 'rm -rf "$roots"' EXIT

# Says what failed, and with which words.
fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Runs the file in a root and looks at what it says.
try() {
    root=$1
    cp "$program" "$root/ironwheel"
    cp "$wheel" "$root/"
    mkdir -p "$root/tmp" "$root/proc"
    name=/$(basename "$wheel")
    in_root() { chroot "$root" /ironwheel "$@"; }
    in_root --version | grep -q '^ironwheel ' || fail "$program does not say its version in $root"
    in_root check "$name" || fail "$program does not judge a wheel in $root"
    in_root show "$name" | grep -q linux || fail "$program does not explain a wheel in $root"
    in_root repair --wheel-dir /repaired "$name" || fail "$program does not repair a wheel in $root"
    ls "$root"/repaired/*.whl >/dev/null || fail "$program repaired nothing in $root"
    in_root elf /ironwheel >/dev/null || fail "$program does not read a shared object in $root"
    # Without cargo nothing is planned, and that is said.
    mkdir -p "$root/crate"
    printf '[package]\nname = "crate"\nversion = "0.1.0"\n' >"$root/crate/Cargo.toml"
    status=0
    said=$(in_root plan -m /crate/Cargo.toml 2>&1) || status=$?
    [ "$status" = 1 ] || fail "$program plans without cargo in $root: $said"
    case "$said" in
    *cargo*) ;;
    *) fail "$program does not say that cargo is missing in $root: $said" ;;
    esac
}

for triple in x86_64-unknown-linux-gnu x86_64-unknown-linux-musl; do
    (cd "$here" && RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static" \
        cargo build --locked --profile "$profile" --target "$triple")
    program=$target/$triple/$built/ironwheel
    if readelf -lW "$program" | grep -q INTERP; then
        fail "$program asks for a loader"
    fi
    mkdir "$roots/empty-$triple"
    try "$roots/empty-$triple"
    if [ "${IRONWHEEL_TEST_PEERS:-}" = 1 ]; then
        debian=$roots/debian
        [ -d "$debian" ] || debootstrap --variant=minbase stable "$debian" >/dev/null
        [ ! -e "$debian/usr/bin/python3" ] || fail "the minimal Debian has a Python"
        rm -rf "$debian/repaired" "$debian/crate"
        try "$debian"
    fi
    ls -l "$program"
done
