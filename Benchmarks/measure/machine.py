"""What is noted of the machine, the commit and the load beside every set of figures. No names of hosts, people or directories."""
import datetime
import os
import platform
import subprocess


def note(root):
    """All that does not change while it is measured."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": first_line(["git", "rev-parse", "--short=12", "HEAD"], root),
        "changed": bool(first_line(["git", "status", "--porcelain", "--untracked-files=no"], root)),
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "kernel": platform.release(),
        "system": system(),
        "cc": first_line([os.environ.get("CC", "cc"), "--version"], root),
        "swift": first_line(["swift", "--version"], root),
    }


def load():
    """Mean number of runnable threads in the last minute: what else the machine had to do, and the measuring itself."""
    return os.getloadavg()[0]


def first_line(command, directory):
    try:
        text = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return text.split("\n", 1)[0]


def processor():
    """The name that the processor gives itself, and whether it has what the yardstick uses."""
    fields = {}
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            key, _, value = line.partition(":")
            fields.setdefault(key.strip(), value.strip())
    flags = fields.get("flags", "").split()
    widest = next((name for name in ("avx512f", "avx2") if name in flags), "")
    return " ".join([fields.get("model name", platform.machine())] + ([f"({widest})"] if widest else []))


def system():
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return platform.system()
