"""The declared server, as the operator describes it, and what of it is to be looked at."""

from __future__ import annotations

from enum import StrEnum

from plugins.value import value


class Item(StrEnum):
    """Inspection item (検査項目)."""

    PORTS = "ports"
    HOLES = "holes"
    TLS = "tls"
    SET = "set"
    HOSTS = "hosts"
    """The preliminary inspection: servers, addresses and names as declared."""


class Role(StrEnum):
    """What a server is for (inspection rules 4.3.4.1 (2))."""

    WEB = "web"
    MAIL = "mail"
    DNS = "dns"
    PROXY = "proxy"
    LOAD_BALANCER = "load-balancer"
    OTHER = "other"


class Transport(StrEnum):
    """Transport protocol of a port."""

    TCP = "tcp"
    UDP = "udp"


class Purpose(StrEnum):
    """What a port is for. Only some are accepted for restricted services (see `probes.ports.judge`)."""

    SHOP = "shop"
    MAIL = "mail"
    DNS = "dns"
    PROXY = "proxy"
    REMOTE_MAINTENANCE = "remote-maintenance"
    CONTENT_UPDATE = "content-update"
    MONITORING = "monitoring"
    OTHER = "other"


class TlsVersion(StrEnum):
    """Protocol versions, spelled as OpenSSL does."""

    SSL_2_0 = "SSLv2"
    SSL_3_0 = "SSLv3"
    TLS_1_0 = "TLSv1.0"
    TLS_1_1 = "TLSv1.1"
    TLS_1_2 = "TLSv1.2"
    TLS_1_3 = "TLSv1.3"


class ClientAuth(StrEnum):
    """Whether the server wants a client certificate (RFC 8446, section 4.3.2)."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@value
class PortRange:
    """Ports `first` to `last`, both included."""

    first: int
    """1..65535."""
    last: int
    """first..65535."""

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last


@value
class DeclaredPort:
    """Ports that the operator says are open."""

    ports: PortRange
    """The port, or the range."""
    transport: Transport
    """TCP or UDP."""
    service: str
    """Service name as IANA registers it: http, https, smtp, ssh, domain, ..."""
    purpose: Purpose
    """What it is for."""
    restricted_to: tuple[str, ...] = ()
    """CIDR blocks that may connect; empty: everybody."""
    exception: str = ""
    """Why a restricted service answers everybody (SSH without passwords only); empty: no exception claimed."""


class StartTls(StrEnum):
    """Protocols in which TLS is begun by a command inside of a plain connection."""

    NONE = "none"
    """TLS from the first byte."""
    SMTP = "smtp"
    """RFC 3207."""
    IMAP = "imap"
    """RFC 9051, section 6.2.1."""
    POP3 = "pop3"
    """RFC 2595, section 4."""
    FTP = "ftp"
    """RFC 4217."""
    XMPP = "xmpp"
    """RFC 6120, section 5."""
    POSTGRES = "postgres"
    """SSLRequest of the PostgreSQL protocol."""
    LDAP = "ldap"
    """RFC 4511, section 4.14."""


@value
class TlsEndpoint:
    """A port that speaks TLS, from the first byte or after a command."""

    port: int
    """TCP port."""
    server_name: str
    """TLS server name (RFC 6066, section 3) that the inspection sends."""
    versions: tuple[TlsVersion, ...]
    """Exactly the versions that are implemented."""
    client_auth: ClientAuth
    """Whether a client certificate is asked for."""
    names: tuple[str, ...]
    """DNS names that the certificate has to hold."""
    starttls: StartTls = StartTls.NONE
    """How TLS is begun."""


class SetKind(StrEnum):
    """SET の種別 (inspection rules 6.2.3.3 (2))."""

    SET = "SET"
    SET_JPO = "SET(JPO)"
    SECE = "SECE"


@value
class RequestExtension:
    """A message extension that a request has to carry, or the end point does not answer it."""

    oid: str
    """Object identifier, dotted."""
    critical: bool
    """Whether who does not know it must stop."""
    der: bytes
    """Its DER value."""


@value
class SetProfile:
    """How an end point differs from plain SET 1.0. What is left empty is as in SET."""

    message_type: str = ""
    """Media type of messages; empty: that of SET."""
    initiation_type: str = ""
    """Media type of the initiation message; empty: that of SET."""
    marks: tuple[str, ...] = ()
    """Object identifiers of extensions by which the kind shows itself."""
    extensions: tuple[str, ...] = ()
    """Object identifiers of further extensions, of messages or certificates, that belong to the kind."""
    request_extensions: tuple[RequestExtension, ...] = ()
    """Extensions that every request carries."""


@value
class SetEndpoint:
    """A SET or SECE end point (inspection rules 6.2.3.3 (2))."""

    url: str
    """SET-SET-URL of the initiation message."""
    kind: str
    """SET, SET(JPO) or SECE."""
    version: str
    """Protocol version, such as 1.0."""
    brand: str = ""
    """BrandID that is asked for: `Brand` or `Brand:Product`."""
    bin: str = ""
    """First six digits of a card of that brand; no card number."""
    language: str = "ja"
    """Language that is asked for (RFC 1766)."""
    roots: tuple[str, ...] = ()
    """PEM root certificates of the brand's hierarchy."""
    initiation_url: str = ""
    """A page that gives the initiation message and changes nothing; empty: none."""
    merchant_id: str = ""
    """merID in the merchant's certificate; empty: not declared."""
    acquirer_bin: str = ""
    """merAcquirerBIN in the merchant's certificate; empty: not declared."""
    merchant_name: str = ""
    """Name of the merchant in its certificate; empty: not declared."""
    profile: SetProfile = SetProfile()
    """How it differs from plain SET 1.0."""


@value
class Target:
    """One declared server."""

    name: str
    """Name inside the system: lower-case letters, digits, hyphens."""
    role: Role
    """What it is for."""
    addresses: tuple[str, ...]
    """IPv4 and IPv6 addresses, canonical text form; at least one."""
    host_names: tuple[str, ...] = ()
    """DNS names, lower case, without the trailing dot."""
    ports: tuple[DeclaredPort, ...] = ()
    """Everything that is open."""
    tls: tuple[TlsEndpoint, ...] = ()
    """TLS end points."""
    set: tuple[SetEndpoint, ...] = ()
    """SET and SECE end points."""

    def declared(self, port: int, transport: Transport) -> DeclaredPort | None:
        """Give the declaration of a port, or None when it was declared unused."""
        for entry in self.ports:
            if entry.transport == transport and port in entry.ports:
                return entry
        return None


@value
class Source:
    """A host that tells about revocation: where CRLs, OCSP responses or certificates of authorities are fetched from."""

    host: str
    """Host name, as the certificates write it in their URLs."""
    port: int
    """TCP port."""
    addresses: tuple[str, ...]
    """Addresses of the host; only these are connected to, whatever a name server says."""


@value
class Resolver:
    """A DNS resolver."""

    address: str
    """IPv4 or IPv6 address."""
    port: int = 53
    """UDP and TCP port."""


@value
class Site:
    """What surrounds a server: the rest of its system, and who is asked about names. Only the item `hosts` needs it."""

    addresses: tuple[str, ...] = ()
    """Every declared address of the system."""
    host_names: tuple[str, ...] = ()
    """Every declared host name of the system, in the order of the declaration."""
    resolvers: tuple[Resolver, ...] = ()
    """Resolvers that may be asked, in this order."""


@value
class Scope:
    """What an inspection looks at on one server. It is part of the signed order."""

    target: Target
    """The server."""
    items: tuple[Item, ...]
    """Items, in the order in which they run."""
    tcp_ports: tuple[PortRange, ...]
    """TCP ports to look at: the operator's range and the review body's choice. Declared ports are always among them."""
    anchors: tuple[str, ...] = ()
    """PEM certificates that are trust anchors beside Mozilla's set."""
    sources: tuple[Source, ...] = ()
    """Hosts that may be asked about revocation. A CRL or responder elsewhere is not asked, and that is said."""
    udp_ports: tuple[PortRange, ...] = ()
    """UDP ports to look at beside the declared ones: where services answer that do not belong there."""
    contact: str = ""
    """Who inspects and how to reach them; goes into the User-Agent of every HTTP ask."""
    site: Site = Site()
    """What surrounds the server."""
    deep: bool = False
    """Whether item `tls` also tries what only the deep scan shows: some 200 to 500 connections more for each end point."""

    @property
    def beside(self) -> tuple[tuple[str, int], ...]:
        """Addresses and TCP ports beside the server that may be asked: sources of revocation data, resolvers."""
        sources = ((address, one.port) for one in self.sources for address in one.addresses)
        return (*sources, *((one.address, one.port) for one in self.site.resolvers))
