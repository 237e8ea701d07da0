#!/usr/bin/env bash
# The shipped units with the built programs under a real systemd: start by socket, fixes in and events out, who may connect, status,
# reload with a good and a bad configuration, kill -9, a start that is hopeless, stop. Takes less than a minute.
#
# usage: run.sh [HARNESS [BINDIR]]
#
# HARNESS boots a systemd in a throw-away container and has the commands up, run, copy and down; needs root. Without the argument it is
# $VICINITY_HARNESS, or else ../shared/tools/systemd-harness.sh beside the repository. Only where neither is given and that file is
# absent, or with VICINITY_HARNESS=none, is the test left out, and it says so. BINDIR (.build/release) holds vicinityd and
# vicinityctl, linked so that they run in the container.
#
# Exit status: 0 all held or left out, 1 something did not hold, 69 what the test needs is not there.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
harness=${1:-${VICINITY_HARNESS:-}}
bindir=${2:-$root/.build/release}

say() { printf '%s\n' "systemd: $*"; }
stop_here() { printf '%s\n' "systemd: $2" >&2; exit "$1"; }

if [[ $harness == none ]]; then
    say "LEFT OUT, as VICINITY_HARNESS=none asks: nothing was tried under systemd"
    exit 0
elif [[ -z $harness ]]; then
    harness=$root/../shared/tools/systemd-harness.sh
    if [[ ! -e $harness ]]; then
        say "LEFT OUT: there is no harness (VICINITY_HARNESS is not set); nothing was tried under systemd"
        exit 0
    fi
fi
[[ -x $harness ]] || stop_here 69 "the harness $harness is not there or not executable"
((EUID == 0)) || stop_here 69 "needs root, to boot a container"
for program in vicinityd vicinityctl; do
    [[ -x $bindir/$program ]] || stop_here 69 "$bindir/$program is missing; build it with: make release"
done

name=vicinity-units-$$
stage=$(mktemp -d)
failures=0
sockets=(vicinityd-ingest.socket vicinityd-events.socket vicinityd-control.socket)

h() { local command=$1; shift; "$harness" --name "$name" "$command" "$@"; }
inside() { h run "$@"; }
as() { local user=$1; shift; inside runuser -u "$user" -- "$@"; }
show() { inside systemctl show --value --property "$1" vicinityd.service; }

clean_up() {
    trap - EXIT
    # Nothing may be up yet; and whatever it says, the stage is removed and the test's own exit status stands.
    "$harness" --name "$name" down --now || true
    rm -rf "$stage"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Everything that follows is tried, also after a failure, so that one run shows all that is wrong.
holds() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@" >"$stage/output" 2>&1; then say "ok: $what"; else failed "$what"; fi
}
refuses() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@" >"$stage/output" 2>&1; then failed "$what"; else say "ok: $what"; fi
}
matches() { # WHAT PATTERN TEXT
    if [[ $3 =~ $2 ]]; then say "ok: $1"; else
        printf 'expected: %s\ngot: %s\n' "$2" "$3" >"$stage/output"
        failed "$1"
    fi
}
failed() {
    say "FAILED: $1"
    sed 's/^/    /' "$stage/output"
    failures=$((failures + 1))
}
eventually() { # COMMAND...: true within 20 s
    local _
    for _ in {1..200}; do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    return 1
}
is_active() { inside systemctl is-active --quiet vicinityd.service; }
has_status() { [[ $(show StatusText) == ?* ]]; }
has_restarted() { [[ $(show NRestarts) -ge $1 ]] && is_active; }
has_failed() { [[ $(show ActiveState) == failed ]]; }
configure() { inside tee /etc/vicinity/vicinityd.yaml >/dev/null; }
setting() { inside vicinityctl config get --json "$1" | tr -d ' \n'; }
head_seq() { inside vicinityctl status --json | tr -d ' \n' | sed -n 's/.*"head":\([0-9]*\).*/\1/p'; }

h up

say "--- install"
h copy "$bindir/vicinityd" /usr/sbin/vicinityd
h copy "$bindir/vicinityctl" /usr/bin/vicinityctl
h copy "$root"/systemd/*.service "$root"/systemd/*.socket /etc/systemd/system/
h copy "$root/systemd/sysusers.d/vicinity.conf" /usr/lib/sysusers.d/vicinity.conf
inside mkdir -p /etc/vicinity
printf 'halo:\n  leave_margin: 50\nprivacy:\n  profile: places\n' | configure
inside systemd-sysusers
inside useradd --system --groups vicinity-gateway gateway
inside useradd --system --groups vicinity-relay relay
inside useradd --system stranger
inside systemctl daemon-reload
holds "the units verify" inside systemd-analyze --man=no verify vicinityd.service "${sockets[@]}"
holds "the sandbox: exposure at most 1.0" inside systemd-analyze security --no-pager --offline=true --threshold=10 vicinityd.service

say "--- start"
holds "the sockets start" inside systemctl enable --quiet --now "${sockets[@]}"
matches "the service waits for a client" "^inactive$" "$(inside systemctl is-active vicinityd.service)"
printf '{"id":"s-1","lat":39.9,"lon":116.4,"kind":"toll"}\n' >"$stage/register"
holds "a client starts it and is answered" inside vicinityctl subjects import - <"$stage/register"
holds "it is active" is_active
holds "it has a user of its own" test "$(inside stat --format %U /proc/"$(show MainPID)")" = vicinity
matches "a crash would leave no core: its memory holds where everybody is" '^0 0$' \
    "$(inside sed -n 's/^Max core file size *\([^ ]*\) *\([^ ]*\) .*/\1 \2/p' /proc/"$(show MainPID)"/limits)"
matches "nor one that is piped to a program: proc(5) gives its memory to root" '^root$' \
    "$(inside stat --format %U /proc/"$(show MainPID)"/mem)"
matches "and no report of what its registers point to" 'SWIFT_BACKTRACE=enable=no' "$(show Environment)"
holds "its state is its own" test "$(inside stat --dereference --format '%a' /var/lib/vicinity/)" = 700

say "--- fixes in, events out"
printf '%s\n' \
    '{"user":"u-1","lat":39.915,"lon":116.4,"ts":1732290000000}' \
    '{"user":"u-1","lat":39.901,"lon":116.4,"ts":1732290010000}' \
    '{"user":"u-1","lat":39.915,"lon":116.4,"ts":1732290020000}' >"$stage/fixes"
holds "a gateway sends fixes" as gateway vicinityctl send - <"$stage/fixes"
watch_two() { as relay timeout 20 vicinityctl watch --json --after 0 --count 2 >"$stage/events"; }
holds "a relay watches until it has two events" watch_two
matches "a relay gets the enter" '"seq":1,"type":"enter","user":"u-1","subject":"s-1","kind":"toll","ts":1732290010000,"cause":"user"' \
    "$(sed -n 1p "$stage/events")"
matches "and the leave" '"seq":2,"type":"leave",.*"encounter":1,"lasted":10000' "$(sed -n 2p "$stage/events")"

say "--- who may do what"
refuses "a stranger sends nothing" as stranger timeout 20 vicinityctl send - <"$stage/fixes"
refuses "a relay sends nothing" as relay timeout 20 vicinityctl send - <"$stage/fixes"
refuses "a gateway gets no events" as gateway timeout 20 vicinityctl watch --json --after 0 --count 1
refuses "a stranger has no part in control" as stranger vicinityctl status
holds "root has" inside vicinityctl status

say "--- status"
holds "a status text comes" eventually has_status
matches "systemctl status says that it runs" 'active \(running\)' "$(inside systemctl --no-pager status vicinityd.service)"
matches "and what it does" 'Status: "..*"' "$(inside systemctl --no-pager status vicinityd.service)"

say "--- reload"
process=$(show MainPID)
printf 'halo:\n  leave_margin: 60\nprivacy:\n  profile: places\n' | configure
holds "a good configuration is taken" inside systemctl reload vicinityd.service
matches "and in force" '60' "$(setting halo.leave_margin)"
printf 'halo:\n  leave_margin: -5\n' | configure
refuses "a bad one makes the reload fail" inside systemctl reload vicinityd.service
matches "and changes nothing" '60' "$(setting halo.leave_margin)"
matches "it is the same process" "^$process\$" "$(show MainPID)"
printf 'halo:\n  leave_margin: 60\nprivacy:\n  profile: places\n' | configure

say "--- kill -9"
inside systemctl kill --signal KILL --kill-who main vicinityd.service
holds "it comes back" eventually has_restarted 1
matches "with its log" '^2$' "$(head_seq)"
holds "a gateway sends again" as gateway vicinityctl send - <"$stage/fixes"
matches "which changes nothing" '^2$' "$(head_seq)"

say "--- the log, while the daemon runs and after"
as relay timeout 20 vicinityctl watch --json --name relay-1 --count 1 >/dev/null 2>&1 &
watcher=$!
knows_relay() { inside vicinityctl subscribers list | grep -q relay-1; }
holds "a relay has a durable cursor" eventually knows_relay
holds "the relay is still there when it is stopped" kill "$watcher"
# Its status is that of the signal.
wait "$watcher" 2>/dev/null || true
# What runs inside may outlive that, and a relay that comes back would start the service again once it is stopped. Mostly there is
# nothing left to end, and pkill says so by a status of 1.
inside pkill --full 'watch --json --name relay-1' || true
holds "a backup is made while it runs" inside vicinityctl backup /root/backup.db
holds "doctor finds nothing wrong while it runs" inside vicinityctl doctor /var/lib/vicinity
holds "the log can be dumped" inside vicinityctl log dump /var/lib/vicinity

say "--- stop"
holds "it stops" inside systemctl stop vicinityd.service
matches "cleanly" '^success 0$' "$(show Result) $(show ExecMainStatus)"
holds "doctor finds nothing wrong when it is stopped" inside vicinityctl doctor /var/lib/vicinity

say "--- a configuration that no restart mends"
printf 'halo:\n  leave_margin: -5\n' | configure
refuses "the start fails" inside systemctl start vicinityd.service
holds "and is not tried again" eventually has_failed
matches "with the status for a wrong configuration" '^78$' "$(show ExecMainStatus)"
matches "a start by hand counts as none, so none followed" '^0$' "$(show NRestarts)"
matches "the sockets still wait" '^active' "$(inside systemctl is-active vicinityd-ingest.socket)"
printf 'halo:\n  leave_margin: 60\nprivacy:\n  profile: places\n' | configure
inside systemctl reset-failed vicinityd.service

say "--- forbidden system calls, deadly this time"
inside mkdir -p /etc/systemd/system/vicinityd.service.d
printf '[Service]\nSystemCallErrorNumber=\n' | inside tee /etc/systemd/system/vicinityd.service.d/deadly.conf >/dev/null
inside systemctl daemon-reload
holds "it starts" inside systemctl start vicinityd.service
process=$(show MainPID)
holds "it works" as gateway vicinityctl send - <"$stage/fixes"
matches "it has not been killed" "^$process\$" "$(show MainPID)"
matches "its log is there" '^2$' "$(head_seq)"
holds "the sockets and the service stop" inside systemctl stop "${sockets[@]}" vicinityd.service
matches "cleanly" '^success 0$' "$(show Result) $(show ExecMainStatus)"
holds "no socket is left" inside sh -c '! ls /run/vicinity/*.sock 2>/dev/null'

if ((failures > 0)); then
    say "--- the journal of the service"
    # The container may be what failed; the verdict comes all the same.
    inside journalctl --no-pager --output short-monotonic --lines 60 --unit vicinityd.service || true
    stop_here 1 "$failures did not hold"
fi
say "everything held"
