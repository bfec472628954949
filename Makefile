# Every target works from a fresh clone; `make help` lists them. Recipes use relative paths, so the checkout may be
# in a folder with spaces in its name.

# The Python for .venv; empty: the newest of python3.13, python3.12, python3.11 and python3 that runs.
PYTHON ?=
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-full check format docs bench fuzz kills screenshots golden clean
.DELETE_ON_ERROR:

help: ## Show this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'
	@echo
	@echo "The others call setup themselves. make setup PYTHON=/path/to/python3.12 chooses the Python."

setup: .venv/.ready ## Make .venv with everything in it (once, a few minutes)
	@echo "setup: .venv is ready"

.venv/.ready: pyproject.toml constraints.txt tools/setup.sh
	@PYTHON="$(PYTHON)" sh tools/setup.sh

# Few enough for a minute; `make demo SAMPLES='*'` grades all.
SAMPLES ?= perfect_module equals_minus_one misses_last_row

demo: .venv/.ready ## Grade some sample submissions into demo_reports/
# The samples are our own, so they may run on a machine that cannot confine them.
	@set -f; $(BIN)/grader batch submissions/eecs498_2019 --spec eecs498_2019 --out demo_reports \
	    --isolation process $(SAMPLES:%=--select '%')

test: .venv/.ready ## Run the tests on two cores
	@$(BIN)/python -m pytest -q -n 2 --maxschedchunk 20

test-full: .venv/.ready ## Run every test, sample and catalogue entry (half an hour)
	@$(BIN)/python -m pytest -q -n 2 --maxschedchunk 20 --in-full

check: .venv/.ready ## Check lint, format and types; changes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: .venv/.ready ## Format the code and fix what the linter can
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

docs: .venv/.ready ## Build the site of docs/ into build/docs; any warning is an error
	@$(BIN)/python -m sphinx -b html -d build/doctrees -n -q -W --keep-going docs build/docs
	@echo "docs: build/docs/index.html"

golden: .venv/.ready ## Make the golden files of the exporters anew; review the difference
	@$(BIN)/python -m tests.exporters.golden

bench: .venv/.ready ## Measure the grader's own speed beside the last committed run
	@$(BIN)/python -m benchmarks

# How many inputs, and the seed they are made from.
INPUTS ?= 100000
SEED ?= 0

fuzz: .venv/.ready ## Feed 100,000 hostile files and answers to the judge
	@$(BIN)/python -m tests.fuzz --inputs $(INPUTS) --seed $(SEED)

kills: .venv/.ready ## Stop a class at 100 random moments, and go on (a quarter of an hour)
	@$(BIN)/python -m tests.kills --seed $(SEED)

screenshots: .venv/.ready ## Grade a small class and take the pictures in docs/images (a few minutes; needs Chromium)
	@$(BIN)/python tools/screenshots.py

clean: ## Remove demo_reports/, caches and builds; .venv stays
	@rm -rf demo_reports build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
