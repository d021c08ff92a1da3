"""Reads and judges the initiation message: the page that wakes a customer's SET software. Pure.

Which fields it has is not confirmed (`unconfirmed.py`); it is text, so it is cut into lines and nothing of it is believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import re2

from plugins.ask import HttpAnswer, NoAnswer
from plugins.value import value
from probes.set import causes, rules, unconfirmed
from probes.set.heard import initiation_type, media_type, silence
from probes.set.opinion import Breach, Gap, Opinions, Skip, say
from probes.set.protocol import same_version
from probes.target import SetEndpoint
from probes.transcript import printable

MAX_BYTES = 65_536
"""Longest initiation message that is read."""
MAX_LINES = 200
"""Most lines of its head."""
_OID = re2.compile(r"[0-2](\.[0-9]{1,10}){1,20}")
_LINE = re2.compile(r"([A-Za-z][A-Za-z0-9-]{0,60}):[ \t]*([\x20-\x7e\x80-\xff]*)")


@value
class Initiation:
    """An initiation message."""

    fields: tuple[tuple[str, str], ...]
    """Names and values in order; names as sent."""

    def all(self, name: str) -> tuple[str, ...]:
        """Give every value of a field; upper and lower case are the same in names."""
        return tuple(text for key, text in self.fields if key.lower() == name.lower())

    def first(self, name: str) -> str:
        """Give the first value of a field; empty without one."""
        return next(iter(self.all(name)), "")

    @property
    def lid_m(self) -> bytes | None:
        """The merchant's transaction id, to be copied into the request; None when there is none that fits."""
        text = self.first(unconfirmed.FIELD_LID_M).encode("latin-1", "replace")
        return text if 0 < len(text) <= unconfirmed.LOCAL_ID_BYTES else None

    @property
    def extensions(self) -> tuple[str, ...]:
        """Object identifiers of the extensions that the merchant understands."""
        words = self.first(unconfirmed.FIELD_EXTENSIONS).replace(",", " ").split()
        return tuple(word for word in words if _OID.fullmatch(word))


def read_initiation(body: bytes) -> Initiation:
    """Read the head of an initiation message: `Name: value` lines up to an empty one."""
    fields = []
    for line in body[:MAX_BYTES].decode("latin-1").split("\n")[:MAX_LINES]:
        text = line.rstrip("\r")
        if not text:
            break
        match = _LINE.fullmatch(text)
        if match:
            fields.append((match.group(1), match.group(2).strip()))
    return Initiation(fields=tuple(fields))


def initiated(endpoint: SetEndpoint, heard: HttpAnswer | NoAnswer | None) -> Initiation | None:
    """Give the initiation message when the page is one."""
    good = (
        isinstance(heard, HttpAnswer) and heard.status == 200 and media_type(heard) == initiation_type(endpoint).lower()
    )
    return read_initiation(heard.body) if good and isinstance(heard, HttpAnswer) else None


def judge_initiation(endpoint: SetEndpoint, heard: HttpAnswer | NoAnswer | None) -> Opinions:
    """Judge the page against the declaration."""
    about = (rules.INITIATION, rules.URL_DIFFERS)
    if not endpoint.initiation_url:
        yield from (Skip(rule, "no initiation page is declared") for rule in about)
        return
    reason = "it was not looked at" if heard is None else silence(heard)
    if heard is None or reason:
        yield from (Gap(rule, reason) for rule in about)
        return
    message = initiated(endpoint, heard)
    if message is None:
        yield _no_message(endpoint, heard)
        yield Gap(rules.URL_DIFFERS, "there is no initiation message")
        return
    yield from _contents(endpoint, message)


def _no_message(endpoint: SetEndpoint, heard: HttpAnswer | NoAnswer) -> Breach:
    if isinstance(heard, NoAnswer):
        return Breach(rules.INITIATION, causes.NOT_HTTP, str(heard.reason))
    if heard.status != 200:
        return Breach(
            rules.INITIATION, say(causes.INITIATION_STATUS, status=str(heard.status)), f"status {heard.status}"
        )
    seen = printable(media_type(heard).encode("utf-8", "replace"), 80) or "no Content-Type"
    return Breach(rules.INITIATION, say(causes.INITIATION_TYPE, wanted=initiation_type(endpoint)), seen)


def _contents(endpoint: SetEndpoint, message: Initiation) -> Opinions:
    seen: Mapping[str, str] = {name: _shown(message.first(name)) for name in unconfirmed.INITIATION_FIELDS}
    for name, text in seen.items():
        if not text:
            yield Breach(rules.INITIATION, say(causes.FIELD_MISSING, field=name), "missing")
    kind, url = message.first(unconfirmed.INITIATION_FIELDS[0]), message.first(unconfirmed.FIELD_URL)
    if kind and kind.lower() != unconfirmed.INITIATION_KIND.lower():
        words = {"field": unconfirmed.INITIATION_FIELDS[0], "wanted": unconfirmed.INITIATION_KIND}
        yield Breach(rules.INITIATION, say(causes.FIELD_WRONG, **words), _shown(kind))
    if not url:
        yield Gap(rules.URL_DIFFERS, "the initiation message names no URL")
    elif _comparable(url) != _comparable(endpoint.url):
        yield Breach(rules.URL_DIFFERS, causes.URL_INITIATED, _shown(url), endpoint.url)
    version = message.first(unconfirmed.FIELD_VERSION)
    if version and not same_version(endpoint.version, version):
        words = {"seen": _shown(version)}
        yield Breach(rules.VERSION_DIFFERS, say(causes.VERSION_INITIATED, **words), _shown(version), endpoint.version)
    brands = message.all(unconfirmed.FIELD_BRAND)
    if brands and unconfirmed.brand_of(endpoint.brand) not in {unconfirmed.brand_of(brand) for brand in brands}:
        yield Breach(rules.INITIATION, causes.BRAND_NOT_OFFERED, _shown(", ".join(brands)), endpoint.brand)


def _shown(text: str) -> str:
    return printable(text.encode("latin-1", "replace"), 150)


def _comparable(url: str) -> tuple[str, str, int | None, str]:
    """Give a URL in a form in which equal ones are equal (RFC 3986, section 6.2)."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower())
    except ValueError:
        return url, "", None, ""
    path = parts.path or "/"
    return parts.scheme.lower(), parts.hostname or "", port, f"{path}?{parts.query}" if parts.query else path
