"""What the words of a result are called for people. The keys are the closed sets of the values; a test holds them full."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.locale.phrasebook import mark
from probes.finding import Certainty, Grade, Severity
from probes.observation import Ending
from probes.pulse.facts import Impact, Phase
from probes.target import Item, Role
from probes.tls.picture import Place
from probes.verdict import Outcome, Standing
from scheduler.result import Kind

STANDING: Mapping[Standing, str] = {
    Standing.PASS: mark("Pass"),
    Standing.FAIL: mark("Fail"),
    Standing.INCONCLUSIVE: mark("Inconclusive"),
}
GRADE: Mapping[Grade, str] = {
    Grade.FAILING: mark("Ground for failing"),
    Grade.GUIDANCE: mark("Guidance"),
    Grade.ADVISORY: mark("Advisory"),
}
SEVERITY: Mapping[Severity, str] = {
    Severity.NONE: mark("None"),
    Severity.LOW: mark("Low"),
    Severity.MEDIUM: mark("Medium"),
    Severity.HIGH: mark("High"),
    Severity.CRITICAL: mark("Critical"),
}
CERTAINTY: Mapping[Certainty, str] = {
    Certainty.VERIFIED: mark("verified"),
    Certainty.SUSPECTED: mark("suspected"),
}
OUTCOME: Mapping[Outcome, str] = {
    Outcome.CLEAN: mark("clean"),
    Outcome.FOUND: mark("found"),
    Outcome.NOT_APPLICABLE: mark("not applicable"),
    Outcome.NOT_TESTED: mark("not tested"),
}
PLACE: Mapping[Place, str] = {
    Place.LEAF: mark("server certificate"),
    Place.AUTHORITY: mark("authority"),
    Place.ANCHOR: mark("trusted root"),
}
ITEM: Mapping[Item, str] = {
    Item.PORTS: mark("Open ports"),
    Item.HOLES: mark("Security holes"),
    Item.TLS: mark("TLS"),
    Item.SET: mark("SET/SECE"),
    Item.HOSTS: mark("Servers and names"),
}
WHY: Mapping[Item, str] = {
    Item.PORTS: mark(
        "Every open port is a door into the server. A door that the declaration does not know is a door that nobody watches."
    ),
    Item.HOLES: mark(
        "Programs that use known holes are public and try every address of the Internet day and night. Through such a hole a "
        "stranger can read or change files, or take over the server."
    ),
    Item.TLS: mark(
        "Names, addresses and card numbers of customers travel over this connection. Without sound certificates and versions "
        "nobody can tell the shop from an impostor, and others may read along."
    ),
    Item.SET: mark(
        "Payment messages travel over this connection; customers and card companies rely on its signatures."
    ),
    Item.HOSTS: mark(
        "Only declared servers are inspected. A server that nobody declared, or a name that leads elsewhere, stays unseen, and "
        "whoever attacks the shop will find it."
    ),
}
KIND: Mapping[Kind, str] = {
    Kind.SCHEDULED: mark("Scheduled inspection"),
    Kind.SPOT: mark("Spot inspection"),
    Kind.PRELIMINARY: mark("Preliminary inspection"),
    Kind.RE_INSPECTION: mark("Re-inspection"),
    Kind.MONITORING: mark("Monitoring for degradation"),
}
ENDING: Mapping[Ending, str] = {
    Ending.FINISHED: mark("finished"),
    Ending.WINDOW_OVER: mark("cut off at the end of the window"),
    Ending.STOPPED: mark("stopped on request"),
    Ending.BROKEN: mark("broken off by a fault"),
    Ending.NOT_STARTED: mark("not started"),
}
ROLE: Mapping[Role, str] = {
    Role.WEB: mark("Web server"),
    Role.MAIL: mark("Mail server"),
    Role.DNS: mark("DNS server"),
    Role.PROXY: mark("Proxy server"),
    Role.LOAD_BALANCER: mark("Load balancer"),
    Role.OTHER: mark("Other server"),
}
IMPACT: Mapping[Impact, str] = {
    Impact.WITHIN: mark("Within what was agreed"),
    Impact.BEYOND: mark("Beyond what was agreed"),
    Impact.NOT_SHOWN: mark("Not shown"),
}
TONE: Mapping[Impact, str] = {Impact.WITHIN: "pass", Impact.BEYOND: "fail", Impact.NOT_SHOWN: "inconclusive"}
"""Colour of each impact on the page."""
PHASE: Mapping[Phase, str] = {
    Phase.LEAD: mark("Measured without the inspection"),
    Phase.RUN: mark("Inspecting"),
    Phase.PAUSE: mark("Paused"),
    Phase.ABORT: mark("Window handed back"),
}
