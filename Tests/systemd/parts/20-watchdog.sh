#!/usr/bin/env bash
# The watchdog ends a daemon that hangs, and none that is busy: a process that is stopped, a disk that is frozen under load and at rest, and
# a register of a quarter of a million entries swapped in under load.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=Tests/systemd/disk.sh
source "$here/disk.sh"

timeouts() { journal_since "$before" --grep 'Watchdog timeout' | wc -l; }
was_bitten() { (($(timeouts) >= 1)); }

boot --root host
install_vicinity
# As the unit has it, but sooner.
drop_in "$service" sooner '[Service]' 'WatchdogSec=3s'
make_disk
mount_disk
start_sockets

section "a process that is stopped, while its connections are idle"
load_start --sleepers 3 --tag stopped
holds "events go on" load_moves 300
holds "everything comes to rest, in the middle of a line" load_pause
before=$(moment)
inside systemctl kill --signal STOP --kill-who main "$service"
holds "the watchdog bites" eventually was_bitten
holds "it comes back" eventually has_restarted 1
load_go
holds "events go on" load_moves 300
holds "nobody has noticed" load_stop
say "   $(load_verdict)"

section "a disk that hangs, at rest"
inside vicinityctl status >/dev/null
before=$(moment)
freeze_disk
holds "the watchdog bites" eventually was_bitten
thaw_disk
holds "it comes back" eventually has_restarted 2
holds "the log is sound" inside vicinityctl doctor /var/lib/vicinity

section "a disk that hangs, under load"
load_start --tag frozen
holds "events go on" load_moves 300
before=$(moment)
freeze_disk
holds "the watchdog bites" eventually was_bitten
thaw_disk
holds "it comes back" eventually has_restarted 3
holds "events go on" load_moves 300
holds "all is as it must be" load_stop reconnects=any cut=any
say "   $(load_verdict)"
holds "the log is sound" inside vicinityctl doctor /var/lib/vicinity

section "a busy one is left alone"
drop_in "$service" sooner '[Service]' 'WatchdogSec=2s'
inside systemctl restart "$service"
restarts=$(show NRestarts)
load_start --gateways 2 --rate 2000 --tag busy
before=$(moment)
{
    # What both have stays inside without an event; so do those of before.
    for tag in stopped frozen busy; do python3 "$here/clients/load.py" --subjects --gateways 2 --tag "$tag"; done
    python3 -c 'for i in range(250_000): print("{\"id\":\"n-%d\",\"lat\":%.5f,\"lon\":%.5f}" % (i, i % 500 / 10 - 70, i // 500 / 10 - 20))'
} >"$stage/register"
holds "a quarter of a million entries are swapped in under load" inside vicinityctl subjects replace --yes - <"$stage/register"
holds "they are there" test "$(inside vicinityctl status --json | tr -d ' \n' | sed -n 's/.*"subjects":\([0-9]*\).*/\1/p')" = 250006
holds "events go on" load_moves 1000
holds "all is as it must be" load_stop
say "   $(load_verdict)"
equals "the watchdog has not bitten" 0 "$(timeouts)"
equals "and nothing was restarted" "$restarts" "$(show NRestarts)"

finish
