# `make test` checks everything, on a fresh Debian too. `make help` lists the rest.

.DELETE_ON_ERROR:
.PHONY: help test tools format lint rust cargo-test bench budget autobahn client browser webrtc schemathesis screenshots

help: ## What there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

test: tools format lint rust schemathesis webrtc client browser ## Everything: format, clippy, unit, properties, vectors, hostile input, WebRTC, the client, browsers

tools: ## Install what the tests need and the machine lacks
	tests/install-tools

format:
	cargo fmt --all -- --check

lint:
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

rust: ## Everything that cargo tests, and the budget of instructions meanwhile: many tests wait
	cargo test --workspace --locked --quiet --no-run
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target cargo-test budget

cargo-test:
	cargo test --workspace --locked --quiet

bench: ## What the steps of the hot path take, each by itself
	cargo bench --locked --package meetpoint-bench

budget: ## Instructions per relayed frame, delivery and match, against bench/budget.json; renew=1 writes that anew
	cargo run --profile budget --locked --quiet --package meetpoint-bench -- $(if $(renew),renew)

autobahn: ## The Autobahn|Testsuite against both ways of reading frames, with Python 2.7; cases='9.*' runs others
	set -f; tests/autobahn/run $(cases)

client: tests/client/node_modules/.package-lock.json ## The JavaScript client: types, package, React, other runtimes, cuts
	cargo build --locked --quiet
	cd tests/client && npm run types && MEETPOINT_BIN=../../target/debug/meetpoint npm test

tests/client/node_modules/.package-lock.json: tests/client/package-lock.json
	cd tests/client && npm ci --no-audit --no-fund

browser: tests/browser/node_modules/.package-lock.json ## Two strangers in real browsers
	cargo build --locked --quiet
	cd tests/browser && MEETPOINT_BIN=../../target/debug/meetpoint npm test

tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json
	cd tests/browser && npm ci --no-audit --no-fund

webrtc: tests/webrtc/node_modules/.package-lock.json ## Files from peer to peer, and the published packages of NoisyTransfer
	cargo build --locked --quiet
	cd tests/webrtc && MEETPOINT_BIN=../../target/debug/meetpoint npm test

tests/webrtc/node_modules/.package-lock.json: tests/webrtc/package-lock.json
	cd tests/webrtc && npm ci --no-audit --no-fund

schemathesis: target/schemathesis/installed ## Thousands of requests made from docs/openapi.json, each answer checked
	cargo build --locked --quiet
	target/schemathesis/bin/python tests/schemathesis/run.py target/debug/meetpoint

target/schemathesis/installed: tests/schemathesis/requirements.txt
	python3 -m venv --clear target/schemathesis
	target/schemathesis/bin/pip install --quiet --disable-pip-version-check --requirement tests/schemathesis/requirements.txt
	touch $@

screenshots: tests/browser/node_modules/.package-lock.json ## Take the pictures under docs/screenshots anew
	cargo build --release --locked
	cd tests/browser && MEETPOINT_BIN=../../target/release/meetpoint node screenshots.mjs
