"""What may be sent to the API. Strict: unknown keys, numbers in quotes and naive times are mistakes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from grid.window import Window
from probes.pace import Pace
from probes.ports.choice import EXPECTED, chosen
from probes.target import Item
from scheduler.dialogue import SpecialReason
from scheduler.plan import MAX_TEXT, InspectionPlan
from scheduler.result import Kind
from scheduler.system import Contact


def _written(moment: object) -> object:
    if not isinstance(moment, str):
        raise ValueError("expected a time such as 2026-03-02T01:00:00Z")  # noqa: TRY004 - pydantic turns ValueError into a mistake
    return moment


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_utc)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Paragraph = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
Rate = Annotated[float, Strict(), Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Own = Annotated[float, Strict(), Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Count = Annotated[int, Strict(), Field(gt=0, le=10_000_000_000)]
Flag = Annotated[bool, Strict()]


def _choice(text: str) -> str:
    chosen(text)
    return text


Choice = Annotated[str, Field(max_length=1_000), AfterValidator(_choice)]


class Form(BaseModel):
    """Base of everything that is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WindowForm(Form):
    """A window."""

    start: Moment = Field(description="First moment at which something may be sent.")
    end: Moment = Field(description="First moment at which nothing may be sent any more.")


class PaceForm(Form):
    """Upper bounds for the system as a whole; at most the declared ones."""

    connections_per_s: Rate = Field(description="New TCP connections per second.")
    requests_per_s: Rate = Field(description="HTTP requests per second.")
    concurrent_connections: Count = Field(description="Open connections at one moment.")
    bytes_per_s: Count = Field(description="Bytes read and written per second.")
    packets_per_s: Own | None = Field(
        default=None, description="Packets sent per second; 0: no bound of its own; left out: as before."
    )

    def over(self, base: Pace) -> Pace:
        """Give the pace; a bound on packets that is not stated stays that of `base`."""
        stated = self.model_dump(exclude_none=True)
        return Pace(**{"packets_per_s": base.packets_per_s, **stated})


class ContactForm(Form):
    """Whom to reach."""

    organisation: Line
    name: Line
    email: Line
    phone: Annotated[str, Field(max_length=40)] = ""


class TermsForm(Form):
    """Terms of a plan. In an offer, what is left out is taken from the declaration; in a counter-offer, from the present form."""

    window: WindowForm | None = Field(default=None, description="When it may run; an offer needs one.")
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=len(Item))] | None = None
    ports: Choice | None = Field(
        default=None, description=f"TCP ports that the review body picks beside the operator's: {EXPECTED}."
    )
    pace: PaceForm | None = None
    trouble: Paragraph | None = Field(default=None, description="What both sides do when something goes wrong.")
    contacts: Annotated[tuple[ContactForm, ...], Field(min_length=1, max_length=10)] | None = None

    def over(self, base: InspectionPlan) -> InspectionPlan:
        """Give `base` with the terms that are stated here."""
        return InspectionPlan(
            plan_id=base.plan_id,
            system=base.system,
            kind=base.kind,
            window=base.window if self.window is None else Window(start=self.window.start, end=self.window.end),
            items=base.items if self.items is None else self.items,
            pace=base.pace if self.pace is None else self.pace.over(base.pace),
            trouble=base.trouble if self.trouble is None else self.trouble,
            contacts=base.contacts
            if self.contacts is None
            else tuple(Contact(**contact.model_dump()) for contact in self.contacts),
            egress=base.egress,
            picked=base.picked if self.ports is None else chosen(self.ports),
        )


class OfferForm(TermsForm):
    """An offer of the review body."""

    system: Annotated[str, Field(min_length=1, max_length=64)]
    kind: Kind = Kind.SCHEDULED
    window: WindowForm = Field(description="When it may run.")


class CounterForm(TermsForm):
    """Another form of a plan that is on the table."""

    outside_calendar: Flag = Field(default=False, description="The operator accepts hours outside its calendar.")


class AcceptForm(Form):
    """An acceptance."""

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(description="Digest of the form that was read.")
    outside_calendar: Flag = Field(default=False, description="The operator accepts hours outside its calendar.")


class DeclineForm(Form):
    """A refusal."""

    reason: Paragraph
    special: SpecialReason | None = Field(
        default=None, description="Needed by an operator that declines a spot inspection."
    )


class SlowForm(Form):
    """A lower pace, from now on."""

    share: Annotated[float, Strict(), Field(gt=0, lt=1, allow_inf_nan=False)] = Field(
        description="Largest part of the agreed pace; below the present one. Nothing raises it again."
    )
    reason: Paragraph


class ReasonForm(Form):
    """Why a plan is withdrawn or an inspection stopped."""

    reason: Paragraph
