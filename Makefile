# Every command of the project, called by hand, by hooks and by CI alike. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
SECONDS_OF_FUZZ ?= 60
FUZZ ?= --seconds $(SECONDS_OF_FUZZ)
FOREIGN ?=
HTTP ?=
PYTEST ?= --numprocesses auto --dist worksteal
GATE_CASES ?= 100000
MUTATIONS ?= 20000
CACHE_OPERATIONS ?= 1000000
PEERS ?=
TARGETS ?=
SOAK_SECONDS ?= 1800
SOAK ?=
# What is installed is what requirements/ names, hash by hash; see the target `lock`.
INSTALL := -m pip install --quiet --disable-pip-version-check
LOCKED := $(INSTALL) --require-hashes --requirement
COMPATIBILITY ?= manylinux_2_17
UV := .venvs/lock/bin/uv
SOURCES := $(shell find rust python/gatecore -type f \( -name '*.rs' -o -name '*.c' -o -name '*.toml' -o -name '*.py' -o -name '*.pyi' -o -name '*.yaml' -o -name '*.json' -o -name '*.sql' -o -name '*.css' -o -name '*.js' \) -not -path '*/target/*' -not -path 'rust/fuzz/*' -not -path '*/__pycache__/*') Cargo.toml Cargo.lock pyproject.toml README.md

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z][a-z-]*:.*## ' Makefile | sort | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(VENV)/.dev ## install system packages, the virtual environment and the tools

.PHONY: system
system: ## install what building needs (cmake, ragel, g++, Boost headers), if it is missing
	@tools/system-packages

$(VENV)/.base: requirements/build.txt
	@$(MAKE) --no-print-directory system
	$(PYTHON) -m venv --clear $(VENV)
	$(PY) $(LOCKED) requirements/build.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	$(PY) $(LOCKED) requirements/dev.txt
	@touch $@

$(UV): requirements/lock.txt
	$(PYTHON) -m venv --clear .venvs/lock
	.venvs/lock/bin/python $(LOCKED) requirements/lock.txt
	@touch $@

.PHONY: lock
lock: $(UV) ## lock what make installs to the newest releases, with hashes
	tools/lock $(UV)

# An environment of its own: the site needs neither the engine nor what else is installed.
.venvs/docs/.docs: requirements/docs.txt
	$(PYTHON) -m venv --clear .venvs/docs
	.venvs/docs/bin/python $(LOCKED) requirements/docs.txt
	@touch $@

.PHONY: docs
docs: .venvs/docs/.docs ## build the site into site/: open site/index.html, no network needed
	.venvs/docs/bin/python tools/docs.py
	NO_MKDOCS_2_WARNING=1 .venvs/docs/bin/mkdocs build --strict --quiet
	.venvs/docs/bin/python tools/docs.py --check

.PHONY: build
build: dist/.built ## build the wheel into dist/

dist/.built: $(SOURCES) | $(VENV)/.base
	rm -f dist/*.whl
	$(VENV)/bin/maturin build --release --compatibility $(COMPATIBILITY) --out dist
	$(PY) tools/ship_compiled.py dist/*.whl
	@touch $@

$(VENV)/.installed: dist/.built
	$(PY) $(INSTALL) --force-reinstall --no-deps dist/*.whl
	$(PY) -m pip check
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
test: lint types docs rust-test python-test smoke wheel-check ## everything that must pass

.PHONY: lint
lint: $(VENV)/.dev ## formatting, lints, and who imports whom
	cargo fmt --all --check
	cargo fmt --manifest-path rust/fuzz/Cargo.toml --check
	cargo clippy --release --workspace --all-targets -- -D warnings
	@cargo tree --package gatecore --edges normal,build --prefix none | awk '/^pyo3/ { print "the core depends on " $$0; found = 1 } END { exit found }'
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	PYTHONPATH=python $(VENV)/bin/lint-imports --no-logo --no-cache
	PYTHONPATH=python $(PY) -m gatecore.gates.files.schema --check

.PHONY: schema
schema: $(VENV)/.dev ## write the JSON Schemas of gate files from their grammar
	PYTHONPATH=python $(PY) -m gatecore.gates.files.schema

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
	@tools/system-packages testing
	$(PY) -m pytest $(PYTEST)
	$(PY) -m pytest --doctest-modules --pyargs gatecore --override-ini testpaths= --quiet

.PHONY: test-newest test-oldest
test-newest: dist/.built $(UV) ## the Python tests against the newest releases, locked or not
	tools/test-against newest $(UV) $(PYTEST)
test-oldest: dist/.built $(UV) ## the Python tests against the oldest releases that are allowed
	tools/test-against oldest $(UV) $(PYTEST)

.PHONY: test-host
test-host: $(VENV)/.dev $(VENV)/.installed ## compare with the real host: LOKI_HOME=/path/to/loki make test-host
	@test -n "$${LOKI_HOME:-}" || { echo "set LOKI_HOME to a checkout of the host"; exit 2; }
	$(PY) -m pytest -m host tests/host

.PHONY: bench-host
bench-host: $(VENV)/.dev $(VENV)/.installed ## old against accelerated on the real host: LOKI_HOME=… make bench-host
	$(PY) -W ignore -m benchmarks.figures.host

# An environment of its own, with what the host's server imports.
.venvs/host/.host: requirements/host.txt
	$(PYTHON) -m venv --clear .venvs/host
	.venvs/host/bin/python $(LOCKED) requirements/host.txt
	@touch $@

.PHONY: bench-http
bench-http: .venvs/host/.host dist/.built ## the host's server over HTTP, as it is and with one line: LOKI_HOME=… make bench-http
	@test -n "$${LOKI_HOME:-}" || { echo "set LOKI_HOME to a checkout of the host"; exit 2; }
	.venvs/host/bin/python $(INSTALL) --force-reinstall --no-deps dist/*.whl
	.venvs/host/bin/python -W ignore -m benchmarks.figures.http $(HTTP)

# An environment of its own: nobody here wrote what is in it.
.venvs/foreign/.foreign: requirements/foreign.txt
	$(PYTHON) -m venv --clear .venvs/foreign
	.venvs/foreign/bin/python $(LOCKED) requirements/foreign.txt
	@touch $@

.PHONY: bench-foreign
bench-foreign: .venvs/foreign/.foreign dist/.built ## foreign packages, plain and accelerated: make bench-foreign FOREIGN='pysbd --rounds 30'
	.venvs/foreign/bin/python $(INSTALL) --force-reinstall --no-deps dist/*.whl
	.venvs/foreign/bin/python -m benchmarks.figures.foreign_hosts $(FOREIGN)

.PHONY: smoke
smoke: dist/.built ## the wheel alone in an empty virtual environment checks a document
	tools/smoke dist/*.whl

.PHONY: wheel-check
wheel-check: dist/.built $(VENV)/.dev ## the wheel's tags are those that are promised, and true
	tools/check-wheel $(VENV)/bin dist/*.whl

.PHONY: release-check
release-check: dist/.built $(VENV)/.dev ## the sdist builds into the same wheel in an empty environment (minutes)
	GATECORE_HYPERSCAN_LIB="$${GATECORE_HYPERSCAN_LIB:-$$(realpath target/hyperscan-*/build/lib)}" tools/release-check dist/*.whl

.PHONY: gates
gates: $(VENV)/.installed ## run the examples of every shipped gate
	$(VENV)/bin/gatecore gates check

.PHONY: fuzz
fuzz: $(VENV)/.dev $(VENV)/.installed ## compare with re, and gates with their reference, for long: make fuzz FUZZ='--pairs 1000000'
	$(PY) -m tests.differential.fuzz $(FUZZ)
	$(PY) -m tests.differential.gates --cases $(GATE_CASES) --jobs $$(nproc)
	$(PY) -m tests.unit.gates.files.test_gate_file_mutations --count $(MUTATIONS)
	$(PY) -m tests.differential.lint_claims --seconds $(SECONDS_OF_FUZZ)
	$(PY) -m tests.differential.cache_model --operations $(CACHE_OPERATIONS)
	@tools/system-packages testing
	$(PY) -m tests.differential.cache_model --operations $$(($(CACHE_OPERATIONS) / 10)) --thread-operations 10000 --cache redis
	tools/fuzz-rust $(SECONDS_OF_FUZZ)

.PHONY: soak
soak: $(VENV)/.dev $(VENV)/.installed ## half an hour at half of the capacity: memory, p99 and errors stay: make soak SOAK_SECONDS=120
	$(VENV)/bin/gatecore load examples/*.txt --module fca_uk --module gdpr_uk --size 1k:50 --size 3k:50 \
	  --workers 4 --rate 50% --seconds $(SOAK_SECONDS) --warm-up $$(($(SOAK_SECONDS) / 6)) \
	  --expect 'memory<=1MB/h' --expect 'drift<=10%' --expect 'errors<=0%' $(SOAK)

.PHONY: bench-quick
bench-quick: $(VENV)/.dev $(VENV)/.installed ## each benchmark once, and the ratios that matter
	$(PY) -m asv machine --yes
	$(PY) -m asv run --quick --show-stderr --environment existing:$(PY) --bench 'Load|Import|gates|drop_in'
	$(PY) -m benchmarks.figures.ratios --quick
	$(PY) -m benchmarks.figures.gates --quick

.PHONY: targets
targets: $(VENV)/.dev $(VENV)/.installed ## what engine and cache must show, row by row: make targets TARGETS='--only hit'
	@tools/system-packages testing
	$(PY) -W ignore -m benchmarks.figures.targets $(TARGETS)

# An environment of its own: what is in it is measured or read, never a dependency.
.venvs/peers/.peers: requirements/peers.txt requirements/public-sets.txt
	$(PYTHON) -m venv --clear .venvs/peers
	.venvs/peers/bin/python $(LOCKED) requirements/peers.txt
	.venvs/peers/bin/python $(LOCKED) requirements/public-sets.txt --no-deps
	@touch $@

.PHONY: bench-peers
bench-peers: dist/.built .venvs/peers/.peers ## beside its peers on public sets: make bench-peers PEERS='--quick'
	.venvs/peers/bin/python $(INSTALL) --force-reinstall --no-deps dist/*.whl
	.venvs/peers/bin/python -W ignore -m benchmarks.figures.peers $(PEERS)

.PHONY: bench
bench: $(VENV)/.dev ## all benchmarks with asv, in environments of its own
	$(PY) -m asv run

VALGRIND := command -v valgrind >/dev/null || { apt-get update -qq && apt-get install -y -qq valgrind; }

.PHONY: bench-compare
bench-compare: $(VENV)/.dev $(VENV)/.installed ## what takes more instructions than at the last commit recorded
	@$(VALGRIND)
	$(PY) -W ignore -m benchmarks.figures.instructions compare $(COMPARE)

.PHONY: bench-publish
bench-publish: $(VENV)/.dev $(VENV)/.installed ## the history of the instructions as one page: site/benchmarks
	$(PY) -m benchmarks.figures.instructions publish

.PHONY: format
format: $(VENV)/.dev ## format Rust and Python
	cargo fmt --all
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

.PHONY: clean
clean: ## remove what was built, but not target/, which takes minutes
	rm -rf $(VENV) .venvs dist site .asv .mypy_cache .ruff_cache .pytest_cache .hypothesis
