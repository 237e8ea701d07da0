#!/usr/bin/env bash
# Every reason for which the daemon is degraded, and every exit status, brought about on purpose: what the programs say then is what docs/runbook.md
# shows, but for the numbers, and what it says is to be done helps.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"
# shellcheck source=Tests/systemd/disk.sh
source "$here/disk.sh"

runbook=$root/docs/runbook.md

# Numbers differ from day to day.
without_numbers() { sed 's/[0-9][0-9]*/#/g'; }
# The text of the page under the heading of a reason or a status.
entry() { awk -v heading="### \`$1\`" '$0 == heading { on = 1; next } /^##/ { on = 0 } on' "$runbook"; }
shows() { # HEADING TEXT: the page's entry shows this line somewhere
    if [[ -n $2 ]] && entry "$1" | without_numbers | grep --fixed-strings -e "$(without_numbers <<<"$2")" >/dev/null; then return; fi
    printf 'docs/runbook.md, "%s", does not show:\n%s\n' "$1" "$2"
    return 1
}
sentence() { # REASON: what the daemon says of it; nothing if it is well
    inside vicinityctl status --json 2>/dev/null |
        python3 -c 'import json, sys; print("\n".join(r for r in json.load(sys.stdin)["health"]["reasons"] if r.startswith(sys.argv[1] + ":")))' "$1"
}
is_degraded() { [[ -n $(sentence "$1") ]]; }
is_told() { [[ $(show StatusText) == "degraded: "*"$1: "* ]]; }
is_well() { inside vicinityctl status >/dev/null; }
drill() { # REASON: it has come, as the page shows it
    holds "the daemon is degraded: $1" eventually is_degraded "$1"
    holds "as the runbook shows it" shows "$1" "$(sentence "$1")"
    holds "systemctl status says so" eventually is_told "$1"
}
settings() { # LINE...
    printf '%s\n' 'privacy: { profile: places }' "$@" | configure
    inside systemctl reload "$service"
}
fixes() { # USER COUNT: crosses the edge of the halo with each
    local number place=(9.901 9.951)
    for ((number = 0; number < $2; number++)); do
        printf '{"user":"%s","lat":%s,"lon":116.4,"ts":%d}\n' "$1" "${place[number % 2]}" $((1732290000000 + number * 60000))
    done
}
awaited() { # PROCESS of a sender: it has ended well
    wait "$1" || {
        cat "$stage/sent"
        return 1
    }
}
ended() { # STATUS: the service has ended with it
    [[ $(show ExecMainStatus) == "$1" ]]
}
says() { # HEADING: the page's entry shows one of the lines that were said since the moment `before`
    local line
    while IFS= read -r line; do
        # Not a word that is somewhere by chance.
        ((${#line} < 30)) || ! shows "$1" "$line" >/dev/null || return 0
    done < <(journal_since "$before")
    printf 'docs/runbook.md, "%s", shows nothing of this:\n' "$1"
    journal_since "$before"
    return 1
}
database() { python3 - "$(h path "$state_directory")/vicinity.db" "$@"; } # Python on the file of the log, while nobody has it open
flip() { # TEXT: a bit of the file's first place that holds it
    database "$1" <<'END'
import sys
with open(sys.argv[1], "r+b") as file:
    data = bytearray(file.read())
    data[data.index(sys.argv[2].encode().decode("unicode_escape").encode()) + 2] ^= 1
    file.seek(0)
    file.write(data)
END
}

boot --root host
install_vicinity
drop_in "$service" patient '[Service]' 'WatchdogSec=20s'
printf 'privacy: { profile: places }\nhealth: { disk_free: 0 }\n' | configure
make_disk
mount_disk
start_sockets
printf '{"id":"here","kind":"toll","lat":9.9,"lon":116.4}\n' >"$stage/register"
inside vicinityctl subjects import - <"$stage/register" >/dev/null

section "disk"
settings 'health: { disk_free: 1000 }'
inside dd if=/dev/zero of="$state_directory/filler" bs=1M 2>/dev/null count=$(($(inside stat --file-system --format '%a * %S' "$state_directory") / 1048576 - 5))
drill disk
inside rm "$state_directory/filler"
holds "with room it is well" eventually is_well
settings 'health: { disk_free: 0 }'

section "subscriber_lag"
settings 'health: { disk_free: 0, subscriber_lag: 10 }'
fixes u-1 40 | inside vicinityctl send - >/dev/null
as relay timeout 20 vicinityctl watch --name relay-7 --after 0 --count 1 >/dev/null
drill subscriber_lag
holds "the name is removed" inside vicinityctl subscribers remove relay-7
holds "it is well" eventually is_well

section "store"
settings 'health: { disk_free: 0 }'
inside dd if=/dev/zero of="$state_directory/filler" bs=1M 2>/dev/null || true
# Until the last free page of the log's own file is used too.
fixes u-2 40000 >"$stage/fixes"
inside timeout 60 vicinityctl send - <"$stage/fixes" >"$stage/sent" 2>&1 &
sender=$!
drill store
inside rm "$state_directory/filler"
holds "with room it goes on by itself, and nothing is lost" awaited "$sender"
holds "it is well" eventually is_well

section "store_slow"
freeze_disk
fixes u-3 2 | inside timeout 60 vicinityctl send - >"$stage/sent" 2>&1 &
sender=$!
sleep 2
thaw_disk
drill store_slow
holds "what was sent is there" awaited "$sender"
settings 'health: { disk_free: 0, commit_time: 0 }'
holds "with another limit it is well" eventually is_well

section "watchdog"
before=$(moment)
restarts=$(show NRestarts)
freeze_disk
drill watchdog
thaw_disk
holds "when the disk is back it is well" eventually is_well
equals "it was not restarted" "$restarts" "$(show NRestarts)"

section "log, retention, erasure: a block that is damaged"
fixes the-victim 2 | inside vicinityctl send - >/dev/null
fixes u-4 2 | inside vicinityctl send - >/dev/null
inside systemctl stop "${sockets[@]}" "$service"
# In no other place the subject's id follows the user's.
holds "a bit flips" flip 'the-victim\x04here'
start_sockets
as relay timeout 20 vicinityctl watch --after 0 --retry 1s >/dev/null 2>&1 || true
drill log
gives "the doctor finds it" 1 inside sh -c "systemctl stop ${sockets[*]} $service; vicinityctl doctor /var/lib/vicinity"
start_sockets
inside timeout 5 vicinityctl users forget --yes the-victim >/dev/null 2>&1 || true
drill erasure
printf 'privacy: { profile: places }\nhealth: { disk_free: 0 }\ndelivery: { retention_events: 1 }\n' | configure
inside systemctl reload "$service"
drill retention
inside systemctl stop "${sockets[@]}" "$service"
gives "the doctor saves what can be saved, and says what is lost" 1 inside vicinityctl doctor --salvage /root/saved /var/lib/vicinity
# As it says: the old one away, the new one in its place.
inside sh -c "mkdir /root/damaged && mv $state_directory/vicinity.* /root/damaged/ && cp -a /root/saved/. $state_directory/ &&
    chown --recursive --reference=$state_directory $state_directory"
printf 'privacy: { profile: places }\nhealth: { disk_free: 0 }\n' | configure
start_sockets
holds "it is well" eventually is_well

section "audit"
for _ in 1 2; do inside vicinityctl explain u-1 >/dev/null; done
inside systemctl stop "${sockets[@]}" "$service"
# On a copy: SQLite would take the container's root for the machine's.
database "$stage/copy" <<'END'
import shutil, sqlite3, sys
shutil.copy(sys.argv[1], sys.argv[2])
with sqlite3.connect(sys.argv[2]) as log:
    log.execute("DELETE FROM audit WHERE number = (SELECT min(number) FROM audit)")
log.close()
with open(sys.argv[1], "r+b") as file, open(sys.argv[2], "rb") as changed:
    file.write(changed.read())
END
start_sockets
drill audit

section "exit statuses"
inside systemctl stop "${sockets[@]}" "$service"
equals "after a stop in order" 0 "$(show ExecMainStatus)"
status() { # STATUS LINE...: with these lines in the unit
    before=$(moment)
    drop_in "$service" drill "${@:2}"
    inside systemctl start "$service" >/dev/null 2>&1 || true
    holds "it ends with $1" eventually ended "$1"
    inside systemctl stop "$service"
    # The journal gets it a moment later.
    holds "as the runbook shows it" eventually says "$1"
    remove_drop_in "$service" drill
    inside systemctl reset-failed "$service"
}
status 64 '[Service]' 'Type=exec' 'Restart=no' 'ExecStart=' 'ExecStart=/usr/sbin/vicinityd --state_dir /var/lib/vicinity'
status 73 '[Service]' 'Type=exec' 'Restart=no' 'ExecStart=' 'ExecStart=/usr/sbin/vicinityd --state-dir /etc/vicinity/vicinityd.yaml'
printf 'halo: { radius: wide }\n' | configure
status 78 '[Service]' 'Type=exec' 'Restart=no'
printf 'privacy: { profile: places }\nhealth: { disk_free: 0 }\n' | configure
start_sockets
holds "mended, it starts" is_well
gives "a second daemon" 75 inside vicinityd --state-dir /var/lib/vicinity --runtime-dir /run/second
holds "as the runbook shows it" shows 75 "$(grep --only-matching '/var/lib/vicinity/vicinity.lock: another .*' "$stage/output")"
inside systemctl stop "${sockets[@]}" "$service"
database <<'END'
import sys
with open(sys.argv[1], "r+b") as file:
    file.write(b"This is no database.")
END
status 74 '[Service]' 'Type=exec' 'Restart=no'

finish
