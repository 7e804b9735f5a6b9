# Every command works from a clean clone: what is missing (.venv, the metadata database) is made on the way.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
UV := $(VENV)/bin/uv

DATE ?=
FEED ?= demo
AWS_PORT ?= 5055
UI_PORT ?= 8080
LOCAL := PYTHONPATH=plugins $(PYTHON) -m local_airflow --aws-port $(AWS_PORT)

.PHONY: help
help: ## Show this list
	@echo "Targets:"
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'
	@echo
	@echo "Variables: DATE=2026-01-31  FEED=demo|live|<directory>  AWS_PORT=$(AWS_PORT)  UI_PORT=$(UI_PORT)"

.PHONY: run
run: $(READY) java ## Run the daily DAG once and show the top ten (DATE=…, FEED=…)
	@$(LOCAL) run --feed '$(FEED)' $(if $(DATE),--date '$(DATE)')

.PHONY: dev
dev: $(READY) java ## Airflow's UI, scheduler and triggerer on the local lake, until Ctrl-C
	@$(LOCAL) dev --feed '$(FEED)' --port $(UI_PORT)

.PHONY: stop
stop: ## End what run and dev left running; the lake's data stay in .local/
	@test ! -e $(READY) || $(LOCAL) stop

.PHONY: env
env: $(READY) ## Print the AWS variables of the local lake: eval "$$(make -s env)"
	@$(LOCAL) env

.PHONY: up
up: ## Airflow, the local lake and the dashboard in Docker Compose (ports: .env.example)
	@docker compose up --detach --wait || { docker compose ps --all; echo "Why: docker compose logs <service>"; exit 1; }
	@show() { if at=$$(docker compose port "$$2" "$$3" 2>/dev/null); then echo "  $$1  http://$$at$${4:-}"; fi; }; echo; \
	  show "Airflow's UI" api-server 8080 "      (no log-in on this machine)"; \
	  show "Dashboard   " local-aws 5056; \
	  show "AWS endpoint" local-aws 5055 "      (any AWS client, with any key)"

.PHONY: down
down: ## End that; its data stay in volumes (docker compose down --volumes deletes them)
	@docker compose down

.PHONY: test
test: $(READY) java chromium ## Run the tests
	@$(PYTHON) -m pytest -n 2 --dist loadgroup --no-loadscope-reorder $(PYTEST_ARGS)

.PHONY: test-compose
test-compose: $(READY) ## Run the tests of Docker Compose
	@$(PYTHON) -m pytest tests/compose $(PYTEST_ARGS)

.PHONY: bench
bench: $(READY) ## Measure how long a dropped file takes until it can be queried
	@$(PYTHON) -m benchmarks.arrival_latency

.PHONY: lint
lint: $(READY) ## Check style, types, SQL and shell
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PYTHON) -m sqlfluff lint --processes 2 include/sql
	$(VENV)/bin/shellcheck .ci/run scripts/*

.PHONY: format
format: $(READY) ## Put the code into shape
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(PYTHON) -m sqlfluff fix include/sql

.PHONY: lock
lock: $(UV) ## Compile requirements-dev.in to requirements-dev.txt
	$(UV) pip compile requirements-dev.in --universal --python-version 3.11 --generate-hashes --quiet \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --exclude-newer 2026-04-22 \
	  $(foreach tool,duckdb moto mypy ruff sqlfluff sqlglot uv,--exclude-newer-package $(tool)=2026-11-22) \
	  --output-file requirements-dev.txt

.PHONY: clean
clean: stop ## Stop, and delete the local lake and Airflow's state
	rm -rf .local

.PHONY: java
java:
	@scripts/check-java

.PHONY: chromium
chromium:
	@scripts/check-chromium

$(UV):
	@scripts/make-venv $(VENV)

$(READY): requirements-dev.txt requirements.txt $(UV)
	@echo "Installing the development environment into $(VENV) (a minute or so the first time) …"
	@VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --no-cache --require-hashes requirements-dev.txt
	@touch $@
