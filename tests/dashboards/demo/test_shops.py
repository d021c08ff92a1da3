"""The embedded systems are real: they answer, they hold what is planted, and they end with whoever started them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from dashboards.demo.shop import DECLARATION
from dashboards.demo.shops import RunningShop, Shops, ShopStartError
from dashboards.demo.systems import SHOPS


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningShop]]:
    with Shops(tmp_path_factory.mktemp("demo")) as running:
        yield {shop.planted.name: shop for shop in running.running}


def declared(shop: RunningShop) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(shop.declaration.read_text("utf-8"))
    return document


def port_of(shop: RunningShop, service: str) -> tuple[str, int]:
    return next(
        (server["addresses"][0], port["port"])
        for server in declared(shop)["servers"]
        for port in server["ports"]
        if port["service"] == service
    )


def talk(address: tuple[str, int], say: bytes = b"", tls: ssl.SSLContext | None = None, name: str = "") -> bytes:
    with socket.create_connection(address, timeout=5) as plain:
        connection = tls.wrap_socket(plain, server_hostname=name) if tls else plain
        with connection:
            if say:
                connection.sendall(say)
            return b"".join(iter(lambda: connection.recv(65536), b"")) if say else connection.recv(512)


def trusting(shop: RunningShop) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(shop.declaration.parent / "root.pem"))


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n".encode()


def test_every_system_runs_as_a_process_of_its_own(shops: dict[str, RunningShop]) -> None:
    assert list(shops) == list(SHOPS)
    assert len({shop.process.pid for shop in shops.values()} | {os.getpid()}) == 4


def test_every_address_is_loopback_and_belongs_to_one_server(shops: dict[str, RunningShop]) -> None:
    addresses = [a for shop in shops.values() for server in declared(shop)["servers"] for a in server["addresses"]]
    assert len(addresses) == len(set(addresses)) == 5
    assert all(address.startswith("127.0.") for address in addresses)


def test_the_passing_shop_serves_its_page_with_a_chain_to_its_root(shops: dict[str, RunningShop]) -> None:
    shop = shops["pass"]
    answer = talk(port_of(shop, "https"), get("/"), trusting(shop), "shop.pass.example")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Location: https://shop.pass.example:" in talk(port_of(shop, "http"), get("/"))


def test_its_ftp_server_hangs_up_on_strangers_and_ssh_greets(shops: dict[str, RunningShop]) -> None:
    assert talk(port_of(shops["pass"], "ftp")) == b""
    assert talk(port_of(shops["pass"], "ssh")).startswith(b"SSH-2.0-")


def test_the_failing_shop_does_not_send_its_intermediate(shops: dict[str, RunningShop]) -> None:
    shop = shops["fail"]
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer certificate"):
        talk(port_of(shop, "https"), get("/"), trusting(shop), "shop.fail.example")


def test_it_serves_its_git_folder(shops: dict[str, RunningShop]) -> None:
    anything = ssl._create_unverified_context()
    answer = talk(port_of(shops["fail"], "https"), get("/.git/config"), anything, "shop.fail.example")
    assert b"repositoryformatversion" in answer


def test_it_has_an_undeclared_page_and_a_post_office(shops: dict[str, RunningShop]) -> None:
    web, mail = (server["addresses"][0] for server in declared(shops["fail"])["servers"])
    assert any(_answers(web, port, get("/"), b"HTTP/1.1 200") for port in (8080, 8081, 8082, 8888, 9080))
    assert any(_answers(mail, port, b"CAPA\r\nSTAT\r\nQUIT\r\n", b"+OK POP3") for port in (1110, 1100, 1111))


def _answers(address: str, port: int, say: bytes, begin: bytes) -> bool:
    with contextlib.suppress(ConnectionRefusedError):
        return talk((address, port), say).startswith(begin)
    return False


def test_the_hanging_shop_shakes_hands_and_says_nothing(shops: dict[str, RunningShop]) -> None:
    plain = socket.create_connection(port_of(shops["hang"], "https"), timeout=5)
    with plain, trusting(shops["hang"]).wrap_socket(plain, server_hostname="shop.hang.example") as connection:
        connection.sendall(get("/"))
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_certificates_are_of_the_throwaway_authority(shops: dict[str, RunningShop]) -> None:
    roots = {(shop.declaration.parent / "root.pem").read_bytes() for shop in shops.values()}
    assert len(roots) == 3
    assert all("worthless" in x509.load_pem_x509_certificate(pem).subject.rfc4514_string() for pem in roots)


def test_they_end_with_the_block_whatever_happens_in_it(tmp_path: Path) -> None:
    processes: list[subprocess.Popen[str]] = []

    def break_inside() -> None:
        with Shops(tmp_path) as shops:
            processes.extend(shop.process for shop in shops.running)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_inside()
    assert len(processes) == 3
    assert all(process.returncode is not None for process in processes)


def test_one_that_cannot_start_is_named_and_the_others_end(tmp_path: Path) -> None:
    (tmp_path / "fail").mkdir()
    (tmp_path / "fail" / DECLARATION).mkdir()
    shops = Shops(tmp_path)
    with pytest.raises(ShopStartError, match=r"demo shop fail did not start: .*declaration\.yaml"):
        shops.__enter__()
    assert shops._started == {}


def test_a_shop_ends_when_the_one_who_started_it_is_killed(tmp_path: Path) -> None:
    """Its standard input ends with its parent, so no server outlives the demo."""
    script = (
        "import sys, pathlib\nfrom dashboards.demo.shops import Shops\nwith Shops(pathlib.Path(sys.argv[1])) as shops:\n"
        "    print(*[shop.process.pid for shop in shops.running], flush=True)\n    sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    watched = [os.pidfd_open(pid) for pid in pids]
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    try:
        assert len(pids) == 3
        assert all(_ended(descriptor, 10) for descriptor in watched)
    finally:
        for descriptor in watched:
            os.close(descriptor)


def _ended(descriptor: int, seconds: float) -> bool:
    """A process descriptor becomes readable when its process ends (pidfd_open(2))."""
    import select

    return bool(select.select([descriptor], [], [], seconds)[0])
