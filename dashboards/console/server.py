"""`tenken serve`: puts store, service, grid and console together and runs them until a signal."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from dashboards.console.app import create_app
from dashboards.console.data import AUDIT_LOG, ServeError, first_tokens, locked
from dashboards.console.house import House
from dashboards.console.probing import https_uri
from dashboards.console.proof import Prover
from grid.audit import AuditError, AuditLog
from grid.brake import Brake
from grid.gate.kernel import GateError
from grid.gate.run import gated_grid
from grid.key import KeyFileError, load_or_create
from grid.report import Report
from grid.run import Grid
from plugins.clock import Clock, SystemClock
from plugins.pack import PackError, load_pack
from plugins.release import ReleaseError
from probes.control.look import ResolverError, resolver, resolvers_of_this_machine
from probes.control.secret import SecretFileError
from probes.control.secret import load_or_create as load_secret
from probes.target import Resolver
from scheduler.claims import Claims
from scheduler.desk import Desk
from scheduler.inspection import Issuer, inspect_systems, is_loopback, unproven
from scheduler.orders import Inspection, new_id
from scheduler.result import Result
from scheduler.service import Inspect, Service
from scheduler.shelf import Shelf
from scheduler.store.database import StoreError, sqlite_url
from scheduler.store.orders import StoreClaims
from scheduler.store.store import Store
from scheduler.store.token import Role
from scheduler.system import Contact
from scheduler.trail import Audit

DRAIN_S = 5
"""Seconds that open requests have when the server ends."""
MOST_REQUESTS = 200
"""Most requests at once; more are answered with 503."""
Listener = Any
"""Uvicorn's listening socket: it is opened and closed there, only carried here."""


@dataclass(frozen=True)
class Settings:
    """What `tenken serve` is told."""

    data: Path
    """Data folder."""
    host: str
    """Address to listen at."""
    port: int
    """Port to listen at; 0: any free one."""
    database: str
    """SQLAlchemy URL; empty: a SQLite file in the data folder."""
    body: Contact
    """The review body, as orders and plans name it."""
    ray_address: str
    """Cluster to join; empty: a small one of this machine's own."""
    resolvers: tuple[str, ...] = ()
    """DNS resolvers for the proof of control; none: those of this machine."""
    egress: tuple[str, ...] = ()
    """Addresses from which inspections come."""
    public_url: str = ""
    """https URL under which the world finds `/.well-known/probing.txt`; empty: none."""
    renew_tokens: bool = False
    """Make new tokens for the review body and the monitor."""
    gate: str = ""
    """Network device by which workers inside a gate go out; empty: no gate."""
    raw: bool = False
    """Whether workers may use raw sockets for the port scan."""


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; raises `ServeError` when it cannot start."""
    # The store, evidence and keys are nobody else's, whatever the folder was before.
    os.umask(0o077)
    log_to_stderr()
    clock = SystemClock()
    _check_public_url(settings.public_url)
    egress_addresses(settings.egress)
    with locked(settings.data):
        # The port first: a start that fails there has made no tokens that its owner would have to look for.
        config = _config(settings)
        listener = _bind(config)
        store = _store(settings)
        try:
            _announce_tokens(store, settings, clock, announce)
            prover, issuer = _prover(settings), _issuer(settings)
            audit = AuditLog(settings.data / AUDIT_LOG, issuer.key, clock)
            packs = _shelf(settings, audit)
            if not ipaddress.ip_address(listener.getsockname()[0]).is_loopback:
                announce("tenken: warning: tokens travel over plain HTTP; put a TLS-terminating proxy before this port")
            with _grid(settings, clock) as grid:
                claims = StoreClaims(store, clock)
                # From inside a gate, a resolver on this machine's loopback cannot be reached.
                named = tuple(one for one in prover.resolvers if not (settings.gate and is_loopback(one.address)))
                inspect = on_grid(grid, issuer, packs, clock, prover, claims, audit, named)
                asyncio.run(_run(store, clock, inspect, prover, audit, settings, config, listener, announce))
        finally:
            store.close()


async def _run(
    store: Store,
    clock: Clock,
    inspect: Inspect,
    prover: Prover,
    audit: Audit,
    settings: Settings,
    config: uvicorn.Config,
    listener: Listener,
    announce: Callable[[str], None],
) -> None:
    desk = Desk(store, clock, new_id, audit)
    service = Service(store, desk, clock, inspect, settings.data / "inspections")
    house = House(
        store=store,
        desk=desk,
        service=service,
        clock=clock,
        new_id=lambda: new_id()[:12],
        body=settings.body,
        egress=egress_addresses(settings.egress),
        public_url=settings.public_url.rstrip("/"),
        refusal=prover.refusal,
    )
    address, port = listener.getsockname()[:2]
    server = Server(config, service, lambda: announce(f"tenken: serving at http://{_shown(address)}:{port}"))
    config.app = create_app(house, server.beside)
    await server.serve([listener])
    if server.failed:
        raise ServeError("tenken serve", f"the loop ended: {server.failed}", "mend the cause and start it again")


class Server(uvicorn.Server):
    """Uvicorn, with the loop of the service beside it and signals that stop inspections at once."""

    def __init__(self, config: uvicorn.Config, service: Service, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._service = service
        self._ready = ready
        self.failed = ""

    @asynccontextmanager
    async def beside(self, _: FastAPI) -> AsyncIterator[None]:
        """Run the loop while the application lives."""
        loop = asyncio.create_task(self._service.run(), name="service")
        loop.add_done_callback(self._loop_ended)
        try:
            yield
        finally:
            self._service.close()
            with suppress(Exception):  # it is told by `failed`
                await loop

    def _loop_ended(self, loop: asyncio.Task[None]) -> None:
        # A console without its loop would promise windows that nobody opens or cuts off.
        error = None if loop.cancelled() else loop.exception()
        if error is not None:
            self.failed = f"{type(error).__name__}: {error}"
            self.should_exit = True

    async def startup(self, sockets: list[Listener] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on SIGTERM and SIGINT with exit code 0; the inspections stop first, the open requests end meanwhile."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _end(self) -> None:
        self._service.close()
        self.should_exit = True


def on_grid(
    grid: Grid,
    issuer: Issuer,
    packs: Shelf,
    clock: Clock,
    prover: Prover,
    claims: Claims,
    audit: Audit,
    resolvers: tuple[Resolver, ...] = (),
) -> Inspect:
    """Give the function that runs one inspection on Ray. `resolvers`: whom the item `hosts` may ask."""

    def inspect(inspection: Inspection, out: Path, brake: Brake, on_report: Callable[[Report], None]) -> Result:
        # A system on loopback has no names that anybody else knows.
        named = resolvers if unproven(inspection.system, ()) else ()
        (result,) = inspect_systems(
            [replace(inspection, resolvers=named)],
            [out],
            grid=grid,
            issuer=issuer,
            pack=packs.current(),
            clock=clock,
            claims=claims,
            audit=audit,
            # Asked again now: who has lost the address since the offer is not inspected.
            proven=prover.prove(inspection.system).addresses,
            brake=brake,
            on_report=on_report,
        )
        return result

    return inspect


def log_to_stderr() -> None:
    """Log one JSON object a line to stderr. Tracebacks are lines: values of variables could be tokens."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def egress_addresses(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Give addresses in their canonical form, each once; raises `ServeError`."""
    try:
        return tuple(dict.fromkeys(str(ipaddress.ip_address(text)) for text in texts))
    except ValueError as error:
        raise ServeError("--egress", str(error), "give an IPv4 or IPv6 address, once per address") from None


def _check_public_url(url: str) -> None:
    try:
        https_uri(url or "https://none")
    except ValueError as error:
        raise ServeError("--public-url", str(error), "name it as https://probes.example.org, or leave it out") from None


def _store(settings: Settings) -> Store:
    try:
        return Store.open(settings.database or sqlite_url(settings.data / "tenken.db"))
    except StoreError as error:
        raise ServeError(error.url, error.problem, "mend it, or name another one with --database") from None


def _announce_tokens(store: Store, settings: Settings, clock: Clock, announce: Callable[[str], None]) -> None:
    for role, path in first_tokens(store, settings.data, clock, renew=settings.renew_tokens).items():
        if role is Role.REVIEW_BODY:
            announce(f"tenken: token of the review body (shown this once): {path.read_text('ascii')}")
        announce(f"tenken: token of the {role} kept in {path} (readable by you only)")


def _config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app="",
        host=settings.host,
        port=settings.port,
        loop="asyncio",  # uvloop's sockets pass by the process guard
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
        limit_concurrency=MOST_REQUESTS,
        lifespan="on",
        ws="none",
    )


def _bind(config: uvicorn.Config) -> Listener:
    try:
        return config.bind_socket()
    except (SystemExit, OSError, ValueError):
        where = f"{config.host}:{config.port}"
        raise ServeError(
            where, "cannot listen there", "choose another address or port with --host and --port"
        ) from None


@contextmanager
def _grid(settings: Settings, clock: Clock) -> Iterator[Grid]:
    if settings.gate and settings.ray_address:
        raise ServeError("--gate", "a cluster to join was named, too", "leave out --ray-address, or --gate")
    with ExitStack() as stack:
        try:
            grid = stack.enter_context(_way(settings, clock))
        except GateError as error:
            raise ServeError("--gate", str(error), "mend it, or leave out --gate") from None
        print(f"walls: permit, guard{', gate' if settings.gate else ''}", file=sys.stderr)  # noqa: T201 - said once, to whoever starts it
        yield grid


def _way(settings: Settings, clock: Clock) -> AbstractContextManager[Grid]:
    if settings.gate:
        return gated_grid(settings.gate, clock=clock, raw=settings.raw)
    if settings.ray_address:
        return Grid.join(settings.ray_address, clock=clock, raw=settings.raw)
    return Grid.start(clock=clock, raw=settings.raw)


def _issuer(settings: Settings) -> Issuer:
    try:
        key = load_or_create(settings.data / "order-key.pem")
    except KeyFileError as error:
        raise ServeError(str(error.path), error.problem, "mend it or choose another folder with --data") from None
    return Issuer(name=settings.body.organisation, contact=settings.body.email, key=key)


def _prover(settings: Settings) -> Prover:
    try:
        asked = tuple(resolver(text) for text in settings.resolvers) or resolvers_of_this_machine()
        return Prover(load_secret(settings.data / "control-secret"), asked)
    except (ResolverError, SecretFileError) as error:
        raise ServeError("proof of control", str(error), "mend it or name other resolvers with --resolver") from None


def _shelf(settings: Settings, audit: Audit) -> Shelf:
    """Give the shelf; what lies on it has to be good when the service begins."""
    shelf = Shelf(settings.data, load_pack, audit)
    try:
        shelf.current()
    except (PackError, ReleaseError, AuditError) as error:
        raise ServeError("signatures", str(error), "mend the signatures, or install a good pack") from None
    return shelf


def _shown(address: str) -> str:
    return f"[{address}]" if ":" in address else address
