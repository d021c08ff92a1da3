"""One server that a signature is tried on: loopback freely, anything else by its declaration and with proof of control."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import typer

from dashboards.cli.inspect import Proof, ReportLang, proven_addresses, stopping_on_signals
from dashboards.cli.logged import AUDIT_LOG, CLAIMS, actor, run_logged
from dashboards.cli.paths import home
from dashboards.cli.signatures.folder import EXIT_WRONG_INPUT
from grid.audit import AuditError, AuditLog
from grid.brake import Brake
from grid.guard.veto import UnguardableError
from grid.here import Here
from grid.key import KeyFileError, load_or_create
from grid.window import Window
from plugins.clock import SystemClock
from plugins.pack import Pack
from probes.pace import Pace
from probes.pulse.facts import NoPulse
from probes.target import ClientAuth, DeclaredPort, Item, PortRange, Purpose, Role, Target, TlsEndpoint, Transport
from scheduler.claims import ClaimError, FileClaims
from scheduler.declaration import DeclarationError, load_declaration
from scheduler.inspection import Issuer, inspect_systems, is_loopback
from scheduler.orders import Inspection, new_id
from scheduler.result import Kind, Result
from scheduler.system import Calendar, Contact, System

MINUTES = 10
"""Length of the window that opens for a trial."""
_GENTLE = Pace(connections_per_s=10, requests_per_s=10, concurrent_connections=3, bytes_per_s=1_000_000)


@dataclass(frozen=True)
class Aim:
    """What a trial is about."""

    system: System
    """A system of one server with one port."""
    needs_proof: bool
    """Whether control of its addresses has to be shown."""


def aimed(url: str, declaration: Path | None) -> Aim:
    """Find out what a URL stands for; leaves with a refusal when nothing may be sent there."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        host, port = "", 0
    if parts.scheme not in {"http", "https"} or not host or not port or parts.username:
        raise _refuse(f"{url[:120]!a} is no web address; expected such as http://127.0.0.1:8080")
    if declaration is not None:
        return Aim(_declared(declaration, host, port), needs_proof=True)
    address = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = is_loopback(str(ipaddress.ip_address(address)))
    except ValueError:
        loopback = False
    if not loopback:
        raise _refuse(
            f"{host}: is not loopback; name the declaration of its system with --declaration, and prove control"
        )
    return Aim(_on_loopback(address, port, tls=parts.scheme == "https"), needs_proof=False)


def _on_loopback(address: str, port: int, *, tls: bool) -> System:
    declared = DeclaredPort(
        ports=PortRange(first=port, last=port),
        transport=Transport.TCP,
        service="https" if tls else "http",
        purpose=Purpose.OTHER,
    )
    speaks = TlsEndpoint(port=port, server_name="localhost", versions=(), client_auth=ClientAuth.NONE, names=())
    target = Target(name="server", role=Role.WEB, addresses=(address,), ports=(declared,), tls=(speaks,) if tls else ())
    return System(
        name="trial",
        title="A server on this machine",
        operator=Contact(organisation="this machine", name=actor(), email="nobody@localhost"),
        targets=(target,),
        pace=_GENTLE,
        calendar=Calendar(time_zone="UTC", windows=()),
    )


def _declared(path: Path, host: str, port: int) -> System:
    try:
        system = load_declaration(path)
    except DeclarationError as error:
        raise _refuse(str(error)) from None
    for target in system.targets:
        entry = target.declared(port, Transport.TCP)
        if entry and host in {*target.host_names, *target.addresses}:
            narrow = replace(entry, ports=PortRange(first=port, last=port))
            # A trial looks at one port for a moment; a heartbeat is for inspections of a system.
            return replace(system, targets=(replace(target, ports=(narrow,)),), pulse=NoPulse())
    raise _refuse(f"{path}: declares no server {host} with port {port}/tcp; nothing was sent")


def run_on(aim: Aim, pack: Pack, folder: Path) -> Result:
    """Inspect item holes of an aim with a pack, in this process; leaves with a refusal when it may not run."""
    brake, clock = Brake(), SystemClock()
    try:
        key = load_or_create(home() / "order-key.pem")
    except KeyFileError as error:
        raise _refuse(str(error)) from None
    operator = aim.system.operator
    issuer = Issuer(name=operator.organisation, contact=operator.email, key=key, actor=actor())
    audit = AuditLog(home() / AUDIT_LOG, key, clock)
    with stopping_on_signals(brake):
        proven = proven_addresses(aim.system, Proof.DNS, [], ReportLang.EN, brake) if aim.needs_proof else frozenset()
        now = clock.now()
        inspection = Inspection(
            inspection_id=new_id(),
            kind=Kind.PRELIMINARY,
            system=aim.system,
            items=(Item.HOLES,),
            window=Window(start=now, end=now + timedelta(minutes=MINUTES)),
            pace=aim.system.pace.lowest(_GENTLE),
        )

        def run() -> Result:
            (result,) = inspect_systems(
                [inspection],
                [folder],
                grid=Here(clock),
                issuer=issuer,
                pack=pack,
                clock=clock,
                claims=FileClaims(home() / CLAIMS, clock),
                audit=audit,
                proven=proven,
                brake=brake,
                uncontrolled="a trial of signatures",
            )
            return result

        try:
            return run_logged(audit, issuer.actor, inspection, brake, run)
        except (ClaimError, AuditError, UnguardableError) as error:
            raise _refuse(f"{error}. Nothing was sent.") from None


def _refuse(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(EXIT_WRONG_INPUT)
