"""Admission: each rule refuses by its name, and nothing else is refused."""

from __future__ import annotations

import pytest

from plugins.admission import MAY_GIVE_WAY, Rule, examine, examine_class, refuse_method, roles_of
from plugins.template.model import Classification
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
        ("cpe:2.3:a:fortinet:fortios:*:*:*:*:*:*:*:*", [Rule.NETWORK_DEVICE]),
        ("cpe:2.3:a:ivanti:connect_secure:*:*:*:*:*:*:*:*", [Rule.NETWORK_DEVICE]),
        ("cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*", []),
        ("cpe:2.3:a:haproxy:haproxy:*:*:*:*:*:*:*:*", []),
        ("cpe:2.3:h:f5:big-ip_10000s:-:*:*:*:*:*:*:*", []),
        ("cpe:/a:old:form", [Rule.UNREADABLE]),
        ("nginx", [Rule.UNREADABLE]),
    ],
)
def test_by_product_class(cpe: str, expected: list[Rule]) -> None:
    assert rules(cpe=cpe) == expected


@pytest.mark.parametrize(
    ("tag", "refusal"),
    [
        ("dos", "admission.availability-only: tag dos"),
        ("DoS", "admission.availability-only: tag dos"),
        ("upnp", "admission.local-network: tag upnp"),
        ("lpe", "admission.local-account: tag lpe"),
        ("router", "admission.network-device: router, by the tag router"),
        ("sslvpn", "admission.network-device: VPN gateway, by the tag sslvpn"),
        ("firewall", "admission.network-device: firewall, by the tag firewall"),
        ("switch", "admission.network-device: switch, by the tag switch"),
    ],
)
def test_by_tag(tag: str, refusal: str) -> None:
    head = HEAD.replace("  author: tenken\n", f"  author: tenken\n  tags: cve,{tag}\n")
    assert [str(each) for each in examine(template(head=head))] == [refusal]


@pytest.mark.parametrize(
    ("cwe", "vector", "expected"),
    [
        ("CWE-400", "", [Rule.AVAILABILITY]),
        ("CWE-400,CWE-1333", "", [Rule.AVAILABILITY]),
        ("CWE-400,CWE-22", "", []),
        ("CWE-400", V3.format(av="N", c="H", i="N", a="H"), []),
        ("CWE-22", "", []),
    ],
)
def test_by_weakness(cwe: str, vector: str, expected: list[Rule]) -> None:
    classification = {"cwe_id": cwe} | ({"cvss_metrics": vector} if vector else {})
    assert rules(**classification) == expected


def test_a_rule_is_named_once_with_its_strongest_ground() -> None:
    found = examine_class(
        Classification(cvss=V3.format(av="A", c="H", i="H", a="H"), cpe="cpe:2.3:o:cisco:ios:*"),
        ("router", "lan", "dos"),
    )
    assert [refusal.rule for refusal in found] == [Rule.LOCAL_NETWORK, Rule.NETWORK_DEVICE, Rule.AVAILABILITY]
    assert found[0].reason.startswith("AV:A in ")


def test_a_balancer_appliance_counts_as_a_server_in_that_role_only() -> None:
    assert roles_of(Classification(cpe="cpe:2.3:a:f5:big-ip_local_traffic_manager:*")) == ("load-balancer",)
    assert roles_of(Classification(cpe="cpe:2.3:a:haproxy:haproxy:*")) == ()
    assert roles_of(Classification()) == ()


def test_denial_of_service_and_whatever_is_not_read_only_give_way_to_nobody() -> None:
    assert MAY_GIVE_WAY.isdisjoint({Rule.AVAILABILITY, Rule.NOT_READ_ONLY, Rule.UNREADABLE})


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
