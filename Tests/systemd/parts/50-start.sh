#!/usr/bin/env bash
# From the first client to the stop: activation, fixes in and events out, the status text, reload with a good and a bad configuration,
# sockets of wrong names, a configuration that no restart mends, and what is left afterwards.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"

has_status() { [[ $(show StatusText) == ?* ]]; }
watch_two() { as relay timeout 20 vicinityctl watch --json --after 0 --count 2 >"$stage/events"; }

boot --root host
install_vicinity
printf 'halo:\n  leave_margin: 50\nprivacy:\n  profile: places\n' | configure

section "activation"
holds "the sockets start" start_sockets
equals "the service waits for a client" inactive "$(inside systemctl is-active "$service")"
printf '{"id":"s-1","lat":39.9,"lon":116.4,"kind":"toll"}\n' >"$stage/register"
holds "a client starts it and is answered" inside vicinityctl subjects import - <"$stage/register"
holds "it is active" is_active
equals "it has a user of its own" vicinity "$(inside stat --format %U /proc/"$(show MainPID)")"
matches "a crash would leave no core: its memory holds where everybody is" '^0 0$' \
    "$(inside sed -n 's/^Max core file size *\([^ ]*\) *\([^ ]*\) .*/\1 \2/p' /proc/"$(show MainPID)"/limits)"
matches "nor one that is piped to a program: proc(5) gives its memory to root" '^root$' \
    "$(inside stat --format %U /proc/"$(show MainPID)"/mem)"
equals "its state is its own" 700 "$(inside stat --dereference --format %a /var/lib/vicinity/)"
equals "/run/vicinity is the sockets' and open to clients" "root 755" "$(inside stat --format '%U %a' /run/vicinity)"
refuses "no directory of it lies in /run/private, where clients do not get in" inside test -e /run/private/vicinity

section "fixes in, events out"
printf '%s\n' \
    '{"user":"u-1","lat":39.915,"lon":116.4,"ts":1732290000000}' \
    '{"user":"u-1","lat":39.901,"lon":116.4,"ts":1732290010000}' \
    '{"user":"u-1","lat":39.915,"lon":116.4,"ts":1732290020000}' >"$stage/fixes"
holds "a gateway sends fixes" as gateway vicinityctl send - <"$stage/fixes"
holds "a relay watches until it has two events" watch_two
matches "a relay gets the enter" '"seq":1,"type":"enter","user":"u-1","subject":"s-1","kind":"toll","ts":1732290010000,"cause":"user"' \
    "$(sed -n 1p "$stage/events")"
matches "and the leave" '"seq":2,"type":"leave",.*"encounter":1,"lasted":10000' "$(sed -n 2p "$stage/events")"

section "status"
holds "a status text comes" eventually has_status
matches "systemctl status says that it runs" 'active \(running\)' "$(inside systemctl --no-pager status "$service")"
matches "and what it does" 'Status: "..*"' "$(inside systemctl --no-pager status "$service")"


section "the status text under load"
# systemd tells of each notification when it is asked to say everything.
load_start --tag status
before=$(moment)
inside systemctl log-level debug
for _ in {1..6}; do
    show StatusText
    sleep 0.9
done >"$stage/texts"
inside systemctl log-level info
inside journalctl --no-pager --quiet --output short-unix --after-cursor "$before" _PID=1 --grep 'Got notification message.*STATUS=' |
    sed 's/\..*//' >"$stage/notified"
holds "all is as it must be" load_stop
matches "it says what an operator wants to know" \
    '^[0-9]+ users, [0-9]+ subjects, .* [0-9.]+ fixes/s, [0-9.]+ events/s; ((a )?subscriber.* behind|.* up to date)$' "$(tail -n 1 "$stage/texts")"
holds "it changes as things do" test "$(sort -u "$stage/texts" | wc -l)" -ge 3
count=$(wc -l <"$stage/notified")
holds "systemd was told, again and again" test "$count" -ge 3
at_most "at most once a second" $(($(tail -n 1 "$stage/notified") - $(head -n 1 "$stage/notified") + 2)) "$count"

section "reload"
process=$(show MainPID)
printf 'halo:\n  leave_margin: 60\nprivacy:\n  profile: places\n' | configure
holds "a good configuration is taken" inside systemctl reload "$service"
equals "and in force" 60 "$(setting halo.leave_margin)"
before=$(moment)
printf 'halo:\n  leave_margin: -5\n' | configure
refuses "a bad one makes the reload fail" inside systemctl reload "$service"
equals "systemd says why it failed" exit-code "$(show ReloadResult)"
matches "the journal says what is wrong, and where" 'vicinityd.yaml:2: halo.leave_margin' "$(journal_since "$before")"
equals "it changes nothing" 60 "$(setting halo.leave_margin)"
holds "the service is active" is_active
equals "it is the same process" "$process" "$(show MainPID)"
printf 'halo:\n  leave_margin: 60\nprivacy:\n  profile: places\n' | configure
holds "a good one is taken again" inside systemctl reload "$service"
before=$(moment)
printf 'halo:\n  leave_margin: 60\nprivacy:\n  profile: places\nlimits:\n  connections: 1000\n' | configure
holds "what needs a restart is no mistake" inside systemctl reload "$service"
matches "but named" 'limits.connections' "$(journal_since "$before")"
printf 'halo:\n  leave_margin: 60\nprivacy:\n  profile: places\n' | configure
holds "and a good one is taken again" inside systemctl reload "$service"

section "kill -9"
head=$(head_seq)
inside systemctl kill --signal KILL --kill-who main "$service"
holds "it comes back" eventually has_restarted 1
equals "with its log" "$head" "$(head_seq)"
holds "a gateway sends again" as gateway vicinityctl send - <"$stage/fixes"
equals "which changes nothing" "$head" "$(head_seq)"

section "the log, while the daemon runs and after"
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

section "stop"
holds "it stops" inside systemctl stop "$service"
equals "cleanly" "success 0" "$(show Result) $(show ExecMainStatus)"
holds "doctor finds nothing wrong when it is stopped" inside vicinityctl doctor /var/lib/vicinity

section "a configuration that no restart mends"
printf 'halo:\n  leave_margin: -5\n' | configure
refuses "the start fails" inside systemctl start "$service"
holds "and is not tried again" eventually is_failed
equals "with the status for a wrong configuration" 78 "$(show ExecMainStatus)"
equals "a start by hand counts as none, so none followed" 0 "$(show NRestarts)"
equals "the sockets still wait" active "$(inside systemctl is-active vicinityd-ingest.socket)"
printf 'halo:\n  leave_margin: 60\nprivacy:\n  profile: places\n' | configure
inside systemctl reset-failed "$service"

section "what is left"
holds "the sockets and the service stop" inside systemctl stop "${sockets[@]}" "$service"
refuses "no socket is left" inside sh -c 'ls /run/vicinity/*.sock'

finish
