"""Cargo: a pack as bytes, and nothing of it counts unless the digest fits."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace

import pytest

from plugins import canonical
from plugins.cargo import Cargo, packed, unpacked
from plugins.pack import Contents, Manifest, PackError
from tests.pack import PACK

CARGO = packed(PACK)


def test_a_pack_comes_out_as_it_went_in() -> None:
    assert CARGO.digest == PACK.digest
    assert unpacked(CARGO, PACK.digest) == PACK
    assert unpacked(pickle.loads(pickle.dumps(CARGO)), PACK.digest) == PACK


def test_another_pack_is_refused() -> None:
    with pytest.raises(PackError, match="is not the ordered ffffffff"):
        unpacked(CARGO, "f" * 64)


def test_a_changed_compiled_form_is_refused() -> None:
    changed = replace(CARGO, compiled=CARGO.compiled.replace(b"os-release", b"os-rebirth"))
    with pytest.raises(PackError, match="was changed"):
        unpacked(changed, PACK.digest)


def test_what_another_version_wrote_is_refused_with_a_word_on_it() -> None:
    compiled = canonical.dumps({"signatures": [], "fingerprints": [], "decisions": [], "news": 1})
    manifest = Manifest(files=(), compiled=hashlib.sha256(compiled).hexdigest())
    cargo = Cargo(manifest=canonical.dumps(manifest), compiled=compiled)
    with pytest.raises(PackError, match="made by another version: Contents: news"):
        unpacked(cargo, cargo.digest)


def test_a_check_that_is_not_the_installed_one_is_refused() -> None:
    (check, *_) = [one for one in PACK.signatures if one.is_check]
    for changed, told in (
        (replace(check, digest="0" * 64), "not the one of the pack"),
        (replace(check, template=replace(check.template, id="elsewhere")), "is not installed here"),
    ):
        compiled = canonical.dumps(Contents(signatures=(changed,)))
        manifest = Manifest(files=(), compiled=hashlib.sha256(compiled).hexdigest())
        cargo = Cargo(manifest=canonical.dumps(manifest), compiled=compiled)
        with pytest.raises(PackError, match=told):
            unpacked(cargo, cargo.digest)
