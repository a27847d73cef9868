# The two commands a newcomer needs: `make demo` and `make test`. Each sets everything up first.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
LIGHT  := $(VENV)/.light
READY  := $(VENV)/.ready
# One release, so that a rebuilt run equals the old one. On Linux, PyPI's wheel brings CUDA; for the small one:
# PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make test
TORCH  ?= torch==2.13.0
WORKERS ?= 2

# A local mirror of the public tables beside the checkout is used where there is one.
ifneq ($(wildcard ../shared/data),)
export FORETELL_DATA ?= $(abspath ../shared/data)
endif
# One thread a process: small fits lose time to idle BLAS threads.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

.PHONY: demo test lint bench leaderboard supply audit clean

demo: $(LIGHT)  ## Forecast OLMo-2 7B and 13B from small runs, against what they scored
	$(BIN)/foretell demo

test: $(READY)  ## Every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(READY)  ## Style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(READY)  ## Time and memory, as ratios to a reference timed in the same run
	$(BIN)/python benchmarks/backtest_speed.py
	$(BIN)/python benchmarks/train_speed.py

$(LIGHT): pyproject.toml
	@echo "Setting up a virtual environment in $(VENV) (once; a minute) ..."
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "foretell needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $(LIGHT)

$(READY): $(LIGHT)
	@echo "Adding what trains, evaluates and tests (once; a few minutes) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]" "$(TORCH)"
	@touch $(READY)

leaderboard: $(READY)  ## Every method on every public table: docs/leaderboard.md
	$(BIN)/python benchmarks/leaderboard.py

# What foretell stands on: docs/supply-chain.md says how to use it.
SUPPLY := $(VENV)-supply
LOCKED := $(SUPPLY)/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate pyproject.toml

supply: $(READY) $(SUPPLY)/.ready  ## Lock files, bill of materials and licences
	$(LOCKED) --output-file requirements/base.lock
	$(LOCKED) --all-extras --output-file requirements/all.lock
	$(SUPPLY)/bin/cyclonedx-py requirements requirements/base.lock --output-reproducible --output-file requirements/sbom.json
	$(SUPPLY)/bin/pip-licenses --python $(BIN)/python --format markdown --packages $$(sed -n 's/^\([a-z0-9._-]*\)==.*/\1/p' requirements/all.lock) \
	    > requirements/licences.md

audit: $(SUPPLY)/.ready  ## Known vulnerabilities of what is locked; asks PyPI
	$(SUPPLY)/bin/pip-audit --requirement requirements/all.lock --require-hashes --disable-pip

$(SUPPLY)/.ready:
	$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/python -m pip install --quiet --disable-pip-version-check cyclonedx-bom pip-audit pip-licenses uv
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
