r"""The controller: one beat in, how fast the inspection may go out. Pure: it reads no clock and waits for nothing.

    LEAD --baseline learnt--> RUN <--calm for a while-- PAUSE --unwell for too long--> ABORT
      \--not well without us--> ABORT   \--error, Retry-After, unseen, too slow at the slowest pace--> PAUSE

The pace rises by a little per calm interval and falls by half (AIMD, RFC 5681 section 3.1 gives the reasons). It rises while at
most half of the agreed latency is added and falls from three quarters on, so that it comes to rest between. Every doubt is
decided for the shop: a pause that was not needed costs minutes, one that is missing costs customers.
"""

from __future__ import annotations

from dataclasses import replace

from plugins.text import Text
from plugins.value import value
from probes.pulse.facts import BEAT_TIMEOUT_S, Advice, Echo, Phase, Pulse, PulseBeat
from probes.pulse.latency import allowance_s, bound_s, p95

START = 0.25
"""Part of the agreed pace with which an inspection begins."""
FLOOR = 0.05
"""Slowest pace; who is too fast at that pauses."""
STEP = 0.1
"""What a calm interval adds."""
CUT = 0.5
"""What is left of the pace when the shop is too slow."""
ENOUGH = 20
"""Well answered beats that a baseline needs."""
RECENT = 20
"""Beats over which the p95 slides while inspecting."""
JUDGED = 3
"""Beats since the last cut before the next one: the shop needs a moment to show what the cut has brought."""
CALM = 5
"""Calm beats in a row that raise the pace, or end a pause."""
CALM_PART = 0.5
"""Part of the agreed added latency up to which a beat is calm."""
CUT_PART = 0.75
"""Part of the agreed added latency from which on the p95 cuts the pace: the bound itself should never be seen."""
UNWELL = 0.05
"""Part of the lead's beats that may fail; a shop with more was not well before we began."""
STEADY = 3
"""Beats in a row that have to be well when the lead ends."""
HOLD_MOST_S = 600.0
"""Who asks for more than this gets the window back."""


@value
class Beat:
    """A beat as the controller hears it."""

    at: float
    """When it was heard, seconds on the listener's monotonic clock."""
    echo: Echo
    """What came back."""
    latency_s: float = 0.0
    """Of a well answered beat."""
    trouble: str = ""
    """Class of the shop's trouble; empty when the page worked."""
    hold_s: float = 0.0
    """For how long the server asked to be left alone."""

    @staticmethod
    def heard(fact: PulseBeat, at: float) -> Beat:
        """Take a beat that arrived at `at`."""
        return Beat(
            at=at,
            echo=fact.echo,
            latency_s=fact.latency_s,
            trouble=fact.trouble,
            hold_s=fact.hold_s,
        )

    @staticmethod
    def missed(at: float) -> Beat:
        """Say that no beat came: whatever the cause, the shop is not seen."""
        return Beat(at=at, echo=Echo.NOT_SENT)


@value
class State:
    """What the controller remembers."""

    pulse: Pulse
    """What was agreed."""
    began: float
    """When the lead began."""
    at: float
    """When the last beat was heard, or missed."""
    advice: Advice
    """What was advised last."""
    baseline: tuple[float, ...] = ()
    """Latencies of the lead, in seconds."""
    lead_beats: int = 0
    """Beats of the lead that were sent."""
    lead_errors: int = 0
    """Those that the shop did not answer well."""
    known: frozenset[str] = frozenset()
    """Classes of trouble that the shop had without us."""
    steady: int = 0
    """Well answered beats in a row in the lead; while inspecting: since the last known trouble."""
    recent: tuple[float, ...] = ()
    """Latencies since the last cut, the latest `RECENT`."""
    calm: int = 0
    """Calm beats in a row, since the last change."""
    hold_until: float = 0.0
    """Nothing may be sent before."""
    unwell_since: float = 0.0
    """Since when the shop is unwell; it counts as one time of trouble until the pace is back at `START`."""
    unwell: bool = False
    """Whether it is."""

    @staticmethod
    def opened(pulse: Pulse, at: float) -> State:
        """Begin the lead at `at`."""
        return State(pulse=pulse, began=at, at=at, advice=Advice(phase=Phase.LEAD, factor=0.0, reason=_LEADING))

    @property
    def bound_s(self) -> float:
        """The p95 that the page may have while it is inspected."""
        return bound_s(self.pulse, p95(self.baseline))

    def added_s(self, part: float) -> float:
        """Give the latency that adds `part` of what may be added."""
        baseline = p95(self.baseline)
        return baseline + part * allowance_s(self.pulse, baseline)

    @property
    def overdue_at(self) -> float:
        """When a beat counts as missed if none was heard before: a beat that hangs is as bad as one that failed."""
        longest = BEAT_TIMEOUT_S if self.advice.phase is Phase.LEAD else self.bound_s
        return max(self.at, self.hold_until) + 3 * self.pulse.every_s + longest


def beat(state: State, heard: Beat) -> tuple[State, Advice]:
    """Hear one beat; give the next state and how fast the inspection may go now."""
    heard = replace(heard, at=max(heard.at, state.at))
    match state.advice.phase:
        case Phase.LEAD:
            after = _lead(replace(state, at=heard.at), heard)
        case Phase.RUN:
            after = _run(replace(state, at=heard.at), heard)
        case Phase.PAUSE:
            after = _pause(replace(state, at=heard.at), heard)
        case Phase.ABORT:
            after = state
    return after, after.advice


def _lead(state: State, heard: Beat) -> State:
    state = _learnt(state, heard)
    waited = state.at - state.began
    if heard.hold_s > HOLD_MOST_S:
        return _aborted(state, _asked_for_more(heard.hold_s))
    if waited < state.pulse.lead_s:
        return state
    if state.lead_beats >= STEADY and state.lead_errors > UNWELL * state.lead_beats:
        return _aborted(state, _NOT_WELL_BEFORE)
    if len(state.baseline) >= ENOUGH and state.steady >= STEADY and state.at >= state.hold_until:
        return _advised(replace(state, steady=RECENT), Phase.RUN, START, _BEGUN)
    if waited >= 2 * max(state.pulse.lead_s, ENOUGH * state.pulse.every_s) + state.pulse.patience_s:
        return _aborted(state, _NO_BASELINE)
    return state


def _learnt(state: State, heard: Beat) -> State:
    if heard.echo is Echo.NOT_SENT:
        return replace(state, steady=0)
    held = max(state.hold_until, state.at + heard.hold_s) if heard.hold_s else state.hold_until
    state = replace(state, lead_beats=state.lead_beats + 1, hold_until=held)
    if heard.trouble:
        return replace(state, lead_errors=state.lead_errors + 1, known=state.known | {heard.trouble}, steady=0)
    return replace(state, baseline=(*state.baseline, heard.latency_s), steady=state.steady + 1)


def _run(state: State, heard: Beat) -> State:
    if heard.hold_s or heard.echo is Echo.NOT_SENT:
        return _paused(state, heard)
    if heard.trouble:
        # Trouble that the shop had without us too is no sign of harm while it stays as rare as it was.
        rare = heard.trouble in state.known and state.steady >= RECENT
        return replace(state, steady=0, calm=0) if rare else _paused(state, heard)
    recent = (*state.recent, heard.latency_s)[-RECENT:]
    calm = state.calm + 1 if heard.latency_s <= state.added_s(CALM_PART) else 0
    state = replace(state, recent=recent, calm=calm, steady=state.steady + 1)
    if p95(recent) > state.added_s(CUT_PART):
        return _slowed(state, heard) if len(recent) >= JUDGED else state
    return _quickened(state) if calm >= CALM else state


def _slowed(state: State, heard: Beat) -> State:
    if state.advice.factor <= FLOOR:
        return _paused(state, heard)
    factor = max(FLOOR, state.advice.factor * CUT)
    return _advised(replace(state, recent=(), calm=0), Phase.RUN, factor, _SLOWER)


def _quickened(state: State) -> State:
    factor = min(1.0, round(state.advice.factor + STEP, 6))
    state = replace(state, calm=0, unwell=state.unwell and factor < START)
    return _advised(state, Phase.RUN, factor, _QUICKER) if factor > state.advice.factor else state


def _paused(state: State, heard: Beat) -> State:
    if state.unwell and state.at - state.unwell_since >= state.pulse.patience_s:
        return _aborted(state, _AGAIN)
    state = replace(
        state,
        recent=(),
        calm=0,
        unwell=True,
        unwell_since=state.unwell_since if state.unwell else state.at,
    )
    return _held(_advised(state, Phase.PAUSE, 0.0, _why_paused(heard)), heard)


def _held(state: State, heard: Beat) -> State:
    """Obey Retry-After; who asks for very long is left alone for good."""
    if heard.hold_s > HOLD_MOST_S:
        return _aborted(state, _asked_for_more(heard.hold_s))
    return replace(state, hold_until=max(state.hold_until, state.at + heard.hold_s)) if heard.hold_s else state


def _pause(state: State, heard: Beat) -> State:
    waited = state.at - state.unwell_since
    may_speak = state.at >= state.hold_until or waited >= HOLD_MOST_S
    calm = (
        heard.echo is Echo.ANSWERED
        and not heard.trouble
        and not heard.hold_s
        and heard.latency_s <= state.added_s(CALM_PART)
    )
    if calm:
        state = replace(state, calm=state.calm + 1)
        return _advised(replace(state, calm=0, steady=0), Phase.RUN, FLOOR, _CALM) if _ended(state) else state
    if may_speak and waited >= state.pulse.patience_s:
        return _aborted(state, _STAYED_UNWELL)
    return _held(replace(state, calm=0), heard)


def _ended(state: State) -> bool:
    return state.calm >= CALM and state.at >= state.hold_until


def _aborted(state: State, reason: Text) -> State:
    return _advised(state, Phase.ABORT, 0.0, reason)


def _advised(state: State, phase: Phase, factor: float, reason: Text) -> State:
    return replace(state, advice=Advice(phase=phase, factor=factor, reason=reason))


def _why_paused(heard: Beat) -> Text:
    if heard.hold_s:
        return Text(
            en=f"the shop asked to be left alone for {heard.hold_s:.0f} s ({heard.trouble or 'Retry-After'})",
            ja=f"ショップから {heard.hold_s:.0f} 秒間の中断を求められました ({heard.trouble or 'Retry-After'})",
        )
    if heard.echo is Echo.NOT_SENT:
        return _UNSEEN
    if heard.trouble:
        return Text(
            en=f"the shop showed an error that it did not show before the inspection ({heard.trouble})",
            ja=f"検査開始前にはなかったエラーがショップに現れました ({heard.trouble})",
        )
    return _TOO_SLOW


def _asked_for_more(seconds: float) -> Text:
    return Text(
        en=f"the shop asked to be left alone for {seconds:.0f} s, so the window was handed back",
        ja=f"ショップから {seconds:.0f} 秒間の中断を求められたため、実行時間帯を返上しました",
    )


_LEADING = Text(
    en="learning how fast the shop is without the inspection",
    ja="検査を行わないときのショップの応答時間を測定しています",
)
_BEGUN = Text(en="the shop is well; the inspection begins slowly", ja="ショップは正常です。検査を低速で開始します")
_NOT_WELL_BEFORE = Text(
    en="the shop was not well before the inspection began", ja="検査開始前からショップが正常ではありませんでした"
)
_NO_BASELINE = Text(
    en="too few heartbeats were answered to know how the shop is without the inspection",
    ja="検査を行わないときのショップの状態を知るのに十分な応答が得られませんでした",
)
_SLOWER = Text(
    en="the shop's answers came close to the agreed bound; the pace was halved",
    ja="ショップの応答時間が合意した上限に近づいたため、検査速度を半分にしました",
)
_QUICKER = Text(
    en="the shop answered well within the agreed bound; the pace was raised a little",
    ja="ショップの応答時間が合意した上限を十分に下回っていたため、検査速度を少し上げました",
)
_TOO_SLOW = Text(
    en="the shop's answers came close to the agreed bound even at the slowest pace",
    ja="最も遅い検査速度でもショップの応答時間が合意した上限に近づいたため、送信を止めました",
)
_UNSEEN = Text(
    en="the shop could not be watched, so nothing was sent", ja="ショップの状態を確認できなかったため、送信を止めました"
)
_CALM = Text(
    en="the shop is well again; the inspection goes on at the slowest pace",
    ja="ショップが正常に戻ったため、最も遅い検査速度で再開しました",
)
_AGAIN = Text(
    en="the shop became unwell again as soon as the inspection went on; the window was handed back",
    ja="再開するとショップが再び正常でなくなったため、実行時間帯を返上しました",
)
_STAYED_UNWELL = Text(
    en="the shop stayed unwell although nothing was sent; the window was handed back",
    ja="送信を止めてもショップが正常に戻らないため、実行時間帯を返上しました",
)
