"""The signature pack: everything under `signatures/` and the catalogue of checks, admitted and named by one digest.

A pack is a value. Its digest is the SHA-256 of its manifest, which names every file and the compiled form that travels to workers.
Every order is bound to one digest, so a worker uses exactly the pack that was meant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

from plugins import canonical
from plugins.admission import Rule, examine, roles_of
from plugins.check import Check, CheckError
from plugins.checks.catalogue import catalogue
from plugins.decision import FILE as DECISIONS
from plugins.decision import Candidate, Decision, load_decisions, standing
from plugins.fingerprint import FOLDER as FINGERPRINTS
from plugins.fingerprint import Fingerprint, load_fingerprint
from plugins.strict_yaml import Problem
from plugins.template.load import TemplateError, load
from plugins.template.model import Template
from plugins.value import value

MAX_FILES = 5_000
"""Most signatures of one pack."""
CHECKS = "checks"
"""Family of the signatures that are written in Python."""
TRANSCRIPTS = ".transcripts.yaml"
"""Ending of the files that a signature is proved with."""
_SUFFIX = ".yaml"


class PackError(ValueError):
    """The pack has mistakes; each is in `problems`. Nothing of it may be used."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


@value
class Signature:
    """One signature of a pack."""

    family: str
    """Product family: the folder it lies in."""
    source: str
    """Path inside the pack, such as `nginx/CVE-2021-23017.yaml`; `checks/<id>` for a check."""
    digest: str
    """SHA-256 of the file, hex; of the module, for a check."""
    template: Template
    """What it says; of a check, its card."""
    is_check: bool = False
    """True: it is run by the installed check of this id."""
    roles: tuple[str, ...] = ()
    """Roles, one of which a server must be declared with; empty: any."""

    @property
    def id(self) -> str:
        """Stable id; the rule of its findings."""
        return self.template.id


@value
class Contents:
    """What a pack holds: its compiled form."""

    signatures: tuple[Signature, ...]
    """In the order of their ids."""
    fingerprints: tuple[Fingerprint, ...] = ()
    """In the order of their ids."""
    decisions: tuple[Decision, ...] = ()
    """Rules that reviewers set aside."""


@value
class Manifest:
    """What a pack is made of. Its SHA-256 is the digest of the pack."""

    format: Literal["tenken-pack/1"] = "tenken-pack/1"
    """Version of this document."""
    files: tuple[tuple[str, str], ...]
    """Path and SHA-256 (hex) of everything that decides, by path."""
    compiled: str
    """SHA-256 (hex) of the canonical JSON of the `Contents`."""


@value
class Pack:
    """Every signature that an inspection uses."""

    signatures: tuple[Signature, ...]
    """In the order of their ids."""
    fingerprints: tuple[Fingerprint, ...] = ()
    """In the order of their ids."""
    decisions: tuple[Decision, ...] = ()
    """Rules that reviewers set aside."""
    digest: str
    """SHA-256 of the manifest, hex; part of every order and of every result."""


def load_pack(folder: Traversable | None = None, checks: Sequence[Check] | None = None) -> Pack:
    """Load the installed `signatures/` and checks, or another folder; raises `PackError` with every mistake of every file.

    `checks`: None means the whole catalogue for the installed pack, and none for another folder.
    """
    loading = _Loading()
    if checks is None:
        checks = _catalogue(loading) if folder is None else ()
    for family, source, content in _files(folder or resources.files("signatures")):
        if family == FINGERPRINTS:
            loading.fingerprint(source, content)
        elif source == DECISIONS:
            loading.listed = content
        else:
            loading.signature(family, source, content)
    for check in checks:
        loading.check(check)
    return loading.pack()


def load_signature(path: Path) -> Signature:
    """Load one file of a signature, wherever it lies; raises `PackError`, `OSError`. No decision lets it in."""
    loading = _Loading()
    content = path.read_bytes()
    loading.signature(path.parent.name, f"{path.parent.name}/{path.name}", content)
    (signature,) = loading.pack().signatures
    return signature


def pack_of(
    signatures: Sequence[Signature], fingerprints: Sequence[Fingerprint] = (), decisions: Sequence[Decision] = ()
) -> Pack:
    """Make a pack of loaded parts."""
    contents = Contents(
        signatures=tuple(sorted(signatures, key=lambda one: one.id)),
        fingerprints=tuple(sorted(fingerprints, key=lambda one: one.id)),
        decisions=tuple(decisions),
    )
    return _named(contents, canonical.digest(manifest_of(contents, canonical.dumps(contents))))


def _named(contents: Contents, digest: str) -> Pack:
    return Pack(
        signatures=contents.signatures,
        fingerprints=contents.fingerprints,
        decisions=contents.decisions,
        digest=digest,
    )


def contents_of(pack: Pack) -> Contents:
    """Give what a pack holds, without its name."""
    return Contents(signatures=pack.signatures, fingerprints=pack.fingerprints, decisions=pack.decisions)


def manifest_of(contents: Contents, compiled: bytes) -> Manifest:
    """Give the manifest of contents whose canonical JSON is `compiled`."""
    files = [(one.source, one.digest) for one in contents.signatures]
    files += [(one.source, one.digest) for one in contents.fingerprints]
    if contents.decisions:
        files.append((DECISIONS, canonical.digest(contents.decisions, tuple[Decision, ...])))
    return Manifest(files=tuple(sorted(files)), compiled=hashlib.sha256(compiled).hexdigest())


def _catalogue(loading: _Loading) -> tuple[Check, ...]:
    try:
        return catalogue()
    except CheckError as error:
        loading.problems.append(Problem(source=CHECKS, line=0, message=str(error)))
        return ()


def _files(folder: Traversable) -> Iterator[tuple[str, str, bytes]]:
    """Give family, path and content of every file that decides; the list of decisions has no family."""
    count = 0
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name == DECISIONS and entry.is_file():
            yield "", DECISIONS, entry.read_bytes()
        if not entry.is_dir():
            continue
        for file in sorted(entry.iterdir(), key=lambda file: file.name):
            if file.name.endswith(_SUFFIX) and not file.name.endswith(TRANSCRIPTS):
                count += 1
                if count > MAX_FILES:
                    raise PackError((Problem(source=entry.name, line=0, message=f"more than {MAX_FILES} files"),))
                yield entry.name, f"{entry.name}/{file.name}", file.read_bytes()


class _Loading:
    """Takes the parts one by one and notes every mistake."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.listed: bytes | None = None
        self._signatures: dict[str, Signature] = {}
        self._fingerprints: dict[str, Fingerprint] = {}
        self._candidates: dict[str, Candidate] = {}

    def signature(self, family: str, source: str, content: bytes) -> None:
        """Take a file of a signature."""
        try:
            template = load(content, source)
        except TemplateError as error:
            self.problems.extend(error.problems)
            return
        if source != f"{family}/{template.id}{_SUFFIX}":
            self._blame(source, f"the file of {template.id} is named {template.id}.yaml")
        self._take(family, source, hashlib.sha256(content).hexdigest(), template, is_check=False)

    def check(self, check: Check) -> None:
        """Take a check."""
        self._take(CHECKS, f"{CHECKS}/{check.card.id}", check.digest, check.card, is_check=True)

    def fingerprint(self, source: str, content: bytes) -> None:
        """Take a file of a fingerprint."""
        identifier = source.removeprefix(f"{FINGERPRINTS}/").removesuffix(_SUFFIX)
        made, problems = load_fingerprint(content, source, identifier, hashlib.sha256(content).hexdigest())
        self.problems.extend(problems)
        self._fingerprints[made.id] = made

    def _take(self, family: str, source: str, digest: str, template: Template, *, is_check: bool) -> None:
        refusals = examine(template)
        self._candidates[template.id] = Candidate(authors=template.authors, refusals=refusals)
        # What is refused as unreadable has no roles that could be read.
        readable = not any(refusal.rule is Rule.UNREADABLE for refusal in refusals)
        roles = roles_of(template.classification) if readable else ()
        made = Signature(family=family, source=source, digest=digest, template=template, is_check=is_check, roles=roles)
        twin = self._signatures.setdefault(made.id, made)
        if twin is not made:
            self._blame(source, f"id {made.id} is also in {twin.source}")

    def pack(self) -> Pack:
        """Give the pack; raises `PackError`."""
        decisions: tuple[Decision, ...] = ()
        if self.listed is not None:
            decisions, problems = load_decisions(self.listed, DECISIONS, self._candidates)
            self.problems.extend(problems)
        for identifier, candidate in self._candidates.items():
            for refusal in standing(identifier, candidate.refusals, decisions):
                self._blame(self._signatures[identifier].source, f"not admitted, {refusal}")
        if not self._signatures and not self.problems:
            self._blame("signatures", "no signature found; a pack may not be empty")
        if self.problems:
            raise PackError(tuple(self.problems))
        return pack_of(tuple(self._signatures.values()), tuple(self._fingerprints.values()), decisions)

    def _blame(self, source: str, message: str) -> None:
        self.problems.append(Problem(source=source, line=0, message=message))
