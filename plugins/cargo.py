"""Cargo: a pack as bytes, as it travels to workers. Quick to read, and nothing of it counts unless the digest fits.

digest --names--> manifest --names--> compiled form --names--> checks that have to be installed here
"""

from __future__ import annotations

import hashlib

from plugins import canonical
from plugins.check import CheckError
from plugins.checks.catalogue import find
from plugins.pack import Contents, Manifest, Pack, PackError, contents_of, manifest_of
from plugins.strict_yaml import Problem
from plugins.value import value


@value
class Cargo:
    """A pack as bytes."""

    manifest: bytes
    """Canonical JSON of the `Manifest`."""
    compiled: bytes
    """Canonical JSON of the `Contents`."""

    @property
    def digest(self) -> str:
        """Digest of the pack, hex."""
        return hashlib.sha256(self.manifest).hexdigest()


def packed(pack: Pack) -> Cargo:
    """Give the bytes of a pack."""
    contents = contents_of(pack)
    compiled = canonical.dumps(contents)
    return Cargo(manifest=canonical.dumps(manifest_of(contents, compiled)), compiled=compiled)


def unpacked(cargo: Cargo, digest: str) -> Pack:
    """Give the pack of this digest; raises `PackError` when the bytes are another pack, or checks of it are not installed."""
    if cargo.digest != digest:
        raise _wrong(f"the pack {cargo.digest[:16]} is not the ordered {digest[:16]}")
    try:
        manifest = canonical.loads(Manifest, cargo.manifest)
        if hashlib.sha256(cargo.compiled).hexdigest() != manifest.compiled:
            raise _wrong(f"the compiled form of pack {digest[:16]} was changed")
        contents = canonical.loads(Contents, cargo.compiled)
    except canonical.NotCanonicalError as error:
        raise _wrong(f"pack {digest[:16]} was made by another version: {error}") from None
    _installed(contents)
    return Pack(
        signatures=contents.signatures,
        fingerprints=contents.fingerprints,
        decisions=contents.decisions,
        digest=digest,
    )


def _installed(contents: Contents) -> None:
    problems = []
    for signature in contents.signatures:
        if signature.is_check:
            try:
                same = find(signature.id).digest == signature.digest
            except CheckError as error:
                problems.append(Problem(source=signature.source, line=0, message=str(error)))
                continue
            if not same:
                message = "the check that is installed here is not the one of the pack; install the same version"
                problems.append(Problem(source=signature.source, line=0, message=message))
    if problems:
        raise PackError(tuple(problems))


def _wrong(message: str) -> PackError:
    return PackError((Problem(source="pack", line=0, message=message),))
