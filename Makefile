# make demo: the main job on the embedded emulator. make test: every check. make help: the rest.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SHELL  := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help demo test audit mutants mutate lint types unit crash kill bench peers soak fuzz moves test-kit test-page lint-ci docs screens lock clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# --- environments: made once, remade when the lock changes -------------------------------------------------------

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "bonusctl needs Python 3.11 or newer; say which with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

.venv-kit/.installed: requirements/kit.txt
	$(PYTHON) -m venv .venv-kit
	.venv-kit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/kit.txt
	touch $@

.venv-bench/.installed: requirements/bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt \
	  || echo "not all peers can be installed here: what is missing is reported as not run"
	touch $@

.venv-lint/.installed: requirements/lint-ci.txt
	$(PYTHON) -m venv .venv-lint
	.venv-lint/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lint-ci.txt \
	  || echo "not all linters can be installed here: what is missing is reported as not run"
	touch $@

.venv-mutate/.installed: requirements/mutate.txt
	$(PYTHON) -m venv .venv-mutate
	.venv-mutate/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/mutate.txt
	touch $@

.venv-audit/.installed: requirements/audit.txt
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/audit.txt
	touch $@

# --- the demo ------------------------------------------------------------------------------------------------------

# Each command is shown as a person would type it. The last plan must have nothing to do (2 would mean: changes).
SHOW = show() { printf '\n$$ bonusctl %s\n' "$$*"; "$(abspath $(BIN))/bonusctl" "$$@"; }

demo: $(VENV)/.installed  ## specs, a plan, an apply, and a second plan with nothing to do, on the emulator
	rm -rf .demo
	mkdir .demo
	@$(SHOW); cd .demo; show init --ci none && show validate && show plan && show apply --auto-approve && show plan --detailed-exitcode

# --- checks --------------------------------------------------------------------------------------------------------

test: lint types unit  ## everything: lint, types, every suite

lint: $(VENV)/.installed  ## style, held by ruff
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

types: $(VENV)/.installed  ## mypy, strict
	$(BIN)/mypy

unit: $(VENV)/.installed  ## every suite, with a figure for each
	$(BIN)/python -m pytest -q -n 4 --dist worksteal

soak: $(VENV)/.installed  ## the long shares, part by part, resumable; tests/soak/run.py says how to split and bound it
	ended=0; $(BIN)/python -m tests.soak.run || ended=$$?; $(BIN)/python -m tests.soak.page; exit $$ended

FIGURED := tests/sim tests/crash tests/kill tests/moves tests/fuzz tests/providers tests/mutants tests/security tests/mturk

figures: $(VENV)/.installed  ## the suites of docs/reliability.md, and their counts written into it
	rm -rf .figures
	BONUSCTL_FIGURES=.figures $(BIN)/python -m pytest -q -n 2 --dist worksteal $(FIGURED)
	$(BIN)/python -m tests.soak.page .figures

fuzz: $(VENV)/.installed  ## a long share of fuzzing: FUZZ inputs (5000) for each reader and way, from FUZZ_SEED (2)
	BONUSCTL_FUZZ=$(or $(FUZZ),5000) BONUSCTL_FUZZ_SEED=$(or $(FUZZ_SEED),2) $(BIN)/python -m pytest -q -n 2 -s tests/fuzz

moves: $(VENV)/.installed  ## a long share of users' moves: MOVES stories (2000), new ones each time
	BONUSCTL_MOVES=$(or $(MOVES),2000) $(BIN)/python -m pytest -q -s tests/moves

bench: $(VENV)/.installed .venv-bench/.installed  ## against peers and limits; writes benchmarks/RESULTS.md; BENCH_ONLY=names, BENCH_ROUNDS, BENCH_SCALE
	$(MAKE) --no-print-directory .venv-kit/.installed || echo "toloka-kit cannot be installed here: it is reported as not run"
	$(BIN)/python -m benchmarks

peers: $(VENV)/.installed .venv-kit/.installed  ## toloka-kit, boto3 and bonusctl on the same faults; writes docs/peers.md; JOBS at a time (8)
	$(BIN)/python -m benchmarks.peers --kit .venv-kit/bin/python --jobs $(or $(JOBS),8) --record

test-kit: $(VENV)/.installed .venv-kit/.installed  ## Toloka's own client against the emulator and the state
	$(BIN)/python -m tests.kit.run_kit .venv-kit/bin/python

test-page: $(VENV)/.installed  ## the emulator's page in headless Chromium, if there is one
	$(BIN)/python -m tests.browser.look_at_page

lint-ci: $(VENV)/.installed .venv-lint/.installed  ## the action, the workflows that init writes, the hooks, under their linters
	bash scripts/lint-ci.sh .venv-lint/bin $(BIN)/python

mutants: $(VENV)/.installed  ## mistakes planted in the protocol, each against every suite; writes docs/mutants.md
	$(BIN)/python -m tests.mutants.run_mutants

mutate: .venv-mutate/.installed  ## mutmut over the modules that decide whether money moves, on a copy
	.venv-mutate/bin/python -m tests.mutants.mutate

audit: $(VENV)/.installed .venv-audit/.installed  ## known weaknesses of the locked packages; says "not run" where it cannot ask
	$(BIN)/python -m tests.security.audit .venv-audit/bin/pip-audit

docs: $(VENV)/.installed screens  ## write docs/commands.md anew from the commands, and every screen
	$(BIN)/python -m reconcile.cli.reference > docs/commands.md

screens: $(VENV)/.installed  ## what README and docs show of commands' output, written anew by these commands
	BONUSCTL_WRITE_SCREENS=1 $(BIN)/python -m pytest -q tests/screens -k a_screen_is

lock:  ## lock the development tools anew
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header --group dev pyproject.toml -o requirements/dev.txt
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header requirements/kit.in -o requirements/kit.txt
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header requirements/bench.in -o requirements/bench.txt
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header requirements/audit.in -o requirements/audit.txt
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header --group dev pyproject.toml requirements/mutate.in -o requirements/mutate.txt
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header requirements/lint-ci.in -o requirements/lint-ci.txt
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header --extra mturk pyproject.toml requirements/action.in -o requirements/action.txt

clean:  ## remove what the targets made
	rm -rf $(VENV) .venv-kit .venv-bench .venv-lint .venv-lock .demo .bench dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
