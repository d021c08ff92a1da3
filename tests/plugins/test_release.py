"""Releases: one file, named by its content, good only with the signatures of two different reviewers under exactly these bytes."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from plugins.pack import load_pack
from plugins.release import (
    Release,
    ReleaseError,
    Reviewer,
    again,
    from_bytes,
    load_reviewers,
    opened,
    release_of,
    signed,
    signers,
    to_bytes,
)
from tests.plugins.template.samples import text

AT = datetime(2026, 11, 23, tzinfo=UTC)
HANAKO, TARO, EVE = (Ed25519PrivateKey.generate() for _ in range(3))


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


REVIEWERS = (Reviewer(name="Hanako", public=public(HANAKO)), Reviewer(name="Taro", public=public(TARO)))


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("signatures")
    (folder / "a").mkdir()
    (folder / "a" / "sample.yaml").write_text(text(), encoding="utf-8")
    (folder / "a" / "sample.transcripts.yaml").write_text("[]\n", encoding="utf-8")
    (folder / "README").write_text("no part of it", encoding="utf-8")
    return release_of(folder, load_pack(folder))


def both(release: Release) -> Release:
    return signed(signed(release, "Hanako", HANAKO, AT), "Taro", TARO, AT)


def test_what_is_written_is_read_and_written_the_same(release: Release) -> None:
    made = both(release)
    data = to_bytes(made)
    assert from_bytes(data, "x") == made
    assert to_bytes(from_bytes(data, "x")) == data
    assert made.file_name == f"{made.digest[:16]}.tenken-pack"
    assert [path for path, _ in made.files] == ["a/sample.yaml"]
    assert again(made).digest == made.digest


def test_two_different_reviewers_open_it(release: Release) -> None:
    made = both(release)
    assert opened(made, REVIEWERS, "x").digest == release.digest
    assert signers(made, REVIEWERS) == ("Hanako", "Taro")
    assert opened(from_bytes(to_bytes(made), "x", whole=False), REVIEWERS, "x").digest == release.digest


def test_one_person_is_never_two(release: Release) -> None:
    once = signed(release, "Hanako", HANAKO, AT)
    for made in (
        release,
        once,
        signed(once, "Hanako", HANAKO, AT),
        signed(once, "Taro", HANAKO, AT),  # the same key under another name
        signed(once, "Hanako", TARO, AT),  # another key under the same name
        signed(once, "Taro", EVE, AT),  # a stranger's key under a known name
        signed(once, "Eve", EVE, AT),
    ):
        with pytest.raises(ReleaseError, match="expected the signatures of 2 different reviewers"):
            opened(made, REVIEWERS, "x")


def test_signatures_are_about_exactly_these_bytes(release: Release) -> None:
    made = both(release)
    other_tests = replace(made, tests=(("a/sample.transcripts.yaml", b"[] # weaker\n"),))
    assert signers(other_tests, REVIEWERS) == ()
    other_pack = replace(made, cargo=replace(made.cargo, manifest=made.cargo.manifest.replace(b"sample", b"simple")))
    assert signers(other_pack, REVIEWERS) == ()
    (first, *rest) = made.sign_offs
    forged = replace(made, sign_offs=(replace(first, signature=bytes(64)), *rest))
    assert signers(forged, REVIEWERS) == ("Taro",)


def test_sources_that_make_another_pack_are_noticed(release: Release) -> None:
    changed = replace(release, files=(("a/sample.yaml", text().replace("secret", "welcome").encode()),))
    with pytest.raises(ReleaseError, match="does not belong to them"):
        again(changed)


def _zip(**entries: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is no .tenken-pack file"),
        (b"PK\x05\x06" + bytes(18), "manifest.json, sign-offs.json is missing|is missing"),
        (_zip(manifest_json=b"{}"), "is missing"),
        (_zip(bomb=bytes(70_000_000)), "unfolds to more"),
        (bytes(67_108_865), "larger than"),
    ],
)
def test_what_is_no_release(data: bytes, told: str) -> None:
    with pytest.raises(ReleaseError, match=told):
        from_bytes(data, "x")


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_broken_bytes_are_told_and_never_a_traceback(position: int, noise: bytes) -> None:
    folder = Path(__file__).parent / "nothing"
    assert not folder.exists()
    data = bytearray(_zip(manifest_json=b"{}", compiled_json=b"{}", **{"sign-offs_json": b"[]"}))
    data[position % len(data) : position % len(data) + len(noise)] = noise
    try:
        read = from_bytes(bytes(data), "x")
    except ReleaseError:
        return
    assert isinstance(read, Release)


def test_the_list_of_reviewers() -> None:
    line = f"- name: Hanako\n  key: {public(HANAKO).hex()}\n"
    assert load_reviewers(line.encode(), "r") == REVIEWERS[:1]
    for bad, told in (
        (line + line, "twice"),
        (line + line.replace("Hanako", "Taro"), "twice"),
        ("- name: x\n", "key is missing"),
        ("- name: x\n  key: 12\n", "r:2: expected 64 hexadecimal digits"),
        ("- [", "r:"),
    ):
        with pytest.raises(ReleaseError, match=told):
            load_reviewers(bad.encode(), "r")
