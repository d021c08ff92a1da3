"""Judging stored evidence again: no packet, no clock, no worker (promise 9)."""

from __future__ import annotations

from pathlib import Path

from grid.evidence import CONTROL, EvidenceError, read_keys, read_observations, read_sealed, read_transcript
from grid.key import TrustedKeys
from grid.seal import SealedOrder, SealError, read_order
from plugins import canonical
from plugins.pack import Pack
from probes.catalog import judge_server
from probes.verdict import RULES_VERSION, Verdict, combine
from scheduler.controls.weigh import standing_verdicts, without
from scheduler.result import BEFORE_CONTROLS, Control, Result


class RejudgeError(Exception):
    """Evidence that cannot be judged again."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(where, problem)
        self.where, self.problem = where, problem

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


def read_result(path: Path) -> Result:
    """Read `result.json`, or the one in a folder; raises `RejudgeError`."""
    file = path / "result.json" if path.is_dir() else path
    try:
        return canonical.loads(Result, file.read_bytes())
    except OSError as error:
        raise RejudgeError(str(file), f"cannot be read: {error.strerror}") from None
    except canonical.NotCanonicalError as error:
        raise RejudgeError(str(file), f"not a tenken-result/1 document: {error}") from None


def rejudge(folder: Path, pack: Pack, trusted: TrustedKeys | None = None) -> Verdict:
    """Give the system's verdict from `folder/evidence` alone.

    `trusted` are the keys whose orders count; None: the keys kept beside the evidence. Every transcript that an observation
    refers to is read and checked against its digest. Raises `RejudgeError`.
    """
    evidence = folder / "evidence"
    try:
        keys = trusted if trusted is not None else read_keys(evidence)
        verdicts = [_server(evidence, sealed, keys, pack) for sealed in read_sealed(evidence)]
    except (EvidenceError, SealError) as error:
        raise RejudgeError(str(evidence), str(error)) from None
    if not verdicts:
        raise RejudgeError(str(evidence), "holds no order; expected evidence/<server>/order.json")
    return combine(standing_verdicts(verdicts, _control(evidence)))


def _control(evidence: Path) -> Control:
    """Give what became of the control of the run; evidence of earlier versions knows of none."""
    file = evidence / CONTROL
    if not file.exists():
        return without(BEFORE_CONTROLS)
    try:
        return canonical.loads(Control, file.read_bytes())
    except (OSError, canonical.NotCanonicalError) as error:
        raise RejudgeError(str(file), str(error)) from None


def _server(evidence: Path, sealed: SealedOrder, keys: TrustedKeys, pack: Pack) -> Verdict:
    order = read_order(sealed, keys)
    server = order.scope.target.name
    observations = tuple(read_observations(evidence, server))
    for digest in {digest for observation in observations for digest in observation.evidence}:
        read_transcript(evidence, server, digest)
    return judge_server(order.scope, observations, pack)


def differences(result: Result, verdict: Verdict, pack: Pack) -> list[str]:
    """Say how a verdict that was judged again differs from the stored one; empty: it is the same."""
    lines = []
    if result.rules_version != RULES_VERSION:
        lines.append(f"rules: stored {result.rules_version}, now {RULES_VERSION}")
    if result.pack_digest != pack.digest:
        lines.append(f"signature pack: stored {result.pack_digest[:16]}, now {pack.digest[:16]}")
    if result.verdict.standing is not verdict.standing:
        lines.append(f"verdict: stored {result.verdict.standing}, now {verdict.standing}")
    lines += _changed(
        "finding",
        {canonical.digest(f): f.rule for f in result.verdict.findings},
        {canonical.digest(f): f.rule for f in verdict.findings},
    )
    lines += _changed(
        "coverage",
        {canonical.digest(c): c.check for c in result.verdict.coverage},
        {canonical.digest(c): c.check for c in verdict.coverage},
    )
    return lines


def _changed(what: str, stored: dict[str, str], now: dict[str, str]) -> list[str]:
    gone = [f"{what} only in the stored result: {stored[key]}" for key in stored.keys() - now.keys()]
    new = [f"{what} only now: {now[key]}" for key in now.keys() - stored.keys()]
    return sorted(gone) + sorted(new)
