"""What tests of the holes probe share: a look at a loopback server, judged at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from plugins.pack import Pack, Signature, pack_of
from plugins.template.model import Template
from probes.dial import Dialer
from probes.holes.judge import judge
from probes.holes.look import look
from probes.observation import Ending, ItemEnded
from probes.recorder import Recorder
from probes.target import DeclaredPort, Item, PortRange, Purpose, Role, Scope, Target, Transport
from probes.verdict import Judgement, Outcome
from tests.pack import PACK
from tests.probes.holes.web import Manner, Web, serving
from tests.probes.scene import dialer_for, recorder


@dataclass
class Seen:
    """A look and what was thought of it."""

    web: Web
    recorder: Recorder
    dialer: Dialer
    judgement: Judgement

    @property
    def rules(self) -> list[str]:
        return sorted(finding.rule for finding in self.judgement.findings)

    @property
    def outcomes(self) -> Counter[Outcome]:
        """What became of the signatures that are about this web server; one line each says of others that nothing is declared."""
        about = (entry for entry in self.judgement.coverage if entry.reason != "nothing that it is about is declared")
        return Counter(entry.outcome for entry in about)

    @property
    def reasons(self) -> set[str]:
        return {entry.reason for entry in self.judgement.coverage if entry.outcome is Outcome.NOT_TESTED}


def scope_for(web: Web, service: str = "http", restricted_to: tuple[str, ...] = ()) -> Scope:
    endpoint = web.endpoint
    port = DeclaredPort(
        ports=PortRange(first=endpoint.port, last=endpoint.port),
        transport=Transport.TCP,
        service=service,
        purpose=Purpose.SHOP,
        restricted_to=restricted_to,
    )
    target = Target(
        name="web", role=Role.WEB, addresses=(endpoint.address,), host_names=(endpoint.host,), ports=(port,)
    )
    return Scope(target=target, items=(Item.HOLES,), tcp_ports=(), contact="ops@example.org")


def pack_with(*templates: Template) -> Pack:
    """Make a pack of templates that lie in no file."""
    return pack_of(
        tuple(
            Signature(family="test", source=f"test/{one.id}.yaml", digest="0" * 64, template=one) for one in templates
        )
    )


async def inspected(
    manner: Manner, pack: Pack = PACK, ending: Ending = Ending.FINISHED, address: str = "127.0.0.7"
) -> Seen:
    """Look at a server and judge what was seen."""
    async with serving(manner, address) as web:
        scope, dialer, kept = scope_for(web), dialer_for(), recorder()
        await look(scope, dialer, kept, pack)
    kept.saw(Item.HOLES, ItemEnded(ending=ending))
    return Seen(web, kept, dialer, judge(scope, kept.observations, pack))
