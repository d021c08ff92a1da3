"""Sealing and opening orders: any change is refused and named."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from grid.key import trusted
from grid.permit import EDGE_S, Permit
from grid.seal import SealedOrder, SealError, open_order, read_order, seal
from grid.window import Window
from plugins import canonical
from tests.fakes import FakeClock
from tests.grid.orders import START, make_order

KEY = Ed25519PrivateKey.generate()


def test_a_sealed_order_opens_inside_its_window() -> None:
    permit = open_order(seal(make_order(), KEY), trusted(KEY), FakeClock())
    assert permit.order == make_order()
    assert permit.remaining_s() == 60.0 - EDGE_S


@given(position=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
def test_changing_any_byte_is_refused(position: int, flip: int) -> None:
    sealed = seal(make_order(), KEY)
    changed = bytearray(sealed.order)
    changed[position % len(changed)] ^= flip
    with pytest.raises(SealError, match="the order was changed"):
        read_order(replace(sealed, order=bytes(changed)), trusted(KEY))


def test_an_unknown_key_is_named() -> None:
    stranger = Ed25519PrivateKey.generate()
    with pytest.raises(SealError, match="which is not trusted here"):
        read_order(seal(make_order(), stranger), trusted(KEY))


def test_signed_bytes_that_are_no_order_are_refused() -> None:
    data = b'{"format":"tenken-order/1"}'
    signature = KEY.sign(b"tenken-order/1\n" + data)
    key_id = next(iter(trusted(KEY)))
    with pytest.raises(SealError, match="Order"):
        read_order(SealedOrder(order=data, key_id=key_id, signature=signature), trusted(KEY))


def test_a_signature_for_another_use_of_the_key_does_not_open() -> None:
    data = canonical.dumps(make_order())
    sealed = SealedOrder(order=data, key_id=next(iter(trusted(KEY))), signature=KEY.sign(data))
    with pytest.raises(SealError, match="changed"):
        read_order(sealed, trusted(KEY))


@pytest.mark.parametrize("seconds", [-1, 60, 61])
def test_outside_the_window_nothing_opens(seconds: int) -> None:
    clock = FakeClock(START + timedelta(seconds=seconds))
    with pytest.raises(SealError, match="does not hold"):
        open_order(seal(make_order(), KEY), trusted(KEY), clock)


def test_a_permit_has_one_road_and_does_not_travel() -> None:
    with pytest.raises(TypeError, match="open_order"):
        Permit(make_order(), FakeClock(), object())
    permit = open_order(seal(make_order(), KEY), trusted(KEY), FakeClock())
    with pytest.raises(TypeError, match="does not leave"):
        pickle.dumps(permit)


def test_windows_are_utc_and_not_empty() -> None:
    with pytest.raises(ValueError, match="UTC"):
        Window(start=START.replace(tzinfo=None), end=START + timedelta(1))
    with pytest.raises(ValueError, match="after it starts"):
        Window(start=START, end=START)
