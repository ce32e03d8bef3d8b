# Two commands matter: `make demo` serves the product with images, `make test` proves it.
SHELL := /bin/bash
PORT ?= 8000
PYTHON := .venv/bin/python
# Processes that share the tests between them, whole files each.
TESTERS ?= 2
PYTEST := .venv/bin/pytest -q -n $(TESTERS) --dist loadfile --no-loadscope-reorder
YINGYUN := .venv/bin/yingyun
export YINGYUN_ASSETS_DIR ?= $(CURDIR)/var/assets

.PHONY: install system identity-provider assets demo check unit e2e test test-long shots conformance messages bench-peers clean

install: .venv/.installed

.venv/.installed: requirements.lock pyproject.toml
	.ci/make-venv
	@touch $@

# What Debian gives: the browser, Chinese type, DCMTK as an independent judge.
system:
	.ci/system-packages

# A real OpenID Connect provider for the tests, in an environment of its own.
identity-provider: var/canaille/.installed

var/canaille/.installed: tests/identity/canaille.lock | install
	.venv/bin/python -m venv --clear var/canaille
	var/canaille/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

assets: install
	$(YINGYUN) assets

demo: install
	exec $(YINGYUN) demo --port $(PORT)

check: install
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

unit: install assets identity-provider
	$(PYTEST) tests

e2e: install assets system
	$(PYTEST) e2e

test: install system assets identity-provider check
	$(PYTEST) --check-conformance docs/conformance.md

# What takes minutes: fuzzing with tens of thousands of inputs, whole collections of files.
test-long: install system
	$(PYTEST) -m long --timeout=3600 --hypothesis-profile=searching

# Every page at three sizes, into shots/.
shots: install system assets
	$(PYTHON) -m e2e.shots shots

conformance: install system assets identity-provider
	$(PYTEST) --write-conformance docs/conformance.md

# cornerstone3D and the product side by side; rewrites the tables of docs/performance.md.
bench-peers: install assets system
	$(PYTHON) -m bench.peers

# Collect the words of pages and code for the translators.
messages: install
	.venv/bin/pybabel extract -F portal/translations/babel.cfg -k _l -o portal/translations/messages.pot .
	.venv/bin/pybabel update -i portal/translations/messages.pot -d portal/translations -l en --no-fuzzy-matching

clean:
	rm -rf .venv var shots build *.egg-info
