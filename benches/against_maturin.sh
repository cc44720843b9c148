#!/usr/bin/env bash
# Builds the same crates with maturin and with ironwheel and prints the times and sizes side by side, as Markdown.
#
#   benches/against_maturin.sh [--runs N] [--crate FOLDER]... [--interpreters "3.10 3.11 3.12"] [--no-cold]
#
# Each tool has its own copy of the crate and its own target directory, and both build in release mode. A cold build starts with
# an empty target directory and runs once; every other number is the median of N runs behind one that is not counted, of
# 3 runs where several interpreters are built for, since maturin compiles PyO3 for each of them each time.
# hyperfine measures where it is installed, a loop with the shell's clock where it is not.
#
# Needs: cargo, python3 with venv, and pip that can install maturin. Nothing outside target/bench is written.
set -euo pipefail

MATURIN_VERSION=1.16.0
repository=$(cd "$(dirname "$0")/.." && pwd)
bench="$repository/target/bench"
runs=7
cold=yes
crates=()
interpreters=""

while [ $# -gt 0 ]; do
    case "$1" in
        --runs) runs=$2; shift 2 ;;
        --crate) crates+=("$2"); shift 2 ;;
        --interpreters) interpreters=$2; shift 2 ;;
        --no-cold) cold=no; shift ;;
        -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "unknown argument: $1" >&2; exit 2 ;;
    esac
done
if [ ${#crates[@]} -eq 0 ]; then
    for name in pure mixed abi3; do crates+=("$repository/test-crates/$name"); done
fi
# Minor versions of every CPython that answers, oldest first, unless they were named.
if [ -z "$interpreters" ]; then
    for minor in 9 10 11 12 13 14; do
        if "python3.$minor" -c 'import sys; sys.exit(sys.implementation.name != "cpython")' 2>/dev/null; then
            interpreters+=" 3.$minor"
        fi
    done
fi

say() { printf '%s\n' "$*" >&2; }

prepare() {
    mkdir -p "$bench"
    cargo build --release --locked --quiet --manifest-path "$repository/Cargo.toml" --target-dir "$repository/target"
    ironwheel="$repository/target/release/ironwheel"
    if ! "$bench/venv/bin/maturin" --version 2>/dev/null | grep -qx "maturin $MATURIN_VERSION"; then
        python3 -m venv "$bench/venv"
        "$bench/venv/bin/pip" install --quiet --disable-pip-version-check "maturin==$MATURIN_VERSION"
    fi
    maturin="$bench/venv/bin/maturin"
}

# measure RUNS COMMAND...: median wall time in milliseconds.
measure() {
    local runs=$1
    shift
    if command -v hyperfine >/dev/null; then
        local command
        printf -v command '%q ' "$@"
        hyperfine --shell none --warmup 1 --runs "$runs" --export-json "$bench/times.json" "$command" >/dev/null 2>&1
        python3 -c 'import json, sys; print(round(json.load(open(sys.argv[1]))["results"][0]["median"] * 1000))' \
            "$bench/times.json"
        return
    fi
    "$@" >/dev/null 2>&1
    local times=() begin end _
    for _ in $(seq "$runs"); do
        begin=${EPOCHREALTIME//[.,]/}
        "$@" >/dev/null 2>&1
        end=${EPOCHREALTIME//[.,]/}
        times+=($(((end - begin) / 1000)))
    done
    printf '%s\n' "${times[@]}" | sort -n | sed -n "$((runs / 2 + 1))p"
}

# once COMMAND...: wall time of a single run in milliseconds.
once() {
    local begin end
    begin=${EPOCHREALTIME//[.,]/}
    "$@" >/dev/null 2>&1
    end=${EPOCHREALTIME//[.,]/}
    echo $(((end - begin) / 1000))
}

# row WHAT MATURIN IRONWHEEL UNIT
row() {
    local ratio
    ratio=$(python3 -c 'import sys; print(f"{int(sys.argv[2]) / max(int(sys.argv[1]), 1):.2f}")' "$2" "$3")
    printf '| %s | %s %s | %s %s | %s |\n' "$1" "$2" "$4" "$3" "$4" "$ratio"
}

# Bytes of all wheels in a folder.
weigh() { cat "$1"/*.whl | wc -c; }

one_crate() {
    local folder name tool
    folder=$(cd "$1" && pwd)
    name=$(basename "$folder")
    for tool in maturin ironwheel; do
        rm -rf "${bench:?}/$tool/$name"
        mkdir -p "$bench/$tool/$name"
        (cd "$folder" && tar --exclude=./target -cf - .) | tar -C "$bench/$tool/$name" -xf -
        [ "$cold" = no ] || rm -rf "${bench:?}/$tool/target-$name"
    done
    local old=(env "CARGO_TARGET_DIR=$bench/maturin/target-$name" "$maturin" build --release
        -m "$bench/maturin/$name/Cargo.toml" -o "$bench/maturin/wheels-$name")
    local new=(env "CARGO_TARGET_DIR=$bench/ironwheel/target-$name" "$ironwheel" build --release
        -m "$bench/ironwheel/$name/Cargo.toml" -o "$bench/ironwheel/wheels-$name")
    local many=() version
    for version in $interpreters; do many+=(-i "python$version"); done

    say "$name: cold"
    rm -rf "$bench/maturin/wheels-$name" "$bench/ironwheel/wheels-$name"
    local a b
    a=$(once "${old[@]}")
    b=$(once "${new[@]}")
    [ "$cold" = no ] || row "$name: cold" "$a" "$b" ms
    row "$name: size of the wheel" "$(weigh "$bench/maturin/wheels-$name")" "$(weigh "$bench/ironwheel/wheels-$name")" B

    say "$name: unchanged"
    row "$name: unchanged" "$(measure "$runs" "${old[@]}")" "$(measure "$runs" "${new[@]}")" ms

    if [ ${#many[@]} -gt 2 ]; then
        say "$name: several interpreters, unchanged"
        a=$(measure $((runs < 3 ? runs : 3)) "${old[@]}" "${many[@]}")
        b=$(measure $((runs < 3 ? runs : 3)) "${new[@]}" "${many[@]}")
        row "$name: $((${#many[@]} / 2)) interpreters, unchanged" "$a" "$b" ms
    fi
}

prepare
cat <<TABLE
maturin $MATURIN_VERSION, $("$ironwheel" --version), $(rustc --version | cut -d' ' -f1,2), $(nproc) cores, $(uname -sm), $runs runs, interpreters:$interpreters

| | maturin | ironwheel | ratio |
|---|--:|--:|--:|
TABLE
for crate in "${crates[@]}"; do
    one_crate "$crate"
done
