"""The proof of gentleness on the page: it says what was measured, and never calls gentle what was not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from dashboards.report.render import MOST_CHANGES, _drawn, render
from plugins.text import Lang, Text
from probes.pulse.facts import Phase
from scheduler.result import Result
from tests.dashboards.report import pulse_scenes, scenes
from tests.dashboards.report.test_render import ELEMENTS, LANGS, page, words

SCENES = (pulse_scenes.gentle, pulse_scenes.beyond, pulse_scenes.unseen)


def section(result: Result, lang: Lang = "en") -> ET.Element:
    found = page(result, lang).find(".//section[@aria-labelledby='gentle-h']")
    assert found is not None
    return found


def impact(result: Result) -> str:
    mark = section(result).find("p[@data-impact]")
    assert mark is not None
    return mark.attrib["data-impact"]


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("lang", LANGS)
def test_the_page_stays_well_formed_and_free_of_scripts(scene: Callable[[], Result], lang: Lang) -> None:
    root = page(scene(), lang)
    assert {element.tag for element in root.iter()} <= ELEMENTS
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on") or name == "style"]


def test_what_was_not_measured_is_never_called_gentle() -> None:
    told = words(section(scenes.passing()))
    assert impact(scenes.passing()) == "not-measured"
    assert "no heartbeat was agreed" in told
    assert "not the same as no effect" in told
    assert section(scenes.passing()).find(".//svg") is None
    told = words(section(pulse_scenes.unseen()))
    assert impact(pulse_scenes.unseen()) == "not-shown"
    assert "not the same as no effect" in told
    assert "Within what was agreed" not in told


def test_a_shop_that_noticed_nothing() -> None:
    told = words(section(pulse_scenes.gentle()))
    assert impact(pulse_scenes.gentle()) == "within"
    assert "took at most 119 ms. Without the inspection it was 108 ms; the agreed limit was 158 ms." in told
    assert "Beyond" not in told


def test_a_shop_that_was_harmed_is_told_with_what_was_done() -> None:
    result = pulse_scenes.beyond()
    told = words(section(result))
    assert impact(result) == "beyond"
    assert "2 measurements during the inspection were not answered, or answered with an error." in told
    rows = [row.attrib["data-phase"] for row in section(result).iter("tr") if "data-phase" in row.attrib]
    assert rows == ["lead", "run", "run", "pause", "abort"], "small raises are left out, slowings are not"
    assert "the window was handed back" in told


def test_figures_are_those_of_the_proof() -> None:
    result = pulse_scenes.gentle()
    rows = [[words(cell) for cell in row.iter("td")] for row in section(result).iter("tr")]
    assert ["Without the inspection", "60", "104 ms", "108 ms", "0", "0"] in rows
    assert ["While paused", "0", "–", "–", "0", "0"] in rows
    assert ["Connections", "1,980", "20/s", "100/s"] in rows
    assert ["Asks", "1,485", "15/s", "50/s"] in rows
    assert ["Added latency (95 of 100)", "10.8 ms", "–", "50 ms"] in rows


@pytest.mark.parametrize(
    ("scene", "kinds"), [(SCENES[0], {"bound", "dots"}), (SCENES[1], {"bound", "dots", "beyond", "errors"})]
)
def test_the_plots_hold_what_was_seen(scene: Callable[[], Result], kinds: set[str]) -> None:
    latency, pace = [
        {path.attrib["class"]: path.attrib["d"] for path in plot.iter("path")}
        for plot in section(scene()).iter("svg")
        if plot.attrib["class"] == "plot"
    ]
    assert set(latency) == kinds
    assert set(pace) == {"allowed", "used"}
    assert all(len(path) > 5 for path in (*latency.values(), *pace.values()))


def test_in_japanese_nothing_is_left_in_english() -> None:
    told = words(section(pulse_scenes.beyond(), "ja"))
    assert "やさしさの証明" in told
    assert "ショップの状態のため" in told
    assert "inspection" not in told


def test_hostile_words_in_a_reason_stay_words() -> None:
    proof = pulse_scenes.proof([])
    nasty = Text(en=scenes.HOSTILE, ja=scenes.HOSTILE)
    event = replace(proof.events[0], advice=replace(proof.events[0].advice, reason=nasty))
    html = render(replace(scenes.passing(), gentleness=replace(proof, events=(event,))), "en", "Asia/Tokyo")
    assert "<script" not in html
    assert ET.fromstring(html) is not None


def test_very_many_changes_are_cut() -> None:
    many = [
        pulse_scenes.advised(130 + n, Phase.PAUSE if n % 2 else Phase.RUN, 0.0 if n % 2 else 0.05) for n in range(90)
    ]
    result = replace(scenes.passing(), gentleness=pulse_scenes.proof([], *many))
    assert len([row for row in section(result).iter("tr") if "data-phase" in row.attrib]) == MOST_CHANGES
    assert "More changes of pace stand in result.json." in words(section(result))


def test_only_paths_are_drawn() -> None:
    assert _drawn("M0 1 h0.01") == "M0 1 h0.01"
    with pytest.raises(ValueError, match="not the path of a plot"):
        _drawn('M0 1" onload="x')
