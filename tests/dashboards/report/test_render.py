"""The page: well-formed, self-contained, escaped, complete, readable."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.report.render import MOST_FINDINGS, render, write_report
from plugins.text import Lang, Text
from probes.finding import Grade
from probes.target import Item
from probes.verdict import Outcome
from scheduler.result import Result
from tests.dashboards.report import scenes

LANGS: tuple[Lang, ...] = ("ja", "en")
SCENES = (scenes.passing, scenes.failing, scenes.inconclusive, scenes.hostile)
PAGES = [(scene(), lang) for scene in SCENES for lang in LANGS]
HEAD = {"html", "head", "meta", "title", "style"}
FRAME = {
    "body",
    "div",
    "main",
    "header",
    "footer",
    "section",
    "article",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "pre",
    "details",
    "summary",
}
TABLES = {"table", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", "ul", "ol", "li"}
INLINE = {"a", "span", "b", "i", "br", "small", "code", "svg", "circle", "path", "rect"}
ELEMENTS = HEAD | FRAME | TABLES | INLINE


def page(result: Result, lang: Lang = "en") -> ET.Element:
    """Read the page strictly: as XML it has no second reading."""
    return ET.fromstring(render(result, lang, "Asia/Tokyo"))


def words(element: ET.Element | None) -> str:
    assert element is not None
    return "".join(element.itertext())


def number_of(root: ET.Element, name: str) -> int:
    return int(words(root.find(f".//*[@data-count='{name}']")).replace(",", ""))


@pytest.mark.parametrize(("result", "lang"), PAGES)
def test_only_known_elements_and_no_script(result: Result, lang: Lang) -> None:
    root = page(result, lang)
    assert {element.tag for element in root.iter()} <= ELEMENTS
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on") or name == "style"]
    assert root.attrib["lang"] == lang


@pytest.mark.parametrize(("result", "lang"), PAGES)
def test_nothing_is_loaded_from_anywhere(result: Result, lang: Lang) -> None:
    """No attribute that loads; links lead to the page itself or, for references, to a plain web address."""
    root = page(result, lang)
    loading = {"src", "srcset", "action", "data", "poster", "background", "xlink:href"}
    assert not [element.tag for element in root.iter() if loading & set(element.attrib)]
    links = [element.attrib["href"] for element in root.iter() if "href" in element.attrib]
    assert all(link.startswith(("#", "https://", "http://")) for link in links)
    style = words(root.find("head/style"))
    assert "url(" not in style
    assert "@import" not in style


def test_links_inside_the_page_lead_somewhere() -> None:
    root = page(scenes.failing())
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    named = [e.attrib.get("aria-labelledby") for e in root.iter()] + [
        e.attrib["href"][1:] for e in root.iter("a") if e.attrib["href"].startswith("#")
    ]
    assert {name for name in named if name} <= set(ids)


def test_the_policy_admits_the_style_of_the_page_and_nothing_else() -> None:
    root = page(scenes.passing())
    style = words(root.find("head/style")).encode()
    admitted = "sha256-" + base64.b64encode(hashlib.sha256(style).digest()).decode()
    policy = next(m.attrib["content"] for m in root.iter("meta") if "http-equiv" in m.attrib)
    assert policy == f"default-src 'none'; style-src '{admitted}'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_words_are_shown_and_do_nothing(lang: Lang) -> None:
    html = render(scenes.hostile(), lang, "Asia/Tokyo")
    assert "<script" not in html
    assert not {"\x00", "\x1b", "\u202e", "\u2066", "\ufffe"} & set(html)
    text = words(ET.fromstring(html))
    assert r"<script>alert(1)</script>\x1b[31m\u202egnp.exe" in text
    assert "[…+" in text
    assert len(html) < 200_000


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_any_words_of_a_server_leave_the_page_well_formed(said: str) -> None:
    found = scenes.finding("ports.undeclared-open", seen=said, title=Text(en=said, ja=said), subject=said)
    coverage = scenes.checks("web", Item.PORTS, Outcome.NOT_TESTED, 1, reason=said, subject=said)
    root = page(scenes.result(scenes.server("web", (found,), coverage), title=said))
    assert {element.tag for element in root.iter()} <= ELEMENTS


@pytest.mark.parametrize("scene", SCENES[:3])
def test_the_key_figures_are_measured(scene: Callable[[], Result]) -> None:
    result = scene()
    root = page(result)
    outcomes = [entry.outcome for entry in result.verdict.coverage]
    assert number_of(root, "done") == outcomes.count(Outcome.CLEAN) + outcomes.count(Outcome.FOUND)
    assert number_of(root, "not-tested") == outcomes.count(Outcome.NOT_TESTED)
    assert number_of(root, "failing") == [f.grade for f in result.verdict.findings].count(Grade.FAILING)
    assert number_of(root, "connections") == result.tally.connections
    assert number_of(root, "requests") == result.tally.requests


@pytest.mark.parametrize("scene", SCENES[:3])
def test_every_count_of_every_item_of_every_server_appears(scene: Callable[[], Result]) -> None:
    result = scene()
    root = page(result)
    for server in result.servers:
        for item in result.items:
            block = root.find(f".//div[@data-server='{server.target.name}'][@data-item='{item}']")
            assert block is not None
            outcomes = [e.outcome for e in server.verdict.coverage if e.item is item]
            shown = {Outcome(b.attrib["data-outcome"]): int(words(b)) for b in block.iter("b") if b.attrib}
            assert shown == {outcome: outcomes.count(outcome) for outcome in Outcome}


@pytest.mark.parametrize("lang", LANGS)
def test_every_finding_stands_there_with_all_it_says(lang: Lang) -> None:
    result = scenes.failing()
    cards = list(page(result, lang).iter("article"))
    assert len(cards) == len(result.verdict.findings)
    for card, finding in zip(cards, result.verdict.findings, strict=True):
        text = words(card)
        said = (
            finding.title.in_lang(lang),
            finding.remedy.in_lang(lang),
            finding.subject,
            finding.seen,
            finding.clause,
        )
        assert [part for part in said if part not in text] == []
        assert card.attrib["class"] == f"finding {finding.grade}"


def test_every_gap_gives_its_reason() -> None:
    text = words(page(scenes.inconclusive()).find(".//ol[@class='todo']"))
    assert "not tested (31): no answer in 10 s" in text
    assert "not tested (7): the window was over" in text


@pytest.mark.parametrize("lang", LANGS)
def test_when_who_and_by_which_rules(lang: Lang) -> None:
    result = scenes.passing()
    text = words(page(result, lang))
    operator = result.operator
    for part in (
        "2026-11-21T17:00:00Z",
        "Asia/Tokyo, UTC+09:00",
        operator.organisation,
        operator.email,
        operator.phone,
    ):
        assert part in text
    assert result.rules_version in text
    assert result.pack_digest in text


def test_a_pace_that_was_not_kept_is_said_in_words() -> None:
    fast = scenes.passing().servers[0]
    tally = replace(fast.tally, peak_connections_per_s=90)
    root = page(scenes.result(replace(fast, tally=tally), pace=fast.pace))
    assert "above the agreed bound" in words(root)
    assert "above the agreed bound" not in words(page(scenes.passing()))


def test_no_more_findings_than_a_page_bears_and_the_rest_counted() -> None:
    many = tuple(
        scenes.finding("ports.undeclared-open", subject=f"127.0.0.1:{n}/tcp") for n in range(MOST_FINDINGS + 9)
    )
    coverage = scenes.checks("web", Item.PORTS, Outcome.FOUND, 1)
    root = page(scenes.result(scenes.server("web", many, coverage)))
    assert len(list(root.iter("article"))) == MOST_FINDINGS
    assert "9 more findings stand in result.json." in words(root)


def test_the_page_names_the_digest_of_the_file_it_was_made_from(tmp_path: Path) -> None:
    from scheduler.inspection import write_result

    result = scenes.failing()
    write_result(result, tmp_path)
    write_report(result, tmp_path / "report.html", "ja", "Asia/Tokyo")
    digest = hashlib.sha256((tmp_path / "result.json").read_bytes()).hexdigest()
    assert digest in (tmp_path / "report.html").read_text("utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "result.json"]


def test_the_same_result_gives_the_same_page() -> None:
    assert render(scenes.failing(), "ja", "Asia/Tokyo") == render(scenes.failing(), "ja", "Asia/Tokyo")


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *[(ink, "paper") for ink in ("ink", "quiet", "blue", "pass", "fail", "inconclusive")],
        *[(name, f"{name}-pale") for name in ("pass", "fail", "inconclusive", "blue")],
        *[(ink, f"{name}-pale") for ink in ("ink", "quiet") for name in ("pass", "fail", "inconclusive")],
    ],
)
def test_text_has_the_contrast_that_wcag_asks_for(ink: str, ground: str) -> None:
    """WCAG 2.2, success criterion 1.4.3: 4.5 to 1."""
    style = words(page(scenes.passing()).find("head/style"))
    colours = dict(
        pair.strip().split(": ") for pair in style.split("{", 1)[1].split("}", 1)[0].split(";") if "--" in pair
    )
    light, dark = sorted((_luminance(colours[f"--{ink}"]), _luminance(colours[f"--{ground}"])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
