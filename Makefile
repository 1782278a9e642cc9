# All that a newcomer has to know: `make run` and `make test`. `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run web test oracle rules schemathesis browser screenshots check derived bench tools

# The binary and the tests are built at once, so that third-party crates are built once: for the binary alone they have
# other features.
build := cargo build --quiet --locked --workspace --bins --tests
tenure := target/debug/tenure
step = @printf '\n== %s\n'

help: ## list the targets
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

run: web ## start the demo: one organization, sensors that really send, log-ins on the screen
	cargo run --release --locked --package tenure -- demo

web: ## build the web UI, which the binary embeds
	@scripts/web

# Found when the recipe runs, so after the tools are there.
test: export TENURE_TEST_COAP_CLIENT = $(shell command -v coap-client-notls || command -v coap-client)
test: export TENURE_TEST_PYTHON = $(CURDIR)/.cache/venv/bin/python
test: export TENURE_TEST_MOSQUITTO = $(shell command -v mosquitto || echo /usr/sbin/mosquitto)
test: tools web ## run all tests, on SQLite and on a throw-away PostgreSQL, in a real browser too
	$(step) 'tests'
	scripts/with-postgres cargo nextest run --workspace --locked
	@$(MAKE) --no-print-directory oracle
	$(step) 'the service against its OpenAPI document'
	.cache/venv/bin/python tests/schemathesis/run.py --repeatable
	$(step) 'examples in the documentation'
	cargo test --doc --workspace --locked
	@$(MAKE) --no-print-directory browser

oracle: export TENURE_TEST_PYTHON = $(CURDIR)/.cache/venv/bin/python
oracle: tools web ## compare the binary with the independent computation of the rules, by thousands of random scripts
	$(step) 'the independent computation of the rules'
	cd tests/oracle && $(TENURE_TEST_PYTHON) -m unittest --quiet
	$(step) 'random scripts, by the rules and by the binary'
	$(build)
	$(TENURE_TEST_PYTHON) tests/oracle/play.py --scripts 2000
	scripts/with-postgres $(TENURE_TEST_PYTHON) tests/oracle/play.py --first-seed 10001 --scripts 100 --each 25 --postgres environment

# The profile writes the results where scripts/rules reads them.
rules: export TENURE_TEST_COAP_CLIENT = $(shell command -v coap-client-notls || command -v coap-client)
rules: export TENURE_TEST_PYTHON = $(CURDIR)/.cache/venv/bin/python
rules: export TENURE_TEST_MOSQUITTO = $(shell command -v mosquitto || echo /usr/sbin/mosquitto)
rules: tools web ## list every rule with its tests and their results
	$(step) 'the tests that carry a rule in their name'
	@rm -f target/nextest/rules/*.xml
	scripts/with-postgres cargo nextest run --workspace --locked --profile rules -E 'test(/\br[0-9]+_/)' || true
	$(build)
	cd web && PLAYWRIGHT_JUNIT_OUTPUT_NAME=../target/nextest/rules/browser.xml \
	npx playwright test --project=sqlite --grep '\bR[0-9]+\b' --reporter=junit || true
	$(step) 'the rules'
	@scripts/rules results target/nextest/rules/junit.xml target/nextest/rules/browser.xml

schemathesis: tools web ## try the built service against its OpenAPI document, longer than `make test` does
	$(build)
	.cache/venv/bin/python tests/schemathesis/run.py

browser: tools web ## run the tests of the web UI, in Chromium
	$(step) 'web UI'
	$(build)
	cd web && npm run --silent check && npm test --silent
	scripts/with-postgres npm --prefix web run --silent e2e

screenshots: tools web ## take a picture of every screen, light and dark, wide and narrow
	$(build)
	npm --prefix web run --silent screenshots

check: tools web ## all that a change has to pass: format, lints, documentation, derived files, tests
	$(step) 'format'
	cargo fmt --all --check
	$(step) 'lints'
	cargo clippy --workspace --all-targets --locked -- -D warnings
	$(step) 'documentation'
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --workspace --locked
	$(step) 'derived files'
	$(build)
	@document=$$(mktemp); trap 'rm -f "$$document"' EXIT; \
	$(tenure) openapi >"$$document"; \
	diff -u docs/openapi.json "$$document" || \
	{ echo "docs/openapi.json is stale: run 'make derived' and commit it" >&2; exit 1; }
	@types=$$(mktemp); trap 'rm -f "$$types"' EXIT; \
	web/node_modules/.bin/openapi-typescript docs/openapi.json -o "$$types" >/dev/null; \
	diff -u web/src/api/schema.d.ts "$$types" || \
	{ echo "web/src/api/schema.d.ts is stale: run 'make derived' and commit it" >&2; exit 1; }
	$(step) 'each rule has a test'
	@cargo nextest list --workspace --locked --message-format json | scripts/rules names
	@$(MAKE) --no-print-directory test
	$(step) 'all is well'

derived: web ## write the files that the code generates
	$(build)
	@document=$$(mktemp); trap 'rm -f "$$document"' EXIT; \
	$(tenure) openapi >"$$document"; cat "$$document" >docs/openapi.json
	@scripts/web packages
	npm --prefix web run --silent types

bench: ## measure
	@scripts/tools
	scripts/with-postgres cargo bench --locked --package tenure --bench speed

tools: # install what the tests need and is missing
	@scripts/tools
