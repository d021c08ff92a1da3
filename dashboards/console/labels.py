"""What the words of a plan are called for people; the keys are closed sets, and a test holds them full."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.locale.phrasebook import mark
from dashboards.report.labels import ITEM, KIND
from scheduler.dialogue import Side
from scheduler.negotiation import Phase
from scheduler.store.values import InspectionOutcome

PHASE: Mapping[Phase, str] = {
    Phase.OFFERED: mark("Offered"),
    Phase.AGREED: mark("Agreed"),
    Phase.RUNNING: mark("Running"),
    Phase.ENDING: mark("Ending"),
    Phase.ENDED: mark("Ended"),
    Phase.BROKEN: mark("Broken off"),
    Phase.DECLINED: mark("Declined"),
    Phase.WITHDRAWN: mark("Withdrawn"),
    Phase.LAPSED: mark("Lapsed"),
    Phase.STOPPED: mark("Stopped"),
    Phase.MISSED: mark("Missed"),
}
SIDE: Mapping[Side, str] = {
    Side.REVIEW_BODY: mark("Review body"),
    Side.OPERATOR: mark("Operator"),
    Side.SERVICE: mark("Service"),
}
OUTCOME: Mapping[InspectionOutcome, str] = {
    InspectionOutcome.RUNNING: mark("Running"),
    InspectionOutcome.PASS: mark("Pass"),
    InspectionOutcome.FAIL: mark("Fail"),
    InspectionOutcome.INCONCLUSIVE: mark("Inconclusive"),
    InspectionOutcome.VOID: mark("Void (the control of the run failed)"),
    InspectionOutcome.BROKEN: mark("Inconclusive (broken off)"),
}

__all__ = ["ITEM", "KIND", "OUTCOME", "PHASE", "SIDE"]
