# `make test` checks everything, on a fresh Debian too. `make help` lists the rest.

.DELETE_ON_ERROR:
.PHONY: help test tools format lint rust compiled cargo-test bench budget autobahn coverage fuzz soak scorecard client browser webrtc schemathesis screenshots

help: ## What there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

# What tests that are not cargo's need.
INSTALLED := $(patsubst %,tests/%/node_modules/.package-lock.json,browser client webrtc) target/schemathesis/installed

test: tools format ## Everything: format, clippy, unit, properties, vectors, hostile input, WebRTC, the client, browsers
	$(SIDE_BY_SIDE) lint $(INSTALLED)
	$(MAKE) --no-print-directory compiled
	$(SIDE_BY_SIDE) BUILT=: cargo-test browser budget client webrtc schemathesis

# Many tests wait: two of these at a time, whose words come when they have ended.
SIDE_BY_SIDE := $(MAKE) --no-print-directory --jobs=2 --output-sync=target

# How tests that are not cargo's get the server: where cargo's have been compiled, it is there.
BUILT := cargo build --locked --quiet

tools: ## Install what the tests need and the machine lacks
	tests/install-tools

format:
	cargo fmt --all -- --check

lint:
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
	@if PATH="$(DENY_PATH)" command -v cargo-deny >/dev/null; then $(MAKE) --no-print-directory deny; \
	else echo "SKIPPED cargo-deny: it is not installed, and building it takes minutes; \`make deny\` does"; fi

# Where `make deny` puts the tool when the machine has none.
DENY_PATH := $(PATH):$(CURDIR)/target/tools/bin

.PHONY: image
image: ## The container's image: built (with buildah where no Docker is), run, asked, drained; its size
	deploy/image

.PHONY: deny
deny: ## What the dependencies may be (deny.toml): bans, licences, sources
	PATH="$(DENY_PATH)" command -v cargo-deny >/dev/null || cargo install cargo-deny --locked --quiet --root target/tools
	PATH="$(DENY_PATH)" cargo deny --locked check --hide-inclusion-graph bans licenses sources
	@mkdir -p target/scorecard/A13
	@echo '{"what":"dependencies that are banned, or of another licence or source","value":0,"goal":{"exactly":0}}' > target/scorecard/A13/denied.json

rust: compiled ## Everything that cargo tests, and the budget of instructions
	$(SIDE_BY_SIDE) cargo-test budget

compiled:
	cargo test --workspace --locked --quiet --no-run

cargo-test:
	cargo test --workspace --locked --quiet --no-fail-fast

.PHONY: canary
canary: ## Everything that cargo tests, at TRACE; then no secret is in a log, a scrape or an error
	tests/canary/run cargo test --workspace --locked --quiet --no-fail-fast

bench: ## What the steps of the hot path take, each by itself
	cargo bench --locked --package meetpoint-bench

budget: ## Instructions per relayed frame, delivery and match, against bench/budget.json; renew=1 writes that anew
	cargo run --profile budget --locked --quiet --package meetpoint-bench -- $(if $(renew),renew)

coverage: ## Lines that the Rust tests reach, in the server and in the protocol, with LLVM 19 where rustup has no llvm-tools
	tests/coverage

soak: ## What takes minutes: the long versions of the scorecard's rows, in under an hour; rows='F6 L1' runs those alone
	cargo run --locked --quiet --package meetpoint-scorecard -- soak $(rows)

scorecard: ## Take over what tests and soaks have measured, and draw docs/scorecard.md
	cargo run --locked --quiet --package meetpoint-scorecard -- page

autobahn: ## The Autobahn|Testsuite against both ways of reading frames, with Python 2.7; cases='9.*' runs others
	set -f; tests/autobahn/run $(cases)

fuzz: ## Millions of inputs for each parser, session and route, by libFuzzer; target=chat runs one, runs=1000, seconds=20 for each; keep=1 adds to the corpus
	RUNS='$(runs)' SECONDS_EACH='$(seconds)' KEEP='$(keep)' fuzz/run $(target)

client: tests/client/node_modules/.package-lock.json ## The JavaScript client: types, package, React, other runtimes, cuts
	$(BUILT)
	cd tests/client && npm run types && MEETPOINT_BIN=../../target/debug/meetpoint npm test

tests/client/node_modules/.package-lock.json: tests/client/package-lock.json
	cd tests/client && npm ci --no-audit --no-fund

browser: tests/browser/node_modules/.package-lock.json ## Two strangers in real browsers
	$(BUILT)
	cd tests/browser && MEETPOINT_BIN=../../target/debug/meetpoint npm test

tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json
	cd tests/browser && npm ci --no-audit --no-fund

webrtc: tests/webrtc/node_modules/.package-lock.json ## Files from peer to peer, and the published packages of NoisyTransfer
	$(BUILT)
	cd tests/webrtc && MEETPOINT_BIN=../../target/debug/meetpoint npm test

tests/webrtc/node_modules/.package-lock.json: tests/webrtc/package-lock.json
	cd tests/webrtc && npm ci --no-audit --no-fund

schemathesis: target/schemathesis/installed ## Thousands of requests made from docs/openapi.json, each answer checked
	$(BUILT)
	target/schemathesis/bin/python tests/schemathesis/run.py target/debug/meetpoint

target/schemathesis/installed: tests/schemathesis/requirements.txt
	python3 -m venv --clear target/schemathesis
	target/schemathesis/bin/pip install --quiet --disable-pip-version-check --requirement tests/schemathesis/requirements.txt
	touch $@

screenshots: tests/browser/node_modules/.package-lock.json ## Take the pictures under docs/screenshots anew
	cargo build --release --locked
	cd tests/browser && MEETPOINT_BIN=../../target/release/meetpoint node screenshots.mjs
