# shellcheck shell=bash
# What the parts share. A part sources this first, boots a container, says with holds, refuses, equals and matches what must be, and ends
# with `finish`. Everything is tried, also after a failure, so that one run shows all that is wrong; each failure shows what was seen and
# the end of the journal. Whatever happens, the container is taken down.
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034  # for the parts
root=$(cd "$here/../.." && pwd)
harness=${VICINITY_HARNESS:-$here/harness.sh}
: "${VICINITY_PROGRAMS:?a part is run by run.sh}"

part=${0##*/}
part=${part%.sh}
name=$(printf 'vicinity-%.10s-%s' "${part#*-}" "$$")
stage=$(mktemp -d)
failures=0
expectations=0
ended=''
service=vicinityd.service
# shellcheck disable=SC2034
sockets=(vicinityd-ingest.socket vicinityd-events.socket vicinityd-control.socket)
# Where the clients lie in the container.
clients=/usr/local/lib/vicinity-suite

say() { printf '%s\n' "$*"; }
section() { printf '%s\n' "--- $*"; }

# ------------------------------------------------------------------- the container
h() { "$harness" --name "$name" "$@"; }
inside() { h run "$@"; }
as() { # USER COMMAND...
    local user=$1
    shift
    inside runuser -u "$user" -- "$@"
}
boot() { h up "$@" 2>&1 | sed 's/^[^:]*: //'; } # OPTIONS OF up

end_part() {
    local status=$?
    trap - EXIT ERR INT TERM
    # The load may have ended by itself, and with it what it was spoken to through; the status of the part stands already.
    [[ -z ${load_process:-} ]] || { exec {load_input}>&-; } 2>/dev/null || true
    if [[ -z $ended ]]; then
        say "FAILED: the part ended early, with status $status, at ${ended_at:-an unknown place}"
        show_journal || true
        ((status != 0)) || status=1
    fi
    # What a part has made outside the container is released first.
    if declare -F release >/dev/null; then release || true; fi
    h down --now || true
    rm -rf "$stage"
    exit "$status"
}
trap end_part EXIT
trap 'exit 130' INT TERM
trap '((BASH_SUBSHELL)) || ended_at="line $LINENO (from ${BASH_LINENO[*]}): $BASH_COMMAND"' ERR
# A load that has ended is found by its verdict, not by the death of who speaks to it.
trap '' PIPE

# At the end of each part.
finish() {
    ended=yes
    say "$((expectations - failures)) of $expectations held"
    ((failures == 0)) || exit 1
}

# ---------------------------------------------------------------------- expectations
holds() { # WHAT COMMAND...
    local what=$1
    shift
    expectations=$((expectations + 1))
    if "$@" >"$stage/output" 2>&1; then say "ok: $what"; else failed "$what"; fi
}
refuses() { # WHAT COMMAND...
    local what=$1
    shift
    expectations=$((expectations + 1))
    if "$@" >"$stage/output" 2>&1; then failed "$what"; else say "ok: $what"; fi
}
gives() { # WHAT STATUS COMMAND...: ends with this very status
    local what=$1 wanted=$2 status=0
    shift 2
    expectations=$((expectations + 1))
    "$@" >"$stage/output" 2>&1 || status=$?
    if ((status == wanted)); then say "ok: $what"; else
        printf 'status %d, not %d\n' "$status" "$wanted" >>"$stage/output"
        failed "$what"
    fi
}
matches() { # WHAT PATTERN TEXT
    expectations=$((expectations + 1))
    if [[ $3 =~ $2 ]]; then say "ok: $1"; else
        printf 'expected: %s\nseen:     %s\n' "$2" "$3" >"$stage/output"
        failed "$1"
    fi
}
equals() { # WHAT EXPECTED SEEN
    expectations=$((expectations + 1))
    if [[ $3 == "$2" ]]; then say "ok: $1"; else
        printf 'expected: %s\nseen:     %s\n' "$2" "$3" >"$stage/output"
        failed "$1"
    fi
}
at_most() { # WHAT LIMIT SEEN, integers
    expectations=$((expectations + 1))
    if [[ $3 =~ ^[0-9]+$ ]] && (($3 <= $2)); then say "ok: $1"; else
        printf 'expected: at most %s\nseen:     %s\n' "$2" "$3" >"$stage/output"
        failed "$1"
    fi
}
failed() {
    say "FAILED: $1"
    sed 's/^/    /' "$stage/output"
    show_journal
    failures=$((failures + 1))
}
show_journal() {
    say "    the end of the journal:"
    # The container may be what failed.
    inside journalctl --no-pager --quiet --output short-monotonic --lines 15 --unit "$service" 2>&1 | sed 's/^/    | /' || true
}
eventually() { # COMMAND...: true within 20 s
    local deadline=$((SECONDS + 20))
    while ((SECONDS < deadline)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    return 1
}

# ------------------------------------------------------------------------ the service
show() { inside systemctl show --value --property "$1" "${2:-$service}"; } # PROPERTY [UNIT]
is_active() { inside systemctl is-active --quiet "$service"; }
is_failed() { [[ $(show ActiveState) == failed ]]; }
has_restarted() { [[ $(show NRestarts) -ge $1 ]] && is_active; } # TIMES
configure() { inside tee /etc/vicinity/vicinityd.yaml >/dev/null; } # the file is the standard input
setting() { inside vicinityctl config get "$1" | awk -v key="$1" '$1 == key { print $2 }'; } # KEY
head_seq() { inside vicinityctl status --json | tr -d ' \n' | sed -n 's/.*"head":\([0-9]*\).*/\1/p'; }
journal() { inside journalctl --no-pager --quiet --output cat --unit "$service" "$@"; } # [OPTIONS]
# A moment in the journal: journal_since "$moment" is what was said after it.
moment() { inside journalctl --no-pager --quiet --lines 0 --show-cursor | sed -n 's/^-- cursor: //p'; }
journal_since() { journal --after-cursor "$1" "${@:2}"; } # MOMENT [OPTIONS]
# Adds lines to a unit, or takes them away again.
drop_in() { # UNIT NAME LINE...
    inside mkdir -p "/etc/systemd/system/$1.d"
    printf '%s\n' "${@:3}" | inside tee "/etc/systemd/system/$1.d/$2.conf" >/dev/null
    inside systemctl daemon-reload
}
remove_drop_in() { # UNIT NAME
    inside rm -f "/etc/systemd/system/$1.d/$2.conf"
    inside systemctl daemon-reload
}

# The Debian package of this release build, as `package`; without one the part ends.
need_package() {
    local packages=("$root"/.build/deb/*.deb)
    local packed=("$root"/.build/release/{vicinityd,vicinityctl} "$root"/{systemd,etc,packaging,scripts/install})
    # shellcheck disable=SC2034  # for the parts
    package=${packages[0]}
    [[ ! -e $package || -n $(find "${packed[@]}" -type f -newer "$package" -print -quit) ]] || return 0
    say "There is no package in .build/deb that is newer than the release build and what else is packed; run: make deb"
    exit 78
}

# Puts the programs, the units and their users into the container, as a package would.
install_vicinity() {
    h copy "$VICINITY_PROGRAMS/vicinityd" /usr/sbin/vicinityd
    h copy "$VICINITY_PROGRAMS/vicinityctl" /usr/bin/vicinityctl
    h copy "$root"/systemd/*.service "$root"/systemd/*.socket "$root"/systemd/*.timer /usr/lib/systemd/system/
    h copy "$root/systemd/sysusers.d/vicinity.conf" /usr/lib/sysusers.d/vicinity.conf
    if [[ -e $root/systemd/vicinity.catalog ]]; then
        h copy "$root/systemd/vicinity.catalog" /usr/lib/systemd/catalog/vicinity.catalog
        inside journalctl --update-catalog
    fi
    inside systemd-sysusers 2>/dev/null
    inside mkdir -p /etc/vicinity
    printf 'privacy: { profile: places }\n' | configure
    inside systemctl daemon-reload
    add_people
}
# Somebody of each group, and somebody of none; and the clients that they run.
add_people() {
    local person
    for person in gateway relay observer admin; do inside useradd --system --groups "vicinity-$person" "$person"; done
    inside useradd --system stranger
    h copy "$here/clients" "$clients"
}
start_sockets() { inside systemctl enable --quiet --now "${sockets[@]}"; }

# -------------------------------------------------------------------------------- load
# Gateways and relays that know what must come (clients/load.py, which says what the options are). One load at a time.
#
# load_start [OPTIONS]    in the container, as the users gateway and relay
# load_start_outside ...  on the machine, as root, through the directory that link_sockets names: survives a reboot of the container
# load_moves N            waits until N more events have reached every relay
# load_pause, load_go     stops in the middle of a line, with all whole lines dealt with; goes on from there
# load_stop [LIMITS]      sends the rest and fails if anything was not as it must be; says the figures
load_start() { start_load inside python3 "$clients/load.py" --run /run/vicinity --gateway-user gateway --relay-user relay "$@"; }
load_start_outside() { start_load python3 "$here/clients/load.py" --run "$stage/run" "$@"; }
link_sockets() { ln -sfn "$(h path /run/vicinity)" "$stage/run"; }
unlink_sockets() { ln -sfn "$stage/nowhere" "$stage/run"; }

start_load() {
    rm -f "$stage/load.in"
    mkfifo "$stage/load.in"
    "$@" <"$stage/load.in" >"$stage/load.out" 2>"$stage/load.err" &
    load_process=$!
    load_has_been_shown=''
    exec {load_input}>"$stage/load.in"
    load_comes_to load_has_begun
}
load_has_begun() { [[ $(load_figure acked) -gt 0 ]]; }
# The newest of what the load says of itself: acked, events, connections, settled.
load_figure() { tail -n 1 "$stage/load.out" | sed -n "s/.*\\b$1=\\([0-9]*\\).*/\\1/p"; }
load_moves() { # EVENTS
    local from
    from=$(load_figure events)
    load_comes_to load_has_moved $((from + $1))
}
load_comes_to() { # COMMAND...: within 30 s, and unless the load ends first; else what it says
    local deadline=$((SECONDS + 30))
    while ((SECONDS < deadline)) && kill -0 "$load_process"; do
        "$@" && return
        sleep 0.05
    done 2>/dev/null
    if [[ -z ${load_has_been_shown:-} ]]; then
        cat "$stage/load.err"
        tail -n 1 "$stage/load.out"
        load_has_been_shown=yes
    else
        say "the load has ended, see above"
    fi
    return 1
}
load_has_moved() { [[ $(load_figure events) -ge $1 ]]; }
load_is_settled() { [[ $(load_figure settled) == 1 ]]; }
load_pause() {
    tell_load pause
    load_comes_to load_is_settled
}
load_go() { tell_load go; }
# Whether it still listens shows by its verdict.
tell_load() { { printf '%s\n' "$*" >&"$load_input"; } 2>/dev/null || true; }
# Its verdict, the last line, is kept for load_verdict.
load_stop() { # [reconnects=N] [refused=N] [cut=N]: at most so many; none is the default
    local status=0
    tell_load stop "$@"
    exec {load_input}>&-
    wait "$load_process" || status=$?
    load_process=''
    cat "$stage/load.err"
    tail -n 1 "$stage/load.out"
    return "$status"
}
load_verdict() { tail -n 1 "$stage/load.out"; }
