"""The brake only ever brakes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from grid.brake import Brake


@given(shares=st.lists(st.floats(-1, 3), min_size=1))
def test_a_share_never_goes_up(shares: list[float]) -> None:
    brake = Brake()
    seen = [brake.lower(share) for share in shares]
    assert seen == sorted(seen, reverse=True)
    assert all(0 <= share <= 1 for share in seen)
    assert brake.share == seen[-1]


def test_the_first_reason_to_stop_stays() -> None:
    brake = Brake()
    assert not brake.wait(0)
    brake.stop("")
    brake.stop("later")
    assert brake.wait(0)
    assert brake.stopped == "stop was called"
