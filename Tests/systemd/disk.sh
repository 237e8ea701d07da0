# shellcheck shell=bash
# shellcheck disable=SC2154  # of lib.sh
# A disk for the state directory, an ext4 in a file behind a loop device, so that it can hang or lose its power. Sourced by the parts that
# need one, after lib.sh.
#
# make_disk     makes it, empty
# mount_disk    puts it where the state directory will be; again after each reboot, before anybody starts the daemon
# freeze_disk   whoever writes to it waits from now on, in the kernel, where no signal reaches; nothing fails
# thaw_disk     they go on
# cut_power     the daemon stands still, the file system takes and gives nothing any more, and what was not synced never reaches the disk
#
# What cut_power leaves out of a real one: a disk that lies about what it has synced, and sectors that are half written.

PATH=$PATH:/usr/sbin:/sbin
state_directory=/var/lib/private/vicinity
device=''
is_frozen=''

make_disk() {
    truncate --size 256M "$stage/disk"
    mkfs.ext4 -q -F "$stage/disk"
    device=$(losetup --find --show "$stage/disk")
    # Device nodes of the machine do not show in the container.
    inside mknod /root/disk b "$(stat --format %Hr "$device")" "$(stat --format %Lr "$device")"
}

mount_disk() {
    # Where a container was killed, the kernel still has the file system for a moment, in the state in which it was left.
    eventually is_unmounted
    inside mkdir -p "$state_directory"
    inside chmod 700 "${state_directory%/*}"
    inside mount -t ext4 /root/disk "$state_directory"
}
is_unmounted() { [[ ! -e /sys/fs/ext4/${device##*/} ]]; }

freeze_disk() {
    inside fsfreeze --freeze "$state_directory"
    is_frozen=yes
}
thaw_disk() {
    inside fsfreeze --unfreeze "$state_directory"
    is_frozen=''
}

cut_power() {
    # A machine without power says nothing, either. Here the daemon would run on for a moment, and what it says in it may be untrue: of a sync that is under
    # way when the file system shuts down the kernel (6.18) reports success without one, in one of ten cuts. So the daemon stands still first, wherever
    # it is; a thread in the middle of a sync ends that, and goes no further.
    inside pkill --signal STOP --exact vicinityd
    eventually stands_still
    # EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: not even the file system's own journal is written out.
    python3 -c 'import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))' "$(h path "$state_directory")"
}

stands_still() { ! inside ps -L -C vicinityd -o stat= | grep -q '^[^TD]'; }

# Called at the end of the part, whatever has happened.
release() {
    [[ -z $is_frozen ]] || thaw_disk
    h down --now
    [[ -z $device ]] || losetup --detach "$device"
}
