# Every command sets up what it needs; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PORT ?= 8000
ARGS ?=
BIN := .venv/bin
# Set to choose another interpreter: make setup PYTHON=python3.12
export PYTHON

.PHONY: help setup run test soak check bench bundle lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' Makefile

setup: .venv/.ready ## Make .venv/ with the locked versions (instant when nothing has changed)

.venv/.ready: requirements-dev.lock pyproject.toml .ci/setup
	@.ci/setup

run: setup ## Start the demo on 127.0.0.1:8000 (PORT= changes it)
	@$(BIN)/ketqua run --demo --port $(PORT)

test: setup ## Run every test, small (ARGS="-k words" chooses some)
	@$(BIN)/python -m tests.services
	@$(BIN)/python -m pytest $(ARGS)

soak: setup ## Run the same tests at full counts
	@$(BIN)/python -m tests.services
	@KETQUA_SOAK=1 $(BIN)/python -m pytest $(ARGS)

check: setup ## Format, lint, types, room borders, catalogues, dependency audit
	@.ci/check

bench: setup ## Measure the fast path against floors of the same run
	@$(BIN)/python -m tests.bench $(ARGS)

bundle: ## Rebuild the browser's verifier in sms/static/verify/ (needs Node.js)
	@cd sms/verify/engine && npm ci --silent && node build.mjs ../../static/verify

lock: setup ## Renew both locks from pyproject.toml (needs the package index)
	@.ci/lock

clean: ## Remove .venv/ and every cache (never var/, where data lies)
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
