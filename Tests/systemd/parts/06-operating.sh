#!/usr/bin/env bash
# What docs/operating.md tells root to do, done from top to bottom as it stands there, on a machine with systemd and apt: install, let in, change,
# upgrade, stop, back up, restore, mend, move the keys, raise the limits, remove; and the same from source. Wants the package: make deb.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"

need_package

# The next version: the same programs under another number.
next=$(dpkg-deb --field "$package" Version)+next
dpkg-deb --raw-extract "$package" "$stage/next"
sed -i "s/^Version: .*/Version: $next/" "$stage/next/DEBIAN/control"
dpkg-deb --build -Znone "$stage/next" "$stage/vicinity_next.deb" >/dev/null
rm -rf "$stage/next"

# What `make release` leaves in a clone. It is not built there: there is no network for `git pull`, and nothing of that is systemd's.
clone=$stage/vicinity
mkdir -p "$clone/.build/release"
cp --archive "$root"/{Makefile,README.md,CHANGELOG.md,LICENSE,Package.swift,docs,etc,packaging,scripts,systemd} "$clone"
cp "$VICINITY_PROGRAMS"/vicinity{d,ctl} "$clone/.build/release"

boot --root host
h copy "$package" /root/page/
h copy "$stage/vicinity_next.deb" /root/page/new/
h copy "$clone" /root/
rm -rf "$stage/vicinity_next.deb" "$clone"
# Images of machines that run no services forbid packages to start theirs.
inside rm -f /usr/sbin/policy-rc.d
# Somebody who says yes.
printf 'APT::Get::Assume-Yes "true";\n' | inside tee /etc/apt/apt.conf.d/99-yes >/dev/null

holds "what root is told to do can be done, and what comes is what the page shows" \
    inside /root/vicinity/scripts/test-docs --root /root/page /root/vicinity/docs/operating.md
say "   $(tail -n 1 "$stage/output")"
equals "nothing of the package is left where it was" '' "$(inside find /usr/sbin /usr/bin /lib/systemd/system -name '*vicinity*')"
equals "nor of what came from source" '' "$(inside find /usr/local/sbin /usr/local/bin /usr/local/lib/systemd -name '*vicinity*' 2>/dev/null)"
holds "the user who was let in is in the group" inside sh -c "getent group vicinity-gateway | grep -w feed"

finish
