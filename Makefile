# The two commands of the README, and what they are made of. `make help` lists them.
SHELL := /bin/bash
RUNNEL := target/release/runnel

.PHONY: help run test build guests setup lint unit doors fuzz bench deny clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: build ## prepare what is missing, then serve on 127.0.0.1:8080
	@$(RUNNEL) toolchains build
	@exec $(RUNNEL) serve

test: setup lint unit guests doors fuzz ## set up and run everything that is tested
	@echo "all tests passed"

build: setup ## the release binary
	@cargo build --release --locked

guests: build ## Python and JavaScript, prepared once and cached
	@$(RUNNEL) toolchains build

setup: ## what the build needs beside Rust, Python 3 and Node
	@./setup.sh

lint: ## format, lints, dependencies as they are locked
	cargo fmt --check
	cargo clippy --release --locked --all-targets -- -D warnings

unit: ## tests of pure code
	cargo test --release --locked --lib

doors: guests ## tests at the doors, with the real server
	cargo test --release --locked --test it

fuzz: ## both parsers under a fuzzer, for a moment each
	cd fuzz && cargo build --release --locked
	cd fuzz && for target in frame link; do \
	  ./target/x86_64-unknown-linux-gnu/release/$$target -max_total_time=$${FUZZ_SECONDS:-10} -max_len=4096 -verbosity=0 -print_final_stats=1 2>&1 | tail -8 ; \
	  test $${PIPESTATUS[0]} -eq 0 || exit 1; \
	done

bench: guests ## the figures of benches/README.md
	cargo bench --locked --bench figures

deny: ## licences, duplicates and sources of the dependencies
	cargo deny check licenses bans sources

clean:
	cargo clean
	rm -rf fuzz/target
