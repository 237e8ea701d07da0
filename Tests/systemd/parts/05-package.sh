#!/usr/bin/env bash
# The Debian package in a Debian without Swift: what is in it, install and first alert, upgrades under load, a configuration that somebody
# has edited, removal, reinstallation, purge; and that `make install` brings the same to other systems. Wants the package of this release
# build in .build/deb: make deb.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"

need_package
all_units=("${sockets[@]}" "$service")

# -------------------------------------------------------------------------------------------------------- what is in it

installation() { DESTDIR=$1 PREFIX=$2 "$root/scripts/install" "${@:3}"; } # DESTDIR PREFIX [VERB]
listing() { (cd "$1" && find . ! -type d | sed 's/^\.//' | LC_ALL=C sort); } # DIRECTORY

section "what is in it"
dpkg-deb --extract "$package" "$stage/package"
dpkg-deb --control "$package" "$stage/control"
installation "$stage/other" /usr >/dev/null
# Debian compresses pages, has its own changelog and places for units and for zsh, and the licence among its common ones.
listing "$stage/package" | sed -e 's,^/lib/systemd/,/usr/lib/systemd/,' -e 's,^\(/usr/share/man/.*\)\.gz$,\1,' \
    -e 's,/zsh/vendor-completions/,/zsh/site-functions/,' -e '\,/doc/vicinity/changelog.gz$,d' -e '\,/lintian/overrides/,d' |
    LC_ALL=C sort >"$stage/package.list"
listing "$stage/other" | sed -e '\,/doc/vicinity/LICENSE$,d' >"$stage/other.list"
holds "what make install brings is what the package brings" diff "$stage/package.list" "$stage/other.list"
holds "and install says so beforehand" diff <(installation '' /usr list | LC_ALL=C sort) <(listing "$stage/other")
equals "the configuration is the only conffile" /etc/vicinity/vicinityd.yaml "$(cat "$stage/control/conffiles" 2>&1)"
holds "it is the sample, in which every default is a remark" cmp "$root/etc/vicinityd.yaml" "$stage/package/etc/vicinity/vicinityd.yaml"
for program in sbin/vicinityd bin/vicinityctl; do
    file=$stage/package/usr/$program
    matches "$program can lie anywhere in memory" 'Type: *DYN' "$(readelf --file-header "$file")"
    matches "$program: what the loader has filled in is read-only" 'GNU_RELRO' "$(readelf --program-headers --wide "$file")"
    matches "$program: all of it, since it is filled in at the start" 'BIND_NOW|Flags: .*NOW' "$(readelf --dynamic --wide "$file")"
    equals "$program is stripped" '' "$(readelf --section-headers --wide "$file" | grep -oE '\.(symtab|debug_[a-z]+)')"
    equals "$program needs no library of Swift's" '' "$(readelf --dynamic --wide "$file" | grep -i 'NEEDED.*swift')"
done
units_of() { cat "$1"/lib/systemd/system/vicinityd*; }
equals "its units are ours, as they are" "$(cat "$root"/systemd/vicinityd*.{service,socket} | sort)" "$(units_of "$stage/package" | sort)"

section "make install elsewhere"
installation "$stage/opt" /opt/vicinity >/dev/null
equals "where systemd does not look, nothing is put for it" 4 "$(listing "$stage/opt" | grep -c '^/usr/local/lib/systemd/system/vicinityd')"
equals "the units name the programs where they are" '' "$(units_of "$stage/opt/usr/local" | grep -E '/usr/s?bin/vicinity')"
matches "for the sandbox, too" 'ExecPaths=/opt/vicinity/sbin/vicinityd /opt/vicinity/bin/vicinityctl' "$(units_of "$stage/opt/usr/local")"
gives "what the sandbox hides is no place for it" 64 installation "$stage/home" /home/vicinity
printf 'halo: { radius: 400 }\n' >"$stage/opt/etc/vicinity/vicinityd.yaml"
holds "an update keeps the configuration" installation "$stage/opt" /opt/vicinity
equals "as it was edited" 'halo: { radius: 400 }' "$(<"$stage/opt/etc/vicinity/vicinityd.yaml")"
holds "it can be taken away again" installation "$stage/opt" /opt/vicinity uninstall
equals "but for the configuration that somebody edited" /etc/vicinity/vicinityd.yaml "$(listing "$stage/opt")"
holds "the other one, too" installation "$stage/other" /usr uninstall
equals "with the configuration that nobody touched" '' "$(listing "$stage/other")"
equals "and no folder of ours" '' "$(find "$stage/other" -name vicinity)"

# ------------------------------------------------------------------------------------------------------------- install

# The next version: the same programs under another number, and another sample of the configuration.
version=$(dpkg-deb --field "$package" Version)
next=$version+next
dpkg-deb --raw-extract "$package" "$stage/next"
sed -i "s/^Version: .*/Version: $next/" "$stage/next/DEBIAN/control"
printf '\n# A remark of the next version.\n' >>"$stage/next/etc/vicinity/vicinityd.yaml"
dpkg-deb --build -Znone "$stage/next" "$stage/next.deb" >/dev/null
rm -rf "$stage/next" "$stage/package" "$stage/other" "$stage/opt"

# What the package depends on, and what shows that pages and completions are where they are looked for.
dependencies=$(dpkg-deb --field "$package" Depends | tr , '\n' | sed -E 's/^ *([a-z0-9.+-]+).*/\1/' | grep -vx systemd | paste -sd ,)
boot --root clean --with "$dependencies,man-db,bash-completion,zsh,fish"
h copy "$package" /root/first.deb
h copy "$stage/next.deb" /root/next.deb
rm "$stage/next.deb"

# As it is run by unattended-upgrades: nobody is there to answer.
apt() { inside env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes "$@" </dev/null; }
dpkg() { inside env DEBIAN_FRONTEND=noninteractive dpkg "$@" </dev/null; }
# shellcheck disable=SC2016  # dpkg's own
installed_version() { inside dpkg-query --show --showformat='${Version}' vicinity; }
states() { inside systemctl "$1" "${all_units[@]}" | sort | uniq -c | tr -s ' \n' ' ' || true; } # is-active, is-enabled

section "install"
refuses "there is no Swift" inside sh -c 'command -v swift || ls /usr/lib/swift'
holds "apt installs it, with nothing else" apt install /root/first.deb
equals "all units are enabled" ' 4 enabled ' "$(states is-enabled)"
equals "and active" ' 4 active ' "$(states is-active)"
equals "the groups are there" 4 "$(inside getent group vicinity-{gateway,relay,observer,admin} | wc -l)"
holds "the daemon answers" inside vicinityctl status
equals "every setting has its default" '' "$(inside vicinityd --check-config | grep -v '# default' | grep -E '^ *[a-z_]+: .*#')"
equals "systemd has nothing to complain of, pages of the manual included" '' "$(inside systemd-analyze verify "${all_units[@]}" 2>&1)"
add_people
printf '{"id":"s-1","lat":39.9,"lon":116.4,"kind":"toll"}\n' >"$stage/register"
printf '{"user":"u-1","lat":%s,"lon":116.4,"ts":%s}\n' 39.915 1732290000000 39.901 1732290010000 >"$stage/fixes"
holds "the register takes a place" as admin vicinityctl subjects import - <"$stage/register"
holds "a gateway sends fixes" as gateway vicinityctl send - <"$stage/fixes"
matches "a relay gets the first alert" '"seq":1,"type":"enter","user":"u-1","subject":"s-1"' \
    "$(as relay timeout 20 vicinityctl watch --json --after 0 --count 1 2>/dev/null)"

section "the catalogue of messages"
# dpkg tells systemd of the file, and systemd takes it in.
mapfile -t messages < <(sed -n 's/^-- \([0-9a-f]\{32\}\)$/\1/p' "$root/systemd/vicinity.catalog")
explained() { inside journalctl --no-pager --list-catalog "${messages[@]}" 2>/dev/null; }
holds "there are messages in it" test "${#messages[@]}" -ge 10
equals "journalctl explains each of them" "${#messages[@]}" "$(explained | wc -l)"

section "the manual, and completions"
for page in vicinityd.8 vicinityctl.1 vicinityd.yaml.5 vicinity-protocol.7; do
    equals "man shows $page without a warning" '' "$(inside man --warnings=w "${page##*.}" "${page%.*}" 2>&1 >/dev/null)"
    holds "and there is something to read" inside sh -c "man ${page##*.} ${page%.*} | grep -q '^NAME'"
done
# As an interactive shell finds them, by the command's name.
# shellcheck disable=SC2016  # for the shells in there
in_bash='source /usr/share/bash-completion/bash_completion; _completion_loader "$1"; complete -p "$1"'
# shellcheck disable=SC2016
in_zsh='autoload -Uz compinit; compinit -u -D; print $_comps[$1]; autoload +X -U _$1 && print loaded'
for program in vicinityctl vicinityd; do
    matches "bash completes $program" "complete .*$program" "$(inside bash -c "$in_bash" - "$program" 2>&1)"
    equals "zsh completes $program" "_$program loaded" "$(inside zsh -f -c "$in_zsh" - "$program" 2>&1 | paste -sd ' ')"
    matches "fish completes $program" "--help" "$(inside fish -c "complete --do-complete '$program --'" 2>&1)"
done

# ----------------------------------------------------------------------------------------------------- upgrades under load

# Somebody who knocks at every socket meanwhile.
start_knocking() {
    mkfifo "$stage/knocker.in"
    python3 "$here/clients/knocker.py" --run "$stage/run" <"$stage/knocker.in" >"$stage/knocker.out" 2>&1 &
    knocker=$!
    exec {knocker_input}>"$stage/knocker.in"
}
stop_knocking() {
    exec {knocker_input}>&-
    local status=0
    wait "$knocker" || status=$?
    rm "$stage/knocker.in"
    cat "$stage/knocker.out"
    return "$status"
}
socket_starts() { inside systemctl show --value --property InvocationID "${sockets[@]}"; }

section "upgrade under load"
# The load knows what comes where places are exact. The file of the settings stays as it is.
drop_in "$service" places '[Service]' 'Environment=VICINITY_PRIVACY_PROFILE=places'
inside systemctl restart "$service"
link_sockets
load_start_outside --gateways 2 --tag upgrade --sleepers 50
start_knocking
holds "events go on" load_moves 500
process=$(show MainPID)
before=$(socket_starts)
holds "apt upgrades it, and asks nothing" apt install /root/next.deb
equals "to the next version" "$next" "$(installed_version)"
refuses "the daemon is another process" test "$process" = "$(show MainPID)"
equals "the sockets have not been restarted" "$before" "$(socket_starts)"
equals "all units are active" ' 4 active ' "$(states is-active)"
holds "events go on" load_moves 500
holds "everybody who knocked meanwhile was answered" stop_knocking
say "   $(tail -n 1 "$stage/knocker.out")"
holds "no connection was cut, and nothing lost, torn or told twice" load_stop
say "   $(load_verdict)"
remove_drop_in "$service" places
matches "the sample, which nobody edited, is that of the next version" 'remark of the next' "$(inside tail -n 1 /etc/vicinity/vicinityd.yaml)"

section "a configuration that somebody edited"
in_force='^400$|"halo.radius":.?"value":400,'
printf 'halo: { radius: 400 }\n' | configure
holds "the same version again asks nothing" dpkg --install /root/next.deb
equals "and keeps it" 'halo: { radius: 400 }' "$(inside cat /etc/vicinity/vicinityd.yaml)"
matches "it is in force" "$in_force" "$(setting halo.radius)"
holds "where the sample has changed too, the old file is kept on demand" dpkg --force-confold --force-downgrade --install /root/first.deb
equals "as it was edited" 'halo: { radius: 400 }' "$(inside cat /etc/vicinity/vicinityd.yaml)"
holds "and the new sample lies beside it" inside test -e /etc/vicinity/vicinityd.yaml.dpkg-dist
matches "it is in force" "$in_force" "$(setting halo.radius)"

# ------------------------------------------------------------------------------------------------- remove, and come back

section "remove, while somebody knocks"
head=$(head_seq)
inside touch /etc/vicinity/somebodys.key
start_knocking
holds "it is removed" apt remove vicinity
# Whoever knocks where there is no socket any more fails, as must be; what counts is that no knock starts anything again.
stop_knocking >/dev/null || true
equals "nothing is active" ' 4 inactive ' "$(states is-active)"
equals "no socket is left" '' "$(inside find /run -name '*vicinity*' -o -path '*/vicinity/*')"
holds "the configuration is there" inside test -s /etc/vicinity/vicinityd.yaml
holds "and so is the state" inside test -d /var/lib/private/vicinity
holds "installed again, it goes on" apt install /root/next.deb -o Dpkg::Options::=--force-confold
equals "all units are active" ' 4 active ' "$(states is-active)"
equals "from the same event" "$head" "$(head_seq)"
matches "with the same settings" "$in_force" "$(setting halo.radius)"

section "purge"
holds "it is purged" apt purge vicinity
equals "nothing is active" ' 4 inactive ' "$(states is-active)"
equals "nothing is left but what is others'" "/etc/vicinity /etc/vicinity/somebodys.key" \
    "$(inside find /etc /usr /var /run -xdev \( -name '*vicinity*' -o -path '*/vicinity/*' \) -not -path "$clients*" -not -path '/var/cache/man/*' | sort | paste -sd ' ')"
equals "the groups stay" 4 "$(inside getent group vicinity-{gateway,relay,observer,admin} | wc -l)"
equals "no unit of it is known" '' "$(inside systemctl list-unit-files --no-legend 'vicinityd*')"
equals "journalctl explains nothing of it" '' "$(explained)"
holds "and it can be installed from the beginning" apt install /root/first.deb
equals "with an empty log" 0 "$(head_seq)"
holds "and purged again" apt purge vicinity

section "make install, below /usr/local"
installation "$stage/local" /usr/local >/dev/null
# Stripped; the container is in memory.
cp "$VICINITY_PROGRAMS/vicinityd" "$stage/local/usr/local/sbin/"
cp "$VICINITY_PROGRAMS/vicinityctl" "$stage/local/usr/local/bin/"
tar --directory "$stage/local" --create . | inside tar --directory / --extract --no-overwrite-dir
# As it says at its end.
holds "the groups can be made" inside systemd-sysusers
inside systemctl daemon-reload
holds "the sockets can be started" inside systemctl enable --quiet --now "${sockets[@]}"
holds "and the service" inside systemctl enable --quiet --now "$service"
holds "the daemon answers" inside /usr/local/bin/vicinityctl status
matches "it is the one below /usr/local" '^/usr/local/sbin/vicinityd$' "$(inside readlink /proc/"$(show MainPID)"/exe)"
holds "it can be told to read its settings again, from within the sandbox" inside systemctl reload "$service"
equals "systemd has nothing to complain of" '' "$(inside systemd-analyze verify "${all_units[@]}" 2>&1)"

finish
