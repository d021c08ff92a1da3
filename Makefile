# The two commands of the README are `make demo` and `make test`; each does all of its own set-up.
SHELL := /bin/bash
PY := .venv/bin/python
ROOMS := dashboards scheduler grid probes plugins
export RAY_USAGE_STATS_ENABLED := 0

.PHONY: setup packages demo test check lint types rooms unit bench kills e2e lab shop services lock figures clean

setup: ## .venv with the locked versions
	@.ci/bootstrap

packages: ## real servers for the tests (Debian, root only)
	@.ci/system-packages "tests against real servers" nginx=nginx-light apache2=apache2-bin sshd=openssh-server vsftpd=vsftpd \
	    telnetd=inetutils-telnetd promtool=prometheus prometheus=prometheus ip=iproute2 nft=nftables \
	    sysctl=procps openssl=openssl nmap=nmap faketime=faketime haproxy=haproxy squid=squid \
	    /usr/lib/dovecot/imap=dovecot-imapd /usr/lib/dovecot/pop3=dovecot-pop3d named=bind9 redis-server=redis-server \
	    memcached=memcached

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
	@$(PY) -m pytest tests --ignore=tests/e2e -n 2 --dist loadscope --no-loadscope-reorder

bench: setup ## seconds and bytes; ratios and medians, never asserted
	@$(PY) -m tests.bench

kills: setup packages ## 16 drivers and services killed at any moment; two minutes, needs root
	@$(PY) -m pytest tests/e2e

e2e: setup packages ## 200 drivers and services killed at any moment; slow, needs root
	@$(PY) -m tests.e2e.crashes --kills 200

lab: setup ## real software, vulnerable and mended, inspected by the real grid; slow, fetches from the registries
	@$(PY) -m tests.lab --write

shop: setup ## the full pack against a Debian shop (nginx, PHP, MariaDB, WordPress): asks, seconds, latency, logs; needs root, ten minutes
	@[ -d /usr/share/wordpress/wp-content/themes/twentytwentythree ] || .ci/system-packages "a Debian shop" none=wordpress \
	    none=wordpress-theme-twentytwentythree none=php8.2-mysql php-fpm8.2=php8.2-fpm nginx=nginx-light mariadbd=mariadb-server
	@$(PY) -m tests.bench shop

services: setup packages ## every real server of the table, recognised and judged; installs about 300 MB, needs root
	@.ci/system-packages "every real server" apache2=apache2-bin exim4=exim4-daemon-light snmpd=snmpd rpcbind=rpcbind \
	    ganesha.nfsd=nfs-ganesha-vfs ypserv=ypserv Xvfb=xvfb mariadbd=mariadb-server pg_ctlcluster=postgresql
	@.ci/beside-packages "every real server" proftpd-core
	@TENKEN_SERVICES=all $(PY) -m pytest tests/probes/services/test_zoo.py

figures: setup ## regenerate what is generated: schemas, dashboard, picture of the README
	@$(PY) -m tests.figures

lock: setup ## after a change of dependencies in pyproject.toml
	@uv=$$(command -v uv || echo .uv/bin/uv); $$uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .uv .lab .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
