"""Who we are: anybody who found us in a log can read it, and nobody can write into it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.console.probing import PATH, VALID, https_uri, probing_txt
from scheduler.system import Contact
from tests.dashboards.console.scene import Scene

EXPIRES = datetime(2026, 9, 1, tzinfo=UTC)


def fields(text: str) -> list[tuple[str, str]]:
    """Read the text as RFC 9116 writes it: one field a line."""
    assert text.endswith("\n")
    return [(line.partition(": ")[0], line.partition(": ")[2]) for line in text.splitlines()]


def test_the_fields_that_rfc_9511_asks_for() -> None:
    text = probing_txt(
        "body@example.org", "https://example.org/contact", "Inspects.", EXPIRES, ("https://p.example.org" + PATH,)
    )
    assert fields(text) == [
        ("Canonical", "https://p.example.org/.well-known/probing.txt"),
        ("Contact", "mailto:body@example.org"),
        ("Contact", "https://example.org/contact"),
        ("Expires", "2026-09-01T00:00:00Z"),
        ("Preferred-Languages", "ja, en"),
        ("Description", "Inspects."),
    ]


@given(
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.text(st.characters(codec="utf-8"), max_size=20),
)
def test_no_words_can_begin_a_field_of_their_own(email: str, description: str, phone: str) -> None:
    text = probing_txt(email, f"tel:{phone}", description, EXPIRES)
    assert [name for name, _ in fields(text)] == ["Contact", "Contact", "Expires", "Preferred-Languages", "Description"]


@pytest.mark.parametrize(
    "uri", ["http://example.org", "https://a b", "https://店.example", "javascript:x", "https://a\nContact: b"]
)
def test_only_https_uris(uri: str) -> None:
    with pytest.raises(ValueError, match="expected a URI that begins with https://"):
        https_uri(uri)
    with pytest.raises(ValueError, match="https"):
        probing_txt("a@b.example", uri, "", EXPIRES)
    with pytest.raises(ValueError, match="https"):
        probing_txt("a@b.example", "", "", EXPIRES, (uri,))


def test_everybody_may_read_it_and_it_names_the_review_body(scene: Scene) -> None:
    response = scene.ask("", "GET", PATH)
    told = dict(fields(response.text))
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert scene.house.body.organisation in told["Description"]
    expires = datetime.fromisoformat(told["Expires"])
    assert VALID - timedelta(days=1) < expires - scene.clock.now() <= VALID
    assert f"Contact: mailto:{scene.house.body.email}\n" in response.text
    assert "Canonical" not in told
    assert "hana" not in response.text, "no word about who is inspected"


def test_the_host_that_was_asked_for_is_not_believed(scene: Scene) -> None:
    assert "evil" not in scene.ask("", "GET", PATH, headers={"host": "evil.example"}).text


def test_the_public_url_is_canonical_and_the_telephone_a_contact(scene: Scene) -> None:
    body = Contact(
        organisation="Body\nContact: mailto:evil@example.org", name="desk", email="b@example.org", phone="+81 3 (0)1"
    )
    app = scene.app._app
    app.state.house = replace(scene.house, body=body, public_url="https://p.example.org")  # type: ignore[attr-defined]  # FastAPI's state
    text = scene.ask("", "GET", PATH).text
    assert text.startswith("Canonical: https://p.example.org/.well-known/probing.txt\nContact: mailto:b@example.org\n")
    assert "Contact: tel:+81-3--0-1\n" in text
    assert text.count("\n") == 6


def test_the_addresses_that_probes_come_from_stand_in_comments(scene: Scene) -> None:
    scene.app._app.state.house = replace(scene.house, egress=("192.0.2.1", "2001:db8::1"))  # type: ignore[attr-defined]  # FastAPI's state
    text = scene.ask("", "GET", PATH).text
    assert text.startswith("# Probes come from: 192.0.2.1\n# Probes come from: 2001:db8::1\nContact: ")
    with pytest.raises(ValueError, match="does not appear to be"):
        probing_txt("a@b.example", "", "", EXPIRES, (), ("192.0.2.1\nContact: evil",))
