# `make` or `make help` lists what there is. Everything is installed into .venv, on first need.

.DEFAULT_GOAL := help
.PHONY: help demo test check bench clean
SHELL := /bin/sh

CANDIDATES := python3.13 python3.12 python3.11 python3.14 python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --retries 2

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

demo: .venv/demo.stamp ## install the library and its command (no tools) and show what it does, offline
	@$(BIN)/onevec demo

test: .venv/dev.stamp ## run all tests; the core has to be covered by 95 %
	@$(BIN)/python -m pytest --cov --cov-report=
	@$(BIN)/python -m coverage report --include='src/onevec/*.py' --fail-under=95

check: .venv/dev.stamp ## lint, format, types, generated files, spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python scripts/gen.py --check
	$(BIN)/python scripts/changelog.py --check
	$(BIN)/codespell
	$(BIN)/validate-pyproject pyproject.toml

bench: .venv/dev.stamp ## run the benchmarks, one after the other
	@set -e; for file in benchmarks/[!_]*.py; do \
	    test -e "$$file" || { echo "there are no benchmarks yet" >&2; exit 1; }; \
	    echo "== $$file"; $(BIN)/python "$$file"; \
	done

clean: ## remove what the commands above have made
	rm -rf .venv .nox .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov build dist
	find src tests scripts -type d -name __pycache__ -prune -exec rm -rf {} +

# A stamp is newer than pyproject.toml as long as what it stands for is installed.
.venv/demo.stamp: pyproject.toml | .venv/bin/python
	@echo "installing onevec into .venv" >&2
	@$(call install,'.[cli]')
	@touch $@

.venv/dev.stamp: pyproject.toml | .venv/bin/python
	@echo "installing onevec and the tools into .venv" >&2
	@$(call install,'.[dev]')
	@touch .venv/demo.stamp $@

# pip's whole output goes to a file, the line that tells what is wrong to the terminal.
install = $(PIP) --editable $(1) > .venv/pip.log 2>&1 || { \
	    echo "pip could not install onevec:" \
	        "`grep -o 'ERROR: .*' .venv/pip.log | head -n 1 | cut -c 8-200`" \
	        "(is a package index reachable? all of pip's output: .venv/pip.log)" >&2; exit 1; }

.venv/bin/python:
	@for python in $(or $(PYTHON),$(CANDIDATES)); do \
	    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || continue; \
	    old=$$python; \
	    "$$python" -c 'import ensurepip, venv' 2> /dev/null || continue; \
	    exec "$$python" -m venv --clear .venv; \
	done; \
	if test -n "$$old"; then \
	    echo "$$old has no venv module: install it (Debian and Ubuntu: apt install $${old##*/}-venv)" >&2; \
	else \
	    echo "no Python 3.11 or newer found (looked for: $(or $(PYTHON),$(CANDIDATES))); install one, or name it: make PYTHON=/path/to/python3" >&2; \
	fi; exit 1
