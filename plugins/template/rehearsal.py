"""Rehearsals: a signature's test transcripts, and the run of the real program over them.

Beside every `<id>.yaml` lies `<id>.transcripts.yaml`: a list of cases, each a server that is remembered by its answers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import cast

from plugins import strict_yaml
from plugins.ask import Answer, Ask, HttpAnswer, HttpAsk, Method, NoAnswer, NoAnswerReason, WebEndpoint
from plugins.strict_yaml import Problem, StrictYamlError
from plugins.template.load import TemplateError
from plugins.template.model import Template
from plugins.template.program import Outcome, replay
from plugins.template.sheet import Node
from plugins.value import value

ENDPOINT = WebEndpoint(address="127.0.0.1", port=80, tls=False, host="shop.example")
"""End point that transcripts are about."""
OTHERWISE = HttpAnswer(
    status=404, headers=(("content-type", "text/html"),), body=b"<html><title>404 Not Found</title></html>"
)
"""What a remembered server answers to everything else."""

_CASE = ("kind", "server", "exchanges", "extracted")
_EXCHANGE = ("method", "path", "status", "headers", "body", "hex")


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
    """Its answers; everything else is answered with 404."""
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
    return replay(template, ENDPOINT, lambda ask: _answer(case, ask))


def _answer(case: Case, ask: Ask) -> Answer:
    for exchange in case.exchanges if isinstance(ask, HttpAsk) else ():
        if isinstance(ask, HttpAsk) and (exchange.method, exchange.path) == (ask.method, ask.path):
            body = exchange.answer.body
            return HttpAnswer(
                status=exchange.answer.status,
                headers=exchange.answer.headers,
                body=body[: ask.max_bytes],
                truncated=len(body) > ask.max_bytes,
            )
    return OTHERWISE if isinstance(ask, HttpAsk) else NoAnswer(reason=NoAnswerReason.REFUSED, detail="not remembered")


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
    return Case(
        kind=kind.member(Kind) if kind else Kind.FIXED,
        server=server.text() if server else "",
        exchanges=tuple(_exchange(entry) for entry in exchanges.entries()) if exchanges else (),
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


def _body(node: Node) -> bytes:
    body, digits = node.at("body"), node.at("hex")
    if digits is None:
        return body.raw().encode() if body else b""
    try:
        return bytes.fromhex(digits.text())
    except ValueError:
        digits.blame("expected pairs of hexadecimal digits")
        return b""
