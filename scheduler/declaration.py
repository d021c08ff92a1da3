"""Declarations (申告): file, text, tree, form, system. Every mistake of a stage is told before the road ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from plugins.strict_yaml import Document, Problem, StrictYamlError, load, pydantic_problems
from plugins.strict_yaml import Path as TreePath
from probes.pace import Pace
from probes.pulse.facts import AgreedPulse, NoPulse, Pulse
from probes.target import (
    DeclaredPort,
    PortRange,
    RequestExtension,
    SetEndpoint,
    SetProfile,
    Source,
    Target,
    TlsEndpoint,
    TlsVersion,
    Transport,
)
from scheduler.form import anchors
from scheduler.form.cross import clashes
from scheduler.form.fields import (
    DAYS,
    CalendarForm,
    ContactForm,
    DeclarationForm,
    PortForm,
    PulseForm,
    ServerForm,
    SetForm,
    TlsForm,
)
from scheduler.form.sketch import rows
from scheduler.form.source import UnreadableError, read_file
from scheduler.system import Calendar, Contact, System, WeeklyWindow


class DeclarationError(ValueError):
    """A declaration with mistakes; each is in `problems` with its file and line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def load_declaration(declaration: Path | str | bytes, source: str = "") -> System:
    """Read a declaration from a file (a `Path`) or from its text; raises `DeclarationError` with every mistake at once.

    `source` is the name that mistakes are told under; the path, when there is one. Without a path, anchors must be PEM text.
    """
    name = source or (str(declaration) if isinstance(declaration, Path) else "declaration")
    try:
        text = read_file(declaration) if isinstance(declaration, Path) else declaration
        document = load(text, name, "typed")
    except UnreadableError as error:
        raise DeclarationError((Problem(source=name, line=0, message=str(error)),)) from None
    except StrictYamlError as error:
        raise DeclarationError(error.problems) from None
    return _judge(document, declaration.parent if isinstance(declaration, Path) else None)


def example() -> str:
    """Give the commented example: a declaration without mistakes, to be overwritten line by line."""
    return resources.files("scheduler.form").joinpath("example.yaml").read_text("utf-8")


def schema() -> dict[str, Any]:
    """Give the JSON Schema of a declaration, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **DeclarationForm.model_json_schema()}


def _judge(document: Document, folder: Path | None) -> System:
    problems = [document.problem(clash.path, clash.message) for clash in clashes(document.data)]
    trusted, wrong = _anchors(document, folder)
    roots, wrong_roots = _roots(document, folder)
    try:
        form = DeclarationForm.model_validate(document.data)
    except ValidationError as error:
        problems.extend(pydantic_problems(error, document, schema()))
        form = None
    problems.extend([*wrong, *wrong_roots])
    if form is None or problems:
        raise DeclarationError(tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.line)))
    return _system(form, trusted, roots)


def _anchors(document: Document, folder: Path | None) -> tuple[tuple[str, ...], list[Problem]]:
    """Read every anchor; give the certificates, and what is wrong with which entry."""
    return _certificates(document, folder, rows(document.data, (), "anchors", lambda entry: entry))


def _roots(document: Document, folder: Path | None) -> tuple[dict[tuple[int, int], tuple[str, ...]], list[Problem]]:
    """Read the root certificates of every SET end point, by the positions of server and end point."""
    found: dict[tuple[int, int], tuple[str, ...]] = {}
    problems: list[Problem] = []
    for path, server in rows(document.data, (), "servers", lambda entry: entry):
        for place, end in rows(server, path, "set", lambda entry: entry):
            listed = rows(end, place, "roots", lambda entry: entry)
            read, wrong = _certificates(document, folder, listed)
            found[int(path[-1]), int(place[-1])] = read
            problems += wrong
    return found, problems


def _certificates(
    document: Document, folder: Path | None, listed: Iterable[tuple[TreePath, Any]]
) -> tuple[tuple[str, ...], list[Problem]]:
    """Read a list of PEM texts and files; give the certificates, and what is wrong with which entry."""
    found: dict[str, None] = {}
    problems = []
    for path, entry in listed:
        if not isinstance(entry, str) or not entry:
            continue
        try:
            read = anchors.certificates(entry, folder)
        except ValueError as error:
            problems.append(document.problem(path, f"{path[-2]}[{path[-1]}]: {error}"))
            continue
        if any(pem in found for pem in read):
            twice = f"{path[-2]}[{path[-1]}]: this certificate is given twice; keep one of the two"
            problems.append(document.problem(path, twice))
        found.update(dict.fromkeys(read))
    return tuple(found), problems


def _system(
    form: DeclarationForm, trusted: tuple[str, ...], roots: Mapping[tuple[int, int], tuple[str, ...]]
) -> System:
    targets = tuple(
        _target(server, [roots[at, place] for place in range(len(server.set))])
        for at, server in enumerate(form.servers)
    )
    return System(
        name=form.name,
        title=form.title,
        operator=_contact(form.operator),
        targets=targets,
        tcp_ports=tuple(_scan(form, targets)),
        anchors=trusted,
        sources=tuple(Source(host=one.host, port=one.port, addresses=tuple(one.addresses)) for one in form.revocation),
        pace=Pace(**form.pace.model_dump(exclude_none=True)),
        calendar=_calendar(form.calendar),
        pulse=_pulse(form.pulse),
    )


def _pulse(form: PulseForm | None) -> AgreedPulse:
    if form is None:
        return NoPulse()
    return Pulse(
        server=form.server,
        port=form.port,
        path=form.path,
        every_s=form.every_s,
        added_latency_percent=form.added_latency_percent,
        added_latency_ms=form.added_latency_ms,
        lead_s=form.lead_minutes * 60,
        patience_s=form.patience_s,
    )


def _scan(form: DeclarationForm, targets: tuple[Target, ...]) -> Iterator[PortRange]:
    match form.scan:
        case "declared":
            declared = {port.ports for target in targets for port in target.ports if port.transport is Transport.TCP}
            yield from sorted(declared, key=lambda ports: (ports.first, ports.last))
        case "all":
            yield PortRange(first=1, last=65535)
        case "top-1000":
            return
        case asked:
            yield from sorted(asked, key=lambda ports: ports.first)


def _contact(form: ContactForm) -> Contact:
    return Contact(organisation=form.organisation, name=form.name, email=form.email, phone=form.phone)


def _target(form: ServerForm, roots: Sequence[tuple[str, ...]]) -> Target:
    return Target(
        name=form.name,
        role=form.role,
        addresses=tuple(form.addresses),
        host_names=tuple(form.host_names),
        ports=tuple(_port(port) for port in form.ports),
        tls=tuple(_tls(end) for end in form.tls),
        set=tuple(_set(end, trusted) for end, trusted in zip(form.set, roots, strict=True)),
    )


def _set(form: SetForm, roots: tuple[str, ...]) -> SetEndpoint:
    profile = form.profile
    carried = (
        RequestExtension(oid=one.oid, critical=one.critical, der=bytes.fromhex(one.der))
        for one in profile.request_extensions
    )
    return SetEndpoint(
        url=form.url,
        kind=form.kind,
        version=form.version,
        brand=form.brand,
        bin=form.bin,
        language=form.language,
        roots=roots,
        initiation_url=form.initiation_url or "",
        merchant_id=form.merchant_id or "",
        acquirer_bin=form.acquirer_bin or "",
        merchant_name=form.merchant_name or "",
        profile=SetProfile(
            message_type=profile.message_type,
            initiation_type=profile.initiation_type,
            marks=tuple(profile.marks),
            extensions=tuple(profile.extensions),
            request_extensions=tuple(carried),
        ),
    )


def _port(form: PortForm) -> DeclaredPort:
    return DeclaredPort(
        ports=form.port,
        transport=form.transport,
        service=form.service,
        purpose=form.purpose,
        restricted_to=tuple(form.restricted_to),
        exception=form.exception or "",
    )


def _tls(form: TlsForm) -> TlsEndpoint:
    order = tuple(TlsVersion)
    return TlsEndpoint(
        port=form.port,
        server_name=form.server_name,
        versions=tuple(sorted(form.versions, key=order.index)),
        client_auth=form.client_auth,
        names=tuple(form.names),
        starttls=form.starttls,
    )


def _calendar(form: CalendarForm) -> Calendar:
    windows = (
        WeeklyWindow(days=tuple(sorted(DAYS.index(day) for day in window.days)), start=window.start, end=window.end)
        for window in form.windows
    )
    return Calendar(time_zone=form.time_zone, windows=tuple(windows), blackouts=tuple(sorted(form.blackouts)))
