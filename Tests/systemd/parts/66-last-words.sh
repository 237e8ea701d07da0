#!/usr/bin/env bash
# Last words and a journal in trouble: why the daemon did not start is told as the service's own, however quickly it ends; a journal that hangs
# holds up nobody, and one that comes back is found.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"

# The id of a kind of message, from the table of them.
id_of() { sed -n "s/^| \`$1\` .*| \`\([0-9a-f]*\)\` |\$/\1/p" "$root/docs/messages.md"; }
entries() { journal --output json "MESSAGE_ID=$(id_of "$1")" "${@:2}"; } # KIND [OPTIONS]
count_of() { entries "$@" | wc -l; }
has() { (($(count_of "$1" "${@:3}") == $2)); } # KIND COUNT [OPTIONS]
explained() { inside journalctl --no-pager --quiet --catalog --lines 1 "MESSAGE_ID=$(id_of "$1")"; }

boot --root host
install_vicinity
start_sockets

section "why it does not start"
printf 'halo:\n  radius: -5\n  colour: red\nfixes:\n  max_future: soon\n' | configure
for _ in 1 2 3 4 5; do inside systemctl start "$service" 2>/dev/null || true; done
equals "each mistake at each of five starts is a message of the service" 15 "$(count_of wrongConfiguration)"
equals "in red" 15 "$(count_of wrongConfiguration --priority err)"
matches "in the words of the contract" '/vicinityd.yaml:3: halo.colour: ' "$(journal "MESSAGE_ID=$(id_of wrongConfiguration)")"
matches "and the catalogue says what to do" 'vicinityd --check-config' "$(explained wrongConfiguration)"
printf 'privacy: { profile: places }\n' | configure
drop_in "$service" usage '[Service]' 'ExecStart=' 'ExecStart=/usr/sbin/vicinityd --colour'
refuses "an unknown option stops the start" inside systemctl start "$service"
holds "and is told in red too" has wrongUsage 1 --priority err --grep colour
remove_drop_in "$service" usage
inside systemctl reset-failed "$service"

section "a journal that hangs"
holds "it starts again" inside systemctl start "$service"
for mistake in {1..20}; do printf 'mistake_%s: 1\n' "$mistake"; done | configure
inside pkill --signal STOP systemd-journal
answered=0
for _ in {1..20}; do
    # It is refused, which is an answer: 1. Who is not answered is ended by the time limit: 124.
    status=0
    inside timeout 5 vicinityctl config reload >/dev/null 2>&1 || status=$?
    ((status != 1)) || answered=$((answered + 1))
done
holds "the daemon still says how it is" inside timeout 5 vicinityctl status
inside pkill --signal CONT systemd-journal
equals "everybody was answered while the journal did not read" 20 "$answered"
printf 'privacy: { profile: places }\n' | configure
holds "when it reads again a reload works" inside systemctl reload "$service"
matches "and what was lost is counted" 'before it [0-9]* messages were lost, which the journal did not take' "$(journal --lines 5)"
inside systemctl restart systemd-journald.service
holds "a journal that was restarted is there" inside systemctl reload "$service"
holds "and gets fields as before" eventually has configurationReloaded 2

finish
