"""Names of services that a declaration may use without question (IANA registry and everyday names)."""

from __future__ import annotations

from probes.services.names import canonical, inside_tls

_NAMES = """
    http https http-alt https-alt http-proxy www ftp ftps ftp-data ssh telnet telnets smtp submission submissions smtps mail
    imap imap2 imap3 imap4 imaps pop pop2 pop3 pop3s domain domain-s dns ntp snmp snmptrap sunrpc rpcbind portmapper nfs nis
    x11 mysql mariadb postgresql postgres mongodb redis memcache memcached ms-sql-s ms-sql-m oracle ldap ldaps kerberos
    radius syslog tftp rsync git svn nntp nntps irc ircs-u sip sips rtsp socks squid ident finger whois time daytime echo
    discard chargen rfb vnc ms-wbt-server rdp netbios-ns netbios-ssn microsoft-ds epmap bgp openvpn wireguard isakmp
    amqp amqps mqtt secure-mqtt stomp elasticsearch zabbix-agent nrpe prometheus grpc sieve managesieve xmpp-client
    xmpp-server pcsync-https webcache ipp printer afpovertcp iscsi-target cups docker rmiregistry ajp13
"""
KNOWN = tuple(sorted(_NAMES.split()))
"""Other names may be declared too; a near miss of one of these is taken for a slip of the pen."""

_INSIDE_TLS = frozenset(
    inside_tls(plain) for plain in ("http", "smtp", "imap", "pop3", "ftp", "telnet", "domain", "nntp")
)


def is_inside_tls(service: str) -> bool:
    """Tell whether a service speaks TLS from the first byte, so that a TLS end point belongs to it."""
    return canonical(service) in _INSIDE_TLS


def is_without_tls(service: str) -> bool:
    """Tell whether a service is known to begin in the clear, so that no TLS end point can be there."""
    name = canonical(service)
    return name in {"ssh", "sunrpc", "nfs", "nis", "x11"} or inside_tls(name) != name
