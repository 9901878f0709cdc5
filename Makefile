# Every command of the project. `make` lists them; CI calls only these.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
# The tests start hundreds of processes: ours are compiled once, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=
BIN := $(VENV)/bin
ARGS ?=
TESTS ?= tests/unit tests/deploy tests/integration tests/system tests/browser
PACKAGES := contracts contracts/client-python services/order-api services/projector services/notifier deploy/local deploy/cost
STAMP := $(VENV)/.installed

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements/setup.txt requirements/build.txt requirements/runtime.txt requirements/dev.txt $(PACKAGES:=/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Say which: make PYTHON=python3.12 …")'
	@echo "setting up $(VENV), a minute or so the first time"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/setup.txt
	@echo "  1 of 3: what the services run on"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --compile-bytecode -r requirements/runtime.txt
	@echo "  2 of 3: the tests, the checks, Java, PostgreSQL"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@echo "  3 of 3: our own packages"
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-build-isolation --no-deps $(foreach p,$(PACKAGES),-e ./$(p))
	@touch $@

setup: $(STAMP) ## install everything into .venv (the other targets do it by themselves)

up: $(STAMP) ## start the whole system and leave it running
	@$(BIN)/python -m local_stack up $(ARGS)

down: $(STAMP) ## stop what `make up` started
	@$(BIN)/python -m local_stack down $(ARGS)

demo: $(STAMP) ## a Friday evening in a minute: orders in, screens follow, everything checked at the end
	@$(BIN)/python -m local_stack demo $(ARGS)

test: $(STAMP) ## everything that proves it, fast ones first
	@$(BIN)/python -m local_stack fetch
	@$(BIN)/python -m pytest -n 3 --no-loadscope-reorder $(TESTS) $(ARGS)

bench: $(STAMP) ## measure beside a peer or a floor: make bench AREA=write, traces, boot, read, realtime, sealing, page or cost; JSON under build/bench
	@test -n "$(AREA)" || { echo "say which: make bench AREA=write, traces, boot, read, realtime, sealing, page or cost"; exit 2; }
	@PYTHONPATH=tests $(BIN)/python -m load.$(AREA) $(ARGS)

chaos: $(STAMP) ## the survival tests, harder: hundreds of kills, restarts and cuts, a broker outage of a minute
	@CHAOS_KILLS=40 CHAOS_OUTAGE_SECONDS=60 CHAOS_PROJECTOR_KILLS=200 CHAOS_RESTARTS=20 CHAOS_CUTS=100 \
	  $(BIN)/python -m pytest tests/integration/order_api/test_surviving.py tests/integration/projector/test_survival.py \
	  tests/integration/projector/test_failover.py tests/system/test_rolling_restart.py $(ARGS)
	@CHAOS_KILLS=10 CHAOS_SCREENS=500 $(BIN)/python -m pytest tests/system/test_screens_survive.py $(ARGS)

check: $(STAMP) ## lint, types, imports, contracts drift, unit tests: under a minute
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy $(PACKAGES:=/src) tests/infra
	@$(BIN)/lint-imports
	@$(BIN)/python -m order_contracts --check && $(BIN)/python -m order_api.transitions --check
	@$(BIN)/python -m pytest -q -n 2 tests/unit

unit integration system browser: $(STAMP) ## one kind of tests alone
	@$(BIN)/python -m pytest tests/$@ $(ARGS)

contracts: $(STAMP) ## write the JSON Schemas, asyncapi.yaml, examples and docs/transitions.md anew
	@$(BIN)/python -m order_contracts && $(BIN)/python -m order_api.transitions

page: $(STAMP) ## build the staff page's bundle, and the TypeScript client's types, anew
	@PYTHONPATH=tests $(BIN)/python -c 'from infra import node; node.install(); node.run("contracts/js/build.mjs"); node.run("services/notifier/board/build.mjs")'

lock: $(STAMP) ## resolve all dependencies anew (hashed, no registry address inside)
	@cd requirements && for f in setup build runtime dev; do ../$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header $$f.in -o $$f.txt; done
	@$(BIN)/python -m local_stack lock

image: ## build one service's image: make image SERVICE=order-api (needs Docker)
	@test -n "$(SERVICE)" || { echo "say which: make image SERVICE=order-api, projector or notifier"; exit 2; }
	@docker build -f deploy/Dockerfile --build-arg SERVICE=$(SERVICE) \
	  --build-arg SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) -t scanserve-$(SERVICE) .

cost: $(STAMP) ## what it costs on AWS beside the seed's figures; yours: make cost ARGS="--restaurants 40 --poll 5"
	@$(BIN)/python -m scanserve_cost $(ARGS)

k8s-check: $(STAMP) ## render every overlay, hold it against strict schemas and against what the services are
	@$(BIN)/python -m pytest -q tests/deploy/k8s $(ARGS)

fmt: $(STAMP) ## format the code
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

clean: down ## remove everything that was built, the virtual environment too
	@rm -rf build node_modules $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.PHONY: help setup up down demo test chaos bench check cost k8s-check unit integration system browser contracts page lock image fmt clean
