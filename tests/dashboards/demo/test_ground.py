"""The demo does not take other programs' ports for its own."""

from __future__ import annotations

from pathlib import Path

from dashboards.demo.ground import Ground, held_everywhere, read_held, scan

TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 00000000:1F91 0200007F:AAAA 01 00000000:00000000 00:00000000 00000000     0        0 3 1
"""
TABLE6 = """  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:1F98 00000000000000000000000000000000:0000 0A
"""


def test_only_listeners_on_every_address_count() -> None:
    assert held_everywhere(TABLE) == {22}
    assert held_everywhere(TABLE6) == {8088}


def test_both_tables_are_read_and_missing_ones_are_none(tmp_path: Path) -> None:
    assert read_held(tmp_path) == frozenset()
    (tmp_path / "tcp").write_text(TABLE)
    (tmp_path / "tcp6").write_text(TABLE6)
    assert read_held(tmp_path) == {22, 8088}


def test_what_other_programs_hold_or_may_begin_to_hold_is_left_out() -> None:
    assert scan(frozenset()) == ["1-1200", "8000-8100", "8800-9100"]
    assert scan(frozenset({1, 22, 8088, 9100})) == ["2-21", "23-1200", "8000-8087", "8089-8100", "8800-9099"]


def test_addresses() -> None:
    assert Ground(network="127.0.41", first=10).address(1) == "127.0.41.11"
