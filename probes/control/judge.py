"""Which declared addresses are proven. Pure.

By DNS: a declared host name of the server resolves to the address, and `_tenken.<name>` (or of a parent with two labels or more)
holds the token. By HTTP: the address itself serves the token. The first shows control of a name that leads to the address, the
second control of the address; neither is taken for the other, and what could not be found out proves nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

from plugins.text import Text
from plugins.value import value
from probes.control.facts import ControlFact, DnsSeen, PageSeen, Question, RecordType, Visit
from probes.control.token import page_path, proof_line
from probes.target import Target, Transport
from probes.transcript import printable


class Way(StrEnum):
    """How control is shown."""

    LOOPBACK = "loopback"
    """The address can only mean this machine; nothing has to be shown."""
    DNS = "dns"
    """TXT record of a name that leads to the address."""
    HTTP = "http"
    """Page served by the address itself."""


@value
class Proven:
    """An address that may be inspected."""

    server: str
    """Name of the declared server."""
    address: str
    """The address."""
    way: Way
    """How control was shown."""
    evidence: str = ""
    """The record or URL that shows it."""


@value
class Missing:
    """An address that may not be inspected."""

    server: str
    """Name of the declared server."""
    address: str
    """The address."""
    why: Text
    """What was seen instead of the proof."""
    publish: tuple[str, ...] = ()
    """What to publish so that it is proven: a DNS record, or a URL and the content of the page. Empty: it cannot be proven so."""


@value
class ControlProof:
    """What is proven about the addresses of a system."""

    proven: tuple[Proven, ...]
    """Addresses that may be inspected."""
    missing: tuple[Missing, ...]
    """Addresses that may not."""

    @property
    def addresses(self) -> frozenset[str]:
        """The proven addresses, loopback among them."""
        return frozenset(entry.address for entry in self.proven)

    @property
    def complete(self) -> bool:
        """True: every declared address may be inspected."""
        return not self.missing

    @property
    def refusal(self) -> Text:
        """Say what is missing and what to publish; empty when nothing is missing."""
        return Text(
            en="\n".join(_refused(entry, entry.why.en, "publish") for entry in self.missing),
            ja="\n".join(_refused(entry, entry.why.ja, "公開するもの") for entry in self.missing),
        )


def _refused(entry: Missing, why: str, publish: str) -> str:
    lines = (f"{entry.server} {entry.address}: {why}", *(f"  {publish}: {line}" for line in entry.publish))
    return "\n".join(lines)


def needs_no_proof(address: str) -> bool:
    """Tell whether an address can only mean this machine: 127.0.0.0/8 and ::1, in no other form."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv4Address):
        return parsed.is_loopback
    return parsed is not None and int(parsed) == 1 and parsed.scope_id is None


def domains(host_name: str) -> tuple[str, ...]:
    """Give the names whose `_tenken` record counts for a host: itself and its parents of at least two labels."""
    labels = host_name.split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels) - 1))


def questions(targets: Sequence[Target]) -> tuple[Question, ...]:
    """Give the questions to the DNS that can prove the addresses of the servers, each once."""
    hosts = [host for target in targets if _wanting(target) for host in target.host_names]
    asked = [
        *(Question(name=f"_tenken.{domain}", type=RecordType.TXT) for host in hosts for domain in domains(host)),
        *(Question(name=host, type=each) for host in hosts for each in (RecordType.A, RecordType.AAAA)),
    ]
    return tuple(dict.fromkeys(asked))


def visits(targets: Sequence[Target]) -> tuple[Visit, ...]:
    """Give the one page to fetch from each address: over HTTPS where port 443 is declared, else over port 80, else none."""
    return tuple(
        Visit(address=address, port=port, tls=port == 443, host=target.host_names[0] if target.host_names else address)
        for target in targets
        for address in _wanting(target)
        if (port := _web_port(target)) is not None
    )


def judge(
    targets: Sequence[Target], made: str, facts: Iterable[ControlFact], way: Way, *, private_by_dns: bool
) -> ControlProof:
    """Decide which addresses are proven by what was seen.

    `private_by_dns`: whether a public name may prove a private address. Whoever runs the inspection inside his own network may say
    yes; a review body must not, or a stranger's name could lead its inspectors into its own network.
    """
    seen = tuple(facts)
    entries = [
        _judge(target, address, made, seen, way, private_by_dns=private_by_dns)
        for target in targets
        for address in target.addresses
    ]
    return ControlProof(
        proven=tuple(entry for entry in entries if isinstance(entry, Proven)),
        missing=tuple(entry for entry in entries if isinstance(entry, Missing)),
    )


def _judge(
    target: Target, address: str, made: str, seen: tuple[ControlFact, ...], way: Way, *, private_by_dns: bool
) -> Proven | Missing:
    if needs_no_proof(address):
        return Proven(server=target.name, address=address, way=Way.LOOPBACK)
    if not _one_host(address):
        return Missing(server=target.name, address=address, why=_NO_HOST)
    if way is Way.HTTP:
        return _by_page(target, address, made, [fact for fact in seen if isinstance(fact, PageSeen)])
    if not private_by_dns and not ipaddress.ip_address(address).is_global:
        return Missing(server=target.name, address=address, why=_PRIVATE, publish=_page_words(target, address, made))
    return _by_dns(target, address, made, [fact for fact in seen if isinstance(fact, DnsSeen)])


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def _one_host(address: str) -> bool:
    """Tell whether an address is in its one form and means one host: not mapped, unspecified, multicast or link-local."""
    parsed = _parsed(address)
    if parsed is None or str(parsed) != address:
        return False
    if isinstance(parsed, IPv6Address) and (
        parsed.ipv4_mapped is not None or parsed.scope_id is not None or int(parsed) < 1 << 32
    ):
        return False
    broadcast = isinstance(parsed, IPv4Address) and (parsed.is_reserved or int(parsed) >> 24 == 0)
    return not (broadcast or parsed.is_unspecified or parsed.is_multicast or parsed.is_link_local)


def _wanting(target: Target) -> tuple[str, ...]:
    """Give the addresses of a server that a proof can be looked for."""
    return tuple(address for address in target.addresses if not needs_no_proof(address) and _one_host(address))


def _web_port(target: Target) -> int | None:
    return next((port for port in (443, 80) if target.declared(port, Transport.TCP) is not None), None)


def _by_dns(target: Target, address: str, made: str, seen: Sequence[DnsSeen]) -> Proven | Missing:
    answers = {fact.question: fact for fact in seen}
    leading = [host for host in target.host_names if address in _values(answers, host, RecordType.A, RecordType.AAAA)]
    for host in leading:
        for domain in domains(host):
            texts = _values(answers, f"_tenken.{domain}", RecordType.TXT)
            if any(proof_line(made) in text.split() for text in texts):
                evidence = f"_tenken.{domain} TXT; {host} is {address}"
                return Proven(server=target.name, address=address, way=Way.DNS, evidence=evidence)
    why = _dns_reason(target, leading, list(answers.values()))
    return Missing(
        server=target.name, address=address, why=why, publish=tuple(_records(target, address, made, leading))
    )


def _values(answers: dict[Question, DnsSeen], name: str, *types: RecordType) -> tuple[str, ...]:
    found = (answers.get(Question(name=name, type=each)) for each in types)
    return tuple(text for fact in found if fact is not None for text in fact.values)


def _records(target: Target, address: str, made: str, leading: Sequence[str]) -> Iterator[str]:
    hosts = list(leading or target.host_names)[:1]
    for host in hosts:
        if not leading:
            yield f"{host}. IN {'AAAA' if ':' in address else 'A'} {address}"
        yield f'_tenken.{host}. IN TXT "{proof_line(made)}"'


def _dns_reason(target: Target, leading: Sequence[str], seen: Sequence[DnsSeen]) -> Text:
    if not target.host_names:
        return _NO_HOST_NAME
    about = set(leading or target.host_names)
    wanted = {f"_tenken.{domain}" for host in about for domain in domains(host)} if leading else about
    asked = [fact for fact in seen if fact.question.name in wanted]
    broken = "; ".join(sorted({f"{fact.question.name}: {_shown(fact.detail)}" for fact in asked if fact.detail}))
    if not asked:
        broken = "not asked"
    names = ", ".join(sorted(wanted))
    if leading:
        en, ja = f"no TXT record with the token at {names}", f"{names} にトークンの TXT レコードがありません"
    else:
        en, ja = (
            f"none of its host names ({names}) resolves to it",
            f"ホスト名（{names}）はいずれもこのアドレスを指していません",
        )
    return Text(en=f"{en} ({broken})" if broken else en, ja=f"{ja}（{broken}）" if broken else ja)


def _by_page(target: Target, address: str, made: str, seen: Sequence[PageSeen]) -> Proven | Missing:
    fact = next((each for each in seen if each.visit.address == address), None)
    url = _url(target, address, made)
    if fact is not None and fact.status == 200 and fact.body.strip() == proof_line(made).encode():
        return Proven(server=target.name, address=address, way=Way.HTTP, evidence=f"{url} at {address}")
    return Missing(
        server=target.name, address=address, why=_page_reason(target, fact), publish=_page_words(target, address, made)
    )


def _url(target: Target, address: str, made: str) -> str:
    host = target.host_names[0] if target.host_names else (f"[{address}]" if ":" in address else address)
    return f"{'https' if _web_port(target) == 443 else 'http'}://{host}{page_path(made)}"


def _page_words(target: Target, address: str, made: str) -> tuple[str, ...]:
    if _web_port(target) is None:
        return ()
    return (f"{_url(target, address, made)} (at {address}, no redirect) = {proof_line(made)}",)


def _page_reason(target: Target, fact: PageSeen | None) -> Text:
    if _web_port(target) is None:
        return _NO_WEB_PORT
    if fact is None:
        return Text(en="its page was not fetched", ja="確認ページを取得していません")
    if fact.detail or not fact.status:
        shown = _shown(fact.detail)
        return Text(en=f"its page gave no answer ({shown})", ja=f"確認ページから応答がありません（{shown}）")
    if fact.status != 200:
        status = fact.status
        return Text(
            en=f"its page answered with status {status}, not 200", ja=f"確認ページの応答が 200 ではなく {status} です"
        )
    shown = printable(fact.body, 40)
    return Text(en=f"its page holds something else: {shown}", ja=f"確認ページの内容が異なります: {shown}")


def _shown(detail: str) -> str:
    return printable(detail.encode("ascii", "backslashreplace"), 120)


_NO_HOST = Text(
    en="this is not the address of one host, so it can never be inspected; correct the declaration",
    ja="単一のホストのアドレスではないため検査できません。申告を修正してください",
)
_NO_HOST_NAME = Text(
    en="the server declares no host name, so no DNS record can prove it; declare one, or prove it by HTTP",
    ja="ホスト名の申告がないため DNS では確認できません。ホスト名を申告するか HTTP で確認してください",
)
_PRIVATE = Text(
    en="a public name proves nothing about a private address; prove it by HTTP",
    ja="プライベートアドレスは DNS では確認できません。HTTP で確認してください",
)
_NO_WEB_PORT = Text(
    en="the server declares neither port 443 nor port 80, so no page can prove it; prove it by DNS",
    ja="443 番と 80 番のポートの申告がないため HTTP では確認できません。DNS で確認してください",
)
