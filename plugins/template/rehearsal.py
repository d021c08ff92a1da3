"""Rehearsals: a signature's test transcripts, and the run of the real program over them.

Beside every `<id>.yaml` lies `<id>.transcripts.yaml`: a list of cases, each a server that is remembered by its answers. A web
server answers by path; a service by what it `says` at each read of a connection, a name server by `rcode`, `flags` and `answer`,
both connection by connection, and the last one from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import cast

from plugins import strict_yaml
from plugins.ask import (
    Answer,
    Ask,
    DnsAnswer,
    DnsAsk,
    DnsEndpoint,
    DnsRecord,
    Endpoint,
    HttpAnswer,
    HttpAsk,
    Method,
    NoAnswer,
    NoAnswerReason,
    ServiceEndpoint,
    TcpAnswer,
    TcpAsk,
    WebEndpoint,
)
from plugins.strict_yaml import Problem, StrictYamlError
from plugins.template.load import TemplateError
from plugins.template.model import Template
from plugins.template.program import Outcome, replay
from plugins.template.sheet import Node
from plugins.value import value

ENDPOINT = WebEndpoint(address="127.0.0.1", port=80, tls=False, host="shop.example")
"""End point that transcripts of web servers are about."""
OTHERWISE = HttpAnswer(
    status=404, headers=(("content-type", "text/html"),), body=b"<html><title>404 Not Found</title></html>"
)
"""What a remembered server answers to everything else."""

_CASE = ("kind", "server", "exchanges", "extracted")
_EXCHANGE = ("method", "path", "status", "headers", "body", "hex")
_SAID = ("says",)
_RESOLVED = ("rcode", "flags", "answer")
_RECORD = 5
"""Fields of a record in presentation form: name, seconds, class, type, data."""


class Kind(StrEnum):
    """What a case stands for."""

    VULNERABLE = "vulnerable"
    """The signature must match."""
    FIXED = "fixed"
    """The same product without the hole: it must not match."""
    LOOK_ALIKE = "look-alike"
    """Another server that looks like it: it must not match."""


@value
class Remembered:
    """One answer of a remembered server."""

    method: Method
    """Method of the ask."""
    path: str
    """Request target of the ask."""
    answer: HttpAnswer
    """What it answered."""


@value
class Case:
    """One remembered server."""

    kind: Kind
    """What it stands for."""
    server: str
    """Which server it was, for people."""
    exchanges: tuple[Remembered, ...]
    """What a web server answered; everything else is answered with 404."""
    said: tuple[tuple[bytes, ...], ...] = ()
    """What a service said on each connection, read by read."""
    resolved: tuple[DnsAnswer, ...] = ()
    """What a name server answered, question by question."""
    extracted: tuple[tuple[str, str], ...] = ()
    """Values that the signature must extract."""


def load_cases(text: bytes | str, source: str) -> tuple[Case, ...]:
    """Read a file of transcripts; raises `TemplateError` with every mistake."""
    try:
        document = strict_yaml.load(text, source, scalars="strings")
    except StrictYamlError as error:
        raise TemplateError(error.problems) from None
    problems: list[Problem] = []
    cases = tuple(_case(entry) for entry in Node(document, problems).entries())
    if problems:
        raise TemplateError(tuple(problems))
    return cases


def rehearse(template: Template, case: Case) -> Outcome:
    """Run a template over a remembered server."""
    return replay(template, endpoint_of(template), memory(case))


def endpoint_of(template: Template) -> Endpoint:
    """Give the end point that the transcripts of a template are about."""
    if template.dns:
        return DnsEndpoint(address="127.0.0.1", port=53, domain=ENDPOINT.host)
    if template.tcp or template.ssl:
        ports = [port for block in template.tcp for port in block.ports]
        services = [service for block in template.tcp for service in block.services]
        return ServiceEndpoint(
            address="127.0.0.1", port=next(iter(ports), 443), host=ENDPOINT.host, service=next(iter(services), "")
        )
    return ENDPOINT


def memory(case: Case) -> Callable[[Ask], Answer]:
    """Give what answers as the remembered server did."""
    said, resolved = list(case.said), list(case.resolved)

    def answer(ask: Ask) -> Answer:
        if isinstance(ask, HttpAsk):
            return _page(case, ask)
        if isinstance(ask, TcpAsk) and said:
            return _spoken(said.pop(0) if len(said) > 1 else said[0], ask)
        if isinstance(ask, DnsAsk) and resolved:
            return resolved.pop(0) if len(resolved) > 1 else resolved[0]
        return NoAnswer(reason=NoAnswerReason.REFUSED, detail="not remembered")

    return answer


def _page(case: Case, ask: HttpAsk) -> HttpAnswer:
    for exchange in case.exchanges:
        if (exchange.method, exchange.path) == (ask.method, ask.path):
            body = exchange.answer.body
            return HttpAnswer(
                status=exchange.answer.status,
                headers=exchange.answer.headers,
                body=body[: ask.max_bytes],
                truncated=len(body) > ask.max_bytes,
            )
    return OTHERWISE


def _spoken(said: tuple[bytes, ...], ask: TcpAsk) -> TcpAnswer:
    """Hand out what was said to the reads of an ask in their order, the last of them included."""
    waiting = iter(said)
    reads = tuple(next(waiting, b"")[: step.read] if step.read else b"" for step in ask.steps)
    last = next(waiting, b"")
    return TcpAnswer(reads=reads, data=last[: ask.read], truncated=len(last) > ask.read)


def _case(node: Node) -> Case:
    if not node.keys(_CASE, {}):
        return Case(kind=Kind.FIXED, server="", exchanges=())
    kind, server, exchanges, extracted = (
        node.need("kind"),
        node.need("server"),
        node.need("exchanges"),
        node.at("extracted"),
    )
    values = extracted.data.items() if extracted and isinstance(extracted.data, dict) else ()
    entries = tuple(exchanges.entries()) if exchanges else ()
    return Case(
        kind=kind.member(Kind) if kind else Kind.FIXED,
        server=server.text() if server else "",
        exchanges=tuple(_exchange(entry) for entry in entries if not (_has(entry, "says") or _has(entry, "rcode"))),
        said=tuple(_said(entry) for entry in entries if _has(entry, "says")),
        resolved=tuple(_resolved(entry) for entry in entries if _has(entry, "rcode")),
        extracted=tuple((name, str(text)) for name, text in values),
    )


def _exchange(node: Node) -> Remembered:
    empty = Remembered(method="GET", path="", answer=OTHERWISE)
    if not node.keys(_EXCHANGE, {}):
        return empty
    path, status, method = node.need("path"), node.need("status"), node.at("method")
    if path is None or status is None:
        return empty
    headers = node.at("headers")
    pairs = headers.data.items() if headers and isinstance(headers.data, dict) else ()
    return Remembered(
        method=cast(Method, method.choice(("GET", "HEAD", "OPTIONS", "POST"))) if method else "GET",
        path=path.text(),
        answer=HttpAnswer(
            status=status.whole(100, 599),
            headers=tuple((name.lower(), str(text)) for name, text in pairs),
            body=_body(node),
        ),
    )


def _has(node: Node, key: str) -> bool:
    return isinstance(node.data, dict) and key in node.data


def _said(node: Node) -> tuple[bytes, ...]:
    """Read `says`: one entry for each read, as text or as `{hex: ...}`."""
    says = node.need("says") if node.keys(_SAID, {}) else None
    return tuple(_spoken_entry(entry) for entry in says.entries()) if says else ()


def _spoken_entry(node: Node) -> bytes:
    if not isinstance(node.data, dict):
        return node.raw().encode("latin-1", "replace")
    return _body(node) if node.keys(("hex",), {}) else b""


def _resolved(node: Node) -> DnsAnswer:
    if not node.keys(_RESOLVED, {}):
        return DnsAnswer(rcode=2)
    rcode, flags, answer = node.need("rcode"), node.at("flags"), node.at("answer")
    return DnsAnswer(
        rcode=rcode.whole(0, 23) if rcode else 2,
        flags=flags.texts() if flags else (),
        answer=tuple(_record(entry) for entry in answer.entries()) if answer else (),
    )


def _record(node: Node) -> DnsRecord:
    fields = node.text().split(maxsplit=_RECORD - 1)
    if len(fields) < _RECORD or not fields[1].isdigit():
        node.blame("expected a record such as 'version.bind. 0 CH TXT \"9.18.24\"'")
        return DnsRecord(name="", ttl=0, dns_class="IN", type="A", data="")
    name, ttl, dns_class, kind, data = fields
    return DnsRecord(name=name.rstrip("."), ttl=int(ttl), dns_class=dns_class, type=kind, data=data)


def _body(node: Node) -> bytes:
    body, digits = node.at("body"), node.at("hex")
    if digits is None:
        return body.raw().encode() if body else b""
    try:
        return bytes.fromhex(digits.text())
    except ValueError:
        digits.blame("expected pairs of hexadecimal digits")
        return b""
