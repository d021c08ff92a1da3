"""Names of services: one name per protocol, and which protocols the inspection rules single out (table 4-2)."""

from __future__ import annotations

_ALIASES = {
    "www": "http",
    "www-http": "http",
    "http-alt": "http",
    "http-proxy": "http",
    "squid": "http",
    "https-alt": "https",
    "pcsync-https": "https",
    "submission": "smtp",
    "mail": "smtp",
    "smtps": "submissions",
    "ssmtp": "submissions",
    "urd": "submissions",
    "imap2": "imap",
    "imap3": "imap",
    "imap4": "imap",
    "imap4-ssl": "imaps",
    "imap4s": "imaps",
    "pop": "pop3",
    "pop-3": "pop3",
    "pop3-ssl": "pop3s",
    "dns": "domain",
    "rpcbind": "sunrpc",
    "portmapper": "sunrpc",
    "portmap": "sunrpc",
    "rpc": "sunrpc",
    "onc-rpc": "sunrpc",
    "nfsd": "nfs",
    "ypserv": "nis",
    "ypbind": "nis",
    "yp": "nis",
    "x-window": "x11",
    "x-windows": "x11",
    "xwindow": "x11",
    "mariadb": "mysql",
    "postgres": "postgresql",
    "rdp": "ms-wbt-server",
    "vnc": "rfb",
    "memcached": "memcache",
    "snmptrap": "snmp",
    "snmp-trap": "snmp",
}
_INSIDE_TLS = {
    "http": "https",
    "smtp": "submissions",
    "imap": "imaps",
    "pop3": "pop3s",
    "ftp": "ftps",
    "telnet": "telnets",
    "domain": "domain-s",
    "nntp": "nntps",
}
RESTRICTED = {"ftp": "FTP", "ftps": "FTP", "telnet": "TELNET", "telnets": "TELNET", "ssh": "SSH"}
"""Services whose use should be restricted (table 4-2, note 1), with the names of the rules."""
FORBIDDEN = {
    "snmp": "SNMP",
    "sunrpc": "RPC",
    "nfs": "NFS",
    "nis": "NIS",
    "x11": "X11",
    "pop3": "POP3",
    "pop3s": "POP3",
    "imap": "IMAP4",
    "imaps": "IMAP4",
}
"""Services that do not belong on a shop system (table 4-2, note 2), with the names of the rules."""


def canonical(name: str) -> str:
    """Give the one name under which a protocol is compared, whatever it was declared as."""
    plain = name.strip().lower()
    if plain.startswith("x11"):
        return "x11"
    return _ALIASES.get(plain, plain)


def inside_tls(service: str) -> str:
    """Give the name of a protocol when it is spoken inside TLS from the first byte."""
    return _INSIDE_TLS.get(service, service)


def without_tls(service: str) -> str:
    """Give the name of a protocol as it is when nothing is around it."""
    return next((plain for plain, inside in _INSIDE_TLS.items() if inside == service), service)


def spoken_name(service: str) -> str:
    """Give the name of a service as people write it."""
    name = canonical(service)
    return RESTRICTED.get(name) or FORBIDDEN.get(name) or name.upper()
