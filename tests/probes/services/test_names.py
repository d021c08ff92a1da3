"""Names of services."""

from __future__ import annotations

import pytest

from probes.services.names import FORBIDDEN, RESTRICTED, canonical, inside_tls, spoken_name


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("WWW", "http"),
        ("imap4", "imap"),
        ("submission", "smtp"),
        ("rpcbind", "sunrpc"),
        ("x11-2", "x11"),
        ("gopher", "gopher"),
    ],
)
def test_aliases_have_one_name(name: str, same: str) -> None:
    assert canonical(name) == same


@pytest.mark.parametrize("name", ["ftp", "telnet", "ssh", "snmp", "sunrpc", "nfs", "nis", "x11", "pop3", "imap"])
def test_what_the_rules_single_out_is_singled_out_inside_tls_too(name: str) -> None:
    assert {name, inside_tls(name)} <= set(RESTRICTED) | set(FORBIDDEN)
    assert canonical(inside_tls(name)) == inside_tls(name)
    assert spoken_name(name) == spoken_name(inside_tls(name))


def test_no_service_is_both_restricted_and_forbidden() -> None:
    assert not set(RESTRICTED) & set(FORBIDDEN)
