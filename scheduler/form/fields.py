"""The form that an operator fills in: names, types and bounds of every entry, strict, with no key that is not named here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from probes.pace import LEAST_PACKETS_PER_S, Pace
from probes.target import ClientAuth, PortRange, Purpose, Role, StartTls, TlsVersion, Transport
from scheduler.form import entries

FORMAT = "tenken-declaration/1"
"""Version of the form."""

_PORT_SCHEMA = {"type": "integer", "minimum": 1, "maximum": 65535}
_RANGE_SCHEMA = {"anyOf": [_PORT_SCHEMA, {"type": "string", "pattern": "^[0-9]{1,5}-[0-9]{1,5}$"}]}

Line = Annotated[str, Field(max_length=200), AfterValidator(entries.line_of_text)]
"""One line of text for people."""
HostName = Annotated[str, AfterValidator(entries.host_name)]
"""A DNS name in lower case with A-labels."""
Address = Annotated[str, AfterValidator(entries.address)]
"""An IPv4 or IPv6 address."""
Network = Annotated[str, AfterValidator(entries.network)]
"""A block of addresses in CIDR notation."""
Port = Annotated[int, PlainValidator(entries.port), WithJsonSchema(_PORT_SCHEMA)]
"""A port."""
Ports = Annotated[PortRange, PlainValidator(entries.port_range), WithJsonSchema(_RANGE_SCHEMA)]
"""A port or a range."""
DeclaredPorts = Annotated[PortRange, PlainValidator(entries.declared_ports), WithJsonSchema(_RANGE_SCHEMA)]
"""A port or a range, all open."""
Scan = Annotated[
    Annotated[Literal["declared", "top-1000", "all"], Tag("word")]
    | Annotated[list[Ports], Field(min_length=1, max_length=100), Tag("list")],
    Discriminator(lambda entry: "list" if isinstance(entry, list) else "word"),
]
"""Which TCP ports to look at."""
Clock = Annotated[
    str, AfterValidator(entries.clock), Field(json_schema_extra={"pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})
]
"""A time of day."""
Oid = Annotated[str, AfterValidator(entries.oid)]
"""A dotted object identifier."""
Date = Annotated[str, AfterValidator(entries.day)]
"""A date."""
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
"""A day of the week."""
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days in the order of `datetime.weekday`."""


class Form(BaseModel):
    """Strict: no unknown key, no conversion between types, no infinite number."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


class ContactForm(Form):
    """Who answers for the system and may stop an inspection."""

    organisation: Line
    """Company or body."""
    name: Line
    """Person or desk."""
    email: Annotated[str, AfterValidator(entries.email)]
    """Mail address that somebody reads during the windows."""
    phone: Annotated[str, AfterValidator(entries.phone)] = ""
    """Telephone number in international form."""


class PortForm(Form):
    """Ports that are open."""

    port: DeclaredPorts
    """A port, or a range such as 8000-8010. Every port of a range is said to be open."""
    transport: Annotated[Transport, Field(strict=False)] = Transport.TCP
    """tcp or udp."""
    service: Annotated[str, AfterValidator(entries.service)]
    """Service name as IANA registers it: http, https, smtp, ssh, domain."""
    purpose: Annotated[Purpose, Field(strict=False)]
    """What it is for."""
    restricted_to: Annotated[list[Network], Field(max_length=100)] = []
    """CIDR blocks that may connect. Leave it out when everybody may."""
    exception: Line | None = None
    """SSH only: why it answers everybody although its use should be restricted (it must not offer passwords)."""


class TlsForm(Form):
    """A port that speaks TLS from the first byte."""

    port: Port
    """TCP port, declared under ports too."""
    server_name: HostName
    """The host name that a customer's browser sends as TLS server name."""
    versions: Annotated[list[Annotated[TlsVersion, Field(strict=False)]], Field(min_length=1)]
    """Exactly the versions that are implemented."""
    client_auth: Annotated[ClientAuth, Field(strict=False)]
    """Whether a client certificate is asked for."""
    names: Annotated[list[HostName], Field(min_length=1, max_length=200)]
    """DNS names that the certificate has to hold."""
    starttls: Annotated[StartTls, Field(strict=False)] = StartTls.NONE
    """How TLS begins: none (from the first byte), smtp, imap, pop3, ftp, xmpp, postgres or ldap."""


class SourceForm(Form):
    """A host that tells about revocation."""

    host: HostName
    """Host name, as the certificates write it in the addresses of their CRLs and OCSP responders."""
    port: Port = 80
    """TCP port."""
    addresses: Annotated[list[Address], Field(min_length=1, max_length=50)]
    """IPv4 and IPv6 addresses of the host. Only these are connected to."""


class RequestExtensionForm(Form):
    """A message extension that every request has to carry."""

    oid: Oid
    """Object identifier, dotted, in quotes."""
    critical: bool = False
    """Whether who does not know it must stop."""
    der: Annotated[str, Field(max_length=2000), AfterValidator(entries.der_hex)]
    """Its DER value in hexadecimal digits, in quotes."""


class SetProfileForm(Form):
    """How an end point differs from plain SET 1.0."""

    message_type: Annotated[str, AfterValidator(entries.media_type)] = ""
    """Media type of messages, when it is not that of SET."""
    initiation_type: Annotated[str, AfterValidator(entries.media_type)] = ""
    """Media type of the initiation message, when it is not that of SET."""
    marks: Annotated[list[Oid], Field(max_length=50)] = []
    """Object identifiers of extensions by which the kind shows itself."""
    extensions: Annotated[list[Oid], Field(max_length=50)] = []
    """Object identifiers of further extensions, of messages or certificates, that belong to the kind."""
    request_extensions: Annotated[list[RequestExtensionForm], Field(max_length=10)] = []
    """Extensions that every request carries."""


class SetForm(Form):
    """A SET or SECE end point."""

    url: Annotated[str, AfterValidator(entries.set_url)]
    """SET-SET-URL of the initiation message."""
    kind: Literal["SET", "SET(JPO)", "SECE"]
    """SET, SET(JPO) or SECE."""
    version: Annotated[str, Field(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2}){0,2}$")]
    """Protocol version in quotes, such as "1.0"."""
    brand: Annotated[str, AfterValidator(entries.brand)]
    """BrandID to ask for: Brand or Brand:Product."""
    bin: Annotated[str, AfterValidator(entries.bin_digits)]
    """First six digits of a card of that brand, in quotes; never a card number."""
    roots: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=10)]
    """Root certificates of the brand: PEM files in the folder of the declaration, or the PEM text itself."""
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,3}$")] = "ja"
    """Language to ask for (RFC 1766)."""
    initiation_url: Annotated[str, AfterValidator(entries.set_url)] | None = None
    """A page that gives the initiation message and changes nothing."""
    merchant_id: Annotated[str, Field(max_length=30), AfterValidator(entries.line_of_text)] | None = None
    """Merchant number in the merchant's certificate (merID)."""
    acquirer_bin: Annotated[str, AfterValidator(entries.bin_digits)] | None = None
    """Acquirer's number in the merchant's certificate (merAcquirerBIN), six digits in quotes."""
    merchant_name: Annotated[str, Field(max_length=50), AfterValidator(entries.line_of_text)] | None = None
    """Name in the merchant's certificate."""
    profile: SetProfileForm = SetProfileForm()
    """How it differs from plain SET 1.0; for SECE, say here what your specification says."""


class ServerForm(Form):
    """One server."""

    name: Annotated[str, AfterValidator(entries.server_name)]
    """Name inside the system: lower-case letters, digits, hyphens."""
    role: Annotated[Role, Field(strict=False)]
    """What it is for."""
    addresses: Annotated[list[Address], Field(min_length=1, max_length=16)]
    """Its addresses as seen from the Internet."""
    host_names: Annotated[list[HostName], Field(max_length=100)] = []
    """DNS names that lead to it."""
    ports: Annotated[list[PortForm], Field(max_length=200)] = []
    """Everything that is open. What is not named here is declared unused."""
    tls: Annotated[list[TlsForm], Field(max_length=100)] = []
    """TLS end points."""
    set: Annotated[list[SetForm], Field(max_length=20)] = []
    """SET and SECE end points."""


_ORDINARY = Pace()


class PaceForm(Form):
    """Upper bounds for the system as a whole. The bounds of these bounds keep a slip of the pen from ordering a flood."""

    connections_per_s: Annotated[float, Field(ge=0.1, le=1_000)] = _ORDINARY.connections_per_s
    """New TCP connections per second, including those a port scan makes."""
    requests_per_s: Annotated[float, Field(ge=0.1, le=500)] = _ORDINARY.requests_per_s
    """HTTP requests per second."""
    concurrent_connections: Annotated[int, Field(ge=1, le=256)] = _ORDINARY.concurrent_connections
    """Open connections at one moment."""
    bytes_per_s: Annotated[int, Field(ge=10_000, le=100_000_000)] = _ORDINARY.bytes_per_s
    """Bytes read and written per second."""
    packets_per_s: Annotated[float, Field(ge=LEAST_PACKETS_PER_S, le=100_000)] | None = None
    """Packets sent per second, as the inspection reckons them. Left out: as many as the other bounds can need."""


class PulseForm(Form):
    """A page that is asked for slowly before and during the inspection, to see that the shop stays as fast as it was."""

    server: Annotated[str, AfterValidator(entries.server_name)]
    """Server that holds the page."""
    port: Port
    """Its http or https port, declared under ports too."""
    path: Annotated[str, AfterValidator(entries.page_path)] = "/"
    """A page that works (status below 400) and changes nothing, such as the front page."""
    every_s: Annotated[float, Field(ge=1, le=30)] = 2.0
    """Seconds between two requests for it."""
    added_latency_percent: Annotated[float, Field(ge=0, le=200)] = 20.0
    """How much slower its 95th percentile may become, in percent."""
    added_latency_ms: Annotated[float, Field(ge=5, le=2_000)] = 50.0
    """How much slower it may become in any case, in milliseconds; the larger of the two counts."""
    lead_minutes: Annotated[float, Field(ge=1, le=60)] = 5.0
    """How long it is watched before the first probe. The window begins with it."""
    patience_s: Annotated[float, Field(ge=10, le=600)] = 60.0
    """How long the inspection pauses for a shop that is not well, before the window is handed back."""


class WeeklyForm(Form):
    """Hours of a week in which an inspection may be planned."""

    days: Annotated[list[Day], Field(min_length=1, max_length=7)]
    """Days on which it starts."""
    start: Clock
    """Local time at which it starts."""
    end: Clock
    """Local time at which it ends; earlier than the start means the next day; 00:00 to 00:00 is the whole day."""


class CalendarForm(Form):
    """When the system may be inspected."""

    time_zone: Annotated[str, AfterValidator(entries.time_zone)]
    """IANA name, such as Asia/Tokyo."""
    windows: Annotated[list[WeeklyForm], Field(min_length=1, max_length=50)]
    """Agreed hours."""
    blackouts: Annotated[list[Date], Field(max_length=400)] = []
    """Local dates (YYYY-MM-DD) on which nothing may run."""


class DeclarationForm(Form):
    """One declaration (申告): everything that the operator says is true of one system."""

    format: Literal["tenken-declaration/1"]
    """Version of this form."""
    name: Annotated[str, AfterValidator(entries.system_name)]
    """Stable name of the system: lower-case letters, digits, dots, hyphens."""
    title: Line
    """Name for people."""
    operator: ContactForm
    """Who answers for the system and may stop an inspection."""
    servers: Annotated[list[ServerForm], Field(min_length=1, max_length=100)]
    """Every server that is directly reachable from the Internet and supports the shop."""
    scan: Scan = "top-1000"
    """TCP ports to look at beside the declared ones: declared (no others), top-1000, all, or a list of ports and ranges."""
    anchors: Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=20)] = []
    """Trust anchors beside Mozilla's set: PEM files in the folder of the declaration, or the PEM text itself."""
    revocation: Annotated[list[SourceForm], Field(max_length=50)] = []
    """Hosts of CRLs and OCSP responders that may be asked. Left out: none is asked, and nothing is said about revocation."""
    pace: PaceForm = PaceForm()
    """Upper bounds for the system as a whole."""
    pulse: PulseForm | None = None
    """The page on which the shop's own latency is watched. Left out: it is not watched, and nothing is said about it."""
    calendar: CalendarForm
    """When the system may be inspected."""
