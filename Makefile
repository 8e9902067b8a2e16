# make up     a running service on simulated data, from nothing
# make test   the whole test suite
# make bench  appends to the record a second, grouped and one commit each
# make check  lint, types, import contracts
# make lock   new pins, after changing requirements.in

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: up test bench check lock clean

up: $(READY)
	@$(BIN)/triage up $(ARGS)

test: $(READY)
	@$(BIN)/pytest $(ARGS)

bench: $(READY)
	@$(BIN)/python -m tests.bench.audit_appends $(ARGS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# uv installs in seconds what takes pip minutes; pip takes over where uv finds no index.
$(READY): requirements.txt requirements-installer.txt pyproject.toml
	@echo "Installing into $(VENV)/ ..."
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-installer.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes --compile-bytecode -r requirements.txt \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

lock:
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" requirements-dev.in --output-file requirements.txt
	echo uv | $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" - --output-file requirements-installer.txt

clean:
	rm -rf $(VENV) .triage
