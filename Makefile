# Names for things; what they do is in scripts/.

.PHONY: help demo test check build release lint format test-systemd bench test-docs bench-compare bench-smoke compare simulate crash fuzz deb install uninstall clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 16

demo: ## build, start a daemon, replay an afternoon of real buses, show the alerts
	@scripts/demo/run

test: ## everything: lint, tests, demo, systemd, benchmarks (small)
	@scripts/test

check: ## before a commit: lint, build, tests
	@scripts/check

build: ## debug build with tests
	@scripts/build debug

release: ## release build, as it is shipped
	@scripts/build release

lint: ## format and shell scripts, changing nothing
	@scripts/lint

format: ## format every Swift file
	@scripts/format

test-systemd: ## the release build in a real systemd (as root)
	@scripts/test-systemd

test-docs: ## the pages of docs/ and the examples of every help text, followed as a reader would, with the release build
	@scripts/test-docs
	@scripts/test-examples

bench: ## the benchmarks in full (ONLY="scenarios latency", SCENARIOS="walk car", RUNS=5, OUTPUT=)
	@scripts/bench $(if $(ONLY),--only "$(ONLY)") $(if $(SCENARIOS),--scenarios "$(SCENARIOS)") $(if $(RUNS),--runs "$(RUNS)") \
		$(if $(OUTPUT),--output "$(OUTPUT)")

bench-compare: ## the newest figures, or NEW=, beside those of BASE=
	@scripts/bench-compare "$(BASE)" $(if $(NEW),"$(NEW)")

bench-smoke: ## every benchmark once, small
	@scripts/bench-smoke

compare: ## the engine against the brute-force model, ten million situations (about 20 minutes)
	@scripts/compare

simulate: ## the whole daemon in one thread with faults and crashes, 2,000 seeds
	@scripts/simulate

crash: ## the release daemon killed with -9 two hundred times under load
	@scripts/crash-daemon --kills 200

fuzz: ## a minute of libFuzzer for each decoder
	@scripts/fuzz.sh

deb: ## the Debian package, in .build/deb
	@scripts/deb

install: ## install the release build (DESTDIR=, PREFIX=/usr/local)
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install

uninstall: ## remove what was installed; a changed configuration and the state stay
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install uninstall

clean: ## remove what builds left behind
	@scripts/clean
