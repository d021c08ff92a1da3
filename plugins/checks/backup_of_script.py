"""Copies that an editor or a hand left beside a script that the front page names: `cart.php~`, `cart.php.bak`.

A template names its paths beforehand; which scripts a shop has, only its pages tell. The server runs `cart.php`, but hands out
the copy as text, passwords and all.
"""

from __future__ import annotations

from collections.abc import Iterator

import re2

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, WebEndpoint
from plugins.check import Check, CheckProgram
from plugins.template.model import Classification, Inspection, Template, Threat
from plugins.template.program import Hit, Match, NotTested
from plugins.template.state import Before
from plugins.text import Text

MOST_SCRIPTS = 4
"""Scripts that copies are looked for of."""
MAX_BYTES = 512
"""Read of a copy: enough to see that it is source code, and no more."""
ENDINGS = ("~", ".bak", ".old", ".orig")
"""What editors and hands append."""

_LINK = re2.compile(rb"(?i)(?:href|src|action)\s*=\s*[\"']?(/?[a-z0-9_./-]{1,80}\.(?:php|cgi|pl|asp|jsp))[\"'?#>\s]")
_SOURCE = re2.compile(rb"<\?php\s|<\?=|<%@\s|#!\s*/\S*(?:perl|python|ruby|php|sh)\b")
_ACCEPTED = (200, 206)

CARD = Template(
    id="backup-of-linked-script",
    name="Copy of a script beside it",
    severity="high",
    authors=("tenken",),
    description="Asks for copies of the scripts that the front page links to, and reads their first bytes.",
    tags=("exposure", "backup", "check"),
    references=("https://cwe.mitre.org/data/definitions/530.html",),
    classification=Classification(cwe=("CWE-530",)),
    inspection=Inspection(
        threat=Threat.FILE_READ,
        certainty="verified",
        title=Text(
            en="A copy of a server-side script can be read as source code",
            ja="サーバ側スクリプトの控えがソースコードのまま読み取れます",
        ),
        remedy=Text(
            en="Remove copies such as *.bak and *~ from the published folders, and change the passwords that stood in them.",
            ja="公開フォルダから *.bak や *~ などの控えを取り除き、そこに書かれていたパスワードを変更してください。",
        ),
    ),
    http=(),
)


def run(endpoint: WebEndpoint) -> CheckProgram:
    """Look for copies."""
    del endpoint
    front = HttpAsk(path="/")
    page = yield front
    if not isinstance(page, HttpAnswer):
        return NotTested(reason=f"{page.reason}: {page.detail}" if isinstance(page, NoAnswer) else "no front page")
    gap = ""
    for path in _scripts(page.body):
        for ending in ENDINGS:
            ask = HttpAsk(path=path + ending, max_bytes=MAX_BYTES)
            answer = yield ask
            if isinstance(answer, NoAnswer):
                gap = gap or f"{answer.reason}: {answer.detail}"
            elif isinstance(answer, HttpAnswer) and answer.status in _ACCEPTED and _SOURCE.search(answer.body):
                return Match(hits=(Hit(block=0, ask=ask, before=Before(), matchers=("source code",), extracted=()),))
    return NotTested(reason=gap) if gap else None


def _scripts(page: bytes) -> Iterator[str]:
    """Give the first scripts of this server that a page links to; a path with `..` or `//` could mean another place."""
    seen: dict[str, None] = {}
    for hit in _LINK.finditer(page):
        path = "/" + hit.group(1).decode("ascii").lstrip("/")
        if ".." not in path and "//" not in path:
            seen[path] = None
        if len(seen) >= MOST_SCRIPTS:
            break
    yield from seen


CHECK = Check(card=CARD, run=run)
"""Registered in the catalogue."""
