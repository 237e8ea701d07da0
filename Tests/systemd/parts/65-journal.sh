#!/usr/bin/env bash
# What stands in the journal: fields, ids and their explanations, repeated trouble summed up, and nowhere who or where anybody is.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"

boot --root host
install_vicinity
start_sockets
load_start --gateways 2 --tag canary
holds "events go on" load_moves 500

section "what may give occasion to say something"
# Those who have no role are turned away; control is open to all, so that the daemon does it, and not the kernel.
as stranger python3 -c '
import socket
for _ in range(300):
    client = socket.socket(socket.AF_UNIX)
    client.connect("/run/vicinity/control.sock")
    client.recv(1000)'
holds "an admin explains" as admin vicinityctl explain canary-g0-u1
holds "an admin forgets" as admin vicinityctl users forget canary-nobody
printf 'halo:\n  radius: wide\n' | configure
refuses "a bad configuration is refused" inside systemctl reload "$service"
printf 'privacy: { profile: places }\nhalo: { leave_margin: 51 }\n' | configure
holds "a good one is not" inside systemctl reload "$service"
holds "all is as it must be" load_stop
inside systemctl kill --signal KILL --kill-who main "$service"
holds "it comes back" eventually has_restarted 1
holds "it stops" inside systemctl stop "$service"

section "what stands there"
journal --output json >"$stage/entries"
entries() { "$here/journal.py" "$root/systemd/vicinity.catalog" "$@" <"$stage/entries"; }
holds "every entry is whole, explained, and says neither who nor where" entries canary- 48.0005 48.1005 48.01 48.11
sed 's/^/   /' "$stage/output"
at_most "who is turned away again and again is summed up" 10 "$(journal MESSAGE_ID=71909c5a7c654667a44e27014f7929f7 | wc -l)"
matches "with how often" '[0-9]' "$(journal MESSAGE_ID=71909c5a7c654667a44e27014f7929f7)"
matches "a reload that failed is an error" 'halo.radius' "$(journal --priority err)"
for id in dac10cfb81b846edb090dfa04babc3da 6941893e296e45a0b5c088a8d028953c; do
    matches "journalctl -x explains $id" 'Subject: |Defined-By: vicinityd' "$(journal --output short --catalog "MESSAGE_ID=$id")"
done
matches "the words of an explanation come from the entry" 'newest event is [0-9]' "$(journal --output short --catalog MESSAGE_ID=6941893e296e45a0b5c088a8d028953c)"
matches "what is not needed is not said: a run without trouble has no warning" '^$' \
    "$(journal --output cat --priority warning --grep 'slow|late|behind|overflow')"

finish
