"""Control asks: what differs from an ask only in what cannot be there. Where it shows the same, the first ask showed nothing.

An ask for `/static/../secret` is controlled by one for `/static/../<random>`; a parameter by the same one with a random value; a
header by the same ask without it. A front page, a banner and a handshake have no counterpart that cannot be there: what they show
is true of every one of them, and the second look is all that confirms it.
"""

from __future__ import annotations

from dataclasses import replace

from plugins.ask import Ask, DnsAsk, HttpAsk
from plugins.template.chance import Occasion
from probes.holes.front import token

NOWHERE = "/tenken-no-such-page"
"""Path that signatures of error pages ask for; no server has it."""
OURS = "x-tenken-"
"""Beginning of header names by which checks tell their visits apart; they ask for nothing."""


def control_of(ask: Ask, occasion: Occasion) -> Ask | None:
    """Give the control of an ask; None when there is none."""
    if isinstance(ask, HttpAsk):
        return _of_http(ask, token(occasion, "control", ask.method, ask.path))
    if isinstance(ask, DnsAsk):
        label, _, rest = ask.name.partition(".")
        return replace(ask, name=f"{token(occasion, 'control', label)}.{rest}") if rest else None
    return None


def _of_http(ask: HttpAsk, random: str) -> HttpAsk | None:
    if ask.path == NOWHERE:
        # What an error page says is said on every page that does not exist, so nothing tells it from its control.
        return None
    path, mark, query = ask.path.partition("?")
    folder, _, name = path.rpartition("/")
    # A front page answers whatever it is asked, under each of its names; its parameters are the question.
    if (name or folder) and not (query and not folder and name.lower().startswith(("index.", "default."))):
        return replace(ask, path=f"{_other(path, random)}{mark}{query}")
    if query:
        return replace(ask, path=f"{path}?{_other_values(query, random)}")
    kept = tuple(header for header in ask.headers if header[0].lower().startswith(OURS))
    return replace(ask, headers=kept) if kept != ask.headers else None


def _other(path: str, random: str) -> str:
    """Replace the last piece of a path by one that cannot be there, with the same ending and at most its length or 16."""
    slash = "/" if path.endswith("/") else ""
    folder, _, name = path.removesuffix("/").rpartition("/")
    stem, dot, ending = name.rpartition(".")
    if not stem:
        return f"{folder}/{dot}{random}{slash}"
    return f"{folder}/{random}{dot}{ending}{slash}"


def _other_values(query: str, random: str) -> str:
    pairs = []
    for pair in query.split("&"):
        name, equals, _ = pair.partition("=")
        pairs.append(f"{name}={random}" if equals else random)
    return "&".join(pairs)
