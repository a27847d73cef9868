# The two commands a newcomer needs: `make demo` and `make test`. Each sets everything up first.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
WORKERS ?= 2

# A local mirror of the public tables beside the checkout is used where there is one.
ifneq ($(wildcard ../shared/data),)
export FORETELL_DATA ?= $(abspath ../shared/data)
endif
# One thread a process: small fits lose time to idle BLAS threads.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

.PHONY: demo test lint bench leaderboard clean

demo: $(READY)  ## Forecast OLMo-2 7B and 13B from small runs, against what they scored
	$(BIN)/foretell demo

test: $(READY)  ## Every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(READY)  ## Style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(READY)  ## Time and memory, as ratios to a reference timed in the same run
	$(BIN)/python benchmarks/backtest_speed.py

$(READY): pyproject.toml
	@echo "Setting up a virtual environment in $(VENV) (once; a few minutes) ..."
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "foretell needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $(READY)

leaderboard: $(READY)  ## Every method on every public table: docs/leaderboard.md
	$(BIN)/python benchmarks/leaderboard.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
