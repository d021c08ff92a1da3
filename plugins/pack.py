"""The signature pack: everything under `signatures/`, loaded, admitted and named by one digest.

A pack is a value: it can be sent to a worker, or loaded there again, and the digest says whether both are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable

from plugins import canonical
from plugins.admission import examine
from plugins.strict_yaml import Problem
from plugins.template.load import TemplateError, load
from plugins.template.model import Template
from plugins.value import value

MAX_FILES = 5_000
"""Most signatures of one pack."""
_SUFFIX = ".yaml"
_TRANSCRIPTS = ".transcripts.yaml"


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
    """Path inside the pack, such as `nginx/CVE-2021-23017.yaml`."""
    digest: str
    """SHA-256 of the file, hex."""
    template: Template
    """What it says."""

    @property
    def id(self) -> str:
        """Stable id; the rule of its findings."""
        return self.template.id


@value
class Pack:
    """Every signature that an inspection uses."""

    signatures: tuple[Signature, ...]
    """In the order of their ids."""
    digest: str
    """SHA-256 over paths and contents of all files, hex; part of every result."""


def load_pack(folder: Traversable | None = None) -> Pack:
    """Load the installed `signatures/` (or another folder); raises `PackError` with every mistake of every file."""
    problems: list[Problem] = []
    signatures: dict[str, Signature] = {}
    for family, source, content in _files(folder or resources.files("signatures")):
        signature = _signature(family, source, content, problems)
        if signature is None:
            continue
        twin = signatures.setdefault(signature.id, signature)
        if twin is not signature:
            problems.append(Problem(source=source, line=0, message=f"id {signature.id} is also in {twin.source}"))
    if not signatures and not problems:
        problems.append(Problem(source="signatures", line=0, message="no signature found; a pack may not be empty"))
    if problems:
        raise PackError(tuple(problems))
    return pack_of(tuple(signatures.values()))


def pack_of(signatures: tuple[Signature, ...]) -> Pack:
    """Make a pack of loaded signatures."""
    ordered = tuple(sorted(signatures, key=lambda signature: signature.id))
    names = [[signature.source, signature.digest] for signature in ordered]
    return Pack(signatures=ordered, digest=canonical.digest(sorted(names), list[list[str]]))


def _files(folder: Traversable) -> Iterator[tuple[str, str, bytes]]:
    count = 0
    for family in sorted((entry for entry in folder.iterdir() if entry.is_dir()), key=lambda entry: entry.name):
        for entry in sorted(family.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(_SUFFIX) and not entry.name.endswith(_TRANSCRIPTS):
                count += 1
                if count > MAX_FILES:
                    raise PackError((Problem(source=family.name, line=0, message=f"more than {MAX_FILES} files"),))
                yield family.name, f"{family.name}/{entry.name}", entry.read_bytes()


def _signature(family: str, source: str, content: bytes, problems: list[Problem]) -> Signature | None:
    try:
        template = load(content, source)
    except TemplateError as error:
        problems.extend(error.problems)
        return None
    refusals = examine(template)
    problems.extend(Problem(source=source, line=0, message=f"not admitted, {refusal}") for refusal in refusals)
    if source != f"{family}/{template.id}{_SUFFIX}":
        problems.append(
            Problem(source=source, line=0, message=f"the file of {template.id} is named {template.id}.yaml")
        )
    return Signature(family=family, source=source, digest=hashlib.sha256(content).hexdigest(), template=template)
