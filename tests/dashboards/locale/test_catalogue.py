"""The catalogues hold every sentence that is said, translated, with its places, and nothing else."""

from __future__ import annotations

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from dashboards.locale.catalogue import TRANSLATED, template
from dashboards.locale.phrasebook import catalogue_path


def _messages(catalog: Catalog) -> dict[str, Message]:
    return {str(message.id): message for message in catalog if message.id}


def _stored(lang: str) -> Catalog:
    with catalogue_path(lang).open("rb") as source:
        return read_po(source, locale=lang)


def test_sentences_are_found_in_code_and_in_templates() -> None:
    """Else the other tests of this file would hold over nothing."""
    said = _messages(template())
    assert "Online inspection report" in said
    assert "Ground for failing" in said
    assert len(said) > 100


@pytest.mark.parametrize("lang", TRANSLATED)
def test_the_catalogue_holds_exactly_what_is_said(lang: str) -> None:
    stored, said = set(_messages(_stored(lang))), set(_messages(template()))
    assert stored == said, "run: python -m dashboards.locale.catalogue, then translate what is new"


@pytest.mark.parametrize("lang", TRANSLATED)
def test_every_sentence_is_translated_with_its_places(lang: str) -> None:
    for key, message in _messages(_stored(lang)).items():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), key
        assert not message.fuzzy, key
        assert not list(message.check(_stored(lang))), key
