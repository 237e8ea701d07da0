#!/usr/bin/env bash
# Reboots and power cuts under load, with durability: power. Gateways and relays are on another machine, so to speak: they live through it.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=Tests/systemd/disk.sh
source "$here/disk.sh"

boot --root host
install_vicinity
printf 'privacy: { profile: places }\ndurability: power\n' | configure
make_disk
mount_disk
start_sockets
link_sockets
come_back() {
    mount_disk
    link_sockets
}

section "reboot under load"
load_start_outside --gateways 2 --tag power
matches "the daemon says that it syncs" power "$(setting durability)"
holds "events go on" load_moves 1000
unlink_sockets
holds "the machine reboots in order" h reboot
come_back
holds "a client finds the daemon at once" inside vicinityctl status
holds "events go on" load_moves 1000
holds "the register is there" inside vicinityctl subjects get power-g1-s
matches "the cursor is there" power-relay "$(inside vicinityctl subscribers list)"
matches "the journal has its orderly stop" 'Stopped vicinityd.service' "$(journal --boot -1)"

section "three power cuts under load"
for cut in {1..3}; do
    cut_power
    unlink_sockets
    h reboot --hard 2>/dev/null
    come_back
    holds "events go on after cut $cut" load_moves 1000
done
holds "nothing acked or delivered was lost, and gateways that resend are whole" load_stop reconnects=any refused=any cut=any
say "   $(load_verdict)"
holds "the log is sound" inside vicinityctl doctor /var/lib/vicinity

finish
