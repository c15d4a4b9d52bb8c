# The chores of this project; `make` alone lists them. Needs Python 3.11 or newer (with venv), make and git.
#
#   make setup PYTHON=python3.12         another Python than python3
#   make run LANDING=/srv/pages          another inbox; WAREHOUSE=DIR for another place to write to
#   make test ARGS='-k parser -x'        arguments for pytest; the same for docs, bench and lock

PYTHON ?= python3
LANDING ?= landing
WAREHOUSE ?= warehouse
TEST_WORKERS ?= 2
ARGS ?=

VENV := .venv
VENV_PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.complete
PEERS_VENV := .venv-peers
PEERS_STAMP := $(PEERS_VENV)/.complete
PIP_OPTIONS := -qq --disable-pip-version-check --no-input
PIP_INSTALL := $(VENV_PYTHON) -m pip install $(PIP_OPTIONS)
UV_VERSION := 0.13.9

# Prefect reports on its use unless told not to: the first is for its client, the second for its server.
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List these targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: $(STAMP) ## Make .venv, with all extras and the tools; does nothing while the lock stands

# Cleared first: a package that has left the lock must leave the environment too. With --no-deps because the lock is
# whole: older pips (23.2 comes with Python 3.11) would look for a requirement with an extra anew, find a version that
# is not in the lock, and refuse it.
$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make setup: Python 3.11 or newer is needed; name one with PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Installing what requirements.lock names into $(VENV); this takes about a minute."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP_INSTALL) --no-deps --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-build-isolation --no-deps --editable .
	@touch $@

.PHONY: run
run: export PREFECT_HOME := $(CURDIR)/.prefect
run: setup ## Ingest the pages of landing/ into warehouse/, as the nightly flow does
	$(VENV_PYTHON) -m esf_flows.nightly --landing "$(LANDING)" --warehouse "$(WAREHOUSE)"

.PHONY: test
test: setup ## Run the tests
	$(VENV_PYTHON) -m pytest -n $(TEST_WORKERS) --dist loadgroup $(ARGS)

.PHONY: prove
prove: export ESF_ETL_PROOF := full
prove: setup ## Do all the harm that the promises are held against, and count it (about an hour)
	$(VENV_PYTHON) -m pytest -n $(TEST_WORKERS) --dist loadgroup -m promise $(ARGS)

.PHONY: check
check: setup ## Check format, lint and types, and that no password or key stands in a file
	$(VENV_PYTHON) -m ruff format --check
	$(VENV_PYTHON) -m ruff check
	$(VENV_PYTHON) -m mypy
	git ls-files -z | xargs -0 $(VENV)/bin/detect-secrets-hook --baseline .secrets.baseline

.PHONY: format
format: setup ## Format the code, and mend what ruff can mend
	$(VENV_PYTHON) -m ruff check --fix-only
	$(VENV_PYTHON) -m ruff format

.PHONY: docs
docs: setup ## Write the pages of docs/ that are made: data dictionary and reports
	$(VENV_PYTHON) scripts/write_docs.py $(ARGS)

.PHONY: bench
bench: setup ## Measure speed and memory; ARGS=--help says of what
	$(VENV_PYTHON) -m benchmarks $(ARGS)

.PHONY: bench-scale
bench-scale: setup ## Measure what is beyond one machine; ARGS='nights --pages 2000', ARGS=--help
	$(VENV_PYTHON) -m benchmarks.scale $(ARGS)

.PHONY: bench-peers
bench-peers: $(PEERS_STAMP) bench ## The same, with dlt among the peers: it has an environment of its own

# dlt is no dependency: what it needs stays out of what the project is developed and tested with.
$(PEERS_STAMP): benchmarks/requirements-peers.lock
	@echo "Installing what benchmarks/requirements-peers.lock names into $(PEERS_VENV)."
	@$(PYTHON) -m venv --clear $(PEERS_VENV)
	@$(PEERS_VENV)/bin/python -m pip install $(PIP_OPTIONS) --no-deps --require-hashes \
		-r benchmarks/requirements-peers.lock
	@touch $@

.PHONY: wheel
wheel: setup ## Build dist/*.whl, by way of the source archive
	$(VENV_PYTHON) -m build --no-isolation --outdir dist

# uv lives in an environment of its own for this, so that a lock that cannot be installed can still be mended.
# Versions already locked are kept where they fit: `make lock ARGS=--upgrade` takes the newest.
.PHONY: lock
lock: ## Resolve pyproject.toml into requirements.lock, and the same for the benchmarks' peers
	@$(PYTHON) -m venv --clear .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	.venv-lock/bin/uv pip compile --quiet --custom-compile-command "make lock" --universal --python-version 3.11 \
		--all-extras --group dev --generate-hashes $(ARGS) --output-file requirements.lock pyproject.toml
	.venv-lock/bin/uv pip compile --quiet --custom-compile-command "make lock" --universal --python-version 3.11 \
		--constraint requirements.lock --generate-hashes $(ARGS) \
		--output-file benchmarks/requirements-peers.lock benchmarks/requirements-peers.in
	@rm -rf .venv-lock

.PHONY: clean
clean: ## Remove .venv, builds and caches; never pages, warehouse or run history
	rm -rf $(VENV) $(PEERS_VENV) .venv-lock build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
