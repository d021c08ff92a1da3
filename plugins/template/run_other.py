"""TCP, DNS and TLS blocks at work."""

from __future__ import annotations

import binascii
from collections.abc import Generator, Iterator

import re2

from plugins.ask import (
    Answer,
    Ask,
    DnsAnswer,
    DnsAsk,
    Endpoint,
    NoAnswer,
    NoAnswerReason,
    ServiceEndpoint,
    TcpAnswer,
    TcpAsk,
    TcpStep,
    TlsAnswer,
    TlsAsk,
)
from plugins.template.chance import Chance
from plugins.template.filling import Filling, fill
from plugins.template.model import DnsBlock, TcpBlock, TcpInput, TlsBlock
from plugins.template.payloads import combinations
from plugins.template.state import State
from plugins.template.values import EvaluationError

MAX_SEND = 65_536
"""Most bytes that one step sends."""
MAX_READ_ALL = 65_536
"""Most bytes of a read to the end."""
_DOMAIN = re2.compile(
    r"(?:[A-Za-z0-9_*](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
)

Truth = bool | None
"""None: cannot be told."""


def applies(block: TcpBlock, endpoint: Endpoint) -> bool:
    """Tell whether a block is about an end point: by its port, or by its declared service."""
    if not block.ports and not block.services:
        return True
    service = endpoint.service if isinstance(endpoint, ServiceEndpoint) else ""
    return endpoint.port in block.ports or service in block.services


def run_tcp(state: State, number: int, block: TcpBlock) -> Generator[Ask, Answer, Truth]:
    """Run a block; gives whether it matched."""
    if not applies(block, state.endpoint):
        return False
    began, matched = len(state.gaps), False
    for turn, chosen in enumerate(combinations(block.payloads)):
        try:
            state.names.use(chosen, number, turn)
            ask = _tcp_ask(state, block, number, turn)
        except EvaluationError as error:
            wanted = [filling.names for filling in chosen.values()]
            state.skipped(frozenset().union(*wanted, *(entry.data.names for entry in block.inputs)), error)
            continue
        answer = yield ask
        if not isinstance(answer, TcpAnswer):
            _missed(state, answer)
        elif state.judge(("tcp", number, block), ask, answer):
            matched = True
            if block.stop_at_first_match or state.done:
                break
    state.names.put({})
    return True if matched else None if len(state.gaps) > began else False


def run_dns(state: State, number: int, block: DnsBlock) -> Generator[Ask, Answer, Truth]:
    """Run a block; gives whether it matched."""
    began = len(state.gaps)
    try:
        ask = _dns_ask(state, block, number)
    except EvaluationError as error:
        state.skipped(block.name.names, error)
        return None if len(state.gaps) > began else False
    answer = yield ask
    if not isinstance(answer, DnsAnswer):
        _missed(state, answer)
        return None
    return state.judge(("dns", number, block), ask, answer)


def run_tls(state: State, number: int, block: TlsBlock) -> Generator[Ask, Answer, Truth]:
    """Run a block; gives whether it matched."""
    ask = _tls_ask(block)
    answer = yield ask
    if isinstance(answer, TlsAnswer):
        return state.judge(("ssl", number, block), ask, answer)
    if isinstance(answer, NoAnswer) and answer.reason is NoAnswerReason.TLS and block.narrow:
        # Refusing what a block offers on purpose is the answer to its question.
        return False
    _missed(state, answer)
    return None


def planned(state: State) -> Iterator[Ask]:
    """Give the asks that are known beforehand."""
    for number, block in enumerate(state.template.tcp):
        for turn, chosen in enumerate(combinations(block.payloads)):
            try:
                state.names.use(chosen, number, turn)
                if applies(block, state.endpoint):
                    yield _tcp_ask(state, block, number, turn)
            except EvaluationError:
                continue
    state.names.put({})
    for number, one in enumerate(state.template.dns):
        try:
            yield _dns_ask(state, one, number)
        except EvaluationError:
            continue
    yield from (_tls_ask(other) for other in state.template.ssl)


def _missed(state: State, answer: Answer) -> None:
    if not isinstance(answer, NoAnswer):
        raise TypeError(f"{state.template.id}: {answer.kind} answers another kind of ask")
    state.missed(answer)


def _tcp_ask(state: State, block: TcpBlock, number: int, turn: int) -> TcpAsk:
    chance = Chance(state.occasion, state.template.id, "tcp", number, turn)
    steps = tuple(TcpStep(send=_data(state, entry, chance), read=entry.read) for entry in block.inputs)
    read = MAX_READ_ALL if block.read_all else block.read
    return TcpAsk(
        tls=block.tls,
        steps=steps,
        read=read,
        read_all=block.read_all,
        max_bytes=min(4 * MAX_READ_ALL, read + sum(step.read for step in steps)),
    )


def _data(state: State, entry: TcpInput, chance: Chance) -> bytes:
    data = fill(entry.data, state.names.sent, chance)
    if entry.hex:
        try:
            data = binascii.unhexlify(b"".join(data.split()))
        except binascii.Error:
            raise EvaluationError("what was filled in is no pairs of hexadecimal digits") from None
    if len(data) > MAX_SEND:
        raise EvaluationError(f"more than {MAX_SEND} bytes to send")
    return data


def _dns_ask(state: State, block: DnsBlock, number: int) -> DnsAsk:
    chance = Chance(state.occasion, state.template.id, "dns", number)
    name = _name(state, block.name, chance)
    if len(name) > 253 or not _DOMAIN.fullmatch(name):
        raise EvaluationError("what was filled in is no domain name")
    return DnsAsk(name=name, type=block.type, dns_class=block.dns_class, recursion=block.recursion, tries=block.tries)


def _name(state: State, filling: Filling, chance: Chance) -> str:
    return fill(filling, state.names.sent, chance).decode("ascii", "replace").rstrip(".")


def _tls_ask(block: TlsBlock) -> TlsAsk:
    return TlsAsk(min_version=block.min_version, max_version=block.max_version, ciphers=block.ciphers)
