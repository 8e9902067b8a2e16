# make up     a running service on simulated data, from nothing
# make test   the whole test suite on all cores; ARGS="tests/spec", WORKERS=2
# make test-quick  what a change breaks first: no service, no training, no simulation
# make coverage  the same, and how much of the code it reaches; fails below a floor
# make bench  this service beside its peers, and appends to the record; ARGS="serving --rounds 9"
# make check  lint, types, import contracts
# make audit  known vulnerabilities of what is pinned
# make sbom   what the service is made of, as CycloneDX, in build/
# make bento  the service as a bento
# make wheel  this release as a wheel in dist/, to be kept with its tag
# make clean  removes the virtual environment and what was built; the lake and its record stay
# make lock   new pins, after changing requirements.in

PYTHON ?= python3
ARGS ?=
# One more than there are cores: some tests wait for a server that was killed, or for a disk.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: up test test-quick coverage bench check audit sbom bento wheel lock clean

up: $(READY)
	@$(BIN)/triage up $(ARGS)

# A module's tests share what they have made, so they stay together.
PYTEST := $(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
QUICK := -m "not slow" tests/unit tests/spec

test: $(READY)
	@$(PYTEST) $(ARGS)

test-quick: $(READY)
	@$(PYTEST) $(QUICK) $(ARGS)

# Counting lines takes half as long again, so it is done to the quick tests alone.
coverage: $(READY)
	@$(PYTEST) $(QUICK) --cov --cov-report=term:skip-covered $(ARGS)

bench: $(READY)
	@$(BIN)/python -m tests.bench $(ARGS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/triage openapi

audit: $(READY)
	@$(BIN)/python -m tests.supply.audit

sbom: $(READY)
	@mkdir -p build
	@$(BIN)/cyclonedx-py requirements serving/deploy/requirements.txt --pyproject pyproject.toml \
	  --output-reproducible --spec-version 1.6 --output-format JSON --validate --output-file build/sbom.json
	@echo "build/sbom.json"

bento: $(READY)
	@$(BIN)/bentoml build --bentofile serving/deploy/bentofile.yaml .

wheel: $(READY)
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

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
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" -c requirements.txt requirements.in --output-file serving/deploy/requirements.txt
	echo uv | $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" - --output-file requirements-installer.txt

clean:
	rm -rf $(VENV) build dist
	@test ! -e .triage || echo ".triage stays: it holds the record, models and keys; remove it yourself if you mean it"
