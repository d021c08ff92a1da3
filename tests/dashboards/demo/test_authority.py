"""The throwaway authority issues chains that a verifier accepts, and one that it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from dashboards.demo.authority import Authority

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def chain(folder: Path, *, send_intermediate: bool) -> tuple[Authority, list[x509.Certificate]]:
    authority = Authority(NOW)
    authority.context(folder, "shop.example", "www.shop.example", send_intermediate=send_intermediate)
    return authority, x509.load_pem_x509_certificates((folder / "shop.example.chain.pem").read_bytes())


def verify(authority: Authority, certificates: list[x509.Certificate], name: str, at: datetime = NOW) -> int:
    root = x509.load_pem_x509_certificate(authority.root_pem.encode())
    verifier = PolicyBuilder().store(Store([root])).time(at).build_server_verifier(x509.DNSName(name))
    return len(verifier.verify(certificates[0], certificates[1:]))


def test_a_whole_chain_leads_to_the_root_for_every_name(tmp_path: Path) -> None:
    authority, certificates = chain(tmp_path, send_intermediate=True)
    assert verify(authority, certificates, "shop.example") == 3
    assert verify(authority, certificates, "www.shop.example") == 3


def test_without_the_intermediate_it_does_not(tmp_path: Path) -> None:
    authority, certificates = chain(tmp_path, send_intermediate=False)
    with pytest.raises(VerificationError):
        verify(authority, certificates, "shop.example")


def test_it_is_worth_nothing_after_two_days_and_for_other_names(tmp_path: Path) -> None:
    authority, certificates = chain(tmp_path, send_intermediate=True)
    with pytest.raises(VerificationError):
        verify(authority, certificates, "shop.example", NOW + timedelta(days=3))
    with pytest.raises(VerificationError):
        verify(authority, certificates, "other.example")


def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    chain(tmp_path, send_intermediate=True)
    assert (tmp_path / "shop.example.key.pem").stat().st_mode & 0o077 == 0
