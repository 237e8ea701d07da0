#!/usr/bin/env bash
# Runs libFuzzer on each decoder, with the address sanitizer. A finding is kept in .build-fuzz and fails the script; it becomes a
# fixture of the decoder's tests (Tests/VicinityWireTests/Fixtures/fuzz).
#
# usage: fuzz.sh [SECONDS]      for each decoder, 60 unless given
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/lib.sh"

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die 64 "\"$seconds\" is no number of seconds; usage: fuzz.sh [SECONDS]"
need_swift

scratch=.build-fuzz
sanitizers=fuzzer,address

# decoder harness, and what it is compiled with
decoders=(
    "fix-decoder Tests/Fuzz/FixDecoderFuzz.swift Tests/VicinityWireTests/Decoded.swift"
    "control Tests/Fuzz/ControlFuzz.swift"
    "track Tests/Fuzz/TrackFuzz.swift"
)

for target in VicinityWire VicinityClient; do
    swift build --scratch-path "$scratch" -Xswiftc -sanitize="$sanitizers" --target "$target"
done
build=$(swift build --scratch-path "$scratch" --show-bin-path)
mapfile -t objects < <(find "$build"/{VicinityWire,VicinityCore,CEventLines,CFixLines,CSimdjson,CPrimitives,VicinityClient}.build -name '*.o' 2>/dev/null)
# Harnesses belong to the package, whose name for the compiler is that of its folder.
package=$(basename "$root" | tr '[:upper:]' '[:lower:]')

status=0
for decoder in "${decoders[@]}"; do
    read -r name harness <<<"$decoder"
    read -ra sources <<<"$harness"
    say "=== $name, $seconds s"
    swiftc -swift-version 6 -O -sanitize="$sanitizers" -parse-as-library -package-name "$package" -module-name Harness \
        -I "$build/Modules" -Xcc -fmodule-map-file="$build/CSimdjson.build/module.modulemap" \
        -Xcc -fmodule-map-file="$build/CEventLines.build/module.modulemap" \
        -Xcc -fmodule-map-file="$build/CFixLines.build/module.modulemap" \
        -Xcc -fmodule-map-file="$build/CPrimitives.build/module.modulemap" -Xcc -fmodule-map-file=Sources/CZlib/module.modulemap \
        "${sources[@]}" "${objects[@]}" -lsimdjson -lstdc++ -lz -lm -o "$scratch/fuzz-$name"
    mkdir -p "$scratch/corpus-$name" "$scratch/findings-$name"
    "$scratch/fuzz-$name" -max_total_time="$seconds" -max_len=4096 -timeout=10 -print_final_stats=1 -verbosity=0 \
        -dict=Tests/Fuzz/dictionary.txt -artifact_prefix="$scratch/findings-$name/" \
        "$scratch/corpus-$name" "Tests/Fuzz/Seeds/$name" || {
        say "$name: see $scratch/findings-$name"
        status=1
    }
done
exit "$status"
