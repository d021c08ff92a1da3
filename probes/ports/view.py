"""What is known about each port of each address, put together from the observations. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plugins.value import value
from probes.observation import Observation
from probes.ports.facts import PortBlock, PortState, State, SweepSeen
from probes.ports.interference import everything_open, flooded, same_words_everywhere
from probes.ports.listing import listed
from probes.services.facts import FtpSeen, ServiceSeen, SshSeen
from probes.target import DeclaredPort, Scope, Target, Transport


@value
class PortView:
    """One port of one address: what was declared and what was seen."""

    address: str
    """Address that was dialled."""
    port: int
    """Its number."""
    declared: DeclaredPort | None
    """Its declaration; None: declared unused."""
    state: State | None
    """What it did; None: it was not dialled."""
    detail: str
    """The system's words when it was not open."""
    seen: ServiceSeen | None
    """What answered; None: it was not asked."""
    evidence: tuple[str, ...]
    """Digests of the transcripts."""
    ssh: SshSeen | None = None
    """How an SSH server lets users in; None: it was not asked."""
    ftp: FtpSeen | None = None
    """How an FTP server lets users in; None: it was not asked."""
    transport: Transport = Transport.TCP
    """TCP or UDP."""

    @property
    def subject(self) -> str:
        """Name of the port in reports."""
        return f"{bracketed(self.address)}:{self.port}/{self.transport}"

    @property
    def known(self) -> bool:
        """Whether its state was found out."""
        return self.state not in {None, State.UNKNOWN}

    @property
    def service(self) -> str:
        """Service that answered; empty: none was recognised."""
        return self.seen.service if self.seen else ""


@value
class AddressView:
    """All ports of one address."""

    address: str
    """The address."""
    ports: tuple[PortView, ...]
    """In ascending order of port."""
    sweep: SweepSeen | None = None
    """How its TCP ports were swept; None: that was not told."""

    @property
    def interference(self) -> str:
        """Say what makes the answers of this address worthless; empty: nothing."""
        undeclared = [entry for entry in self.ports if entry.declared is None and entry.known]
        answering = [entry for entry in undeclared if entry.state is State.OPEN]
        if everything_open(len(answering), len(undeclared)):
            return (
                f"interference: {len(answering)} of {len(undeclared)} undeclared ports answer as if open; "
                "something between the review body and the server answers in its place"
            )
        if same_words_everywhere([entry.seen for entry in answering if entry.seen]):
            return (
                f"interference: {len(answering)} undeclared ports all say the same words, which no known service says"
            )
        if self.sweep and flooded(self.sweep):
            return (
                f"interference: {self.sweep.excess} more answers came than were asked for; something between the review body "
                "and the server answers in its place"
            )
        expected = [entry for entry in self.ports if entry.declared and not entry.declared.restricted_to]
        if expected and all(entry.state is State.FILTERED for entry in self.ports):
            return "nothing answered at this address: not one port was open or closed, so the server was not reached"
        return ""


def bracketed(address: str) -> str:
    """Write an address so that a port can follow it (RFC 3986, section 3.2.2)."""
    return f"[{address}]" if ":" in address else address


def views(
    scope: Scope, observations: Sequence[Observation], transport: Transport = Transport.TCP
) -> Iterator[AddressView]:
    """Give every address of the scope with all ports that are to be judged, seen or not."""
    seen = _Seen(transport)
    for observation in observations:
        seen.take(observation)
    for address in scope.target.addresses:
        yield AddressView(
            address=address,
            ports=tuple(_port_view(scope.target, seen, (address, port)) for port in ports_of(scope, transport)),
            sweep=seen.sweeps.get(address),
        )


_Place = tuple[str, int]


class _Seen:
    """Facts of one transport by address and port; of two about the same, the later one says more."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.sweeps: dict[str, SweepSeen] = {}
        self.states: dict[_Place, PortState] = {}
        self.services: dict[_Place, Observation] = {}
        self.ssh: dict[_Place, SshSeen] = {}
        self.ftp: dict[_Place, FtpSeen] = {}

    def take(self, observation: Observation) -> None:
        """Sort in one observation."""
        fact = observation.fact
        if isinstance(fact, PortState | PortBlock | ServiceSeen) and fact.transport is not self.transport:
            return
        if isinstance(fact, PortState | PortBlock):
            self.states.update(((state.address, state.port), state) for state in single(fact))
        elif isinstance(fact, ServiceSeen):
            self.services[fact.address, fact.port] = observation
        elif isinstance(fact, SshSeen):
            self.ssh[fact.address, fact.port] = fact
        elif isinstance(fact, FtpSeen):
            self.ftp[fact.address, fact.port] = fact
        elif isinstance(fact, SweepSeen):
            self.sweeps[fact.address] = fact


def single(fact: PortState | PortBlock) -> Iterator[PortState]:
    """Give one state per port."""
    if isinstance(fact, PortState):
        yield fact
        return
    for port in listed(fact.ports):
        yield PortState(address=fact.address, port=port, transport=fact.transport, state=fact.state, detail=fact.detail)


def _port_view(target: Target, seen: _Seen, place: _Place) -> PortView:
    address, port = place
    state, asked = seen.states.get(place), seen.services.get(place)
    return PortView(
        address=address,
        port=port,
        declared=target.declared(port, seen.transport),
        state=state.state if state else None,
        detail=state.detail if state else "",
        seen=asked.fact if asked and isinstance(asked.fact, ServiceSeen) else None,
        evidence=asked.evidence if asked else (),
        ssh=seen.ssh.get(place),
        ftp=seen.ftp.get(place),
        transport=seen.transport,
    )


def ports_of(scope: Scope, transport: Transport = Transport.TCP) -> tuple[int, ...]:
    """Give every port that the scope asks for, declared ports included, in ascending order."""
    declared = (entry.ports for entry in scope.target.ports if entry.transport is transport)
    parts = (*(scope.tcp_ports if transport is Transport.TCP else scope.udp_ports), *declared)
    return tuple(sorted({port for part in parts for port in range(part.first, part.last + 1)}))
