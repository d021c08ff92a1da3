"""The audit log: any changed byte, any missing entry is noticed and named."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grid.audit import Action, AuditError, AuditLog, verify
from grid.key import trusted
from tests.fakes import FakeClock

KEY = Ed25519PrivateKey.generate()


def filled(path: Path, count: int = 5) -> AuditLog:
    log = AuditLog(path, KEY, FakeClock())
    for number in range(count):
        log.append("review-body", Action.PLAN_OFFERED, f"plan-{number}", "ports 02:00..03:00")
    return log


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def test_what_was_appended_verifies(path: Path) -> None:
    filled(path)
    assert verify(path, trusted(KEY)).number == 5


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
def test_any_changed_byte_is_named(path: Path, where: int, flip: int) -> None:
    if not path.exists():
        filled(path)
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[where % len(changed)] ^= flip
    path.write_bytes(bytes(changed))
    try:
        with pytest.raises(AuditError, match=r"audit\.jsonl:\d"):
            verify(path, trusted(KEY))
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("order", [[1, 2, 3, 4], [0, 2, 3, 4], [0, 1, 3, 2, 4], [0, 0, 1, 2, 3, 4], [0, 1, 2]])
def test_removed_moved_repeated_and_cut_entries_are_named(path: Path, order: list[int]) -> None:
    filled(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[position] for position in order))
    with pytest.raises(AuditError, match=r"does not follow|cut off"):
        verify(path, trusted(KEY))


def test_a_log_written_with_another_key_is_not_trusted(path: Path) -> None:
    filled(path)
    with pytest.raises(AuditError, match="not trusted"):
        verify(path, trusted(Ed25519PrivateKey.generate()))


@pytest.mark.parametrize("kept", [1, 20, 200])
def test_an_entry_that_a_crash_tore_is_mended_and_said(path: Path, kept: int) -> None:
    log = filled(path)
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines()[-1][:kept])
    with pytest.raises(AuditError, match="unfinished"):
        verify(path, trusted(KEY))
    log.append("grid", Action.STOP_CALLED, "shop.example")
    assert b"log-mended" in path.read_bytes()
    assert verify(path, trusted(KEY)).number == 7


@pytest.mark.parametrize("cut", [1, 20, 2000])
def test_nothing_is_appended_behind_a_tail_that_was_cut_off(path: Path, cut: int) -> None:
    log = filled(path)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(AuditError, match="cut off"):
        log.append("grid", Action.STOP_CALLED, "shop.example")


def test_a_log_that_cannot_be_written_says_that_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(AuditError, match="the action does not happen"):
        filled(tmp_path / "audit.jsonl", 1)


def test_several_writers_make_one_chain(path: Path) -> None:
    logs = [AuditLog(path, KEY, FakeClock()) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: logs[n % 4].append("grid", Action.ORDER_SEALED, str(n)), range(100)))
    assert verify(path, trusted(KEY)).number == 100
