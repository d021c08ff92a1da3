"""Rules: what a judge holds a server to, in one table per item."""

from __future__ import annotations

from collections.abc import Mapping

from plugins.text import Text
from plugins.value import value
from probes.finding import Certainty, Finding, Grade, Severity
from probes.target import Item

Words = Mapping[str, Text | str]
"""What the templates of a rule are filled with."""


@value
class Rule:
    """One rule of the inspection rules, with the words in which a breach of it is reported."""

    id: str
    """Stable id, such as `ports.undeclared-open`."""
    item: Item
    """Item that it belongs to."""
    clause: str
    """Clause of the inspection rules."""
    grade: Grade
    """What a breach means for the verdict."""
    severity: Severity
    """How bad a breach is."""
    title: Text
    """One line for a shop owner; `{word}` is filled in."""
    remedy: Text
    """What to do; `{word}` is filled in."""
    references: tuple[str, ...] = ()
    """Standards that say the same."""

    def broken(
        self,
        server: str,
        subject: str,
        words: Words,
        *,
        declared: str = "",
        seen: str = "",
        evidence: tuple[str, ...] = (),
    ) -> Finding:
        """Give the finding that this rule is broken by `subject` of `server`."""
        return Finding(
            server=server,
            item=self.item,
            rule=self.id,
            clause=self.clause,
            subject=subject,
            grade=self.grade,
            severity=self.severity,
            certainty=Certainty.VERIFIED,
            title=filled(self.title, words),
            declared=declared,
            seen=seen,
            remedy=filled(self.remedy, words),
            references=self.references,
            evidence=evidence,
        )


def filled(template: Text, words: Words) -> Text:
    """Fill `{word}` in both languages."""
    english = {name: word.en if isinstance(word, Text) else word for name, word in words.items()}
    japanese = {name: word.ja if isinstance(word, Text) else word for name, word in words.items()}
    return Text(en=template.en.format_map(english), ja=template.ja.format_map(japanese))
