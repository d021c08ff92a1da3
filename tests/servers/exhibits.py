"""Debian's servers, one function each: prepares a folder of its own, gives the command that runs it in the foreground.

Used in a `town`, where every port is free and nothing can leave.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import installed

BESIDE = Path(__file__).resolve().parents[2] / ".beside"
"""Packages that cannot be installed beside another, unpacked here by `.ci/beside-packages`."""


@dataclass(frozen=True)
class Place:
    """Where one instance runs."""

    folder: Path
    address: str
    port: int
    certificate: tuple[Path, Path]
    """Chain and key."""


@dataclass(frozen=True)
class Exhibit:
    """One server program in one form."""

    name: str
    package: str
    program: str | None
    """Path of the program; None: it is not installed."""
    own: int
    """Port that it usually has."""
    service: str
    """What has to be recognised."""
    command: Callable[[Place], list[str]]
    product: str = ""
    """What the product's name has to hold; empty: it does not tell."""
    version: bool = False
    """Whether the version can be seen from outside."""
    movable: bool = True
    """False: the odd port is a relay, because its own port cannot be changed, or a second instance takes long to make."""
    at: str = "10.42.0.1"
    """Address at its own port; two servers with the same port need two."""


def _write(place: Place, name: str, text: str) -> str:
    path = place.folder / name
    path.write_text(text)
    return str(path)


def _owned(place: Place, user: str) -> None:
    account = pwd.getpwnam(user)
    for path in (place.folder, *place.folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)


def _as(user: str, *command: str) -> list[str]:
    return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups", *command]


def nginx(place: Place) -> list[str]:
    paths = " ".join(
        f"{kind}_temp_path {place.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = f"""daemon off; pid {place.folder}/pid; error_log {place.folder}/error.log; worker_processes 1; user root;
        events {{ worker_connections 64; }}
        http {{ access_log off; {paths} server {{ listen {place.address}:{place.port}; return 200 "shop\\n"; }} }}"""
    return ["nginx", "-c", _write(place, "nginx.conf", config), "-e", f"{place.folder}/error.log"]


def nginx_tls(place: Place) -> list[str]:
    command = nginx(place)
    chain, key = place.certificate
    path = Path(command[2])
    inside = f"{place.port} ssl; ssl_certificate {chain}; ssl_certificate_key {key}"
    path.write_text(path.read_text().replace(f"{place.port}", inside, 1))
    return command


def apache2(place: Place) -> list[str]:
    modules = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in ("mpm_event", "authz_core")
    )
    config = f"""{modules}
        ServerName shop.example
        Listen {place.address}:{place.port}
        PidFile {place.folder}/pid
        ErrorLog {place.folder}/error.log
        DocumentRoot {place.folder}
        User www-data
        Group www-data
        """
    return ["/usr/sbin/apache2", "-X", "-d", str(place.folder), "-f", _write(place, "apache2.conf", config)]


def haproxy(place: Place) -> list[str]:
    config = f"""defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
listen shop
  bind {place.address}:{place.port}
"""
    return ["/usr/sbin/haproxy", "-db", "-f", _write(place, "haproxy.cfg", config)]


def squid(place: Place) -> list[str]:
    config = f"""http_port {place.address}:{place.port}
http_access deny all
pid_filename none
access_log none
cache_log {place.folder}/cache.log
cache deny all
coredump_dir {place.folder}
max_filedescriptors 1024
pinger_enable off
"""
    path = _write(place, "squid.conf", config)
    _owned(place, "proxy")
    return ["/usr/sbin/squid", "-N", "-f", path]


def exim4(place: Place) -> list[str]:
    (place.folder / "spool").mkdir()
    config = f"""primary_hostname = shop.example
spool_directory = {place.folder}/spool
log_file_path = {place.folder}/spool/%slog
local_interfaces = {place.address}
daemon_smtp_ports = {place.port}
acl_smtp_rcpt = deny
begin acl
deny:
  deny
"""
    path = _write(place, "exim.conf", config)
    _owned(place, "Debian-exim")
    os.chown(path, 0, 0)
    return ["/usr/sbin/exim4", "-bdf", "-C", path]


def _dovecot(protocol: str, listener: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        chain, key = place.certificate
        others = {"imap": ("imap", "imaps"), "pop3": ("pop3", "pop3s")}[protocol]
        listeners = "\n".join(
            f"  inet_listener {name} {{\n    address = {place.address}\n    port = {place.port if name == listener else 0}\n"
            f"    ssl = {'yes' if name == listener and name.endswith('s') else 'no'}\n  }}"
            for name in others
        )
        config = f"""base_dir = {place.folder}/run
state_dir = {place.folder}/state
protocols = {protocol}
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
log_path = /dev/stderr
passdb {{
  driver = static
  args = nopassword=no password=never
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/tmp
}}
service {protocol}-login {{
{listeners}
}}
"""
        return ["/usr/sbin/dovecot", "-F", "-c", _write(place, "dovecot.conf", config)]

    return command


def named(place: Place) -> list[str]:
    config = f"""options {{ directory "{place.folder}";
listen-on port {place.port} {{ {place.address}; }}; listen-on-v6 {{ none; }};
recursion no; dnssec-validation no; pid-file none; session-keyfile none; }};
controls {{ }};
"""
    return ["/usr/sbin/named", "-g", "-n", "1", "-c", _write(place, "named.conf", config)]


def vsftpd(place: Place) -> list[str]:
    (place.folder / "empty").mkdir()
    config = f"""listen=YES
listen_ipv6=NO
background=NO
listen_address={place.address}
listen_port={place.port}
anonymous_enable=NO
local_enable=YES
secure_chroot_dir={place.folder}/empty
seccomp_sandbox=NO
run_as_launching_user=YES
"""
    return ["/usr/sbin/vsftpd", _write(place, "vsftpd.conf", config)]


PROFTPD = BESIDE / "proftpd-core" / "usr" / "sbin" / "proftpd"


def proftpd(place: Place) -> list[str]:
    config = f"""ServerType standalone
ServerName shop
ServerIdent on "ProFTPD 1.3.8 Server (Debian)"
DefaultAddress {place.address}
SocketBindTight on
Port {place.port}
User nobody
Group nogroup
PidFile {place.folder}/pid
ScoreboardFile none
DelayEngine off
<Anonymous {place.folder}>
  User nobody
  UserAlias anonymous nobody
  <Limit WRITE>
    DenyAll
  </Limit>
</Anonymous>
"""
    return [str(PROFTPD), "-n", "-c", _write(place, "proftpd.conf", config)]


def telnetd(place: Place) -> list[str]:
    return [sys.executable, "-m", "tests.servers.inetd", place.address, str(place.port), "/usr/sbin/telnetd"]


def sshd(place: Place) -> list[str]:
    for kind in ("ed25519", "ecdsa", "rsa"):
        key = place.folder / kind
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(key)], check=True)
    keys = "\n".join(f"HostKey {place.folder}/{kind}" for kind in ("ed25519", "ecdsa", "rsa"))
    config = f"""ListenAddress {place.address}:{place.port}
{keys}
PidFile {place.folder}/pid
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
"""
    return ["/usr/sbin/sshd", "-D", "-e", "-f", _write(place, "sshd_config", config)]


def snmpd(place: Place) -> list[str]:
    config = f"agentaddress tcp:{place.address}:{place.port}\nrocommunity never 127.0.0.1\n"
    return [
        "/usr/sbin/snmpd",
        "-I",
        "-smux",
        "-f",
        "-Lo",
        "-C",
        "-c",
        _write(place, "snmpd.conf", config),
        "-p",
        f"{place.folder}/pid",
    ]


def rpcbind(place: Place) -> list[str]:
    del place
    return ["/usr/sbin/rpcbind", "-f", "-i"]


def _after_rpcbind(*command: str) -> list[str]:
    """Wait for the town's rpcbind: these programs register there when they start."""
    script = 'for n in $(seq 100); do [ -S /run/rpcbind.sock ] && break; sleep 0.1; done; exec "$@"'
    return ["sh", "-c", script, "sh", *command]


def ganesha(place: Place) -> list[str]:
    (place.folder / "share").mkdir()
    (place.folder / "recovery").mkdir()
    config = f"""NFS_CORE_PARAM {{ NFS_Protocols = 3,4; NFS_Port = {place.port}; Enable_NLM = false;
Enable_RQUOTA = false; }}
NFSv4 {{ Graceless = true; RecoveryBackend = fs; RecoveryRoot = {place.folder}/recovery; }}
EXPORT {{ Export_Id = 1; Path = {place.folder}/share; Pseudo = /share; Access_Type = RO; Protocols = 3,4; FSAL {{ Name = VFS; }} }}
"""
    path = _write(place, "ganesha.conf", config)
    return _after_rpcbind("/usr/bin/ganesha.nfsd", "-F", "-L", "STDOUT", "-f", path, "-p", f"{place.folder}/pid")


def ypserv(place: Place) -> list[str]:
    return _after_rpcbind("/usr/sbin/ypserv", "-d", "-p", str(place.port))


def xvfb(place: Place) -> list[str]:
    display = f":{place.port - 6000}"
    return [
        "/usr/bin/Xvfb",
        display,
        "-listen",
        "tcp",
        "-nolisten",
        "unix",
        "-nolisten",
        "local",
        "-ac",
        "-screen",
        "0",
        "320x200x8",
    ]


def redis(place: Place) -> list[str]:
    return [
        "/usr/bin/redis-server",
        "--bind",
        place.address,
        "--port",
        str(place.port),
        "--protected-mode",
        "no",
        "--save",
        "",
    ]


def memcached(place: Place) -> list[str]:
    return ["/usr/bin/memcached", "-u", "nobody", "-l", place.address, "-p", str(place.port), "-U", "0", "-m", "16"]


def _postgres() -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return str(found[-1]) if found else None


def postgres(place: Place) -> list[str]:
    _owned(place, "postgres")
    program = Path(_postgres() or "")
    data = str(place.folder / "data")
    subprocess.run(
        _as("postgres", str(program.with_name("initdb")), "-N", "-D", data), check=True, capture_output=True, cwd="/"
    )
    return _as(
        "postgres", str(program), "-D", data, "-h", place.address, "-p", str(place.port), "-k", str(place.folder)
    )


def mariadb(place: Place) -> list[str]:
    data = place.folder / "data"
    make = ["mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={data}", "--skip-test-db"]
    subprocess.run(make, check=True, capture_output=True)
    _owned(place, "mysql")
    socket = place.folder / "socket"
    words = (f"--datadir={data}", f"--socket={socket}", f"--bind-address={place.address}", f"--port={place.port}")
    return ["/usr/sbin/mariadbd", "--no-defaults", "--user=mysql", *words, f"--pid-file={place.folder}/pid"]


EXHIBITS: tuple[Exhibit, ...] = (
    Exhibit("nginx", "nginx", installed("nginx"), 80, "http", nginx, "nginx", version=True),
    Exhibit("nginx TLS", "nginx", installed("nginx"), 443, "https", nginx_tls, "nginx", version=True),
    Exhibit("apache2", "apache2-bin", installed("apache2"), 80, "http", apache2, "Apache", version=True, at="10.42.0.2"),
    Exhibit("haproxy", "haproxy", installed("haproxy"), 80, "http", haproxy, "HAProxy", at="10.42.0.3"),
    Exhibit("squid", "squid", installed("squid"), 3128, "http", squid, "Squid", version=True),
    Exhibit("exim4", "exim4-daemon-light", installed("exim4"), 25, "smtp", exim4, "Exim", version=True),
    Exhibit("dovecot POP3", "dovecot-pop3d", installed("dovecot"), 110, "pop3", _dovecot("pop3", "pop3"), "Dovecot"),
    Exhibit("dovecot POP3S", "dovecot-pop3d", installed("dovecot"), 995, "pop3s", _dovecot("pop3", "pop3s"), "Dovecot"),
    Exhibit("dovecot IMAP", "dovecot-imapd", installed("dovecot"), 143, "imap", _dovecot("imap", "imap"), "Dovecot"),
    Exhibit("dovecot IMAPS", "dovecot-imapd", installed("dovecot"), 993, "imaps", _dovecot("imap", "imaps"), "Dovecot"),
    Exhibit("bind9", "bind9", installed("named"), 53, "domain", named, "BIND", version=True),
    Exhibit("vsftpd", "vsftpd", installed("vsftpd"), 21, "ftp", vsftpd, "vsftpd", version=True),
    Exhibit(
        "proftpd", "proftpd-core", str(PROFTPD) if PROFTPD.exists() else None, 21, "ftp", proftpd, "ProFTPD", version=True,
        at="10.42.0.2",
    ),
    Exhibit("telnetd", "inetutils-telnetd", installed("telnetd"), 23, "telnet", telnetd),
    Exhibit("openssh", "openssh-server", installed("sshd"), 22, "ssh", sshd, "OpenSSH", version=True),
    Exhibit("snmpd (TCP)", "snmpd", installed("snmpd"), 161, "snmp", snmpd),
    Exhibit("rpcbind", "rpcbind", installed("rpcbind"), 111, "sunrpc", rpcbind, movable=False),
    Exhibit("nfs-ganesha", "nfs-ganesha-vfs", installed("ganesha.nfsd"), 2049, "nfs", ganesha, movable=False),
    Exhibit("ypserv", "ypserv", installed("ypserv"), 834, "nis", ypserv, movable=False),
    Exhibit("Xvfb", "xvfb", installed("Xvfb"), 6000, "x11", xvfb, "X"),
    Exhibit("redis", "redis-server", installed("redis-server"), 6379, "redis", redis, "Redis", version=True),
    Exhibit("memcached", "memcached", installed("memcached"), 11_211, "memcache", memcached, "emcached", version=True),
    Exhibit("postgresql", "postgresql", _postgres(), 5432, "postgresql", postgres, movable=False),
    Exhibit("mariadb", "mariadb-server", installed("mariadbd"), 3306, "mysql", mariadb, "MariaDB", movable=False),
)  # fmt: skip
"""Every server."""
CHEAP = frozenset(
    {
        "nginx",
        "nginx TLS",
        "haproxy",
        "squid",
        "dovecot POP3S",
        "dovecot IMAP",
        "bind9",
        "vsftpd",
        "telnetd",
        "openssh",
        "redis",
        "memcached",
    }
)
"""What `make test` looks at; `make services` takes all."""
