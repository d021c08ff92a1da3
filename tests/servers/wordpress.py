"""A shop as Debian ships it: nginx, PHP-FPM, MariaDB and WordPress, with data of its own on a loopback address.

Files and settings are those of the packages (WordPress's example for nginx, the pool `www` of php-fpm). What differs: folders,
sockets and ports; no e-mail, no request to the outside and no cron, because nothing may leave this machine. Needs root.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tests.servers.process import NotReadyError, free_port, installed, running

NAME = "shop.example"
PROGRAMS = ("nginx", "mariadbd", "php-fpm8.2", "php8.2")
FILES, THEME = Path("/usr/share/wordpress"), Path("/usr/share/wordpress/wp-content/themes/twentytwentythree")
MYSQL = Path("/usr/share/php8.2-mysql")
READY_S = 60.0

_NGINX = """
user www-data; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
  sendfile on; tcp_nopush on; types_hash_max_size 2048; gzip on;
  include /etc/nginx/mime.types; default_type application/octet-stream;
  access_log {folder}/access.log;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/x; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen {address}:{port};
    listen {address}:{tls_port} ssl;
    ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;
    server_name {name}; root {folder}/www; index index.php;
    location / {{ try_files $uri $uri/ /index.php?$args; }}
    location ~ \\.php$ {{
      fastcgi_split_path_info ^(.+?\\.php)(/.*)$; try_files $fastcgi_script_name =404; fastcgi_index index.php;
      set $path_info $fastcgi_path_info; fastcgi_param PATH_INFO $path_info; include /etc/nginx/fastcgi.conf;
      fastcgi_intercept_errors on; fastcgi_pass unix:{folder}/fpm.sock;
    }}
    location ~* \\.(js|css|png|jpg|jpeg|gif|ico)$ {{ expires max; log_not_found off; }}
    location ~ /\\.ht {{ deny all; }}
  }}
}}
"""
_FPM = """
[global]
error_log = {folder}/fpm.log
[www]
user = www-data
group = www-data
listen = {folder}/fpm.sock
listen.owner = www-data
listen.group = www-data
pm = dynamic
pm.max_children = 5
pm.start_servers = 2
pm.min_spare_servers = 1
pm.max_spare_servers = 3
php_admin_value[error_log] = {folder}/php.log
php_admin_value[sendmail_path] = /bin/true
"""
_CONFIG = """<?php
define('DB_NAME', 'wordpress'); define('DB_USER', 'root'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{folder}/db.sock');
define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true);
if (strpos($_SERVER['HTTP_HOST'], '{name}') === 0) {{
    $own = (empty($_SERVER['HTTPS']) ? 'http' : 'https') . '://{name}:' . $_SERVER['SERVER_PORT'];
    define('WP_HOME', $own); define('WP_SITEURL', $own);
}}
"""


@dataclass(frozen=True)
class Shop:
    """A running shop."""

    folder: Path
    """Its data and its logs."""
    address: str
    """Where it listens."""
    port: int
    """HTTP."""
    tls_port: int
    """HTTPS."""

    @property
    def access_log(self) -> Path:
        """Requests, in nginx's combined format."""
        return self.folder / "access.log"

    @property
    def error_logs(self) -> tuple[Path, ...]:
        """What nginx, php-fpm, PHP and MariaDB have to say."""
        return tuple(self.folder / name for name in ("error.log", "fpm.log", "php.log", "db.log"))

    def content(self) -> dict[str, str]:
        """Give a checksum of every table, and of every row of the options: what a visit changes shows here."""
        tables = _sql(self.folder, "SHOW TABLES FROM wordpress").split()
        lines = _sql(self.folder, "CHECKSUM TABLE " + ", ".join(f"wordpress.{name}" for name in tables)).splitlines()
        lines = [line for line in lines if not line.startswith("wordpress.wp_options")]
        lines += _sql(self.folder, "SELECT option_name, CRC32(option_value) FROM wordpress.wp_options").splitlines()
        return {name: sum_ for name, _, sum_ in (line.rpartition("\t") for line in lines)}


def missing() -> str:
    """Say what is not here; empty: everything is."""
    if os.geteuid() != 0:
        return "its servers run under users of their own, which needs root"
    lacking = [name for name in PROGRAMS if not installed(name)]
    lacking += [str(path) for path in (THEME, MYSQL) if not path.is_dir()]
    return f"not installed: {', '.join(lacking)}" if lacking else ""


@contextlib.contextmanager
def wordpress(folder: Path, address: str, chain: Path, key: Path) -> Iterator[Shop]:
    """Run the shop, set up by WordPress's own installer, until the block ends."""
    shop = Shop(folder=folder, address=address, port=free_port(address), tls_port=free_port(address))
    _lay_out(shop, chain, key)
    database = [
        "mariadbd",
        "--no-defaults",
        f"--datadir={folder}/db",
        f"--socket={folder}/db.sock",
        "--skip-networking",
    ]
    database += ["--user=mysql", f"--pid-file={folder}/db.pid"]
    web = ["nginx", "-p", str(folder), "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"]
    with contextlib.ExitStack() as stack:
        stack.enter_context(_until(folder / "db.sock", database, folder / "db.log"))
        _sql(folder, "CREATE DATABASE wordpress CHARACTER SET utf8mb4")
        fpm = ["php-fpm8.2", "--nodaemonize", "--fpm-config", f"{folder}/fpm.conf"]
        stack.enter_context(_until(folder / "fpm.sock", fpm, folder / "fpm.out"))
        stack.enter_context(running([str(installed("nginx")), *web[1:]], address, shop.port, folder / "nginx.out"))
        _install(shop)
        yield shop


def _lay_out(shop: Shop, chain: Path, key: Path) -> None:
    folder = shop.folder
    folder.chmod(0o755)
    shutil.copytree(FILES, folder / "www", ignore_dangling_symlinks=True)
    debians = (FILES / "wp-config.php").read_text("utf-8")
    moved = {"/etc/wordpress/": f"{folder}/etc/", "/usr/share/wordpress/": f"{folder}/www/"}
    moved["/var/lib/wordpress/wp-content"] = f"{folder}/www/wp-content"
    for old, new in moved.items():
        assert old in debians, f"Debian's wp-config.php no longer names {old}"
        debians = debians.replace(old, new)
    (folder / "www/wp-config.php").write_text(debians, "utf-8")
    (folder / "etc").mkdir()
    (folder / "etc/config-default.php").write_text(_CONFIG.format(folder=folder, name=NAME))
    (folder / "fpm.conf").write_text(_FPM.format(folder=folder))
    web = _NGINX.format(
        folder=folder, address=shop.address, port=shop.port, tls_port=shop.tls_port, chain=chain, key=key, name=NAME
    )
    (folder / "nginx.conf").write_text(web)
    for name in ("db", "db.log", "php.log"):
        path = folder / name
        path.mkdir() if name == "db" else path.touch()
        shutil.chown(path, "mysql" if name.startswith("db") else "www-data")
    # The socket and the pid file of MariaDB stand beside its data.
    shutil.chown(folder, "mysql")
    fresh = ["mariadb-install-db", "--no-defaults", f"--datadir={folder}/db", "--user=mysql", "--skip-test-db"]
    subprocess.run([*fresh, "--auth-root-authentication-method=normal"], check=True, capture_output=True)


def _sql(folder: Path, statement: str) -> str:
    command = ["mariadb", "--no-defaults", "-S", f"{folder}/db.sock", "-u", "root", "-N", "-B", "-e", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _install(shop: Shop) -> None:
    """Send the one form of the installer, by the address, so that its own test of links stays on this machine."""
    form = {
        "weblog_title": "Lab shop",
        "user_name": "keeper",
        "admin_password": "lab-only-Password-1",
        "admin_password2": "lab-only-Password-1",
        "admin_email": "keeper@shop.example",
        "blog_public": "1",
    }
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    asked = http.client.HTTPConnection(shop.address, shop.port, timeout=READY_S)
    asked.request("POST", "/wp-admin/install.php?step=2", urlencode(form), kind)
    answer = asked.getresponse()
    page = answer.read().decode("utf-8", "replace")
    if answer.status != 200 or "wp-login.php" not in page:
        raise NotReadyError("WordPress's installer", shop.address, shop.port, f"{answer.status}: {page[-500:]}")


@contextlib.contextmanager
def _until(socket: Path, command: Sequence[str], log: Path) -> Iterator[None]:
    """Run a server that listens on a socket of the file system."""
    with log.open("wb") as output:
        program = [str(installed(command[0])), *command[1:]]
        server = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + READY_S
        while not socket.exists():
            if server.poll() is not None or time.monotonic() > deadline:
                raise NotReadyError(command[0], str(socket), 0, log.read_text(errors="replace")[-500:])
            time.sleep(0.05)  # a poll of another process: there is no event to wait for
        yield
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(5)
