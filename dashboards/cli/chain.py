"""`tenken chain verify`: the judgement of the TLS item about certificate chains, off-line, for files or for JSON test cases.

Nothing is sent. Only the engine is imported: a start costs less than a second, and many cases go through one start.
"""

from __future__ import annotations

import ipaddress
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from plugins.clock import SystemClock
from probes.tls.chain import crl as crls
from probes.tls.chain.build import Question
from probes.tls.chain.case import CaseError, parse, rule
from probes.tls.chain.certificate import Certificate, UnreadableError, read
from probes.tls.chain.crl import Crl, CrlError
from probes.tls.chain.general_names import NameKind
from probes.tls.chain.profile import Purpose
from probes.tls.chain.told import told
from probes.tls.chain.verify import Answer, Asked, Revocation, verify

app = typer.Typer(add_completion=False, help="Certificate chains, off-line.")
EXIT_REJECTED, EXIT_WRONG_INPUT = 1, 3
FILE_BYTES = 64 * 1024 * 1024
"""Longest file that is read."""


class OutputFormat(StrEnum):
    """How the answer is printed."""

    TEXT = "text"
    JSON = "json"


class OutputLang(StrEnum):
    """Language of the text."""

    JA = "ja"
    EN = "en"


class For(StrEnum):
    """What the certificate is used for."""

    SERVER = "server"
    CLIENT = "client"


Files = Annotated[list[Path] | None, typer.Option()]


@app.callback()
def _chain() -> None:
    """Certificate chains, off-line."""


@app.command(name="verify")
def verify_chain(
    *,
    leaf: Annotated[Path | None, typer.Option(help="The certificate in question, PEM or DER.")] = None,
    chain: Annotated[list[Path] | None, typer.Option(help="Certificates that were sent with it.")] = None,
    anchors: Annotated[list[Path] | None, typer.Option(help="Trust anchors; default: Mozilla's.")] = None,
    crl: Annotated[list[Path] | None, typer.Option(help="CRLs, delta CRLs too, PEM or DER.")] = None,
    ocsp: Annotated[list[Path] | None, typer.Option(help="OCSP responses, DER.")] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="Host name, address or mail address it must stand for.")
    ] = None,
    at: Annotated[str, typer.Option(help="Moment, ISO 8601; default: now.")] = "",
    purpose: Annotated[For, typer.Option(help="What it is used for.")] = For.SERVER,
    output: Annotated[OutputFormat, typer.Option("--format", help="How the answer is printed.")] = OutputFormat.TEXT,
    lang: Annotated[OutputLang, typer.Option(help="Language of the text.")] = OutputLang.EN,
    case_json: Annotated[
        bool, typer.Option("--case-json", help="Read JSON test cases from stdin: one document, or one a line.")
    ] = False,
) -> None:
    """Judge a chain: path, profile, names, CRLs and OCSP responses of every certificate. Nothing is sent.

    Exit code: 0 accepted, 1 rejected, 3 wrong input. With `--case-json` each case is answered with one line, `ACCEPT` or
    `REJECT reason`; the exit code then is 0 unless a single case was rejected or a case could not be read.
    """
    if case_json:
        raise typer.Exit(_cases(SystemClock().now()))
    if leaf is None:
        _wrong("--leaf: expected a file with the certificate in question, seen nothing; name one, or use --case-json")
    given = _anchors(anchors or [])
    question = Question(
        leaf=_certificates([leaf])[0],
        sent=tuple(_certificates(chain or [])),
        anchors=given,
        at=_moment(at),
        purpose=Purpose(("clientAuth" if purpose is For.CLIENT else "serverAuth",)),
        vouched=frozenset() if anchors else frozenset(anchor.fingerprint for anchor in given),
    )
    revocation = Revocation(tuple(_crls(crl or [])), {"": tuple((str(path), _read(path)) for path in ocsp or [])})
    asked = Asked(question, tuple(_kinds(name or [])), revocation)
    answer = verify(asked)
    _print(answer, asked, output, lang, _anchor_set(anchors or []))
    raise typer.Exit(0 if answer.accepted else EXIT_REJECTED)


def _wrong(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(EXIT_WRONG_INPUT)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES + 1)
    except OSError as error:
        _wrong(f"{path}: expected a file that can be read, seen: {error.strerror}; check the path")
    if len(data) > FILE_BYTES:
        _wrong(f"{path}: expected at most {FILE_BYTES} bytes, seen more; give only what is needed")
    return data


def _certificates(paths: list[Path]) -> list[Certificate]:
    found: list[Certificate] = []
    for path in paths:
        try:
            read_here = read(_read(path))
        except UnreadableError as error:
            _wrong(f"{path}: expected certificates, PEM or DER, seen: {error}; check the file")
        if not read_here:
            _wrong(f"{path}: expected certificates, seen an empty file; check the file")
        found += read_here
    return found


def _anchors(paths: list[Path]) -> tuple[Certificate, ...]:
    if paths:
        return tuple(_certificates(paths))
    import certifi  # noqa: PLC0415 - a quarter of a megabyte that most uses do not read

    return tuple(read(Path(certifi.where()).read_bytes()))


def _anchor_set(paths: list[Path]) -> str:
    if paths:
        return ", ".join(path.name for path in paths)
    import certifi  # noqa: PLC0415 - see above

    return f"certifi {certifi.__version__}"


def _crls(paths: list[Path]) -> Iterator[Crl]:
    for path in paths:
        try:
            yield from crls.read(_read(path), path.name)
        except CrlError as error:
            _wrong(f"{path}: expected CRLs, PEM or DER, seen: {error}; check the file")


def _moment(text: str) -> datetime:
    if not text:
        return SystemClock().now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        _wrong(f"--at: expected a moment such as 2026-11-23T02:00:00Z, seen {text!a}; correct it")
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _kinds(names: list[str]) -> Iterator[tuple[NameKind, str]]:
    for name in names:
        try:
            ipaddress.ip_address(name)
        except ValueError:
            yield (NameKind.EMAIL if "@" in name else NameKind.DNS), name
        else:
            yield NameKind.IP, name


def _print(answer: Answer, asked: Asked, output: OutputFormat, lang: OutputLang, anchor_set: str) -> None:
    tree: dict[str, Any] = {**told(answer, asked.question), "anchors": anchor_set}
    if output is OutputFormat.JSON:
        typer.echo(json.dumps(tree, indent=2, ensure_ascii=False))
        return
    typer.echo("ACCEPT" if answer.accepted else "REJECT")
    for certificate in tree["path"]:
        typer.echo(f"  {certificate['role']}: {certificate['subject']} (days left: {certificate['days_left']})")
    for flaw in answer.flaws:
        mark = "!" if flaw.rejects(answer.features) else "-"
        typer.echo(f"{mark} {flaw.kind.code}: {flaw.text.in_lang(lang.value)} [{flaw.kind.source}]")
    for status in tree["revocation"]:
        typer.echo(f"  {status['source']}: {status['subject']} {status['says']}")
    if tree["not_checked"]:
        typer.echo(f"  revocation not checked: {len(tree['not_checked'])} certificates")


def _cases(now: datetime) -> int:
    """Answer cases from stdin: one a line, or one document over many lines. Give the exit code."""
    answered, rejected, wrong = 0, False, False
    lines = iter(sys.stdin.readline, "")
    for line in lines:
        if not line.strip():
            continue
        if answered == 0 and not _is_document(line):
            line += "".join(lines)  # noqa: PLW2901 - one document over many lines is the other form
        answer, understood = _answer(line, now)
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()
        answered += 1
        rejected, wrong = rejected or not answer.startswith("ACCEPT"), wrong or not understood
    if not answered:
        _wrong("stdin: expected JSON test cases, seen nothing; pipe one in")
    if wrong:
        return EXIT_WRONG_INPUT
    return EXIT_REJECTED if rejected and answered == 1 else 0


def _is_document(line: str) -> bool:
    try:
        parse(line)
    except CaseError:
        return False
    return True


def _answer(text: str, now: datetime) -> tuple[str, bool]:
    try:
        return str(rule(parse(text), now)), True
    except CaseError as error:
        return f"REJECT wrong-case: {error}", False
