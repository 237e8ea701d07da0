# shellcheck shell=bash
# What the other scripts share. Sourced, never run by itself.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

# One way to build what is shipped, demonstrated, measured and tested as a whole: the Swift runtime inside, so that the
# programs run on a machine without Swift; every address of a library's function looked up at the start (-z now), so that the
# table of them is read-only afterwards.
release_flags=(--configuration release --static-swift-stdlib -Xlinker -z -Xlinker now)
# shellcheck disable=SC2034  # used by the scripts that source this file
release_dir=$root/.build/release

say() { printf '%s\n' "$*"; }

# die STATUS SENTENCE...
die() {
    local status=$1
    shift
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit "$status"
}

need_swift() {
    command -v swift >/dev/null && return
    die 69 "swift is not in the PATH. Vicinity needs Swift 6.3: see swift.org/install"
}

# build_release PRODUCT...
build_release() {
    local product
    need_swift
    for product in "$@"; do swift build "${release_flags[@]}" --product "$product" || return; done
}

need_release() {
    [[ -x $release_dir/vicinityd && -x $release_dir/vicinityctl ]] ||
        die 69 "there is no release build in .build/release; run: make release"
}
