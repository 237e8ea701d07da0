#!/usr/bin/env bash
# The release build under a real systemd: each part boots a systemd in a container of its own, installs the programs and the shipped units
# there, and tries one side of what an operator relies on. Two parts run at a time; what each says stays together.
#
# usage: run.sh [PART...]        PART is the name of a file in parts/, or its end: 20-watchdog.sh, 20-watchdog, watchdog
#        run.sh --list
#
# Environment: VICINITY_HARNESS   what boots the container (harness.sh beside this file)
#              VICINITY_PROGRAMS  the directory with vicinityd and vicinityctl, linked so that they run in it (.build/release)
#              VICINITY_JOBS      how many parts run at a time (2)
#
# Exit status: 0 all held, 1 something did not hold, 64 usage, 69 this machine lets its root boot no container, or lacks a tool, and the
# reason, 77 not root, 78 what is to be tried has not been built.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export VICINITY_HARNESS=${VICINITY_HARNESS:-$here/harness.sh}
programs=${VICINITY_PROGRAMS:-$root/.build/release}
jobs_at_a_time=${VICINITY_JOBS:-2}

say() { printf '%s\n' "systemd: $*"; }
die() {
    local status=$1
    shift
    printf '%s\n' "systemd: $*" >&2
    exit "$status"
}

all=()
for file in "$here"/parts/*.sh; do
    file=${file##*/}
    all+=("${file%.sh}")
done
if [[ ${1:-} == --list ]]; then
    printf '%s\n' "${all[@]}"
    exit 0
fi
parts=()
for wanted in "$@"; do
    found=''
    for part in "${all[@]}"; do
        [[ ${wanted%.sh} == "$part" || ${wanted%.sh} == "${part#*-}" ]] || continue
        parts+=("$part")
        found=yes
    done
    [[ -n $found ]] || die 64 "there is no part \"$wanted\"; there are: ${all[*]}"
done
(($#)) || parts=("${all[@]}")

((EUID == 0)) || die 77 "needs root, to boot a container"
# The machine is asked first, whoever boots the container: what it does not permit is no fault of what is tried.
"$here/harness.sh" probe || die 69 "this machine boots no container, so nothing was tried"
[[ -x $VICINITY_HARNESS ]] || die 69 "the harness $VICINITY_HARNESS is not there or not executable"
for tool in systemd-nspawn nsenter python3; do
    command -v "$tool" >/dev/null || die 69 "$tool is missing; run: scripts/install-dependencies test"
done
for program in vicinityd vicinityctl; do
    [[ -x $programs/$program ]] || die 78 "$programs/$program is missing; build it with: make release"
done

work=$(mktemp -d)
declare -A part_of=() # by process
clean_up() {
    trap - EXIT INT TERM
    local process
    # Each part takes its own container down.
    for process in "${!part_of[@]}"; do kill -TERM "$process" 2>/dev/null || true; done
    for process in "${!part_of[@]}"; do wait "$process" 2>/dev/null || true; done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# What a run that was killed has left; a part's container ends with the number of its process.
for left in "${VICINITY_HARNESS_STATE:-/run/vicinity-harness}"/vicinity-*-*; do
    [[ ! -e $left || -e /proc/${left##*-} ]] || "$VICINITY_HARNESS" --name "${left##*/}" down --now
done

# Without what only a debugger reads the programs are half as large, and each container holds them in memory.
mkdir "$work/programs"
for program in vicinityd vicinityctl; do
    strip -o "$work/programs/$program" "$programs/$program" 2>/dev/null || cp "$programs/$program" "$work/programs/$program"
done
export VICINITY_PROGRAMS=$work/programs

started=$EPOCHREALTIME
seconds_since() { printf '%d' $(((${EPOCHREALTIME//[.,]/} - ${1//[.,]/} + 500000) / 1000000)); }

declare -A began=()
summary=()
failed=()
begin() { # PART
    # A group of its own, so that what a part leaves running is found.
    began[$1]=$EPOCHREALTIME
    "$here/parts/$1.sh" >"$work/$1.out" 2>&1 </dev/null &
    part_of[$!]=$1
}
# Waits for whichever part ends next.
await_one() {
    local process status=0 part
    wait -n -p process "${!part_of[@]}" || status=$?
    part=${part_of[$process]}
    unset "part_of[$process]"
    printf '\n'
    say "=== $part"
    cat "$work/$part.out"
    local verdict=held
    ((status == 0)) || {
        verdict="FAILED ($status)"
        failed+=("$part")
    }
    summary+=("$(printf '%5d s  %-20s %s' "$(seconds_since "${began[$part]}")" "$part" "$verdict")")
}

for part in "${parts[@]}"; do
    while ((${#part_of[@]} >= jobs_at_a_time)); do await_one; done
    begin "$part"
done
while ((${#part_of[@]})); do await_one; done

printf '\n'
say "=== in $(seconds_since "$started") s"
printf '%s\n' "${summary[@]}"
((${#failed[@]} == 0)) || die 1 "did not hold: ${failed[*]}"
say "everything held"
