"""No signature holds for servers that have no hole: what every site may answer to anything, and an article about the hole.

The holes probe would doubt most of these anyway (pages that cannot exist, control asks). A matcher has to be right without that.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from functools import cache

import pytest

from plugins.ask import Answer, Ask, HttpAnswer, HttpAsk, NoAnswer, NoAnswerReason
from plugins.pack import Signature
from plugins.template.program import Match, Outcome
from plugins.template.rehearsal import ENDPOINT, Kind
from plugins.trial import OCCASION, start
from tests.pack import PACK
from tests.signatures.test_fingerprints import PROSE
from tests.signatures.test_signatures import cases_of

Server = Callable[[HttpAsk], HttpAnswer]
MOST = 300
"""Asks after which a signature is not worth waiting for."""
KNOWN = {"cakephp/cakephp-debug-open.yaml"}
"""The path is one that nobody writes an article for: a page that does not exist."""


def _page(body: bytes | str, kind: str = "text/html; charset=utf-8", status: int = 200, **more: str) -> HttpAnswer:
    headers = (
        ("content-type", kind),
        ("server", "nginx"),
        *((name.replace("_", "-"), text) for name, text in more.items()),
    )
    return HttpAnswer(status=status, headers=headers, body=body.encode() if isinstance(body, str) else body)


def _echo(ask: HttpAsk) -> HttpAnswer:
    said = f"{ask.method} {ask.path}\n" + "".join(f"{name}: {text}\n" for name, text in ask.headers)
    return _page(f"<html><title>Not found</title><pre>{html.escape(said)}</pre></html>".encode() + ask.body)


_LISTING = "<html><head><title>Index of /</title></head><body><h1>Index of /</h1><pre><a href='../'>../</a></pre></body></html>"
_SIGN_IN = "<title>Login</title><form method=post><input name=username><input type=password name=password></form>"
_SCRIPT_PAGE = (
    "<!doctype html><html><head><title>Shop</title><script type=module src=/a.js></script></head><div id=root></div>"
)
_FEED = '<?xml version="1.0"?><rss version="2.0"><channel><title>Shop</title></channel></rss>'
SERVERS: dict[str, Server] = {
    "article": lambda _: _page(PROSE),
    "nothing": lambda _: _page(b""),
    "empty object": lambda _: _page("{}", "application/json"),
    "empty list": lambda _: _page("[]", "application/json"),
    "error as JSON": lambda _: _page('{"error":"Not Found","status":404,"message":"no route"}', "application/json"),
    "data as JSON": lambda _: _page('{"status":"ok","data":[],"version":"1.0.0","name":"shop"}', "application/json"),
    "text": lambda _: _page("OK\n", "text/plain"),
    "feed": lambda _: _page(_FEED, "application/xml"),
    "sign-in page": lambda _: _page(_SIGN_IN),
    "folder": lambda _: _page(_LISTING),
    "script page": lambda _: _page(_SCRIPT_PAGE),
    "block page": lambda _: _page("<title>Access Denied</title>Your request was blocked. Reference #18.2f"),
    "bytes": lambda _: _page(b"\x00\x01\x02" * 50, "application/octet-stream"),
    "picture": lambda _: _page(b"GIF89a\x01\x00", "image/gif"),
    "elsewhere": lambda _: _page("", status=302, location="https://shop.example/login"),
    "password": lambda _: _page("", status=401, www_authenticate='Basic realm="x"'),
    "broken": lambda _: _page("<h1>Internal Server Error</h1>", status=500),
    "method": lambda _: _page("Method Not Allowed", status=405),
    "echo": _echo,
}
"""Servers that answer everything alike."""


@cache
def _cut(answer: HttpAnswer, limit: int) -> HttpAnswer:
    body = answer.body
    return HttpAnswer(status=answer.status, headers=answer.headers, body=body[:limit], truncated=len(body) > limit)


def _always(page: HttpAnswer) -> Server:
    return lambda _: page


def _outcome(signature: Signature, server: Server) -> Outcome:
    def answered(ask: Ask) -> Answer:
        if isinstance(ask, HttpAsk):
            return _cut(server(ask), ask.max_bytes)
        return NoAnswer(reason=NoAnswerReason.REFUSED, detail="a web server")

    running = start(signature, ENDPOINT, OCCASION)
    try:
        ask = next(running)
        for _ in range(MOST):
            ask = running.send(answered(ask))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    return None


@pytest.mark.parametrize("server", SERVERS.values(), ids=[name.replace(" ", "-") for name in SERVERS])
def test_no_signature_holds_for_a_server_that_answers_everything_alike(server: Server) -> None:
    web = (one for one in PACK.signatures if one.template.http or one.is_check)
    assert [one.source for one in web if isinstance(_outcome(one, server), Match)] == []


def _is_open_to_articles(signature: Signature) -> bool:
    """Tell whether people publish under the path: the front page, and names without a program behind them."""
    asks = [request.path for request in _requests(signature)]
    return bool(asks) and all("/.." not in path and "%" not in path and "?" not in path for path in asks)


def _requests(signature: Signature) -> list[HttpAsk]:
    seen: list[HttpAsk] = []

    def nothing(ask: HttpAsk) -> HttpAnswer:
        seen.append(ask)
        return _page(b"", status=404)

    _outcome(signature, nothing)
    return seen


def test_an_article_that_quotes_the_proof_is_no_proof() -> None:
    """Of what is asked by a plain path and fails a server."""
    loose = []
    for one in PACK.signatures:
        if one.template.inspection.certainty != "verified" or not _is_open_to_articles(one):
            continue
        for case in cases_of(one) if not one.is_check else ():
            quoted = b"\n".join(exchange.answer.body for exchange in case.exchanges).decode("utf-8", "replace")
            page = _page(
                f"<!DOCTYPE html><html><head><title>A hole</title></head><pre>{html.escape(quoted)}</pre></html>"
            )
            if case.kind is Kind.VULNERABLE and isinstance(_outcome(one, _always(page)), Match):
                loose.append(one.source)
                break
    assert set(loose) <= KNOWN, loose
