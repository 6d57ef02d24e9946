# gridmap: two commands matter, `make run` and `make test`; the others are parts of them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# our own modules stay compiled between starts
unexport PYTHONDONTWRITEBYTECODE
# the browser tests' Chromium, under whichever name it is here
export GRIDMAP_CHROMIUM ?= $(firstword $(foreach name,chromium chromium-browser google-chrome google-chrome-stable, \
    $(shell command -v $(name) 2> /dev/null)))
# in this order, so that the quickest word about a mistake comes first
TESTS := $(wildcard tests/unit tests/property tests/guards tests/integration tests/web tests/browser)

FUZZ_SECONDS ?= 30

.PHONY: help run test setup setup-test lint types pytest lock docs bench fuzz demo-reset doctor clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: setup ## set up what is missing, then start everything on http://127.0.0.1:8000 (Ctrl-C stops it)
	@exec gridmap up

test: setup-test lint types pytest ## set up, then every check and test

setup: ## install what running needs
	@tools/setup run

setup-test: ## install what testing needs, too
	@tools/setup test

lint: ## style and the import contract
	ruff check .
	ruff format --check .
	lint-imports --no-logo

types: ## Python's types (strict), and JavaScript's
	node node_modules/pyright/index.js
	[ ! -f jsconfig.json ] || node node_modules/typescript/bin/tsc --project jsconfig.json --noEmit

pytest: ## the tests alone, on what set-up left
	$(PYTHON) -m pytest -n 2 --dist worksteal -m "axe or not (alone or browser)" $(TESTS)
	$(PYTHON) -m pytest -m "(alone or browser) and not axe" $(TESTS)

lock: ## pin the newest allowed Python packages anew
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --upgrade --extra dev \
	    --custom-compile-command "make lock" pyproject.toml --output-file requirements.lock
	for name in uv node; do \
	    uv pip compile -q --universal --python-version 3.11 --generate-hashes --upgrade \
	        --custom-compile-command "make lock" tools/locks/$$name.in --output-file tools/locks/$$name.txt; \
	done

docs: ## write the generated documents anew
	$(PYTHON) -m tools.docs

bench: setup-test ## measure; judges nothing
	$(PYTHON) -m pytest tests/bench/bench_*.py

fuzz: setup-test ## feed our readers and coordinates damaged bytes, FUZZ_SECONDS each
	$(PYTHON) -m tests.fuzz --seconds $(FUZZ_SECONDS)

demo-reset: setup ## put the demo subdistrict back as it was
	gridmap demo reset

doctor: ## say in plain words what is missing or wrong
	@[ -x .venv/bin/gridmap ] || { echo "Nothing is set up yet: make setup"; exit 1; }
	@gridmap doctor

clean: ## remove everything that set-up and tests made; the data in .gridmap stays
	rm -rf .venv node_modules gridmap/web/static/vendor build dist *.egg-info
	rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache tests/browser/output
	[ ! -L .gridmap-test/pg ] || rm -rf "$$(dirname "$$(readlink .gridmap-test/pg)")"
	rm -rf .gridmap-test
	find gridmap -name '*.mo' -delete
	find . -name __pycache__ -prune -exec rm -rf {} +
