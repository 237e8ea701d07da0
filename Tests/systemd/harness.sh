#!/usr/bin/env bash
# harness.sh - run a real systemd (PID 1) in a throw-away container, so that
# unit files can be started, reloaded, watchdog-killed, socket-activated and so on.
#
# It needs root, a Linux kernel with namespaces, overlayfs and a mounted cgroup v2
# hierarchy, and Debian's packages (installed by `up` when missing). It needs no
# container engine and no systemd on the machine itself: systemd-nspawn runs
# unregistered. The machine's own files are never written: the root file system of
# the container is an overlay, kept in memory and thrown away by `down`.
#
# usage: harness.sh up     [--root host|clean|DIR] [--with PACKAGE,...] [--size 4g] [--timeout 60] [--keep-enabled]
#                                  (host: what this machine has, the default; clean: a minimal Debian with
#                                  systemd and the packages of --with, made once and kept in a cache)
#        harness.sh run    [--unit] [--] COMMAND [ARG...]
#        harness.sh copy   SOURCE... DEST     (machine -> container)
#        harness.sh copy   :SOURCE DEST       (container -> machine)
#        harness.sh path   /FILE              (the machine's path of a container's file or socket)
#        harness.sh pid    [UNIT]             (the machine's PID of the container's init or of a unit)
#        harness.sh reboot [--hard]           (orderly, or as if the power was cut; files stay)
#        harness.sh status
#        harness.sh down   [--now]            (always safe to call; --now skips the orderly stop)
#        harness.sh probe                     (whether this machine lets its root boot a container: 0, or 69 and why not)
#
# Every subcommand takes --name NAME (default: vicinity) first, so several containers
# can be up at once.
#
# Exit status: `run` gives the command's own; 64 usage, 69 something this machine
# lacks, 70 the container failed to come up, 75 no such container is up (or one is
# already up, for `up`).
set -euo pipefail

PROG=${0##*/}
STATE_ROOT=${VICINITY_HARNESS_STATE:-/run/vicinity-harness}
CACHE_ROOT=${VICINITY_HARNESS_CACHE:-/var/cache/vicinity-harness}
NAME=vicinity

say()  { printf '%s: %s\n' "$PROG" "$*" >&2; }
die()  { local rc=$1; shift; say "error: $*"; exit "$rc"; }
usage(){ sed -n '/^# usage:/,/^# Exit/{/^# Exit/!s/^# \{0,1\}//p}' "$0" >&2; exit 64; }

# ---------------------------------------------------------------- small helpers
# A process is named by its PID and its start time, so that a recycled PID is never
# taken for ours.
start_time() { # PID
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }           # the command name may hold blanks and brackets
    # shellcheck disable=SC2086
    set -- $stat
    printf '%s\n' "${20}"
}
same_process() { # PID START
    [[ -n ${1:-} && -n ${2:-} && "$(start_time "$1" 2>/dev/null || true)" == "$2" ]] &&
        [[ $(awk '/^State:/{print $2}' "/proc/$1/status" 2>/dev/null || true) != Z ]]
}
state() { printf '%s/%s\n' "$STATE_ROOT" "$NAME"; }
load_state() {
    S=$(state); SUPERVISOR='' SUPERVISOR_START='' LEADER='' LEADER_START='' EXEC=''
    # shellcheck disable=SC1091
    [[ -r $S/pids ]] && . "$S/pids"
    return 0
}
is_up() { load_state; same_process "$SUPERVISOR" "$SUPERVISOR_START"; }
need_up() {
    is_up || die 75 "no container '$NAME' is up; start it with: $PROG --name $NAME up"
    same_process "$LEADER" "$LEADER_START" || die 75 "container '$NAME' is up but its init is gone; run: $PROG --name $NAME down"
}

# ------------------------------------------------------------------ cgroup tree
# cgroup v2 is /sys/fs/cgroup itself, or /sys/fs/cgroup/unified where v1 controllers
# are mounted beside it. On the latter kind, systemd-nspawn also uses name=systemd.
CGROUP2='' CGROUP1=''
find_cgroups() {
    local type target
    while read -r type target; do
        case $type in
            cgroup2) [[ -n $CGROUP2 ]] || CGROUP2=$target ;;
            cgroup)  [[ $target == */systemd ]] && CGROUP1=$target ;;
        esac
    done < <(awk '{ for (i = 7; i <= NF; i++) if ($i == "-") { print $(i+1), $5; break } }' /proc/self/mountinfo)
    [[ -n $CGROUP2 ]] || die 69 "no cgroup v2 hierarchy is mounted (looked through /proc/self/mountinfo); mount one with: mount -t cgroup2 none /sys/fs/cgroup"
}
cgroup_dirs() { local c; for c in "$CGROUP2" "$CGROUP1"; do [[ -n $c ]] && printf '%s/vicinity-harness-%s\n' "$c" "$NAME"; done; return 0; }
remove_cgroups() {
    local d sub
    find_cgroups
    while read -r d; do
        [[ -d $d ]] || continue
        [[ -w $d/cgroup.kill ]] && echo 1 >"$d/cgroup.kill"
        while read -r sub; do
            for _ in 1 2 3 4 5 6 7 8 9 10; do rmdir "$sub" 2>/dev/null && break; sleep 0.05; done
        done < <(find "$d" -depth -type d)
        [[ ! -d $d ]] || say "warning: could not remove $d"
    done < <(cgroup_dirs)
}

# -------------------------------------------------------------------- packages
need_packages() { # COMMAND=PACKAGE...
    local pair missing=()
    for pair in "$@"; do command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}"); done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || die 69 "missing ${missing[*]}, and there is no apt-get to install them with"
    say "installing ${missing[*]}"
    local log=$STATE_ROOT/apt.log
    mkdir -p "$STATE_ROOT"
    if ! DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
        { DEBIAN_FRONTEND=noninteractive apt-get update &&
          DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >>"$log" 2>&1 ||
            { tail -n 20 "$log" >&2; die 69 "could not install ${missing[*]} (whole log: $log)"; }
    fi
}

# ------------------------------------------------------------------ root trees
clean_root() { # PACKAGE,...: prints the folder of a minimal Debian with these packages, making it once
    local suite dir packages=systemd,systemd-sysv,dbus${1:+,$1} own=() file
    # That of the machine: what is built here fits the libraries there.
    suite=$(sed -n 's/^VERSION_CODENAME="\{0,1\}\([a-z]*\).*/\1/p' /etc/os-release)
    suite=${suite:-bookworm}
    [[ $packages =~ ^[a-z0-9.+,-]+$ ]] || die 64 "--with takes package names with commas between them"
    dir=$CACHE_ROOT/$suite-$(printf '%s' "$packages" | cksum | cut -d' ' -f1)
    if [[ ! -e $dir/.complete ]]; then
        need_packages mmdebstrap=mmdebstrap
        say "making a minimal Debian root in $dir (once)"
        rm -rf --one-file-system "$dir"
        mkdir -p "$CACHE_ROOT"
        for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do [[ ! -s $file ]] || own+=("$file"); done
        # From the mirror that mmdebstrap knows; where that cannot be reached, from those that the machine uses itself.
        make_root() { mmdebstrap --quiet --variant=minbase --include="$packages" "$suite" "$dir" "$@" >&2; }
        make_root || { rm -rf --one-file-system "$dir" && make_root "${own[@]}"; } ||
            die 69 "mmdebstrap could not make $dir with $packages"
        touch "$dir/.complete"
    fi
    printf '%s\n' "$dir"
}

prepare_root() { # ROOT: what makes a copy of a machine's root boot fast, quietly and the same each time
    local r=$1 unit
    if ((!KEEP_ENABLED)); then
        # What the machine had enabled is not under test: only what a test enables is.
        rm -rf "$r"/etc/systemd/system/*.wants "$r"/etc/systemd/system/*.requires "$r"/etc/rc[0-9S].d/S*
    fi
    for unit in getty.target console-getty.service systemd-logind.service systemd-timesyncd.service \
                systemd-networkd.service systemd-resolved.service systemd-binfmt.service systemd-hwdb-update.service \
                systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-firstboot.service \
                systemd-remount-fs.service systemd-sysctl.service systemd-modules-load.service ldconfig.service \
                dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount \
                proc-sys-fs-binfmt_misc.automount; do
        ln -sfn /dev/null "$r/etc/systemd/system/$unit"
    done
    ln -sfn /lib/systemd/system/multi-user.target "$r/etc/systemd/system/default.target"
    : >"$r/etc/fstab"
    echo vicinity-harness >"$r/etc/hostname"
    rm -f "$r/etc/machine-id"
    tr -d - </proc/sys/kernel/random/uuid >"$r/etc/machine-id"
    rm -rf "$r/var/log/journal"; mkdir -p "$r/var/log/journal"     # there: the journal is kept over `reboot`
    mkdir -p "$r/etc/systemd/journald.conf.d"
    printf '[Journal]\nStorage=persistent\nSystemMaxUse=256M\n' >"$r/etc/systemd/journald.conf.d/harness.conf"
    # The default time-outs of 90 s only make a failing test slow.
    mkdir -p "$r/etc/systemd/system.conf.d"
    printf '[Manager]\nDefaultTimeoutStartSec=15s\nDefaultTimeoutStopSec=15s\n' >"$r/etc/systemd/system.conf.d/harness.conf"
}

# ---------------------------------------------------------------------- booting
boot() { # starts systemd-nspawn over $S/fs/root and waits until its systemd has booted
    local deadline c d left state_now
    find_cgroups
    while read -r d; do mkdir -p "$d"; done < <(cgroup_dirs)
    # A cgroup of its own, so that two containers never share one; the subshell, not
    # this shell, moves there. --capability and bpf: without them IPAddressDeny= and
    # DeviceAllow= are silently not enforced.
    (
        while read -r d; do echo "$BASHPID" >"$d/cgroup.procs"; done < <(cgroup_dirs)
        exec </dev/null >>"$S/console.log" 2>&1 9>&-
        exec setsid env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
            SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 \
            systemd-nspawn --quiet --boot --directory="$S/fs/root" --machine="harness-$NAME" --hostname=vicinity-harness \
                --register=no --keep-unit --private-network --resolv-conf=off --timezone=off --link-journal=no \
                --capability=all --system-call-filter=bpf --console=read-only
    ) &
    SUPERVISOR=$!
    disown "$SUPERVISOR"
    # It may have ended already, which the loop below finds and tells.
    SUPERVISOR_START=$(start_time "$SUPERVISOR") || true
    LEADER=''
    deadline=$((SECONDS + TIMEOUT))
    while [[ -z $LEADER ]]; do
        same_process "$SUPERVISOR" "$SUPERVISOR_START" || boot_failed "systemd-nspawn ended at once"
        ((SECONDS < deadline)) || boot_failed "no init process after $TIMEOUT s"
        # The container's init is the child of systemd-nspawn that is PID 1 in its own PID namespace.
        for c in $(ps -o pid= --ppid "$SUPERVISOR" || true); do
            [[ $(awk '/^NSpid:/{print NF==3 ? $3 : 0}' "/proc/$c/status" 2>/dev/null || true) == 1 ]] &&
                [[ $(cat "/proc/$c/comm" 2>/dev/null || true) == systemd ]] && LEADER=$c
        done
        [[ -n $LEADER ]] || sleep 0.05
    done
    LEADER_START=$(start_time "$LEADER")
    printf 'SUPERVISOR=%s\nSUPERVISOR_START=%s\nLEADER=%s\nLEADER_START=%s\n' \
        "$SUPERVISOR" "$SUPERVISOR_START" "$LEADER" "$LEADER_START" >"$S/pids"
    until enter test -S /run/systemd/private 2>/dev/null; do
        same_process "$LEADER" "$LEADER_START" || boot_failed "the container's init ended"
        ((SECONDS < deadline)) || boot_failed "systemd did not answer within $TIMEOUT s"
        sleep 0.05
    done
    left=$((deadline - SECONDS)); ((left > 0)) || left=1
    # --wait answers when the boot is done; its exit status says no more than its output.
    state_now=$(enter timeout "$left" systemctl is-system-running --wait 2>/dev/null) || true
    case $state_now in
        running)  ;;
        degraded) say "warning: booted, but these units failed:"; enter systemctl --failed --no-legend --plain >&2 || true ;;
        *)        boot_failed "the boot did not finish within $TIMEOUT s (state: ${state_now:-none})" ;;
    esac
}
boot_failed() {
    say "error: container '$NAME' failed to come up: $1"
    if [[ -s $S/console.log ]]; then say "the last lines of its console:"; tail -n 25 "$S/console.log" >&2; fi
    tear_down now
    exit 70
}

enter() { # COMMAND... in the container, as its root, with a clean environment
    ${EXEC:-} nsenter --target "$LEADER" --all -- env -i \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root LOGNAME=root SHELL=/bin/sh \
        LANG=C.UTF-8 TERM=dumb SYSTEMD_PAGER= SYSTEMD_COLORS=0 SYSTEMD_URLIFY=0 "$@"
}

stop_supervisor() { # now|orderly
    load_state
    if same_process "$SUPERVISOR" "$SUPERVISOR_START"; then
        if [[ $1 == orderly ]]; then
            kill -TERM "$SUPERVISOR" 2>/dev/null || true        # systemd-nspawn asks the init inside to power off
            for _ in $(seq 200); do same_process "$SUPERVISOR" "$SUPERVISOR_START" || break; sleep 0.1; done
        fi
        if same_process "$SUPERVISOR" "$SUPERVISOR_START"; then
            [[ $1 == now ]] || say "warning: no orderly stop within 20 s; killing container '$NAME'"
            # The init first: when it ends, the kernel ends every process of its PID namespace.
            if same_process "$LEADER" "$LEADER_START"; then kill -KILL "$LEADER" 2>/dev/null || true; fi
            for _ in $(seq 20); do same_process "$SUPERVISOR" "$SUPERVISOR_START" || break; sleep 0.1; done
            if same_process "$SUPERVISOR" "$SUPERVISOR_START"; then kill -KILL "$SUPERVISOR" 2>/dev/null || true; fi
        fi
    fi
    remove_cgroups
    rm -f "$S/pids"
}
unmount() { # PATH, only when it is a mount point
    local _
    mountpoint -q "$1" || return 0
    for _ in 1 2 3 4 5 6 7 8 9 10; do umount "$1" 2>/dev/null && return 0; sleep 0.1; done
    say "warning: $1 is busy; unmounting it lazily"
    umount -l "$1"
}
tear_down() { # now|orderly
    stop_supervisor "$1"
    unmount "$S/fs/root"
    unmount "$S/fs"
    rm -rf --one-file-system "$S"
}

# ------------------------------------------------------------------ subcommands
cmd_up() {
    local root=host size=4g with='' lower t0
    TIMEOUT=60 KEEP_ENABLED=0
    while (($#)); do
        case $1 in
            --root)    root=${2:?}; shift 2 ;;
            --with)    with=${2:?}; shift 2 ;;
            --size)    size=${2:?}; shift 2 ;;
            --timeout) TIMEOUT=${2:?}; shift 2 ;;
            --keep-enabled) KEEP_ENABLED=1; shift ;;
            *) usage ;;
        esac
    done
    ((EUID == 0)) || die 69 "needs root"
    is_up && die 75 "container '$NAME' is already up (run: $PROG --name $NAME down)"
    find_cgroups
    need_packages systemd-nspawn=systemd-container nsenter=util-linux ps=procps
    [[ ! -e $S ]] || tear_down now          # what a killed session left
    case $root in
        host)  lower=/ ;;
        clean) lower=$(clean_root "$with") ;;
        *)     lower=$root ;;
    esac
    t0=$SECONDS
    [[ -x $lower/lib/systemd/systemd ]] || die 69 "$lower has no /lib/systemd/systemd (install systemd there)"
    mkdir -p "$S/fs"
    mount -t tmpfs -o "mode=0755,size=$size" "harness-$NAME" "$S/fs" || die 69 "cannot mount a tmpfs"
    mkdir "$S/fs/upper" "$S/fs/work" "$S/fs/root"
    mount -t overlay -o "lowerdir=$lower,upperdir=$S/fs/upper,workdir=$S/fs/work" "harness-$NAME" "$S/fs/root" ||
        { tear_down now; die 69 "cannot mount an overlay over $lower"; }
    prepare_root "$S/fs/root"
    boot
    say "container '$NAME' is up after $((SECONDS - t0)) s: $(enter systemctl --version | head -n 1), root $root"
}
cmd_run() {
    local unit=0
    while (($#)); do
        case $1 in
            --unit) unit=1; shift ;;
            --) shift; break ;;
            -*) usage ;;
            *) break ;;
        esac
    done
    (($#)) || usage
    need_up
    # Directly: exact arguments, nothing in the journal, but outside the container's
    # cgroups. --unit: as a transient unit (systemd 252 then expands $VAR in arguments).
    EXEC='exec'     # no shell between the caller and the command: signals and exit status are the command's
    if ((unit)); then enter systemd-run --quiet --pipe --wait --collect -- "$@"; else enter "$@"; fi
}
cmd_copy() {
    (($# >= 2)) || usage
    need_up
    local dest=${!#} src mode
    if [[ $1 == :* ]]; then
        (($# == 2)) || usage
        if [[ -d $dest ]]; then dest=${dest%/}/$(basename "${1#:}"); fi
        enter tar -C "$(dirname "${1#:}")" -cf - "$(basename "${1#:}")" |
            tar -C "$(dirname "$dest")" -xf - --no-same-owner --transform="s,^$(basename "${1#:}"),$(basename "$dest"),"
        return
    fi
    [[ $dest == /* ]] || die 64 "copy: the destination must be an absolute path in the container"
    for src in "${@:1:$#-1}"; do
        [[ -e $src ]] || die 64 "copy: $src does not exist"
        if [[ $# -gt 2 || $dest == */ ]] || enter test -d "$dest"; then
            enter mkdir -p "$dest"
            tar -C "$(dirname "$src")" --owner=0 --group=0 -cf - "$(basename "$src")" | enter tar -C "$dest" -xf -
        elif [[ -d $src ]]; then
            enter mkdir -p "$dest"
            tar -C "$src" --owner=0 --group=0 -cf - . | enter tar -C "$dest" -xf -
        else
            mode=$(stat -c %a "$src")
            enter install -D -m "$mode" /dev/stdin "$dest" <"$src"
        fi
    done
}
cmd_probe() {
    ((EUID == 0)) || die 77 "needs root"
    find_cgroups
    local trial=$CGROUP2/vicinity-harness-probe-$$ reason
    { mkdir "$trial" && rmdir "$trial"; } 2>/dev/null || die 69 "this machine does not let root make a cgroup in $CGROUP2"
    # What `up` and systemd-nspawn do, in namespaces of their own, so that nothing is left.
    reason=$(unshare --mount --pid --fork --ipc --uts --net --cgroup sh -c '
        set -e
        mount --make-rprivate /
        mount -t tmpfs vicinity-harness-probe /mnt
        mkdir /mnt/upper /mnt/work /mnt/root
        mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work vicinity-harness-probe /mnt/root
        mount -t proc proc /mnt/root/proc' 2>&1) ||
        die 69 "this machine does not let root make namespaces and mounts: ${reason:-no reason given}"
}
cmd_path() { [[ ${1:-} == /* ]] || usage; need_up; printf '/proc/%s/root%s\n' "$LEADER" "$1"; }
cmd_pid() {
    need_up
    local inside c
    if [[ -z ${1:-} ]]; then printf '%s\n' "$LEADER"; return; fi
    inside=$(enter systemctl show --value -p MainPID -- "$1")
    [[ ${inside:-0} -gt 0 ]] || die 75 "unit $1 has no main process"
    # The machine's PID of a container's PID: same PID namespace as the init, same innermost NSpid.
    for c in /proc/[0-9]*; do
        [[ $c/ns/pid -ef /proc/$LEADER/ns/pid ]] || continue
        [[ $(awk '/^NSpid:/{print $NF}' "$c/status" 2>/dev/null) == "$inside" ]] && { printf '%s\n' "${c#/proc/}"; return; }
    done
    die 75 "no process of this machine is PID $inside of container '$NAME'"
}
cmd_reboot() {
    local how=orderly t0=$SECONDS
    TIMEOUT=60
    case ${1:-} in '') ;; --hard) how=now ;; *) usage ;; esac
    need_up
    stop_supervisor "$how"
    boot
    say "container '$NAME' is up again after $((SECONDS - t0)) s"
}
cmd_status() {
    if is_up; then
        printf "container '%s' is up: supervisor %s, init %s, files in %s\n" "$NAME" "$SUPERVISOR" "$LEADER" "$S"
        # What it prints is the answer; "degraded" is one.
        enter systemctl is-system-running || true
    else
        printf "container '%s' is down\n" "$NAME"
        return 75
    fi
}
cmd_down() {
    local how=orderly
    case ${1:-} in '') ;; --now) how=now ;; *) usage ;; esac
    load_state
    [[ -e $S ]] || return 0
    tear_down "$how"
}

if [[ ${1:-} == --name ]]; then NAME=${2:?}; shift 2; fi
[[ $NAME =~ ^[a-z0-9][a-z0-9-]{0,30}$ ]] || die 64 "a name is made of a-z, 0-9 and -"
case ${1:-} in
    up|run|copy|path|pid|reboot|status|down|probe)
        sub=$1; shift
        if [[ ${1:-} == --name && $sub != run ]]; then NAME=${2:?}; shift 2; fi
        "cmd_$sub" "$@" ;;
    *) usage ;;
esac
