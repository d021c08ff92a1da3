"""Every fingerprint that is shipped: sees its product, tells version and distribution, and sees it nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.ask import HttpAnswer
from plugins.fingerprint import Seen, recognise
from tests.pack import PACK

SAMPLES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("fingerprints.yaml").read_text(encoding="utf-8")
)
PROSE = b"""<html><head><title>How we run our shop</title></head><body><article>
We compared Grafana, Kibana, Jenkins, GitLab, Gitea, Gogs, Jira and Confluence. The shop was EC-CUBE, then
Magento, PrestaShop, OpenCart and Zen Cart; the blog WordPress with WooCommerce and Welcart, Drupal, Joomla,
TYPO3, SPIP, baserCMS, a-blog cms and Movable Type. Behind HAProxy, Varnish, Squid, Traefik, Envoy and Kong
stand Apache Tomcat, Jetty, JBoss, WildFly, GlassFish, Payara, WebLogic, WebSphere and ColdFusion. Mail is
Roundcube, SquirrelMail, Zimbra, SmarterMail and Exchange; data lies in Elasticsearch, Solr, CouchDB, Neo4j,
InfluxDB and ClickHouse. Django, Ruby on Rails, Laravel, Symfony, CakePHP, Yii, Next.js and Spring Boot we
know as well. See <a href="https://example.org/phpmyadmin-guide">this guide to phpMyAdmin, Adminer and
pgAdmin</a>.
</article></body></html>"""


def _answer(sample: dict[str, Any]) -> HttpAnswer:
    headers = tuple((name, text) for name, text in sample.get("headers", {}).items())
    return HttpAnswer(status=200, headers=headers, body=sample.get("body", "").encode())


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{one['fingerprint']}-{n}" for n, one in enumerate(SAMPLES)])
def test_a_fingerprint_sees_its_product_and_no_other_does(sample: dict[str, Any]) -> None:
    seen = {one.fingerprint: one for one in recognise(PACK.fingerprints, [_answer(sample)])}
    expected = {sample["fingerprint"], *sample.get("others", "").replace(",", " ").split()}
    assert set(seen) == expected
    mine: Seen = seen[sample["fingerprint"]]
    assert (mine.version, mine.distribution) == (sample.get("version", ""), sample.get("distribution", ""))


def test_every_fingerprint_is_proved() -> None:
    assert {one.id for one in PACK.fingerprints} == {sample["fingerprint"] for sample in SAMPLES}


@pytest.mark.parametrize("server", ["", "cloudflare", "AkamaiGHost", "Google Frontend"])
def test_an_article_that_names_products_shows_none_of_them(server: str) -> None:
    page = HttpAnswer(status=200, headers=(("Server", server),) if server else (), body=PROSE)
    assert recognise(PACK.fingerprints, [page]) == ()


def test_fingerprints_cost_few_asks() -> None:
    """Products are told by what is asked anyway."""
    asks = {ask for one in PACK.fingerprints for ask in one.asks}
    assert len(asks) <= 4


def test_names_are_given_once() -> None:
    names = [one.name.casefold() for one in PACK.fingerprints]
    assert len(set(names)) == len(names)
