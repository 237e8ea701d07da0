#!/usr/bin/env bash
# Connections that outlive the daemon: through orderly restarts under load with exact counts, and through a crash while nothing is under way.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"

boot --root host
install_vicinity
start_sockets

stored() { show NFileDescriptorStore; }
has_stored() { [[ $(stored) == "$1" ]]; }

section "ten orderly restarts under load"
load_start --gateways 2 --sleepers 5 --tag kept
before=$(moment)
process=$(show MainPID)
# Two gateways, two relays and ten sleepers: a socket and a notebook each.
holds "every connection is in systemd's keeping" eventually has_stored 28
for number in {1..10}; do
    holds "events go on" load_moves 200
    if ((number % 2)); then holds "the gateways pause in the middle of a line" load_pause; fi
    holds "restart $number" inside systemctl restart "$service"
    if ((number % 2)); then load_go; fi
done
holds "events go on" load_moves 200
refuses "it is another process" test "$process" = "$(show MainPID)"
holds "no line lost, none torn, no reconnect" load_stop
verdict=$(load_verdict)
say "   $verdict"
equals "the log has each event once" "$(sed -n 's/.*"events": \([0-9]*\).*/\1/p' <<<"$verdict")" "$(head_seq)"
holds "nothing is kept of connections that have ended" eventually has_stored 0
equals "nothing of it is a reason to warn" '' "$(journal_since "$before" --priority warning)"
holds "the log is sound" inside vicinityctl doctor /var/lib/vicinity

section "killed with -9 while connections are idle, five times"
load_start --gateways 2 --sleepers 5 --tag idle
for number in {1..5}; do
    holds "events go on" load_moves 200
    holds "everything comes to rest, in the middle of a line" load_pause
    inside systemctl kill --signal KILL --kill-who main "$service"
    holds "it comes back" eventually has_restarted "$number"
    load_go
done
holds "events go on" load_moves 200
holds "no line lost, none torn, no reconnect" load_stop
say "   $(load_verdict)"

section "nine hundred connections, a crash and a restart"
load_start --sleepers 450 --tag many
holds "events go on" load_moves 200
holds "every connection is in systemd's keeping" eventually has_stored 1806
holds "everything comes to rest, in the middle of a line" load_pause
inside systemctl kill --signal KILL --kill-who main "$service"
holds "it comes back" eventually has_restarted 6
load_go
holds "events go on" load_moves 200
holds "it is restarted" inside systemctl restart "$service"
holds "events go on" load_moves 200
holds "nobody has noticed" load_stop
say "   $(load_verdict)"

section "whoever has lost the role meanwhile is turned away"
as gateway python3 -c '
import socket
client = socket.socket(socket.AF_UNIX)
client.settimeout(30)
client.connect("/run/vicinity/ingest.sock")
client.sendall(b"{\"user\":\"u\",\"lat\":0,\"lon\":0,\"ts\":1732290000000}\n")
print(client.recv(100).decode(), flush=True)
print(client.makefile().read())' >"$stage/turned-away" 2>&1 &
gateway=$!
is_acked() { grep -q '"ack":1' "$stage/turned-away"; }
holds "a gateway is connected" eventually is_acked
printf 'privacy: { profile: places }\naccess: { ingest: { groups: [vicinity-admin] } }\n' | configure
holds "its group loses the role, and the daemon is restarted" inside systemctl restart "$service"
holds "its connection ends" wait "$gateway"
matches "by the answer that it would get now" '"forbidden"' "$(<"$stage/turned-away")"
printf 'privacy: { profile: places }\n' | configure
inside systemctl reload "$service"

section "stopped, nothing is kept"
load_start --sleepers 2 --tag ended
holds "events go on" load_moves 100
inside systemctl stop "$service" 2>/dev/null
holds "clients find the daemon again, by connecting" load_moves 100
holds "and are whole" load_stop reconnects=any lost=4
say "   $(load_verdict)"

finish
