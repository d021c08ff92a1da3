"""The list of signatures as one self-contained HTML page: what is looked for, for people who do not read YAML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboards.report.render import page_style, style_digest
from plugins.pack import Signature
from plugins.text import Lang, Text

_FOLDER = Path(__file__).parent
_WORDS = {
    "title": Text(en="Signatures", ja="シグネチャ一覧"),
    "intro": Text(
        en="%(number)s signatures of pack %(pack)s. Each only reads, and is proved on a vulnerable server, a mended one and "
        "one that only looks like it.",
        ja="パック %(pack)s に含まれる %(number)s 件のシグネチャです。いずれも読み取りのみを行い、脆弱なサーバ、修正済みのサーバ、"
        "似て非なるサーバで確かめてあります。",
    ),
    "id": Text(en="Id", ja="ID"),
    "what": Text(en="What it finds, what to do", ja="内容と対処"),
    "severity": Text(en="Severity", ja="深刻度"),
    "threat": Text(en="Threat", ja="脅威"),
    "certainty": Text(en="Certainty", ja="確度"),
    "product": Text(en="Product", ja="製品"),
    "any": Text(en="any", ja="限定なし"),
    "verified": Text(en="verified", ja="確認済み"),
    "suspected": Text(en="suspected", ja="推定"),
    "admin": Text(en="administrator rights", ja="管理者権限の取得"),
    "system-file-write": Text(en="system files are rewritten", ja="システムファイルの書き換え"),
    "file-read": Text(en="files are read", ja="ファイルの読み取り"),
    "file-write": Text(en="files are rewritten", ja="ファイルの書き換え"),
    "other": Text(en="other", ja="その他"),
    "critical": Text(en="critical", ja="緊急"),
    "high": Text(en="high", ja="重要"),
    "medium": Text(en="medium", ja="警告"),
    "low": Text(en="low", ja="注意"),
    "info": Text(en="none", ja="なし"),
}


def render_signatures(signatures: Sequence[Signature], digest: str, lang: Lang) -> str:
    """Give the page in one language."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    families: dict[str, list[Signature]] = {}
    for signature in signatures:
        families.setdefault(signature.family, []).append(signature)
    word = {key: text.in_lang(lang) for key, text in _WORDS.items()}
    return environment.get_template("signatures.html.j2").render(
        lang=lang,
        word=word,
        intro=word["intro"] % {"number": len(signatures), "pack": digest[:16]},
        families=sorted(families.items()),
        style=Markup(page_style()),  # noqa: S704 - our own file
        style_digest=style_digest(),
    )
