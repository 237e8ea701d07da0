#!/usr/bin/env bash
# Who may do what, as real users of the groups: at the sockets by the kernel, behind them by the daemon.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"

boot --root host
install_vicinity
start_sockets

section "the sockets"
equals "ingest is the gateways'" "root vicinity-gateway 660" "$(inside stat --format '%U %G %a' /run/vicinity/ingest.sock)"
equals "events is the relays'" "root vicinity-relay 660" "$(inside stat --format '%U %G %a' /run/vicinity/events.sock)"
equals "control is everybody's, and each method asks for a role" "root root 666" "$(inside stat --format '%U %G %a' /run/vicinity/control.sock)"

section "who may do what"
printf '{"id":"s-1","lat":39.9,"lon":116.4,"kind":"toll"}\n' >"$stage/register"
printf '{"user":"u-1","lat":39.9,"lon":116.4,"ts":1732290000000}\n' >"$stage/fixes"
watch_one() { as "$1" timeout 3 vicinityctl watch --json --after 0 --count 1; }

holds "an admin puts subjects" as admin vicinityctl subjects import - <"$stage/register"
for person in gateway relay observer stranger; do
    refuses "a $person puts none" as "$person" vicinityctl subjects import - <"$stage/register"
done
holds "a gateway sends" as gateway vicinityctl send - <"$stage/fixes"
for person in relay observer admin stranger; do
    refuses "a $person sends nothing" as "$person" timeout 3 vicinityctl send - <"$stage/fixes"
done
holds "a relay gets events" watch_one relay
for person in gateway observer admin stranger; do refuses "a $person gets none" watch_one "$person"; done
for person in observer admin; do holds "a $person asks for the status" as "$person" vicinityctl status; done
for person in gateway relay stranger; do refuses "a $person does not" as "$person" vicinityctl status; done
holds "a relay asks what is near" as relay vicinityctl nearby u-1
refuses "an observer does not" as observer vicinityctl nearby u-1
refuses "an observer reloads no configuration" as observer vicinityctl config reload
holds "an admin does" as admin vicinityctl config reload
holds "root may do everything" inside vicinityctl status

finish
