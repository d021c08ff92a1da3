"""nmap's report is read strictly: a server's bytes are in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.services.fingerprint import MOST_BYTES, Fingerprint, ReportError, read

SERVICE = (
    '<service name="ssh" product="OpenSSH" version="9.2p1 Debian 2+deb12u3" extrainfo="protocol 2.0" method="probed" conf="10">'
    "<cpe>cpe:/a:openbsd:openssh:9.2p1</cpe><cpe>cpe:/o:linux:linux_kernel</cpe></service>"
)


def report(service: str = SERVICE, doctype: str = "<!DOCTYPE nmaprun>") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{doctype}<nmaprun><host><ports><port portid="22">'
        f'<state state="open"/>{service}</port></ports></host><runstats><hosts up="1"/></runstats></nmaprun>'
    ).encode()


def test_every_cpe_is_kept_the_program_s_own_first() -> None:
    assert read(report()) == Fingerprint(
        service="ssh",
        product="OpenSSH",
        version="9.2p1 Debian 2+deb12u3",
        extra="protocol 2.0",
        cpe=("cpe:/a:openbsd:openssh:9.2p1", "cpe:/o:linux:linux_kernel"),
    )


@pytest.mark.parametrize(
    "service",
    [
        '<service name="http" method="table" conf="3"/>',
        '<service name="tcpwrapped" method="probed"/>',
        "",
        "<x/>" * 100,
    ],
)
def test_what_no_answer_shows_is_not_taken(service: str) -> None:
    assert read(report(service)) == Fingerprint()


def test_hostile_words_are_escaped_and_cut() -> None:
    found = read(
        report(
            f'<service name="http" product="&lt;b&gt;\u202e{"x" * 500}" method="probed"><cpe>javascript:1</cpe></service>'
        )
    )
    assert found.product.startswith("<b>\\xe2")
    assert found.product.isascii()
    assert len(found.product) < 200
    assert found.cpe == ()


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (report(doctype='<!DOCTYPE nmaprun [<!ENTITY a "b">]>'), "entities"),
        (report(doctype='<!DOCTYPE nmaprun [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), "entities"),
        (b"<nmaprun>" + b"<a>" * 50, "too many"),
        (report("<a/>" * 20_000), "too many"),
        (report() + b"<again/>", "no XML"),
        (b"", "no XML"),
        (b" " * (MOST_BYTES + 1), "longer"),
    ],
)
def test_what_is_no_report_is_refused(hostile: bytes, reason: str) -> None:
    with pytest.raises(ReportError, match=reason):
        read(hostile)


@given(st.binary(max_size=300))
def test_garbage_is_refused_as_such(data: bytes) -> None:
    with pytest.raises(ReportError):
        read(b"<nmaprun>" + data)
