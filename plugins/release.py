"""Releases: a pack in one file, signed by two people. The file is named by its content and holds its own proof.

manifest.json       names everything by SHA-256; its own SHA-256 is the digest of the pack
compiled.json       what workers load
files/<path>        the sources, as people read them
tests/<path>        the transcripts that they are proved with
sign-offs.json      who released it
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.resources.abc import Traversable
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from plugins import canonical, strict_yaml
from plugins.cargo import Cargo, packed, unpacked
from plugins.checks.catalogue import catalogue
from plugins.decision import FILE as DECISIONS
from plugins.pack import TRANSCRIPTS, Pack, load_pack
from plugins.strict_yaml import Problem, StrictYamlError
from plugins.template.sheet import Node
from plugins.value import value

ENDING = ".tenken-pack"
"""Ending of the file."""
MAX_BYTES = 67_108_864
"""Largest file, and most bytes that it unfolds to."""
MAX_ENTRIES = 12_000
"""Most entries of the file."""
PEOPLE = 2
"""Different people who have to sign off."""

_DOMAIN = b"tenken-sign-off/1\n"
# What zipfile raises for bytes that are no archive, or a broken one.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError, MemoryError),
)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SUFFIX = ".yaml"


class ReleaseError(ValueError):
    """A file that is no release, or not one that may be used."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(source, problem)
        self.source, self.problem = source, problem

    def __str__(self) -> str:
        return f"{self.source}: {self.problem}"


@value
class Statement:
    """What somebody signs."""

    format: Literal["tenken-sign-off/1"] = "tenken-sign-off/1"
    """Version of this document; also what the signature is bound to."""
    pack: str
    """Digest of the pack."""
    tests: str
    """SHA-256 (hex) over the transcripts that were seen to pass."""
    name: str
    """Who signs."""
    at: datetime
    """When, UTC."""


@value
class SignOff:
    """One person's signature."""

    statement: Statement
    """What was signed."""
    public: bytes
    """Raw Ed25519 public key, 32 bytes."""
    signature: bytes
    """Ed25519 signature (RFC 8032) over the canonical JSON of the statement."""


@value
class Reviewer:
    """Somebody whose signature counts."""

    name: str
    """Name."""
    public: bytes
    """Raw Ed25519 public key, 32 bytes."""


@value
class Release:
    """One released pack."""

    cargo: Cargo
    """What workers load."""
    files: tuple[tuple[str, bytes], ...]
    """Path and content of the sources."""
    tests: tuple[tuple[str, bytes], ...]
    """Path and content of the transcripts."""
    sign_offs: tuple[SignOff, ...] = ()
    """Who released it."""
    whole: bool = True
    """False: read without sources and transcripts, which whoever only uses the pack does not need."""

    @property
    def digest(self) -> str:
        """Digest of the pack, hex."""
        return self.cargo.digest

    @property
    def tests_digest(self) -> str:
        """SHA-256 (hex) over paths and contents of the transcripts."""
        named = [(path, hashlib.sha256(content).hexdigest()) for path, content in self.tests]
        return canonical.digest(sorted(named), list[tuple[str, str]])

    @contextmanager
    def tests_folder(self) -> Iterator[Traversable]:
        """Give the transcripts as a folder to read from."""
        with zipfile.ZipFile(io.BytesIO(to_bytes(self))) as archive:
            yield zipfile.Path(archive, "tests/")

    @property
    def file_name(self) -> str:
        """Name that says what is in it."""
        return f"{self.digest[:16]}{ENDING}"


def release_of(folder: Traversable, pack: Pack) -> Release:
    """Put a folder and the pack that was loaded from it into one release, not signed off yet."""
    sources: list[tuple[str, bytes]] = []
    tests: list[tuple[str, bytes]] = []
    for path, content in _walk(folder):
        (tests if path.endswith(TRANSCRIPTS) else sources).append((path, content))
    return Release(cargo=packed(pack), files=tuple(sources), tests=tuple(tests))


def _walk(folder: Traversable) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name == DECISIONS and entry.is_file():
            yield entry.name, entry.read_bytes()
        elif entry.is_dir():
            for file in sorted(entry.iterdir(), key=lambda file: file.name):
                if file.name.endswith(_SUFFIX):
                    yield f"{entry.name}/{file.name}", file.read_bytes()


def signed(release: Release, name: str, key: Ed25519PrivateKey, at: datetime) -> Release:
    """Add one person's signature; an earlier one of the same person is replaced."""
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    statement = Statement(pack=release.digest, tests=release.tests_digest, name=name, at=at)
    made = SignOff(statement=statement, public=public, signature=key.sign(_DOMAIN + canonical.dumps(statement)))
    others = [one for one in release.sign_offs if one.public != public and one.statement.name != name]
    return Release(cargo=release.cargo, files=release.files, tests=release.tests, sign_offs=(*others, made))


def signers(release: Release, reviewers: Sequence[Reviewer]) -> tuple[str, ...]:
    """Give the names of the reviewers whose signatures are under exactly this pack, each person and each key once."""
    by_key = {reviewer.public: reviewer.name for reviewer in reviewers}
    tests = release.tests_digest if release.whole else ""
    names: dict[str, None] = {}
    for one in release.sign_offs:
        statement = one.statement
        fits = statement.pack == release.digest and (not release.whole or statement.tests == tests)
        if fits and by_key.get(one.public) == statement.name and _holds(one):
            names[statement.name] = None
    return tuple(names)


def _holds(sign_off: SignOff) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(sign_off.public)
        public.verify(sign_off.signature, _DOMAIN + canonical.dumps(sign_off.statement))
    except (InvalidSignature, ValueError):
        return False
    return True


def opened(release: Release, reviewers: Sequence[Reviewer], source: str) -> Pack:
    """Give the pack of a release that two different reviewers signed off; raises `ReleaseError`, `PackError`."""
    names = signers(release, reviewers)
    if len(names) < PEOPLE:
        seen = ", ".join(names) or "nobody"
        problem = f"expected the signatures of {PEOPLE} different reviewers, saw {seen}; use `tenken signatures sign`"
        raise ReleaseError(source, problem)
    return unpacked(release.cargo, release.digest)


def again(release: Release) -> Pack:
    """Make the pack again from the sources in a release; raises `ReleaseError` unless it comes out the same."""
    has_checks = any(one.is_check for one in unpacked(release.cargo, release.digest).signatures)
    with zipfile.ZipFile(io.BytesIO(to_bytes(release))) as archive:
        made = load_pack(zipfile.Path(archive, "files/"), catalogue() if has_checks else ())
    if made.digest != release.digest:
        problem = f"its sources make pack {made.digest[:16]}: the compiled form does not belong to them"
        raise ReleaseError(release.file_name, problem)
    return made


def to_bytes(release: Release) -> bytes:
    """Write a release; the same release always gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _entries(release):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def _entries(release: Release) -> Iterator[tuple[str, bytes]]:
    yield "manifest.json", release.cargo.manifest
    yield "compiled.json", release.cargo.compiled
    yield "sign-offs.json", canonical.dumps(release.sign_offs, tuple[SignOff, ...])
    yield from ((f"files/{path}", content) for path, content in release.files)
    yield from ((f"tests/{path}", content) for path, content in release.tests)


def from_bytes(data: bytes, source: str, *, whole: bool = True) -> Release:
    """Read a release; raises `ReleaseError`. Nothing of it is trusted yet: see `opened`.

    `whole`: False leaves out sources and transcripts; the signatures are then about the pack alone.
    """
    if len(data) > MAX_BYTES:
        raise ReleaseError(source, f"larger than {MAX_BYTES} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive, source, whole=whole)
    except ReleaseError:
        raise
    except canonical.NotCanonicalError as error:
        raise ReleaseError(source, f"sign-offs.json cannot be read: {error}") from None
    except _BROKEN as error:
        raise ReleaseError(source, f"is no {ENDING} file: {error}") from None


def _read(archive: zipfile.ZipFile, source: str, *, whole: bool) -> Release:
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise ReleaseError(source, f"unfolds to more than {MAX_ENTRIES} files or {MAX_BYTES} bytes")
    if missing := {"manifest.json", "compiled.json", "sign-offs.json"} - names:
        raise ReleaseError(source, f"is no {ENDING} file: {', '.join(sorted(missing))} is missing")

    def below(folder: str) -> Iterable[tuple[str, bytes]]:
        return ((name.removeprefix(folder), archive.read(name)) for name in sorted(names) if name.startswith(folder))

    return Release(
        cargo=Cargo(manifest=archive.read("manifest.json"), compiled=archive.read("compiled.json")),
        files=tuple(below("files/")) if whole else (),
        tests=tuple(below("tests/")) if whole else (),
        whole=whole,
        sign_offs=canonical.loads(tuple[SignOff, ...], archive.read("sign-offs.json")),
    )


def load_reviewers(text: bytes, source: str) -> tuple[Reviewer, ...]:
    """Read the list of those whose signatures count: `name` and `key` (64 hexadecimal digits); raises `ReleaseError`."""
    try:
        document = strict_yaml.load(text, source, scalars="strings")
    except StrictYamlError as error:
        raise ReleaseError(source, str(error)) from None
    problems: list[Problem] = []
    found = [_reviewer(entry) for entry in Node(document, problems).entries()]
    names: Mapping[str, Reviewer] = {one.name: one for one in found if one}
    if problems:
        raise ReleaseError(source, "\n".join(str(problem) for problem in problems))
    if len(names) < len(found) or len({one.public for one in names.values()}) < len(found):
        raise ReleaseError(source, "names a person or a key twice; every person has one key")
    return tuple(names.values())


def _reviewer(node: Node) -> Reviewer | None:
    if not node.keys(("name", "key"), {}):
        return None
    name, key = node.need("name"), node.need("key")
    if name is None or key is None:
        return None
    try:
        public = bytes.fromhex(key.text())
        Ed25519PublicKey.from_public_bytes(public)
    except ValueError:
        key.blame("expected 64 hexadecimal digits, as `tenken signatures key` prints them")
        return None
    return Reviewer(name=name.text(), public=public)
