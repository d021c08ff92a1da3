"""Sees what SET end points answer. Facts only; `judge.py` says what they mean.

At most three exchanges per end point and address: the initiation page when one is declared, a PInitReq, and another one. An end
point that does not answer, or asks to be left alone, is left alone.
"""

from __future__ import annotations

import secrets

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, WebAnswer
from probes.dial import Dialer
from probes.http import exchange
from probes.recorder import Recorder
from probes.set import initiation, unconfirmed
from probes.set.certificates import UnreadableError, read_pem
from probes.set.endpoints import Place, places, target_of, undeclared
from probes.set.facts import SetExchange, Step
from probes.set.heard import message_type, silence
from probes.set.parts import Certificate
from probes.set.post import InitiationAsk, initiate
from probes.set.request import Draw, pinit_req
from probes.target import Item, Scope
from probes.transcript import Transcript

STEPS = 3
"""Exchanges per place at most."""
TIMEOUT_S = 15.0
"""Seconds for one exchange, from the connection's start to the end of the answer."""


async def look(
    scope: Scope,
    dialer: Dialer,
    recorder: Recorder,
    pack: object,  # noqa: ARG001 - every probe is called alike; this one needs no signatures
    draw: Draw = secrets.token_bytes,
) -> None:
    """Look at every declared SET end point on every address; raises `CutOffError`. `draw` gives random bytes."""
    found = [place for place in places(scope.target) if not undeclared(place.endpoint)]
    for number, place in enumerate(found):
        recorder.progress(Item.SET, number * STEPS, len(found) * STEPS)
        await _Visit(scope.contact, dialer, recorder, place, draw).run()
    recorder.progress(Item.SET, len(found) * STEPS, len(found) * STEPS)


class _Visit:
    """The exchanges with one place."""

    def __init__(self, contact: str, dialer: Dialer, recorder: Recorder, place: Place, draw: Draw) -> None:
        self._contact, self._dialer, self._recorder = contact, dialer, recorder
        self._place, self._endpoint, self._draw = place, place.endpoint, draw
        self._lid_m: bytes | None = None

    async def run(self) -> None:
        """Initiation page, first request, second request, as long as there are answers."""
        if self._endpoint.initiation_url and silence(await self._page()):
            return
        if not silence(await self._request(Step.FIRST)):
            await self._request(Step.AGAIN)

    async def _page(self) -> HttpAnswer | NoAnswer:
        url = self._endpoint.initiation_url
        ask = HttpAsk(path=target_of(url), max_bytes=initiation.MAX_BYTES, timeout_s=TIMEOUT_S)
        answer, transcript = await exchange(self._dialer, self._place.web(url), ask, self._contact)
        self._saw(Step.INITIATION, b"", answer, transcript)
        message = initiation.initiated(self._endpoint, answer)
        self._lid_m = message.lid_m if message else None
        return answer

    async def _request(self, step: Step) -> HttpAnswer | NoAnswer:
        endpoint = self._endpoint
        roots = _roots(endpoint.roots)
        body = pinit_req(endpoint, roots, self._lid_m, self._dialer.clock.now(), self._draw)
        path, kind = target_of(endpoint.url), message_type(endpoint)
        ask = InitiationAsk(path=path, media_type=kind, body=body, timeout_s=TIMEOUT_S)
        answer, transcript = await initiate(self._dialer, self._place.web(endpoint.url), ask, self._contact)
        self._saw(step, body, answer, transcript)
        return answer

    def _saw(self, step: Step, sent: bytes, answer: WebAnswer, transcript: Transcript | None) -> None:
        fact = SetExchange(
            url=self._endpoint.url,
            address=self._place.address,
            step=step,
            reading=unconfirmed.READING,
            sent=sent,
            answer=answer,
        )
        self._recorder.saw(Item.SET, fact, *([transcript] if transcript else []))


def _roots(pems: tuple[str, ...]) -> tuple[Certificate, ...]:
    """Read the declared roots; one that cannot be read is left out here, and told by the judge."""
    found = []
    for pem in pems:
        try:
            found.append(read_pem(pem))
        except UnreadableError:
            continue
    return tuple(found)
