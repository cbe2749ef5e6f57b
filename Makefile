# huntkit: everything a newcomer needs is `make demo` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DATA ?= $(or $(HUNTKIT_DATA),../shared/data)
export HUNTKIT_DATA := $(abspath $(DATA))
JOBS ?= 2

.PHONY: help chromium demo test lint types floors unit coverage test-browser test-js charts-js test-long bench kql-conformance kusto-parser azurite check-queries lock newcomer clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

$(VENV)/.made:
	@echo "== creating $(VENV) with $(PYTHON)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "huntkit needs Python 3.11 or newer; say make PYTHON=/path/to/python3.11"; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.core: $(VENV)/.made requirements/core.txt pyproject.toml
	@echo "== installing huntkit and the pinned packages it needs"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/core.txt -r requirements/build.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -c 'import huntkit; huntkit.open; huntkit.report.report' || { echo "huntkit was installed, but what it needs does not load"; exit 1; }
	@touch $@

# pip compiles what it installs, but not what stays where it is: the first command would wait for it.
$(VENV)/.compiled: $(VENV)/.core $(shell find src -name '*.py')
	@$(BIN)/python -m compileall -q src
	@touch $@

$(VENV)/.dev: $(VENV)/.core requirements/dev.txt
	@echo "== installing the pinned packages for development"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/.compiled  ## make a small synthetic intrusion, open it, write the report
	@$(BIN)/huntkit demo --force

test: lint types floors unit  ## format, lint, types, floors, tests and doctests

lint: $(VENV)/.dev
	@echo "== ruff"
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(VENV)/.dev
	@echo "== mypy"
	@$(BIN)/mypy

floors: $(VENV)/.dev
	@echo "== import-linter"
	@$(BIN)/lint-imports

unit: $(VENV)/.dev $(VENV)/.compiled
	@echo "== pytest"
	@test -d "$(HUNTKIT_DATA)" || printf '\n*** %s does not exist: tests on real data are SKIPPED. Set HUNTKIT_DATA. ***\n\n' "$(HUNTKIT_DATA)"
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not browser and not long"

test-long: $(VENV)/.dev $(VENV)/.compiled chromium  ## every driver, provider and library query: failures, secrets, real rows
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -m long

coverage: $(VENV)/.dev  ## the tests once more, with the lines and branches that none reaches
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not browser" -q --cov --cov-report=term

test-browser: $(VENV)/.dev $(VENV)/.compiled chromium  ## the charts and the report in headless Chromium
	@$(BIN)/pytest -m "browser and not long" --allow-hosts=127.0.0.1 -p no:randomly

chromium:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { echo "== installing Debian's chromium"; apt-get update -qq && apt-get install -y -qq chromium; }

test-js:  ## the charts' JavaScript: its tests, and that the bundle is what its sources build (needs node)
	@cd js && npm ci --ignore-scripts --no-audit --no-fund && npm run check && npm test

charts-js:  ## build the charts' JavaScript anew (needs node)
	@cd js && npm ci --ignore-scripts --no-audit --no-fund && npm run build

bench: $(VENV)/.dev $(VENV)/.compiled  ## speed, beside pandas and plain DuckDB on the same input
	@$(BIN)/python -m bench

kql-conformance: $(VENV)/.dev  ## how near our KQL is to Microsoft's; PARTS="parser" for some parts
	@$(BIN)/python -m tools.kql_conformance $(PARTS)

kusto-parser:  ## install Microsoft's KQL parser, with which the library's queries are checked (needs node)
	@cd tools/kusto_parser && npm ci --ignore-scripts --no-audit --no-fund

azurite:  ## install Microsoft's emulator of blob storage, which the tests of blobs start (needs node)
	@cd tools/azurite && npm ci --ignore-scripts --no-audit --no-fund

check-queries: $(VENV)/.dev  ## every change to each query of the library, and which no event notices
	@$(BIN)/python -m tools.check_queries --survivors

newcomer: $(VENV)/.dev  ## build the wheel, install it alone, run it with the network off
	@.ci/newcomer "$(BIN)/python"

lock:  ## pin every dependency (needs uv)
	@uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 pyproject.toml -o requirements/core.txt
	@uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 requirements/build.in -o requirements/build.txt
	@uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --group dev --all-extras -c requirements/core.txt pyproject.toml -o requirements/dev.txt

clean:  ## remove what the targets above made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
