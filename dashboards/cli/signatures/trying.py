"""`tenken signatures try` and `record`: one signature on one server, by a sealed order like everything that is ever sent."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import yaml

from dashboards.cli.signatures.aim import aimed, run_on
from dashboards.cli.signatures.folder import EXIT_MISTAKES, EXIT_WRONG_INPUT, HERE, refusals
from grid.evidence import read_observations, read_transcript
from plugins.ask import Ask, HttpAnswer, NoAnswer
from plugins.pack import TRANSCRIPTS, Pack, Signature, load_pack, load_signature, pack_of
from plugins.template.rehearsal import Kind
from probes.holes.endpoints import web_endpoints
from probes.holes.facts import Exchange, HolesBegan
from probes.holes.judge import told
from probes.holes.record import Record
from probes.observation import Observation
from probes.transcript import printable
from probes.verdict import Outcome
from scheduler.result import Result

try_app = typer.Typer(add_completion=False)
record_app = typer.Typer(add_completion=False)

_OF_THE_MOMENT = frozenset({"date", "connection", "transfer-encoding", "content-length", "content-encoding"})
"""Header fields that say nothing about the server; bodies are kept decoded."""

File = Annotated[Path, typer.Argument(help="Signature (YAML).")]
Url = Annotated[str, typer.Argument(help="Web server: http://127.0.0.1:8080 freely, others with --declaration.")]
Declaration = Annotated[
    Path | None,
    typer.Option(help="Declaration of the system that the server belongs to; you have to prove control of it."),
]


@dataclass(frozen=True)
class _Seen:
    """What came of a look."""

    result: Result
    observations: tuple[Observation, ...]
    folder: Path

    @property
    def exchanges(self) -> list[Exchange]:
        return [seen.fact for seen in self.observations if isinstance(seen.fact, Exchange)]


@try_app.command("try")
def try_(
    file: File,
    url: Url,
    *,
    declaration: Declaration = None,
    out: Annotated[Path | None, typer.Option(help="Keep result and evidence in this folder.")] = None,
) -> None:
    """Try one signature on one server: show what it asks, what matches, and the evidence. Sends by a sealed order only.

    Exit code: 0 not found, 1 found, 2 not tested, 3 wrong input.
    """
    with refusals():
        signature = load_signature(file)
        with _looked(signature, url, declaration, out) as seen:
            _show(signature, seen)
    outcomes = {entry.outcome for entry in seen.result.verdict.coverage if entry.check == signature.id}
    if Outcome.FOUND in outcomes:
        raise typer.Exit(EXIT_MISTAKES)
    raise typer.Exit(2 if Outcome.NOT_TESTED in outcomes else 0)


@record_app.command("record")
def record(
    url: Annotated[str, typer.Argument(help="What to ask for: http://127.0.0.1:8080/path.")],
    *,
    signature: Annotated[
        Path | None, typer.Option("--for", help="Ask what this signature asks, and add the case to its transcripts.")
    ] = None,
    kind: Annotated[Kind, typer.Option(help="What the server stands for.")] = Kind.VULNERABLE,
    server: Annotated[str, typer.Option(help="Which server it is, for people.")] = "",
    declaration: Declaration = None,
) -> None:
    """Turn a real exchange into a transcript: printed, or added to the transcripts of a signature.

    Exit code: 0 recorded, 2 no answer, 3 wrong input.
    """
    base, slash, path = _split(url)
    with refusals():
        one = load_signature(signature) if signature else _plain(slash + path)
        with _looked(one, base, declaration, None) as seen:
            case = _case(one, seen, kind, server or f"recorded from {base}")
    if not case["exchanges"]:
        typer.echo("the server gave no answer; nothing was recorded", err=True)
        raise typer.Exit(2)
    text = yaml.safe_dump([case], sort_keys=False, allow_unicode=True, width=120)
    if signature is None:
        typer.echo(text, nl=False)
        return
    beside = signature.with_name(signature.stem + TRANSCRIPTS)
    with beside.open("a", encoding="utf-8") as transcripts:
        transcripts.write(text)
    typer.echo(f"added to {beside}")


def _split(url: str) -> tuple[str, str, str]:
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority}", slash or "/", path


def _plain(path: str) -> Signature:
    """Make a signature that only asks; no page holds the word that it looks for."""
    document = {
        "id": "recording",
        "info": {
            "name": "recording",
            "author": "tenken",
            "severity": "info",
            "metadata": {
                "tenken": {
                    "threat": "other",
                    "certainty": "verified",
                    "title": {"en": "recording", "ja": "記録"},
                    "remedy": {"en": "none", "ja": "なし"},
                }
            },
        },
        "http": [
            {
                "path": ["{{BaseURL}}" + path],
                "matchers": [{"type": "word", "words": ["this word is on no page: 5f1c9e"]}],
            }
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recording.yaml"
        file.write_text(yaml.safe_dump(document), encoding="utf-8")
        return load_signature(file)


@contextmanager
def _looked(signature: Signature, url: str, declaration: Path | None, out: Path | None) -> Iterator[_Seen]:
    """Look at a server with one signature; give what was seen, while its evidence exists."""
    aim = aimed(url, declaration)
    with tempfile.TemporaryDirectory(prefix="tenken-try-") as scratch:
        folder = out or Path(scratch)
        if (folder / "result.json").exists():
            typer.echo(f"{folder}: holds a result already; choose another folder with --out", err=True)
            raise typer.Exit(EXIT_WRONG_INPUT)
        folder.mkdir(parents=True, exist_ok=True)
        result = run_on(aim, _pack(signature), folder)
        evidence = folder / "evidence"
        name = aim.system.targets[0].name
        yield _Seen(result, tuple(read_observations(evidence, name)), evidence / name)


def _pack(signature: Signature) -> Pack:
    fingerprints = load_pack(HERE).fingerprints if HERE.is_dir() else load_pack().fingerprints
    return pack_of((signature,), fingerprints)


def _show(signature: Signature, seen: _Seen) -> None:
    typer.echo(f"order {seen.result.servers[0].order_id}, pack {seen.result.pack_digest[:16]}")
    typer.echo("asks:")
    for exchange in seen.exchanges:
        again = " (second look)" if exchange.look > 1 else ""
        typer.echo(f"  {told(exchange.ask)} -> {_answer(exchange)}{again}")
    for finding in seen.result.verdict.findings:
        typer.echo(f"match: {finding.title.en} ({finding.certainty}, {finding.grade})")
        typer.echo(f"  seen: {finding.seen}")
        for digest in finding.evidence:
            typer.echo(f"  evidence {digest[:16]}:")
            transcript = read_transcript(seen.folder.parent, seen.folder.name, digest)
            for passage in transcript.passages:
                typer.echo(f"    {passage.direction}: {printable(passage.data, 400)}")
    for entry in seen.result.verdict.coverage:
        if entry.check == signature.id:
            typer.echo(f"{entry.check}: {entry.outcome}{f', {entry.reason}' if entry.reason else ''}")
    tally = seen.result.tally
    typer.echo(f"sent: {tally.connections} connections, {tally.requests} asks, {tally.bytes_sent} bytes")


def _answer(exchange: Exchange) -> str:
    answer = exchange.answer
    if isinstance(answer, HttpAnswer):
        return f"{answer.status}, {len(answer.body)} bytes{', cut' if answer.truncated else ''}"
    if isinstance(answer, NoAnswer):
        return f"no answer: {answer.reason} {printable(answer.detail.encode())}"
    return f"{answer.kind} answer"


def _case(signature: Signature, seen: _Seen, kind: Kind, server: str) -> dict[str, object]:
    """Make a case of what the signature itself asked; front asks and baselines are left out."""
    (target,) = (server_.target for server_ in seen.result.servers)
    (endpoint,) = web_endpoints(target)
    (occasion,) = (one.fact.occasion for one in seen.observations if isinstance(one.fact, HolesBegan))
    record_ = Record(endpoint, occasion)
    for exchange in seen.exchanges:
        record_.keep(exchange)
    _, asked = record_.replay(signature)
    pairs = ((ask, record_.first(ask)) for ask in dict.fromkeys(asked))
    exchanges = [_exchange(ask, answer) for ask, answer in pairs if isinstance(answer, HttpAnswer)]
    return {"kind": str(kind), "server": server, "exchanges": exchanges}


def _exchange(ask: Ask, answer: HttpAnswer) -> dict[str, object]:
    """Write an exchange; what is no plain text is written as hexadecimal digits."""
    written: dict[str, object] = (
        {} if getattr(ask, "method", "GET") == "GET" else {"method": getattr(ask, "method", "")}
    )
    written |= {"path": getattr(ask, "path", ""), "status": answer.status}
    if answer.headers:
        written["headers"] = {name: text for name, text in answer.headers if name not in _OF_THE_MOMENT}
    text = _plain_text(answer.body)
    written |= {"hex": answer.body.hex()} if text is None else {"body": text}
    return written


def _plain_text(body: bytes) -> str | None:
    try:
        text = body.decode("utf-8")
    except ValueError:
        return None
    return text if all(sign.isprintable() or sign in "\n\t" for sign in text) else None
