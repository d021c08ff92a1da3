"""What an SSH server offers in the clear."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.services.facts import SshAlgorithms
from probes.services.kexinit import offered
from probes.services.outdated import outdated


def kexinit(*lists: bytes, before: bytes = b"SSH-2.0-x\r\n", kind: int = 20) -> bytes:
    lists = (*lists, *[b""] * (10 - len(lists)))
    payload = (
        bytes([kind]) + b"\x00" * 16 + b"".join(struct.pack(">I", len(names)) + names for names in lists) + b"\x00" * 5
    )
    padding = 8
    return before + struct.pack(">IB", len(payload) + padding + 1, padding) + payload + b"\x00" * padding


FULL = kexinit(
    b"curve25519-sha256,diffie-hellman-group1-sha1",
    b"ssh-ed25519,ssh-dss",
    b"x",
    b"aes128-ctr,arcfour",
    b"y",
    b"hmac-md5",
)


@pytest.mark.parametrize("before", [b"SSH-2.0-x\r\n", b"hello\r\nSSH-1.99-y\n"])
def test_the_offer_is_read_behind_the_identification(before: bytes) -> None:
    found = offered(before + FULL.partition(b"\n")[2])
    assert found == SshAlgorithms(
        key_exchange=("curve25519-sha256", "diffie-hellman-group1-sha1"),
        host_key=("ssh-ed25519", "ssh-dss"),
        cipher=("aes128-ctr", "arcfour"),
        mac=("hmac-md5",),
    )


def test_an_unfinished_offer_is_none_yet() -> None:
    assert [offered(FULL[:cut]) for cut in range(len(FULL))] == [None] * len(FULL)


@pytest.mark.parametrize("data", [kexinit(kind=1), kexinit(b"\xff" * 10)[:-30], b"SSH-2.0-x\r\n" + b"\xff" * 60])
def test_what_is_no_offer_is_none(data: bytes) -> None:
    assert offered(data) is None


def test_outdated_algorithms_are_named_once_and_current_ones_never() -> None:
    found = offered(FULL)
    assert found is not None
    assert outdated(found) == ("diffie-hellman-group1-sha1", "ssh-dss", "arcfour", "hmac-md5")
    assert (
        outdated(
            SshAlgorithms(key_exchange=("diffie-hellman-group14-sha1",), cipher=("aes128-cbc",), mac=("hmac-sha1",))
        )
        == ()
    )


@given(st.binary(max_size=400))
def test_garbage_never_breaks_it(data: bytes) -> None:
    found = offered(b"SSH-2.0-x\r\n" + data)
    assert found is None or all(name.isprintable() for name in found.cipher)
