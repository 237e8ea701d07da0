#!/usr/bin/env bash
# Restarts under load: kill -9 again and again, and nothing that was acked is lost.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"

kill_daemon() { inside systemctl kill --signal KILL --kill-who main "$service"; }

boot --root host
install_vicinity
start_sockets

section "killed with -9 under load, six times"
load_start --gateways 2 --tag kill
for number in {1..6}; do
    holds "events go on" load_moves 400
    kill_daemon
    holds "it comes back" eventually has_restarted "$number"
done
holds "events go on" load_moves 400
holds "nothing acked was lost, nothing came twice to who resumes, and gateways that resend are whole" load_stop reconnects=any cut=any
say "   $(load_verdict)"
holds "the log is sound" inside vicinityctl doctor /var/lib/vicinity

finish
