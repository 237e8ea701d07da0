#!/usr/bin/env bash
# The units as systemd understands them, line by line, the score of the sandbox, and a daemon under full load for which a forbidden system call is deadly.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"

boot --root host
install_vicinity
start_sockets

section "the units"
# The manual pages of Documentation= are tried where they are installed.
verified=$(inside systemd-analyze --man=no verify "$service" "${sockets[@]}" 2>&1) || verified="status $?: $verified"
equals "systemd has nothing to say of them" '' "$verified"
holds "exposure as the files say it" inside systemd-analyze security --no-pager --offline=true --threshold=5 "$service"
inside vicinityctl status >/dev/null
holds "exposure as it runs" inside systemd-analyze security --no-pager --threshold=5 "$service"
for unit in "$service" "${sockets[@]}"; do
    inside systemctl show --all "$unit" >"$stage/shown"
    holds "systemd has understood each line of $unit" "$here/properties.py" "$root/systemd/$unit" "$stage/shown"
done

section "forbidden system calls, deadly this time"
drop_in "$service" deadly '[Service]' 'SystemCallErrorNumber='
holds "it starts" inside systemctl restart "$service"
equals "the error number is cleared: kill" 2147483646 "$(show SystemCallErrorNumber)"
load_start --gateways 2 --tag deadly
holds "events go on" load_moves 1000
holds "a backup is made" inside vicinityctl backup /root/backup.db
holds "a reload is answered" inside systemctl reload "$service"
holds "it stops and starts" inside systemctl restart "$service"
holds "events go on" load_moves 1000
holds "all is as it must be" load_stop reconnects=any cut=any
say "   $(load_verdict)"
equals "it was never killed" 0 "$(show NRestarts)"
refuses "no SIGSYS in the journal" journal --grep 'status=31|SIGSYS'
holds "it stops" inside systemctl stop "${sockets[@]}" "$service"
equals "cleanly" "success 0" "$(show Result) $(show ExecMainStatus)"

finish
