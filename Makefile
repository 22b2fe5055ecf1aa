# The two commands of the README: `make demo` and `make test`. Everything below `.venv` and `.tools` is made here and can be thrown away.

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
# libasterix is one file of 5 MB, whose bytecode takes a slow machine longer than the minute that uv gives.
UV_ENV := UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE_TIMEOUT=900 PYTHONPATH=

KERNEL_SOURCES := $(wildcard kernels/src/*) kernels/CMakeLists.txt kernels/pyproject.toml $(wildcard kernels/overflight_kernels/*.py*)

WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -type f -print) hatch_build.py

.PHONY: demo test coverage test-long bench lint types imports lock clean install
.DEFAULT_GOAL := help

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: install  ## check the real recording that ships with the package; writes out/demo/
	$(BIN)/overflight demo --out out/demo

test: install lint types imports  ## everything that must be green: style, types, import rules, tests
	$(BIN)/python -m pytest -n auto

coverage: install  ## the same tests, one after the other, and which lines and branches they reach
	$(BIN)/python -m pytest --cov --cov-report=term

test-long: install  ## the slow suites: fuzzing and properties at full count
	OVERFLIGHT_LONG=1 $(BIN)/python -m pytest -m long -n auto

bench: install  ## measure; prints ratios against peers in the same run
	$(BIN)/python bench/coldstart.py
	$(BIN)/python bench/read.py
	$(BIN)/python bench/separation.py
	$(BIN)/python bench/peers.py
	$(BIN)/python bench/airspace.py
	$(BIN)/python bench/live.py
	$(BIN)/python bench/live_loop.py
	$(BIN)/python bench/log.py
	$(BIN)/python bench/serve.py
	$(BIN)/python bench/coordination.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/pyright
	$(BIN)/python hatch_build.py

imports: install
	$(BIN)/lint-imports --no-cache

lock: .tools/bin/uv  ## pin the newest versions that fit pyproject.toml
	$(UV) pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 --group dev \
	  --no-emit-package overflight-kernels --upgrade --quiet --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) .tools out kernels/build web/node_modules src/overflight/server/page

install: $(VENV)/.packages $(VENV)/.kernels $(VENV)/.overflight

.tools/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Overflight needs Python 3.11 or newer; $(PYTHON) is older. Name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || \
	  { echo "$(PYTHON) has no pip, which is needed to fetch uv. Debian and Ubuntu: apt-get install python3-pip" >&2; exit 1; }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-input --target .tools uv==$(UV_VERSION)

$(VENV)/.packages: requirements.lock $(if $(findstring .tools,$(UV)),.tools/bin/uv)
	@test -x $(BIN)/python || $(UV_ENV) $(UV) venv --quiet --python $(PYTHON) $(VENV)
	$(UV_ENV) VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --compile-bytecode --require-hashes requirements.lock
	@rm -f $(VENV)/.kernels $(VENV)/.overflight
	@touch $@

$(VENV)/.kernels: $(VENV)/.packages $(KERNEL_SOURCES)
	@command -v $${CXX:-c++} >/dev/null 2>&1 || \
	  { echo "a C++ compiler is needed to build the kernels, and there is none. Debian and Ubuntu: apt-get install g++" >&2; exit 1; }
	$(UV_ENV) VIRTUAL_ENV=$(VENV) PATH="$(CURDIR)/$(BIN):$$PATH" $(UV) pip install --quiet --compile-bytecode --no-deps --no-build-isolation --reinstall-package overflight-kernels ./kernels
	@touch $@

$(VENV)/.overflight: $(VENV)/.packages pyproject.toml src/overflight/_version.py $(WEB_SOURCES)
	@test -f README.md || { echo "README.md is missing" >&2; exit 1; }
	$(UV_ENV) VIRTUAL_ENV=$(VENV) PATH="$(CURDIR)/$(BIN):$$PATH" $(UV) pip install --quiet --compile-bytecode --no-deps --no-build-isolation --editable .
	@touch $@
