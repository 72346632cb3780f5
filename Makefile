# Vigie. `make` lists the targets; every target sets up .venv first when that is needed.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.vigie-setup

.PHONY: help setup demo up test test-long test-kafka lint format chaos attacks bench eval eval-gate clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is older than 3.11; run: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	@VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv sync --frozen --quiet --inexact --compile-bytecode --python $(BIN)/python
	@touch $@

setup: $(STAMP) ## create .venv with everything in it (other targets do this by themselves)

demo: $(STAMP) ## play a bundled scenario through the whole system and show what it finds
	@$(BIN)/vigie demo

up: $(STAMP) ## run broker, workers, store and SQL endpoint on this machine
	@$(BIN)/vigie up

test: $(STAMP) ## unit, property and integration tests on the embedded broker and store
	@$(BIN)/python -m pytest -m "not kafka and not long"

test-long: $(STAMP) ## the slow tests: a recorded quarter through the whole system, poison, workers and ports that fail
	@$(BIN)/python -m pytest -m "long and not kafka"

test-kafka: $(STAMP) ## the integration tests on Apache Kafka (needs Java 17 and Maven, or KAFKA_BOOTSTRAP)
	@$(BIN)/python -m tests.kafka_server -- $(BIN)/python -m pytest -m "kafka"

lint: $(STAMP) ## ruff, mypy --strict, one direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --config pyproject.toml

format: $(STAMP) ## rewrite the sources in the house style
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

chaos: $(STAMP) ## kill, freeze and stop parts, also on Apache Kafka; write docs/reliability.md (RUNS=20)
	@$(BIN)/python -m tests.faults --kafka --runs $(or $(RUNS),1)

attacks: $(STAMP) ## attack the SQL endpoint, the webhook and messages; write docs/safety.md
	@$(BIN)/python -m tests.attacks

bench: $(STAMP) ## measure speed, write docs/performance.md and docs/scaling.md
	@$(BIN)/python -m tests.bench

eval: $(STAMP) ## measure accuracy, write docs/accuracy.md
	@$(BIN)/python -m tests.eval

eval-gate: $(STAMP) ## fail when accuracy on generated data is not as it should be (ten minutes; writes nothing)
	@$(BIN)/python -m tests.eval --gate

clean: ## remove .venv and what tools left behind
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
