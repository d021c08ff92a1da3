"""Fetching what tells about revocation: only what the order names, bounded in size and time, and never clean where nothing came."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from probes.dial import Dialer
from probes.observation import Ending, ItemEnded, Observation
from probes.target import ClientAuth, Item, Role, Scope, Source, Target, TlsEndpoint, TlsVersion
from probes.tls.facts import Handshake, SessionSeen, SourceSeen, TlsSeen, VersionSeen
from probes.tls.judge import judge
from probes.tls.revocation import Bounds, Fetcher
from probes.verdict import Judgement, Outcome
from tests.fakes import LoopbackLeave
from tests.probes.scene import dialer_for, recorder
from tests.servers import zoo
from tests.tls.defects import Body
from tests.tls.mint import DAY, NOW, CrlWish, Holder, OcspWish, authority, leaf, mint_crl, mint_ocsp, root
from tests.tls.serving import Listeners, http

HOST = "127.45.0.4"
ROOT = root()
SHORT = {"end": NOW + 5 * DAY, "start": NOW - DAY}
MIDDLE = authority(ROOT, end=SHORT["end"], start=SHORT["start"])
QUICK = Bounds(seconds=0.5)
GAPS = {"tls.crl", "tls.revocation"}


@contextlib.contextmanager
def source(paths: dict[str, Body]) -> Iterator[int]:
    listeners = Listeners()
    port = listeners.listen(HOST, http(paths))
    listeners.start()
    try:
        yield port
    finally:
        listeners.close()


def scope(*sources: Source) -> Scope:
    end = TlsEndpoint(
        port=443,
        server_name="shop.example",
        versions=(TlsVersion.TLS_1_3,),
        client_auth=ClientAuth.NONE,
        names=("shop.example",),
    )
    target = Target(name="web", role=Role.WEB, addresses=("127.45.0.5",), tls=(end,))
    return Scope(target=target, items=(Item.TLS,), tcp_ports=(), anchors=(ROOT.pem,), sources=sources)


def named(port: int, host: str = HOST) -> Source:
    return Source(host=host, port=port, addresses=(HOST,))


async def fetched(
    scope_: Scope, *chain: Holder, bounds: Bounds = QUICK, dialer: Dialer | None = None
) -> tuple[list[SourceSeen], Judgement]:
    notes = recorder()
    versions = tuple(
        VersionSeen(version=v, handshake=Handshake.ACCEPTED, client_auth=ClientAuth.NONE)
        if v is TlsVersion.TLS_1_3
        else VersionSeen(version=v, handshake=Handshake.REFUSED)
        for v in TlsVersion
    )
    seen = TlsSeen(
        address="127.45.0.5",
        port=443,
        server_name="shop.example",
        versions=versions,
        chains=(tuple(holder.pem for holder in chain),),
        session=SessionSeen(weak_tried=True),
    )
    notes.saw(Item.TLS, seen)
    await Fetcher(scope_, dialer or dialer_for(), notes, bounds).follow(seen, NOW)
    notes.saw(Item.TLS, ItemEnded(ending=Ending.FINISHED))
    observations: list[Observation] = notes.observations
    facts = [entry.fact for entry in observations if isinstance(entry.fact, SourceSeen)]
    return facts, judge(scope_, observations, None)


def untested(judgement: Judgement) -> set[str]:
    return {row.check for row in judgement.coverage if row.outcome is Outcome.NOT_TESTED}


def reasons(judgement: Judgement) -> str:
    return "\n".join(row.reason for row in judgement.coverage)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/x.crl",
        "http://localhost:{port}/x.crl",
        "http://[::1]:{port}/x.crl",
        "http://crl.undeclared.example/x.crl",
        f"http://{HOST}:1/x.crl",
        "ldap://ldap.example/cn=x",
        "https://crl.example/x.crl",
        "file:///etc/passwd",
        "http://user@crl.example/x.crl",
        "http://crl.example:99999/x.crl",
    ],
)
async def test_what_the_order_does_not_name_is_not_asked(url: str) -> None:
    accepted: list[int] = []
    with zoo.serving(lambda _: accepted.append(1), "127.0.0.1") as port:
        end = leaf(MIDDLE, cdp=(url.format(port=port),))
        (seen,), judgement = await fetched(scope(named(80, "crl.example")), end, MIDDLE)
    assert accepted == []
    assert (seen.whose, seen.body) == ("ours", b"")
    assert judgement.findings == ()
    assert untested(judgement) == GAPS
    assert (
        "was not asked" in reasons(judgement) or "not follow" in reasons(judgement) or "not name" in reasons(judgement)
    )


async def test_a_crl_of_50_megabytes_is_cut_off_and_inconclusive() -> None:
    started = time.monotonic()
    with source({"/x.crl": b"\x30" + b"\x00" * 50_000_000}) as port:
        dialer = dialer_for()
        end = leaf(MIDDLE, cdp=(f"http://{HOST}:{port}/x.crl",))
        (seen,), judgement = await fetched(scope(named(port)), end, MIDDLE, dialer=dialer, bounds=Bounds())
    assert time.monotonic() - started < 20
    assert dialer.tally.bytes_received < 5_000_000
    assert (seen.body, seen.whose) == (b"", "ours")
    assert "larger than 4194304 bytes" in reasons(judgement)
    assert judgement.findings == ()
    assert untested(judgement) == GAPS


async def test_an_ocsp_responder_that_hangs_is_inconclusive() -> None:
    started = time.monotonic()
    with source({"/o.ocsp": None}) as port:
        end = leaf(MIDDLE, ocsp=(f"http://{HOST}:{port}/o.ocsp",))
        (seen,), judgement = await fetched(scope(named(port)), end, MIDDLE)
    assert time.monotonic() - started < 8
    assert (seen.what, seen.whose) == ("ocsp", "ours")
    assert "timeout" in reasons(judgement)
    assert judgement.findings == ()
    assert untested(judgement) == {"tls.ocsp", "tls.revocation"}


async def test_one_hanging_source_does_not_hide_what_the_other_says() -> None:
    end_paths: dict[str, Body] = {"/o.ocsp": None}
    with source(end_paths) as port:
        end = leaf(MIDDLE, ocsp=(f"http://{HOST}:{port}/o.ocsp",), cdp=(f"http://{HOST}:{port}/x.crl",))
        end_paths["/x.crl"] = mint_crl(CrlWish(revoked=(end.certificate.serial_number,)), MIDDLE)
        _, judgement = await fetched(scope(named(port)), end, MIDDLE)
    assert [finding.rule for finding in judgement.findings] == ["tls.revocation"]
    assert untested(judgement) == {"tls.ocsp"}


async def test_redirects_stay_inside_the_order() -> None:
    elsewhere: list[int] = []

    def redirect(connection: socket.socket) -> None:
        connection.recv(4096)
        head = f"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:{other}/x.crl\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(head.encode())

    with zoo.serving(lambda _: elsewhere.append(1), "127.0.0.1") as other, zoo.serving(redirect, HOST) as port:
        end = leaf(MIDDLE, cdp=(f"http://{HOST}:{port}/x.crl",))
        (seen,), _ = await fetched(scope(named(port)), end, MIDDLE)
    assert elsewhere == []
    assert "does not name 127.0.0.1" in seen.failure


async def test_delta_crls_are_fetched_and_laid_over_the_complete_one() -> None:
    from cryptography import x509

    paths: dict[str, Body] = {}
    with source(paths) as port:
        where = [x509.UniformResourceIdentifier(f"http://{HOST}:{port}/delta.crl")]
        fresh = x509.FreshestCRL([x509.DistributionPoint(where, None, None, None)])
        end = leaf(MIDDLE, cdp=(f"http://{HOST}:{port}/x.crl",), extra=((fresh, False),))
        paths["/x.crl"] = mint_crl(CrlWish(number=5), MIDDLE)
        delta = CrlWish(number=6, revoked=(end.certificate.serial_number,), extra=((x509.DeltaCRLIndicator(5), True),))
        paths["/delta.crl"] = mint_crl(delta, MIDDLE)
        seen, judgement = await fetched(scope(named(port)), end, MIDDLE)
    assert len(seen) == 2
    assert [finding.rule for finding in judgement.findings] == ["tls.revocation"]


async def test_what_two_end_points_share_is_fetched_once() -> None:
    with source({}) as port:
        end = leaf(MIDDLE, cdp=(f"http://{HOST}:{port}/x.crl",))
        notes, dialer = recorder(), dialer_for()
        fetcher = Fetcher(scope(named(port)), dialer, notes, QUICK)
        seen = TlsSeen(
            address="127.45.0.5",
            port=443,
            server_name="shop.example",
            versions=(),
            chains=((end.pem, MIDDLE.pem), (end.pem, MIDDLE.pem)),
        )
        await fetcher.follow(seen, NOW)
        await fetcher.follow(replace(seen, port=444), NOW)
    assert dialer.tally.connections == 1


async def test_fetches_are_counted_and_need_leave() -> None:
    with source({"/x.crl": mint_crl(CrlWish(), MIDDLE)}) as port:
        end = leaf(MIDDLE, cdp=(f"http://{HOST}:{port}/x.crl",))
        nowhere = dialer_for(LoopbackLeave(allowed=set()))
        (seen,), judgement = await fetched(scope(named(port)), end, MIDDLE, dialer=nowhere)
        assert seen.whose == "ours"
        assert untested(judgement) == GAPS
        dialer = dialer_for()
        (seen,), judgement = await fetched(scope(named(port)), end, MIDDLE, dialer=dialer)
    assert dialer.tally.connections == 1
    assert (untested(judgement), judgement.findings) == (set(), ())


async def test_a_stapled_answer_and_the_responder_s_are_judged_apart() -> None:
    paths: dict[str, Body] = {}
    with source(paths) as port:
        end = leaf(MIDDLE, ocsp=(f"http://{HOST}:{port}/o.ocsp",))
        paths["/o.ocsp"] = mint_ocsp(OcspWish(), end, MIDDLE)
        (seen,), judgement = await fetched(scope(named(port)), end, MIDDLE)
    assert seen.body == paths["/o.ocsp"]
    assert (untested(judgement), judgement.findings) == (set(), ())
