"""Fingerprints: what a product shows of itself, told once for all signatures."""

from __future__ import annotations

import pytest

from plugins.ask import Answer, Ask
from plugins.fingerprint import Fingerprint, load_fingerprint, recognise
from plugins.pack import PackError, load_pack
from plugins.template.chance import Occasion
from plugins.template.model import Product
from probes.holes.front import Front, front_asks
from tests.pack import PACK
from tests.plugins.template.samples import answer

APACHE = r"""
name: Apache HTTP Server
cpe: cpe:2.3:a:apache:http_server
seen:
  - part: header
    regex: '(?m)^Server: Apache(?:/([0-9.]+))?(?: \((\w+)\))?'
    version: 1
    distribution: 2
  - regex: '<address>Apache/([0-9.]+)'
    version: 1
"""


def loaded(text: str = APACHE) -> Fingerprint:
    made, problems = load_fingerprint(text.encode(), "fingerprints/apache.yaml", "apache", "0" * 64)
    assert not problems, problems
    return made


def test_version_and_distribution_are_taken_where_most_is_said() -> None:
    seen = recognise([loaded()], [answer(server="Apache"), answer(server="Apache/2.4.52 (Ubuntu)"), answer(b"x")])
    assert [(one.name, one.version, one.distribution) for one in seen] == [("Apache HTTP Server", "2.4.52", "Ubuntu")]
    (one,) = recognise([loaded()], [answer(b"<address>Apache/2.2.3</address>")])
    assert one.version == "2.2.3"
    assert recognise([loaded()], [answer(server="nginx")]) == ()


def test_what_a_server_says_stays_short_and_harmless() -> None:
    (one,) = recognise([loaded(APACHE.replace("[0-9.]+", ".+"))], [answer(server="Apache/\xff\x1b" + "9" * 999)])
    assert len(one.version) < 250
    assert one.version.isascii()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("name: Apache", "nmae: Apache"), "unknown key"),
        (("cpe:2.3:a:apache:http_server", "apache"), "expected cpe:2.3"),
        (("version: 1", "version: 3"), "whole number from 1 to 2"),
        (("Apache(?:", "Apache(?<x"), "pattern"),
        (("part: header", "part: cookie"), "expected one of header, body, all"),
        (("seen:", "asks: [/a, /b, /c, /d]\nseen:"), "at most 3 asks"),
        (("seen:", "asks: ['no path']\nseen:"), "begins with /"),
        ((APACHE, "["), ""),
    ],
)
def test_mistakes_come_with_file_and_line(change: tuple[str, str], told: str) -> None:
    _, problems = load_fingerprint(APACHE.replace(*change).encode(), "fingerprints/apache.yaml", "apache", "0" * 64)
    assert problems
    assert told in str(problems[0])
    assert problems[0].source == "fingerprints/apache.yaml"


@pytest.mark.parametrize(
    ("product", "excluded"),
    [
        (Product(name="Apache HTTP Server", seen=()), False),
        (Product(name="Apache", seen=(), cpe="cpe:2.3:a:apache:http_server"), False),
        (Product(name="Apache", seen=(), cpe="cpe:2.3:a:apache:http_server:2.4.49:*"), False),
        (Product(name="Tomcat", seen=(), cpe="cpe:2.3:a:apache:tomcat"), True),
        (Product(name="Ubuntu package", seen=("Ubuntu",)), False),
        (Product(name="nginx", seen=("nginx",)), True),
    ],
)
def test_the_gate_opens_by_name_by_cpe_and_by_pattern(product: Product, excluded: bool) -> None:
    page = answer(server="Apache/2.4.52 (Ubuntu)")
    answers: dict[Ask, Answer] = dict.fromkeys(front_asks(Occasion()), page)
    assert Front(answers, Occasion(), [loaded()]).excludes(product) is excluded


def test_what_a_fingerprint_asks_has_to_be_answered_before_it_excludes() -> None:
    asking = loaded(APACHE.replace("seen:", "asks: [/server-info]\nseen:"))
    answers: dict[Ask, Answer] = dict.fromkeys(front_asks(Occasion()), answer())
    product = Product(name="Apache HTTP Server", seen=())
    assert not Front(answers, Occasion(), [asking]).excludes(product)
    answers |= dict.fromkeys(asking.http_asks, answer())
    assert Front(answers, Occasion(), [asking]).excludes(product)


def test_the_shipped_fingerprints_load_and_count_into_the_digest() -> None:
    pack = PACK
    assert {"nginx", "apache-http-server", "php"} <= {one.id for one in pack.fingerprints}
    asks = [ask for one in pack.fingerprints for ask in one.asks]
    assert len(asks) <= 12, "every shop pays for them"


def test_mistakes_in_fingerprints_keep_a_pack_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "fingerprints").mkdir()
    (folder / "fingerprints" / "x.yaml").write_text("name: x\n")
    with pytest.raises(PackError, match=r"fingerprints/x.yaml:1: cpe is missing"):
        load_pack(folder)
