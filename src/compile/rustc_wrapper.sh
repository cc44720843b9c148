#!/bin/sh
# Written by ironwheel, which has cargo call it as `RUSTC_WRAPPER`, with rustc and all its arguments behind it. It has rustc write
# down other names for the folders of crates that lie elsewhere than where cargo downloads to. As `RUSTFLAGS` the same would
# compile every dependency anew wherever the project moves to.

# The values are put in for one project.
wrapped=@WRAPPED@
downloads=@DOWNLOADS@
workspace=@WORKSPACE@
target=@TARGET@
is_moved=@IS_MOVED@

# Cargo asks about rustc, a build script does, or a build script compiles C through a compiler cache.
if [ -z "$CARGO_CRATE_NAME" ]; then
    exec ${wrapped:+"$wrapped"} "$@"
fi
package="$CARGO_PKG_NAME-$CARGO_PKG_VERSION"
case "$CARGO_MANIFEST_DIR/" in
"$downloads"/*)
    [ -z "$OUT_DIR" ] || set -- "$@" "--remap-path-prefix=$OUT_DIR=/target/out/$package"
    exec ${wrapped:+"$wrapped"} "$@"
    ;;
esac

# Cargo counts a package's folder among what makes a symbol's name unique: relative to the workspace, but absolute outside of it.
# There, the package's name and version with its features do as well, and are the same everywhere.
if [ -n "$is_moved" ]; then
    features=
    for argument; do
        case "$argument" in
        feature=*) features="$features,$argument" ;;
        esac
    done
    for argument; do
        shift
        case "$argument" in
        metadata=*) argument="metadata=$package$features" ;;
        esac
        set -- "$@" "$argument"
    done
fi

# Of several that fit, the last counts.
set -- "$@" "--remap-path-prefix=$workspace=/project" "--remap-path-prefix=$target=/target"
case "$CARGO_MANIFEST_DIR/" in
"$workspace"/*) ;;
*) set -- "$@" "--remap-path-prefix=$CARGO_MANIFEST_DIR=/path/$package" ;;
esac
[ -z "$OUT_DIR" ] || set -- "$@" "--remap-path-prefix=$OUT_DIR=/target/out/$package"
exec ${wrapped:+"$wrapped"} "$@"
