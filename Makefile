# The front door: make run · make test · make lint · make bench · make chaos
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
DISTRIBUTIONS := core plugins/fluentcommerce plugins/manhattan
EDITABLE := $(foreach distribution,$(DISTRIBUTIONS),--editable $(distribution))
MANIFESTS := $(foreach distribution,$(DISTRIBUTIONS),$(distribution)/pyproject.toml)
THIRD_PARTY := examples/connectors/shipstation
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# WORKERS=0 runs the tests one after the other in one process, for a debugger.
WORKERS := 3

.PHONY: help run test lint bench chaos pins reference clean
.DEFAULT_GOAL := help

help:
	@echo "make run    start the endpoint against the local sandboxes and send it sample orders"
	@echo "make test   run every test"
	@echo "make lint   ruff, mypy --strict, import-linter"
	@echo "make bench  measure speed and memory"
	@echo "make chaos  kill servers and break the OMSs while orders come in, for ten minutes or so"
	@echo "make pins   renew requirements/*.txt (needs uv)"
	@echo "make reference  write docs/reference.md anew, from the docstrings"
	@echo "make clean  remove .venv and what the tools left"

run: $(VENV)/.run
	@exec $(BIN)/multiorder demo --config config.toml --orders examples/orders

# Tests start hundreds of processes. Where Python is told to store no bytecode, each of them would
# compile everything anew, which takes most of its time; an empty setting is none.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.dev
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(TESTS)

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@cd $(THIRD_PARTY) && $(abspath $(BIN))/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(VENV)/.dev
	@$(BIN)/python -m bench

# CHAOS="--orders 500 --database sqlite" makes it smaller; --help says what there is.
chaos: $(VENV)/.dev
	@PYTHONPATH=tests $(BIN)/python -m chaos $(CHAOS)

# A stamp file for each set of requirements: nothing is installed twice.
$(VENV)/bin/python:
	@sh requirements/create-venv.sh $(VENV)

$(VENV)/.run: requirements/run.txt $(MANIFESTS) | $(VENV)/bin/python
	@echo "Installing what multiorder needs into $(VENV) …"
	@$(PIP) install --require-hashes --requirement requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation $(EDITABLE)
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing what the tests and checks need into $(VENV) …"
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@touch $@

reference: $(VENV)/.dev
	@$(BIN)/python tests/reference.py

pins:
	@cd requirements && for set in run dev; do \
	    uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade \
	        --no-emit-index-url --no-emit-find-links --no-strip-extras --custom-compile-command "make pins" \
	        $$set.in -o $$set.txt || exit 1; done

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
