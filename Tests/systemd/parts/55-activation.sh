#!/usr/bin/env bash
# What systemd hands to the daemon: sockets by name, clients that came while it was down, credentials; and what happens when that is wrong.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"

boot --root host
install_vicinity
start_sockets

section "who connects while it is down waits"
# With +, for the sandbox runs nothing else.
drop_in "$service" slow '[Service]' 'ExecStartPre=+/bin/sleep 2'
inside systemctl start --no-block "$service"
is_starting() { [[ $(show SubState) == start-pre ]]; }
holds "it is on its way" eventually is_starting
printf '{"user":"u-1","lat":39.9,"lon":116.4,"ts":1732290000000}\n' >"$stage/fixes"
as gateway vicinityctl send - <"$stage/fixes" >"$stage/sent" 2>&1 &
sender=$!
# Besides the socket itself there is one that nobody has accepted.
is_waiting() { (($(inside grep -c ' /run/vicinity/ingest.sock$' /proc/net/unix) >= 2)); }
holds "a gateway is connected" eventually is_waiting
holds "the daemon is not there yet" is_starting
holds "an operator is answered" inside vicinityctl status
holds "and so is the gateway" wait "$sender"
matches "its fix has arrived" '1 line' "$(<"$stage/sent")"
remove_drop_in "$service" slow

section "sockets of unknown and of missing names"
wrong_sockets() { # WHAT NAME-IN-THE-JOURNAL
    inside systemctl stop "${sockets[@]}" "$service"
    inside systemctl start "${sockets[@]}"
    before=$(moment)
    refuses "$1: the start fails" inside systemctl start "$service"
    equals "$1: as a wrong configuration does" 78 "$(show ExecMainStatus)"
    equals "$1: and is not tried again" 0 "$(show NRestarts)"
    matches "$1: the journal names it" "$2" "$(journal_since "$before")"
    inside systemctl reset-failed "$service"
}
drop_in vicinityd-control.socket wrong '[Socket]' 'FileDescriptorName=operators'
wrong_sockets "an unknown name" operators
remove_drop_in vicinityd-control.socket wrong
inside systemctl stop "${sockets[@]}"
# The third socket starts somebody else.
inside tee /etc/systemd/system/elsewhere.service >/dev/null <<<$'[Service]\nExecStart=/bin/true'
inside cp /usr/lib/systemd/system/vicinityd-control.socket /etc/systemd/system/vicinityd-control.socket
inside sed -i 's/^Service=.*/Service=elsewhere.service/' /etc/systemd/system/vicinityd-control.socket
inside systemctl daemon-reload
wrong_sockets "a missing one" control
inside rm /etc/systemd/system/vicinityd-control.socket /etc/systemd/system/elsewhere.service
inside systemctl daemon-reload
inside systemctl stop "${sockets[@]}"
inside systemctl start "${sockets[@]}"
holds "with the names as shipped it starts" inside vicinityctl status

section "a wrong configuration, and a client that waits"
inside systemctl stop "$service" 2>/dev/null
before=$(moment)
printf 'halo:\n  leave_margin: -5\n' | configure
inside timeout 30 vicinityctl status >"$stage/answer" 2>&1 &
client=$!
refuses_often() { (($(journal_since "$before" --grep 'halo.leave_margin' | wc -l) >= 3)); }
holds "the daemon is started for it, and again" eventually refuses_often
tries=$(journal_since "$before" --output short-unix --grep 'halo.leave_margin' | sed 's/\..*//')
at_most "but once a second, not as fast as the machine can" $(($(tail -n 1 <<<"$tries") - $(head -n 1 <<<"$tries") + 1)) "$(wc -l <<<"$tries")"
matches "systemctl status says what is wrong" 'halo.leave_margin' "$(show StatusText)"
equals "the sockets are there" 3 "$(inside systemctl is-active "${sockets[@]}" | grep -cx active)"
printf 'privacy: { profile: places }\n' | configure
holds "once it is mended, the client is answered" wait "$client"
holds "and the service is active" is_active

section "stopped, while somebody knocks at every door"
link_sockets
mkfifo "$stage/knocker.in"
python3 "$here/clients/knocker.py" --run "$stage/run" <"$stage/knocker.in" >"$stage/knocker.out" 2>&1 &
exec {knocker_input}>"$stage/knocker.in"
for number in {1..7}; do
    holds "it starts" inside systemctl start "${sockets[@]}" "$service"
    holds "stop $number" inside systemctl stop "${sockets[@]}"
    equals "everything has stopped" 4 "$(inside systemctl is-active "${sockets[@]}" "$service" | grep -cx inactive)"
done
exec {knocker_input}>&-
wait
start_sockets

section "credentials"
# What users near an entry with a precision are told depends on the key alone: one key is one log, whatever the state directory.
walk() { # into the file $1: the events of a walk past three entries in a new state directory
    inside systemctl stop "$service" 2>/dev/null
    inside find /var/lib/private/vicinity -mindepth 1 -delete
    printf '{"id":"p-%s","lat":39.9%s,"lon":116.4,"precision":1000}\n' 1 0 2 2 3 4 | as admin vicinityctl subjects import - >/dev/null
    for number in {0..60}; do
        printf '{"user":"u-1","lat":39.%d,"lon":116.4,"ts":%d}\n' $((8900 + number * 15)) $((1732290000000 + number * 10000))
    done | as gateway vicinityctl send - >/dev/null
    as relay timeout 2 vicinityctl watch --json --after 0 >"$1" 2>/dev/null || true
}
# 32 bytes each, where the unit takes them from if they are there.
credential() { inside sh -c "umask 077; mkdir -p /etc/credstore; printf $2 >/etc/credstore/vicinity.$1"; } # NAME FORMAT-AND-ARGUMENT
credential precision_key '%032d 1'
credential audit_key '%032d 2'
walk "$stage/first"
equals "no key lies in the state directory" '' "$(inside find /var/lib/private/vicinity -name '*-key')"
credential precision_key '%032d 3'
walk "$stage/other"
credential precision_key '%032d 1'
walk "$stage/again"
matches "there are events" '"enter".*"leave"' "$(tr '\n' ' ' <"$stage/first")"
holds "the same key gives the same events" cmp "$stage/first" "$stage/again"
refuses "another one gives others" cmp "$stage/first" "$stage/other"
credential precision_key short
inside systemctl stop "$service" 2>/dev/null
before=$(moment)
refuses "a key that is none is no start" inside systemctl start "$service"
matches "and the journal says so" precision_key "$(journal_since "$before")"

finish
