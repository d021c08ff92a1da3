"""Product classes: devices are told from servers by their CPE names."""

from __future__ import annotations

import pytest

from plugins.product_class import CpeError, ProductClass, class_of, cpe_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cpe:2.3:a:apache:http_server:2.4.49:*:*:*:*:*:*:*", ProductClass.SOFTWARE),
        ("cpe:2.3:a:haproxy:haproxy:*:*:*:*:*:*:*:*", ProductClass.SOFTWARE),
        ("cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*", ProductClass.SOFTWARE),
        ("cpe:2.3:a:cisco:unified_communications_manager:*:*:*:*:*:*:*:*", ProductClass.SOFTWARE),
        ("cpe:2.3:o:microsoft:windows_server_2022:*:*:*:*:*:*:*:*", ProductClass.OPERATING_SYSTEM),
        ("cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*", ProductClass.OPERATING_SYSTEM),
        ("cpe:2.3:a:redhat:jboss_enterprise_application_platform:*:*:*:*:*:*:*:*", ProductClass.SOFTWARE),
        ("cpe:2.3:a:f5:big-ip_local_traffic_manager:*:*:*:*:*:*:*:*", ProductClass.BALANCER),
        ("cpe:2.3:h:f5:big-ip_10000s:-:*:*:*:*:*:*:*", ProductClass.BALANCER),
        ("cpe:2.3:o:citrix:netscaler_application_delivery_controller_firmware:*:*:*", ProductClass.BALANCER),
        ("cpe:2.3:a:f5:big-ip_access_policy_manager:*:*:*:*:*:*:*:*", ProductClass.VPN_GATEWAY),
        ("cpe:2.3:a:ivanti:connect_secure:*:*:*:*:*:*:*:*", ProductClass.VPN_GATEWAY),
        ("cpe:2.3:o:fortinet:fortios:*:*:*:*:*:*:*:*", ProductClass.FIREWALL),
        ("cpe:2.3:o:paloaltonetworks:pan-os:*:*:*:*:*:*:*:*", ProductClass.FIREWALL),
        ("cpe:2.3:o:cisco:nx-os:*:*:*:*:*:*:*:*", ProductClass.SWITCH),
        ("cpe:2.3:o:cisco:ios_xe:*:*:*:*:*:*:*:*", ProductClass.ROUTER),
        ("cpe:2.3:o:tp-link:archer_ax21_firmware:*:*:*:*:*:*:*:*", ProductClass.ROUTER),
        ("cpe:2.3:o:yamaha:rtx1200_firmware:*:*:*:*:*:*:*:*", ProductClass.ROUTER),
        ("cpe:2.3:o:nobody:new_os:*:*:*:*:*:*:*:*", ProductClass.DEVICE),
        ("cpe:2.3:h:canon:printer:*:*:*:*:*:*:*:*", ProductClass.DEVICE),
    ],
)
def test_class_of(name: str, kind: ProductClass) -> None:
    assert class_of(cpe_of(name)) is kind


@pytest.mark.parametrize("text", ["", "nginx", "cpe:/a:old:form", "cpe:2.3:x:a:b", "cpe:2.3:a:vendor", "cpe:2.3:a::x"])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(CpeError, match="expected cpe"):
        cpe_of(text)


def test_a_quoted_colon_is_a_part_of_the_name() -> None:
    assert cpe_of(r"cpe:2.3:a:perl\:\:cgi:Module\:Name:1.0:*").vendor == "perl__cgi"
