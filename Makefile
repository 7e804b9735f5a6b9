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
COINS ?=
FETCH_AGAIN ?=
FORMAT ?= table
AWS_PORT ?= 5055
UI_PORT ?= 8080
# What a variable holds is one word for the shell, whatever is in it, and Make itself expands nothing in it
# (as it would to export it).
define newline


endef
quoted = $$'$(subst $(newline),\n,$(subst ',\',$(subst \,\\,$(value $(1)))))'
unexport QUERIES DATE FEED COINS FETCH_AGAIN ENV SECTIONS SCRIPT ARGS Q FORMAT AT
# uv trusts a list of its own, unless it is told to use the system's, which has a company's proxy.
export UV_SYSTEM_CERTS ?= true
# Where it is set, each process compiles all of Airflow anew: that takes longer than to start it.
unexport PYTHONDONTWRITEBYTECODE
LOCAL = PYTHONPATH=plugins $(PYTHON) -m laptop.runner --aws-port $(call quoted,AWS_PORT)

MARKET = --feed $(call quoted,FEED) $(if $(value COINS),--coins $(call quoted,COINS))

.PHONY: help
help: ## Show this list
	@echo "Targets:"
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'
	@echo
	@echo "Variables: DATE=2026-01-31  FEED=demo|live|<directory>  COINS=100  FETCH_AGAIN=1  AWS_PORT=5055  UI_PORT=8080"

.PHONY: run
run: $(READY) java ## Run the daily DAG once and show the top ten (DATE=…, FEED=…, COINS=…)
	@$(LOCAL) run $(MARKET) $(if $(value DATE),--date $(call quoted,DATE)) $(if $(value FETCH_AGAIN),--fetch-again)

.PHONY: dev
dev: $(READY) java ## Airflow's UI, scheduler and triggerer on the local lake, until Ctrl-C
	@$(LOCAL) dev $(MARKET) --port $(call quoted,UI_PORT)

.PHONY: airflow
airflow: $(READY) java ## Run any command of Airflow on the local lake (ARGS="dags list")
	@$(LOCAL) airflow $(MARKET) --args=$(call quoted,ARGS)

.PHONY: sql
sql: $(READY) ## Ask the local Athena (Q="SELECT …", FORMAT=table|csv)
	@$(LOCAL) sql --format $(call quoted,FORMAT) -- $(call quoted,Q)

.PHONY: glue
glue: $(READY) java ## Run one Glue script on the local lake, on a warm Spark (SCRIPT=…, ARGS="--name value")
	@$(LOCAL) glue $(call quoted,SCRIPT) --args=$(call quoted,ARGS)

.PHONY: stop
stop: ## End what run and dev left running; the lake's data stay in .local/
	@test ! -e $(READY) || $(LOCAL) stop

.PHONY: env
env: $(READY) ## Print the variables for AWS clients and Airflow: eval "$(make -s env)"
	@$(LOCAL) env $(MARKET)

.PHONY: up
up: ## Airflow, the local lake and the dashboard in Docker Compose (ports: .env.example)
	@docker compose up --detach --wait || { docker compose ps --all; echo "Why: docker compose logs <service>"; exit 1; }
	@show() { if at=$$(docker compose port "$$2" "$$3" 2>/dev/null); then echo "  $$1  http://$$at$${4:-}"; fi; }; echo; \
	  show "Airflow's UI" api-server 8080 "      (no log-in, unless with docker-compose.aws.yaml)"; \
	  show "Dashboard   " local-aws 5056; \
	  show "AWS endpoint" local-aws 5055 "      (key: docker compose exec local-aws cat /var/lib/aws-key/credentials)"

.PHONY: down
down: ## End that; its data stay in volumes (docker compose down --volumes deletes them)
	@docker compose down

# Three at a time on two cores: a test waits half of its time for Airflow, Spark or a server.
PYTEST := $(PYTHON) -m pytest -n 3 --dist loadgroup --no-loadscope-reorder
.PHONY: test
test: $(READY) java chromium ## Run the tests
	@$(PYTEST) -m 'not thorough' $(PYTEST_ARGS)

.PHONY: test-unit
test-unit: $(READY) ## Run the tests that start no process: no server, Spark, browser or Airflow
	@$(PYTEST) -m 'not (server or spark or browser or airflow or product or thorough)' $(PYTEST_ARGS)

.PHONY: test-thorough
test-thorough: $(READY) java ## Run the long tests that make test leaves out
	@$(PYTEST) -m thorough $(PYTEST_ARGS)

AT ?= 23:58
.PHONY: test-clock
test-clock: $(READY) java ## Run the tests that read the clock, at another time of day (AT=23:58, UTC)
	@scripts/at $(call quoted,AT) $(PYTEST) -m 'clock and not thorough' $(PYTEST_ARGS)

.PHONY: test-files
test-files: $(READY) ## Clean 5,000 dropped files in every convention
	@CONVENTION_FILES=5000 $(PYTHON) -m pytest tests/include/crypto_lake/on_arrival/test_conventions.py \
	  -o timeout=3600 -o log_cli=true -o log_cli_level=INFO $(PYTEST_ARGS)

.PHONY: test-faults
test-faults: $(READY) java ## Kill processes: Glue jobs, tasks and Airflow's servers, and see the lake heal
	@$(PYTHON) -m pytest tests/faults/killed -n 2 --dist loadgroup --no-loadscope-reorder $(PYTEST_ARGS)

.PHONY: test-clients
test-clients: $(READY) java ## Run real clients on the local AWS: Python's, and Spark's S3A and Trino where Maven has them
	@jars=$$(scripts/client-jars .local/clients) && eval "$$jars" && $(PYTHON) -m pytest tests/real_clients $(PYTEST_ARGS)

.PHONY: test-trino
test-trino: $(READY) ## Compare with a real Trino: the recorded answers, and the package's SQL (needs Maven and Java 24)
	@TEST_TRINO=1 $(PYTHON) -m pytest tests/trino $(addprefix tests/include/sql/test_,examples.py \
	  processed_examples.py day_metrics.py checks.py::test_only_the_number_of_coins_is_too_small_on_a_good_day_of_25_coins) \
	  $(PYTEST_ARGS)

QUERIES ?= 1000
.PHONY: test-generated
test-generated: $(READY) ## Compare the embedded Athena with a real Trino in generated queries (QUERIES=10000)
	@TEST_TRINO=1 QUERIES=$(call quoted,QUERIES) $(PYTHON) -m pytest tests/trino/test_generated.py \
	  -o timeout=36000 -o log_cli=true -o log_cli_level=WARNING $(PYTEST_ARGS)

.PHONY: test-package
test-package: $(READY) java ## Run the daily DAG from the package, in an environment with MWAA's own packages
	@$(PYTHON) -m pytest tests/package $(PYTEST_ARGS)

.PHONY: test-compose
test-compose: $(READY) ## Run the tests of Docker Compose
	@$(PYTHON) -m pytest tests/compose $(PYTEST_ARGS)

.PHONY: test-infra
test-infra: $(READY) java terraform ## Build an environment with Terraform on the local AWS, and take it down
	@$(PYTHON) -m pytest tests/infra $(PYTEST_ARGS)

.PHONY: bench
bench: $(READY) java ## Measure, and write benchmarks/RESULTS.md (SECTIONS="dag_parse cleaning": some of it)
	@PYTHONPATH=.:plugins $(PYTHON) -m benchmarks $(call quoted,SECTIONS)

# An environment of its own: where credentials that may deploy are, only what it takes is installed.
RELEASE := .local/release
.PHONY: package
package: $(RELEASE)/.ready ## Build what MWAA and the buckets take, into dist/
	@$(RELEASE)/bin/python -m release package

# An environment is what Terraform made of it: infra/environments/<ENV>.tfvars
.PHONY: plan deploy rollback smoke
plan: package ## Say what deploy would change (ENV=dev)
deploy: package ## Upload the package to an environment's buckets, and update MWAA (ENV=dev)
rollback: $(RELEASE)/.ready ## Deploy the release that was live before (ENV=dev)
smoke: $(RELEASE)/.ready ## Check a deployed environment, and run the daily DAG once (ENV=dev)
plan deploy rollback smoke:
	@test -n $(call quoted,ENV) || { echo "Which environment? make $@ ENV=dev" >&2; exit 1; }
	@scripts/terraform $(call quoted,ENV) output -json | $(RELEASE)/bin/python -m release $@ --outputs -

TYPESCRIPT := .local/typescript
.PHONY: lint
lint: $(READY) $(TYPESCRIPT)/.ready ## Check style, types, SQL, shell and the website's modules
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PYTHON) -m sqlfluff lint --processes 2 include/sql
	$(PYTHON) docs/generate.py --check
	$(TYPESCRIPT)/bin/node $(TYPESCRIPT)/node_modules/typescript/bin/tsc --project .
	$(TYPESCRIPT)/bin/node scripts/typescript/check-functions.cjs $(TYPESCRIPT) include/website/*.js
	$(VENV)/bin/shellcheck .ci/run $(filter-out scripts/typescript,$(wildcard scripts/*)) laptop/trino/up laptop/trino/down laptop/trino/java

CHECKOV := .local/checkov
.PHONY: lint-infra
lint-infra: $(CHECKOV)/.ready terraform ## Check Terraform: form, validity, its own tests, checkov
	terraform fmt -check -recursive infra
	@scripts/check-terraform "$(CURDIR)/.local/terraform"
	$(CHECKOV)/bin/checkov -d infra --framework terraform --compact --quiet --skip-download

.PHONY: format
format: $(READY) ## Put the code into shape
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(PYTHON) -m sqlfluff fix include/sql

.PHONY: docs
docs: $(READY) ## Write the pages of docs/ that say what the code says
	$(PYTHON) docs/generate.py

COMPILE := $(UV) pip compile --universal --generate-hashes --quiet --no-emit-index-url --no-emit-find-links \
  --custom-compile-command 'make lock'

.PHONY: lock
lock: $(UV) ## Compile all lists of packages to files with hashes
	$(COMPILE) tests/package/mwaa.in --exclude-newer 2026-04-22 --python-version 3.12 --output-file tests/package/mwaa.txt
	$(COMPILE) infra/checkov.in --exclude-newer 2026-11-22 --python-version 3.11 --output-file infra/checkov.txt
	$(COMPILE) scripts/typescript/requirements.in --exclude-newer 2026-11-22 --python-version 3.11 \
	  --output-file scripts/typescript/requirements.txt
	$(COMPILE) requirements-dev.in --exclude-newer 2026-04-22 --python-version 3.11 \
	  $(foreach tool,duckdb moto mypy ruff sqlfluff sqlglot uv,--exclude-newer-package $(tool)=2026-11-22) \
	  --output-file requirements-dev.txt
	$(COMPILE) release/requirements.in --python-version 3.11 --output-file release/requirements.txt

.PHONY: clean
clean: stop ## Stop, and delete the local lake and Airflow's state
	rm -rf .local

.PHONY: java
java:
	@scripts/check-java

.PHONY: chromium
chromium:
	@scripts/check-chromium

.PHONY: terraform
terraform:
	@command -v terraform >/dev/null || { \
	  echo "No Terraform found: install 1.11 or newer, https://developer.hashicorp.com/terraform/install" >&2; exit 1; }

# Environments of their own. (checkov wants other versions than Airflow.)
$(CHECKOV)/.ready: infra/checkov.txt
$(RELEASE)/.ready: release/requirements.txt
$(TYPESCRIPT)/.node: scripts/typescript/requirements.txt
$(CHECKOV)/.ready $(RELEASE)/.ready $(TYPESCRIPT)/.node: $(UV)
	@$(UV) venv --quiet --clear --python $(PYTHON) $(@D)
	@VIRTUAL_ENV=$(@D) $(UV) pip sync --quiet --no-cache --require-hashes $(filter %.txt,$^)
	@touch $@

# Node.js comes from PyPI like everything else, so that lint needs nothing but package registries.
$(TYPESCRIPT)/.ready: $(TYPESCRIPT)/.node scripts/typescript/package-lock.json
	@cp scripts/typescript/package.json scripts/typescript/package-lock.json $(@D)
	@PATH=$(CURDIR)/$(@D)/bin:$$PATH npm ci --prefix $(@D) --cache $(@D)/npm --no-audit --no-fund --loglevel error >/dev/null
	@touch $@

$(UV):
	@scripts/make-venv $(VENV)

$(READY): requirements-dev.txt requirements.txt $(UV)
	@echo "Installing the development environment into $(VENV) (a minute or so the first time) …"
	@VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --no-cache --require-hashes requirements-dev.txt
	@touch $@
