# The two commands of the README, and what they are made of. `make help` lists them.
SHELL := /bin/bash
RUNNEL := target/release/runnel
PAGE := web-demo
PAGE_SOURCES := $(shell find $(PAGE)/src $(PAGE)/public -type f -not -path '*/dist/*') $(addprefix $(PAGE)/,index.html vite.config.ts package.json scripts/compress.js)

.PHONY: help run test tested build guests images dist image deploy setup lint unit broker clients doors abroad guard guard-update web browser fuzz bench bench-quick deny clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: build ## prepare what is missing, then serve on 127.0.0.1:8080
	@$(RUNNEL) toolchains build --engine wasm
	@exec $(RUNNEL) serve

test: setup browser ## set up and run everything that is tested, with a Docker daemon (RUNNEL_TEST_DOCKER=0: without)
	@if [ "$$RUNNEL_TEST_DOCKER" = 0 ]; then \
	  echo "SKIPPED: everything that needs Docker, because RUNNEL_TEST_DOCKER=0" >&2; $(MAKE) tested; \
	else \
	  docker/daemon.sh status >/dev/null || trap 'docker/daemon.sh stop' EXIT; \
	  docker/daemon.sh start || { echo "hint: RUNNEL_TEST_DOCKER=0 tests what needs no Docker" >&2; exit 1; }; \
	  $(MAKE) images tested deploy; \
	fi
	@echo "all tests passed"

tested: lint unit guests doors abroad guard web fuzz

build: setup $(PAGE)/dist/index.html ## the release binary with the web page in it
	@cargo build --release --locked

# npm does something only where its lock file or the page's sources changed.
$(PAGE)/node_modules/.package-lock.json: $(PAGE)/package-lock.json
	@cd $(PAGE) && npm ci --no-audit --no-fund && touch node_modules/.package-lock.json

$(PAGE)/dist/index.html: $(PAGE)/node_modules/.package-lock.json $(PAGE_SOURCES)
	@cd $(PAGE) && npm run --silent build

guests: build ## Python and JavaScript, prepared once and cached
	@$(RUNNEL) toolchains build --engine wasm

images: build ## the images of languages that run in containers, and their base where no registry has it
	@docker/base.sh
	@$(RUNNEL) toolchains build --engine docker

dist: build ## what an image is made of: the binary, and the guests for it
	@rm -rf target/dist
	@install -D $(RUNNEL) target/dist/usr/bin/runnel
	@$(RUNNEL) toolchains build --engine wasm --into target/dist/usr/lib/runnel/guests

image: dist ## the image `runnel`, made of what was built here; pulls nothing
	@docker/base.sh
	@tar -c Dockerfile -C target dist | docker build --tag runnel --build-arg BUILDER=debian:bookworm-slim -

deploy: dist ## the image and the files of deploy/, tried for real
	@deploy/check.sh

setup: ## what the build needs beside Rust, Python 3 and Node
	@./setup.sh

browser: # Chromium, for the tests of the web page
	@[ "$$RUNNEL_TEST_BROWSER" = 0 ] || ./setup.sh browser

lint: ## format, lints, dependencies as they are locked
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings

# The crate once more, with its tests in it: what is not optimised is there four times as soon, and they run for a second.
unit: ## tests of pure code
	cargo test --release --locked --workspace --lib --bin runnel-agent --config 'profile.release.package.runnel.opt-level=0'

broker: # one that speaks Kafka's protocol, for the tests of that door
	@[ "$$RUNNEL_TEST_KAFKA" = 0 ] || tests/tansu.sh || echo "SKIPPED: the broker for Kafka's tests can't be built" >&2

# Clients of other systems, for the tests of the doors that stand in for these. Where they can't be had, these tests say so and go on.
clients: tests/clients/node_modules/.package-lock.json target/clients/installed ## clients of other systems, for the tests

tests/clients/node_modules/.package-lock.json: tests/clients/package-lock.json
	@cd tests/clients && npm ci --no-audit --no-fund --silent && touch node_modules/.package-lock.json || echo "SKIPPED: clients from npm can't be installed" >&2

target/clients/installed: tests/clients/requirements.txt
	@{ python3 -m venv target/clients && target/clients/bin/pip install --quiet --require-hashes -r $< && touch $@; } || echo "SKIPPED: clients from PyPI can't be installed" >&2

doors: guests broker clients ## tests at the doors, with the real server
	cargo test --release --locked --test it

abroad: guests broker ## the same cases of what clients see, through a gateway and a worker (RUNNEL_TEST_QUEUE=0, RUNNEL_TEST_KAFKA=0: without)
	@[ "$$RUNNEL_TEST_QUEUE" = 0 ] || RUNNEL_TEST_BACKEND=amqp cargo test --release --locked --test it -- socket:: judging:: workspaces:: http:: containers:: \
	  --skip operators_are_answered --skip after_the_grace_time --skip a_killed_server # These look at the machine itself.
	@[ "$$RUNNEL_TEST_KAFKA" = 0 ] || RUNNEL_TEST_BACKEND=kafka cargo test --release --locked --test it -- socket:: judging:: \
	  --skip operators_are_answered --skip after_the_grace_time --skip verdicts_hold_under_load --skip a_silent_client # The last two: where all cores are taken, a broker or worker that is late is one that is lost, and clients are told of its languages.

guard: guests ## counts of what a run costs, against those of benches/guard.toml
	cargo test --release --locked --test guard

guard-update: guests ## the same, written anew
	GUARD_UPDATE=1 cargo test --release --locked --test guard

web: guests ## the web page and the client: lints, types, unit tests, and all of it in Chromium (RUNNEL_TEST_BROWSER=0: without)
	cd $(PAGE) && npm run --silent lint && npm run --silent test && npm run --silent client
	cd $(PAGE) && node --test tests/client.test.js
	@if [ "$$RUNNEL_TEST_BROWSER" = 0 ]; then echo "SKIPPED: the web page in a browser, because RUNNEL_TEST_BROWSER=0" >&2; \
	else cd $(PAGE) && node --test tests/page.test.js; fi

fuzz: ## both parsers under a fuzzer, for a moment each
	cd fuzz && cargo build --release --locked
	cd fuzz && for target in frame link; do \
	  ./target/x86_64-unknown-linux-gnu/release/$$target -max_total_time=$${FUZZ_SECONDS:-10} -max_len=4096 -verbosity=0 -print_final_stats=1 2>&1 | tail -8 ; \
	  test $${PIPESTATUS[0]} -eq 0 || exit 1; \
	done

bench: guests ## every figure and its peers, into benches/report.md (12 to 20 minutes)
	docker/daemon.sh status >/dev/null 2>&1 && docker/base.sh && $(RUNNEL) toolchains build --engine docker || true
	cargo bench --locked --bench figures -- --report

bench-quick: guests ## the ratios that are goals, in 2 minutes
	cargo bench --locked --bench figures -- --quick

deny: ## licences, duplicates and sources of the dependencies
	cargo deny check licenses bans sources

clean:
	cargo clean
	rm -rf fuzz/target $(PAGE)/dist $(PAGE)/node_modules
