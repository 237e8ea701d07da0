#!/usr/bin/env bash
# Metrics for those outside: a scraper over a Unix socket, and a file for node_exporter, each with the unit that is shipped.
# shellcheck source=Tests/systemd/lib.sh
source "$(dirname "$0")/../lib.sh"

scrape() { # PATH [HEADER]
    inside python3 -c '
import socket, sys
with socket.socket(socket.AF_UNIX) as peer:
    peer.settimeout(10)
    peer.connect("/run/vicinity/metrics.sock")
    peer.sendall("\r\n".join([f"GET {sys.argv[1]} HTTP/1.1", "Host: vicinity", *sys.argv[2:], "", ""]).encode())
    while piece := peer.recv(65536):
        sys.stdout.write(piece.decode().replace("\r", ""))
' "$@"
}
file=/var/lib/prometheus/node-exporter/vicinity.prom
is_younger() { [[ $(inside stat --format %Y "$file") != "$1" ]]; }

boot --root host
install_vicinity
start_sockets

section "a scraper"
inside systemctl start vicinity-metrics.socket
holds "without a daemon it is told so" grep --quiet '^HTTP/1.1 503' <(
    inside systemctl stop "${sockets[@]}" "$service"
    scrape /metrics
)
start_sockets
holds "it gets the text format of Prometheus" grep --quiet '^Content-Type: text/plain; version=0.0.4' <(scrape /metrics)
holds "and OpenMetrics, if it says so" grep --quiet '^Content-Type: application/openmetrics-text' <(scrape /metrics 'Accept: application/openmetrics-text')
holds "with what there is" grep --quiet '^vicinity_degraded{reason="store"} 0$' <(scrape /metrics)
holds "and nothing else" grep --quiet '^HTTP/1.1 404' <(scrape /)
holds "the socket is the observers'" test "$(inside stat --format '%a %G' /run/vicinity/metrics.sock)" = "660 vicinity-observer"

section "a file for node_exporter"
inside mkdir -p "${file%/*}"
inside systemctl start vicinity-metrics.timer
holds "it is written" eventually inside test -s "$file"
holds "everybody may read it" test "$(inside stat --format %a "$file")" = 644
holds "a counter is called as its sample is" inside grep --quiet '^# TYPE vicinity_fixes_total counter$' "$file"
written=$(inside stat --format %Y "$file")
holds "and written again" eventually is_younger "$written"
inside systemctl stop vicinity-metrics.timer

finish
