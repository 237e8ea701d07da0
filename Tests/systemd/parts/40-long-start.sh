#!/usr/bin/env bash
# A start that takes longer than systemd would wait: the daemon asks for more time while its recovery goes on, and is not started anew.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"

users=1000000
# The daemon first asks when it has been at it for five seconds.
patience=9

boot --root host
install_vicinity
printf 'privacy: { profile: places }\nfixes: { expire_after: 0 }\n' | configure
start_sockets

section "a state that takes some reading"
lines() {
    python3 -c "
for i in range($users):
    print('{\"user\":\"user-%06d\",\"lat\":%.5f,\"lon\":%.5f,\"ts\":1732290000000}' % (i, 40 + i % 500 / 1000, 116 + i // 500 / 1000))"
}
lines >"$stage/fixes"
send() { inside vicinityctl send - <"$stage/fixes"; }
holds "$users users are there" send
inside systemctl stop "${sockets[@]}" "$service"

section "a start on a machine that has hardly any time for it"
# It stops itself before it is the daemon, so that none of the start is missed.
drop_in "$service" patience '[Service]' "TimeoutStartSec=$patience" 'ExecPaths=/bin/sh' 'ExecStart=' \
    'ExecStart=/bin/sh -c "kill -STOP $$$$; exec /usr/sbin/vicinityd"'
inside systemctl start --no-block "$service"
find_process() { process=$(h pid "$service" 2>/dev/null); }
holds "it has begun" eventually find_process
# Ten milliseconds of a processor in each second, for two seconds more than systemd waits by itself.
hold_up() { # PROCESS SECONDS
    python3 -c '
import glob, os, signal, sys, time
process, seconds = int(sys.argv[1]), int(sys.argv[2])
def used():
    total = 0
    for task in glob.glob(f"/proc/{process}/task/*/schedstat"):
        try:
            total += int(open(task).read().split()[0])
        except OSError: # a thread that has ended
            pass
    return total
for _ in range(seconds):
    before = used()
    os.kill(process, signal.SIGCONT)
    deadline = time.monotonic() + 20
    while used() < before + 10_000_000 and time.monotonic() < deadline:
        time.sleep(0.001)
    os.kill(process, signal.SIGSTOP)
    time.sleep(1)' "$@"
}
holds "it is held up for long" hold_up "$process" $((patience + 2))
matches "it still starts, and tells how it goes" '^activating .*starting: ' "$(show ActiveState) $(show StatusText)"
kill -CONT "$process"
holds "then it is there" eventually is_active
equals "it is the same process, which was not started anew" "$(show NRestarts) $(h pid "$service")" "0 $process"
matches "with everybody" "^$users users" "$(show StatusText)"

section "a start that hangs"
inside systemctl stop "${sockets[@]}" "$service"
inside systemctl start --no-block "$service"
gave_up() { journal | grep -q 'start operation timed out'; }
holds "is given up" eventually gave_up
remove_drop_in "$service" patience
holds "and tried again" eventually is_active

finish
