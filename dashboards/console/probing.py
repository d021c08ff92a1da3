"""`/.well-known/probing.txt`: who sends the probes, why, and how to reach them (RFC 9511, in the format of RFC 9116, section 4).

Whoever finds an unknown request in a log looks here, under the name or the address that it came from. Needs no token.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from dashboards.console.house import House, house_of

PATH = "/.well-known/probing.txt"
"""Where it is served (RFC 9511, section 2.2)."""
VALID = timedelta(days=180)
"""How long the text says that it is valid; RFC 9116 recommends less than a year."""
DESCRIPTION = (
    "Online inspection of web-shop systems by {organisation}, at the request of their operators: only declared servers, only "
    "inside agreed windows, at an agreed pace, reading only. Orders are kept; ask us and we tell who agreed, or stop at once."
)
"""Says what the probes are, in one line."""

router = APIRouter()


def probing_txt(
    contact_email: str,
    contact_uri: str,
    description: str,
    expires: datetime,
    canonical: tuple[str, ...] = (),
    egress: tuple[str, ...] = (),
) -> str:
    """Give the text. `contact_uri`, https or tel, may be empty. Raises `ValueError` for a URI that is neither.

    The addresses that probes come from stand in comments, because the format has no field for them.
    """
    if contact_uri and not contact_uri.startswith("tel:"):
        https_uri(contact_uri)
    lines = [
        *(f"# Probes come from: {ipaddress.ip_address(address)}" for address in egress),
        *(f"Canonical: {https_uri(uri)}" for uri in canonical),
        f"Contact: mailto:{quote(contact_email, safe='@+.-_')}",
        *([f"Contact: {_line(contact_uri)}"] if contact_uri else []),
        f"Expires: {expires.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: ja, en",
        f"Description: {_line(description)}",
    ]
    return "\n".join(lines) + "\n"


def https_uri(uri: str) -> str:
    """Take an https URI of one line (RFC 9116, section 2.5: web URIs begin with https)."""
    if not uri.startswith("https://") or not uri.isascii() or not uri.isprintable() or " " in uri:
        raise ValueError(f"{_line(uri)[:100]}: expected a URI that begins with https://")
    return uri


def _line(text: str) -> str:
    """Make one line of it: a line break would begin a field that nobody wrote."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


@router.get(PATH, include_in_schema=False)
def probing(house: Annotated[House, Depends(house_of)]) -> Response:
    """Say who sends the probes."""
    body = house.body
    today = house.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    text = probing_txt(
        body.email,
        f"tel:{_digits(body.phone)}" if body.phone else "",
        DESCRIPTION.format(organisation=body.organisation),
        today + VALID,
        (house.public_url + PATH,) if house.public_url else (),
        house.egress,
    )
    return Response(text, media_type="text/plain; charset=utf-8")


def _digits(phone: str) -> str:
    return "".join(letter if letter in "+0123456789" else "-" for letter in phone)
