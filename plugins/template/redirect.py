"""Redirects: where one leads, and whether that is still the end point that is inspected."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import re2

from plugins.ask import HttpAnswer, HttpAsk, WebEndpoint

FOLLOWED = frozenset({301, 302, 303, 307, 308})
"""Status codes that send on."""
MAX_TARGET = 2_000
"""Longest target that is followed."""
_TARGET = re2.compile(r"/[\x21-\x7e]*")
_AUTHORITY = re2.compile(r"(?i)(https?)://([^/?#]*)")
_DEFAULT = {"http": 80, "https": 443}


def followed(ask: HttpAsk, answer: HttpAnswer, endpoint: WebEndpoint) -> HttpAsk | None:
    """Give the ask that a redirect leads to; None: it leaves the end point, or says nothing that can be sent (semantics 16).

    A POST that is sent on as POST is not followed either: it was reviewed for one target only.
    """
    location = next((text for name, text in answer.headers if name.lower() == "location"), "").strip()
    target = _target(location, ask.path, endpoint) if location else None
    if target is None or (ask.method == "POST" and answer.status in {307, 308}):
        return None
    kept = "HEAD" if ask.method == "HEAD" else "GET" if answer.status in {301, 302, 303} else ask.method
    headers = tuple((name, text) for name, text in ask.headers if name.lower() not in {"cookie", "content-type"})
    return HttpAsk(
        method=kept,
        path=target,
        headers=ask.headers if ask.method != "POST" else headers,
        max_bytes=ask.max_bytes,
        timeout_s=ask.timeout_s,
    )


def is_redirect(answer: HttpAnswer) -> bool:
    """Tell whether an answer sends on."""
    return answer.status in FOLLOWED and any(name.lower() == "location" for name, _ in answer.headers)


def _target(location: str, base: str, endpoint: WebEndpoint) -> str | None:
    """Give the request target of a Location (RFC 9110, section 10.2.2); a path keeps its exact bytes (semantics 13)."""
    location = location.partition("#")[0]
    if location.startswith("//"):
        location = f"{'https' if endpoint.tls else 'http'}:{location}"
    absolute = _AUTHORITY.match(location)
    if absolute:
        if not _same(absolute.group(1).lower(), absolute.group(2), endpoint):
            return None
        location = location[absolute.end() :]
        location = location if location.startswith("/") else "/" + location
    elif not location.startswith("/"):
        location = _joined(base, location)
    return location if len(location) <= MAX_TARGET and _TARGET.fullmatch(location) else None


def _joined(base: str, location: str) -> str:
    if ":" in location.partition("/")[0].partition("?")[0]:
        return ""  # another scheme, such as javascript:
    try:
        return urljoin(base, location)
    except ValueError:
        return ""


def _same(scheme: str, authority: str, endpoint: WebEndpoint) -> bool:
    """Tell whether an authority is the end point; a name with a user part never is."""
    if "@" in authority or scheme != ("https" if endpoint.tls else "http"):
        return False
    try:
        parts = urlsplit(f"{scheme}://{authority}")
        port = parts.port or _DEFAULT[scheme]
    except ValueError:
        return False
    hosts = {endpoint.host.lower().rstrip("."), endpoint.address.lower()}
    return port == endpoint.port and (parts.hostname or "").rstrip(".") in hosts
