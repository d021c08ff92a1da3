"""Admission: each rule refuses by its name, and nothing else is refused."""

from __future__ import annotations

import pytest

from plugins.admission import Rule, examine, refuse_method
from tests.plugins.template.samples import HEAD, template

V3 = "CVSS:3.1/AV:{av}/AC:L/PR:N/UI:N/S:U/C:{c}/I:{i}/A:{a}"


def rules(**classification: str) -> list[Rule]:
    lines = "".join(f"    {key.replace('_', '-')}: '{text}'\n" for key, text in classification.items())
    head = HEAD.replace("  severity: high\n", "  severity: high\n  classification:\n" + lines)
    return [refusal.rule for refusal in examine(template(head=head))]


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        (V3.format(av="N", c="H", i="N", a="N"), []),
        (V3.format(av="N", c="N", i="L", a="H"), []),
        (V3.format(av="A", c="H", i="H", a="H"), [Rule.LOCAL_NETWORK]),
        (V3.format(av="L", c="H", i="H", a="H"), [Rule.LOCAL_ACCOUNT]),
        (V3.format(av="P", c="H", i="H", a="H"), [Rule.PHYSICAL]),
        (V3.format(av="N", c="N", i="N", a="H"), [Rule.AVAILABILITY]),
        (V3.format(av="A", c="N", i="N", a="H"), [Rule.LOCAL_NETWORK, Rule.AVAILABILITY]),
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C", [Rule.AVAILABILITY]),
        ("CVSS:2.0/AV:N/AC:L/Au:N/C:P/I:N/A:N", []),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N", [Rule.AVAILABILITY]),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:H/SA:N", []),
        ("CVSS:3.1/AC:L/C:H/I:H/A:H", [Rule.UNREADABLE]),
        ("CVSS:3.1/AV:N/AC:L", [Rule.UNREADABLE]),
        ("very bad", [Rule.UNREADABLE]),
        ("CVSS:3.1/AV:X/C:H/I:H/A:H", [Rule.UNREADABLE]),
    ],
)
def test_by_vector(vector: str, expected: list[Rule]) -> None:
    assert rules(cvss_metrics=vector) == expected


@pytest.mark.parametrize(
    ("cpe", "expected"),
    [
        ("cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*", []),
        ("cpe:2.3:h:cisco:router:*:*:*:*:*:*:*:*", [Rule.NETWORK_DEVICE]),
        ("cpe:2.3:o:juniper:junos:*:*:*:*:*:*:*:*", [Rule.NETWORK_DEVICE]),
        ("cpe:/a:old:form", [Rule.UNREADABLE]),
        ("nginx", [Rule.UNREADABLE]),
    ],
)
def test_by_product_class(cpe: str, expected: list[Rule]) -> None:
    assert rules(cpe=cpe) == expected


def test_by_tag() -> None:
    head = HEAD.replace("  author: tenken\n", "  author: tenken\n  tags: cve,dos\n")
    (refusal,) = examine(template(head=head))
    assert str(refusal) == "admission.availability-only: tag dos"


def test_without_classification_it_is_admitted() -> None:
    assert examine(template()) == ()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", ""])
def test_methods_that_may_change_something(method: str) -> None:
    refusal = refuse_method(method)
    assert refusal is not None
    assert refusal.rule is Rule.METHOD


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_methods_that_only_read(method: str) -> None:
    assert refuse_method(method) is None
