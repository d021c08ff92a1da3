"""The local signing key: made on first use, private, and refused when it is not."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from grid.key import KeyFileError, key_id, load_or_create, raw_public, trusted


def test_the_key_is_made_once_with_mode_0600(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "order-key.pem"
    first, second = load_or_create(path), load_or_create(path)
    assert raw_public(first.public_key()) == raw_public(second.public_key())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["order-key.pem"]


def test_first_starts_at_once_end_with_one_key(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: load_or_create(path), range(16)))
    assert len({raw_public(key.public_key()) for key in keys}) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["key.pem"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    load_or_create(path)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="expected mode 0600, seen 0644"):
        load_or_create(path)


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="expected an Ed25519 private key"):
        load_or_create(path)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(pem)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="expected an Ed25519"):
        load_or_create(path)


def test_a_folder_in_the_way_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "key.pem").mkdir()
    (tmp_path / "key.pem").chmod(0o700)
    with pytest.raises(KeyFileError, match="cannot be used"):
        load_or_create(tmp_path / "key.pem")


def test_ids_are_short_digests(tmp_path: Path) -> None:
    key = load_or_create(tmp_path / "key.pem")
    (only,) = trusted(key)
    assert only == key_id(raw_public(key.public_key()))
    assert len(only) == 16
