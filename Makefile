# `make help` lists the targets. Everything runs in .venv, which each target makes if it is missing or stale.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
# Named after what it was made from and where, so that a stale or moved environment is rebuilt.
ENVIRONMENT := .venv/made-$(shell { pwd; cat requirements/dev.txt; } | cksum | tr ' ' '-')
PROJECT := .venv/project-installed
SOURCES := penstock services deploy tests $(wildcard benchmarks)
# By file, since the tests of one file share the system that they speak to; in the order of their names, so that the short
# files of tests/unit come last, and no process waits for the other's long one.
PYTEST := python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --max-worker-restart 0
SEEDS ?= 200

.PHONY: help install demo screenshots demo-cluster stack stack-down stack-status test test-faults lint format simulate bench bench-embedded audit lock upgrade clean
.PHONY: $(if $(wildcard $(BIN)/python),,$(ENVIRONMENT))

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

install: $(PROJECT) ## Make .venv with the locked dependencies and this checkout

demo: install ## Ingest a sample of 20,000 customers and look at one of them
	$(BIN)/penstock demo

screenshots: install ## Take pictures of the console's pages, into build/screenshots, and three for the README; needs chromium
	$(BIN)/python -m tests.screenshots

# One run, so that no failure keeps other tests from running, and what they share is started once.
test: install ## Run every test, with the built wheel in place of the checkout
	$(BIN)/python -m tests.wheel build/wheel
	PYTHONSAFEPATH=1 build/wheel/bin/$(PYTEST)

test-faults: install ## Run the long fault tests, which kill and stop real servers and their clients
	$(BIN)/$(PYTEST) -m server_faults

lint: install ## Check style, types and the layers' import contracts
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install ## Format the sources and fix what ruff can fix
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

simulate: install ## Run the seeded simulation of the whole system: make simulate SEEDS=10000
	$(BIN)/python -m tests.simulation --seeds $(SEEDS)

demo-cluster: stack ## The demonstration through Kafka, S3 and Cassandra, with two row-processor processes
	$(BIN)/python -m deploy.stack.demo

stack: install ## Start Kafka, Cassandra, S3 and toxiproxy as plain processes; needs Java 17, Maven and Go
	$(BIN)/python -m deploy.stack up

stack-down: install ## Stop them; what they hold stays in .stack
	$(BIN)/python -m deploy.stack down

stack-status: install ## Tell which of them run and answer
	$(BIN)/python -m deploy.stack status

bench: install ## Measure the cluster runtime against bulk loaders on the same Cassandra; about ten minutes
	$(BIN)/python -m benchmarks.cluster

bench-embedded: install ## Measure the embedded runtime: rows/s, CPU per row, peak memory, as JSON
	$(BIN)/python -m benchmarks.embedded

audit: install ## Look for known vulnerabilities in what is locked, and write build/sbom.json (CycloneDX)
	$(BIN)/python -m deploy.audit build/sbom.json

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

lock: install ## Write requirements/*.txt after a change of dependencies; pins that still fit stay
	$(COMPILE) $(UPGRADE) pyproject.toml --group dev --output-file requirements/dev.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --constraints requirements/dev.txt --output-file requirements/runtime.txt
	$(COMPILE) $(UPGRADE) --group build --constraints requirements/dev.txt --output-file requirements/build.txt
	$(COMPILE) $(UPGRADE) --group bench --output-file requirements/bench.txt
	$(COMPILE) $(UPGRADE) --group audit --output-file requirements/audit.txt

upgrade: UPGRADE = --upgrade
upgrade: lock ## Lock the newest versions that fit together

clean: ## Remove everything that was made here, .venv included
	rm -rf .venv build dist .hypothesis .mypy_cache .ruff_cache .import_linter_cache .pytest_cache
	find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

$(PROJECT): pyproject.toml $(ENVIRONMENT)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
	@echo 'Penstock is installed: .venv/bin/penstock --help'

$(ENVIRONMENT):
	@echo 'Installing the locked packages into .venv (600 MB): this takes one to four minutes.'
	@python=$$(.ci/find-python) && "$$python" -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@touch $@
