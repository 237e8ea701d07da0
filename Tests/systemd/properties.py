#!/usr/bin/env python3
"""What `systemctl show` must say for every line of every unit, so that a line which systemd ignores or takes otherwise is found.

usage: properties.py UNIT-FILE SHOWN

SHOWN holds the output of `systemctl show --all UNIT`. A directive without a row in the table is a failure, too. Exit status: 0 or 1.
"""

import re
import sys

# How the text of a unit becomes the text of a property. Each returns what is wrong, or None.


def same(lines, shown):
    return None if shown == lines[-1] else f'the unit says "{lines[-1]}", systemd "{shown}"'


def size(lines, shown):
    number, unit = re.fullmatch(r"(\d+)([KMG]?)", lines[-1]).groups()
    return same([str(int(number) << {"": 0, "K": 10, "M": 20, "G": 30}[unit])], shown)


def words(lines, shown):
    """Each word of each line, among others that systemd adds."""
    missing = [word for word in " ".join(lines).split() if word not in shown.split()]
    return f'systemd has no {missing} in "{shown}"' if missing else None


def quoted(lines, shown):
    return words(lines, shown.replace('"', ""))


def command(lines, shown):
    return None if f"argv[]={lines[-1]} ;" in shown else f'the unit says "{lines[-1]}", systemd "{shown}"'


def stream(lines, shown):
    return same([f"{lines[-1]} (Stream)"], shown)


def everything(lines, shown):
    """IPAddressDeny=any."""
    return None if lines == ["any"] and sorted(shown.split()) == ["0.0.0.0/0", "::/0"] else f'systemd denies "{shown}"'


def nothing_of_note(lines, shown):
    """Shown elsewhere: see the reason beside the row."""


def calls(lines, shown):
    """The filter as a list of calls: what the daemon lives by is in it, what it must never do is not."""
    allowed = set(shown.split())
    missing = {"accept4", "epoll_wait", "fdatasync", "fsync", "memfd_create", "mmap", "prlimit64", "read", "sendmsg", "setpriority", "write"} - allowed
    forbidden = {"bpf", "chroot", "clock_settime", "init_module", "ioperm", "kexec_load", "mount", "pivot_root", "ptrace", "reboot",
                 "sched_setscheduler", "setrlimit", "setuid", "swapon"} & allowed
    if missing or forbidden:
        return f"not allowed but needed: {sorted(missing)}; allowed but never needed: {sorted(forbidden)}"
    return None


def errno(lines, shown):
    return same([{"EPERM": "1"}[lines[-1]]], shown)


SAME = """
    Description
    Backlog DirectoryMode FileDescriptorName RemoveOnStop SocketGroup SocketMode
    Type NotifyAccess FileDescriptorStoreMax Restart RestartPreventExitStatus KillMode
    DynamicUser User StateDirectory StateDirectoryMode ConfigurationDirectory UMask Environment
    LimitNOFILE LimitCORE LimitMEMLOCK TasksMax OOMScoreAdjust OOMPolicy Nice CPUWeight IOWeight
    CapabilityBoundingSet AmbientCapabilities NoNewPrivileges ProtectSystem ProtectHome PrivateTmp PrivateDevices DevicePolicy PrivateNetwork
    RestrictAddressFamilies PrivateUsers PrivateIPC PrivateMounts ProtectHostname ProtectClock ProtectKernelTunables ProtectKernelModules
    ProtectKernelLogs ProtectControlGroups ProtectProc ProcSubset RestrictNamespaces RestrictRealtime RestrictSUIDSGID LockPersonality
    MemoryDenyWriteExecute KeyringMode RemoveIPC NoExecPaths SystemCallArchitectures
    StandardOutput StandardError SyslogIdentifier LogLevelMax LogRateLimitBurst
"""

# Directive: the property that shows it, and how.
TABLE = {directive: (directive, same) for directive in SAME.split()} | {
    "After": ("After", words),
    "Requires": ("Requires", words),
    "Wants": ("Wants", words),
    "PartOf": ("PartOf", words),
    "Documentation": ("Documentation", quoted),
    "StartLimitIntervalSec": ("StartLimitIntervalUSec", same),
    "ExecStart": ("ExecStart", command),
    "ExecReload": ("ExecReload", command),
    "RestartSec": ("RestartUSec", same),
    "TimeoutStartSec": ("TimeoutStartUSec", same),
    "TimeoutStopSec": ("TimeoutStopUSec", same),
    "TimeoutAbortSec": ("TimeoutAbortUSec", same),
    "WatchdogSec": ("WatchdogUSec", same),
    "LogRateLimitIntervalSec": ("LogRateLimitIntervalUSec", same),
    "MemoryHigh": ("MemoryHigh", size),
    "MemoryMax": ("MemoryMax", size),
    "MemorySwapMax": ("MemorySwapMax", size),
    "IPAddressDeny": ("IPAddressDeny", everything),
    "ExecPaths": ("ExecPaths", words),
    "InaccessiblePaths": ("InaccessiblePaths", words),
    "SystemCallFilter": ("SystemCallFilter", calls),
    "SystemCallErrorNumber": ("SystemCallErrorNumber", errno),
    "ListenStream": ("Listen", stream),
    "Service": ("Triggers", same),
    # systemctl calls it unprintable; 55-activation.sh shows what it does.
    "LoadCredential": ("LoadCredential", nothing_of_note),
    # Shown only by what `systemctl enable` makes of it, which the parts use.
    "WantedBy": ("WantedBy", nothing_of_note),
    "Also": ("WantedBy", nothing_of_note),
}


def directives(path):
    """Each directive with the values of its lines; an empty value takes back those before, as systemd has it."""
    values = {}
    with open(path, encoding="utf-8") as file:
        for line in file.read().replace("\\\n", " ").splitlines():
            if match := re.match(r"([A-Za-z]+)=(.*)", line):
                values.setdefault(match[1], []).append(match[2].strip())
    return values


def main():
    path, shown = sys.argv[1:]
    with open(shown, encoding="utf-8") as file:
        properties = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    wrong = []
    for directive, lines in directives(path).items():
        if directive not in TABLE:
            wrong.append(f"{directive}= has no row in {sys.argv[0]}")
            continue
        name, how = TABLE[directive]
        if complaint := how(lines, properties.get(name, "")):
            wrong.append(f"{directive}=: {complaint}")
    for sentence in wrong:
        print(sentence)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
