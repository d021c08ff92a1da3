# The two commands of the README are `make demo` and `make test`; each does all of its own set-up.
SHELL := /bin/bash
PY := .venv/bin/python
ROOMS := dashboards scheduler grid probes plugins
export RAY_USAGE_STATS_ENABLED := 0

.PHONY: setup packages demo test check lint types rooms unit bench e2e lab lock figures clean

setup: ## .venv with the locked versions
	@.ci/bootstrap

packages: ## real servers for the tests (Debian, root only)
	@.ci/system-packages "tests against real servers" nginx=nginx-light sshd=openssh-server vsftpd=vsftpd \
	    telnetd=inetutils-telnetd promtool=prometheus prometheus=prometheus ip=iproute2 nft=nftables \
	    sysctl=procps openssl=openssl nmap=nmap faketime=faketime

demo: setup ## three embedded shop systems, one online inspection each
	@.venv/bin/tenken demo

test: setup packages check unit ## everything that has to hold before a commit

check: lint types rooms ## ruff, mypy --strict, import-linter

lint: setup
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .

types: setup
	@.venv/bin/mypy $(ROOMS) tests

rooms: setup
	@.venv/bin/lint-imports

unit: setup
	@$(PY) -m pytest tests

bench: setup ## seconds and bytes; ratios and medians, never asserted
	@$(PY) -m tests.bench

e2e: setup packages ## 200 drivers and services killed at any moment; slow, needs root
	@$(PY) -m tests.e2e.crashes --kills 200

lab: setup ## real software, vulnerable and mended, inspected by the real grid; slow, fetches from the registries
	@$(PY) -m tests.lab --write

figures: setup ## regenerate what is generated: schemas, dashboard, picture of the README
	@$(PY) -m tests.figures

lock: setup ## after a change of dependencies in pyproject.toml
	@uv=$$(command -v uv || echo .uv/bin/uv); $$uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .uv .lab .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
