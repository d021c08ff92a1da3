"""Product classes: what kind of thing a CPE name stands for, so that devices can be told from servers by rule.

The inspection rules (4.3.4.2 (2)) look at servers. Routers, switches, firewalls and VPN gateways are none, whatever part of the
CPE dictionary they stand in. A load balancer is an inspected server when it is declared as one.
"""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase

import re2

from plugins.value import value


class ProductClass(StrEnum):
    """What kind of thing a product is."""

    SOFTWARE = "software"
    """A program on a server."""
    OPERATING_SYSTEM = "operating system"
    """A general-purpose operating system of servers."""
    BALANCER = "load balancer"
    """A load-balancer appliance: a server in that declared role."""
    ROUTER = "router"
    SWITCH = "switch"
    FIREWALL = "firewall"
    VPN_GATEWAY = "VPN gateway"
    DEVICE = "device"
    """Any other thing with firmware: cameras, printers, phones, unknown hardware."""


NETWORK_DEVICES = frozenset(
    {
        ProductClass.ROUTER,
        ProductClass.SWITCH,
        ProductClass.FIREWALL,
        ProductClass.VPN_GATEWAY,
        ProductClass.DEVICE,
    }
)
"""Classes that are no servers."""


@value
class Cpe:
    """What of a CPE 2.3 name the rules need (NISTIR 7695, section 6.2)."""

    part: str
    """`a` application, `o` operating system, `h` hardware."""
    vendor: str
    """Vendor, lower case."""
    product: str
    """Product, lower case, without `_firmware`."""


class CpeError(ValueError):
    """The text is no CPE 2.3 name."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"CPE name {self.text[:120]!a}; expected cpe:2.3:part:vendor:product:..."


_NAME = re2.compile(r"cpe:2\.3:([aho]):([^:]+):([^:]+)(?::.*)?")


def cpe_of(text: str) -> Cpe:
    """Read a CPE 2.3 name; raises `CpeError`."""
    # A quoted colon would end a component for a simple pattern; it is taken out first.
    found = _NAME.fullmatch(text.replace("\\:", "_").lower())
    if found is None:
        raise CpeError(text)
    return Cpe(part=found.group(1), vendor=found.group(2), product=found.group(3).removesuffix("_firmware"))


# vendor:product patterns, by class; the first that fits decides. VPN and balancer functions of a vendor stand before its
# firewalls, because they are sold under names of their own.
_KNOWN: dict[ProductClass, str] = {
    ProductClass.VPN_GATEWAY: """
        f5:big-ip_access_policy_manager* f5:firepass* citrix:*gateway* citrix:access_gateway*
        pulsesecure:pulse_connect_secure* pulsesecure:pulse_policy_secure* ivanti:*connect_secure*
        ivanti:policy_secure* ivanti:neurons_for_zero-trust* juniper:secure_access* juniper:*ssl_vpn* sonicwall:sma*
        sonicwall:*vpn* paloaltonetworks:globalprotect* cisco:anyconnect* cisco:*vpn* arraynetworks:arrayos_ag*
        array_networks:*ag* openvpn:*access_server* fortinet:*vpn* sangfor:*vpn* zyxel:*vpn* checkpoint:*vpn*
        barracuda:*vpn* sophos:*vpn*
    """,
    ProductClass.BALANCER: """
        f5:big-ip* f5:tmos citrix:*application_delivery_controller* citrix:netscaler* a10networks:*
        kemptechnologies:loadmaster* kemp:loadmaster* progress:loadmaster* progress:multi-tenant_hypervisor*
        radware:alteon* radware:appdirector* barracuda:load_balancer* arraynetworks:apv* coyotepoint:equalizer*
        ivanti:virtual_traffic_manager* pulsesecure:virtual_traffic_manager*
        brocade:serveriron* cisco:ace* cisco:application_control_engine* loadbalancer.org:*
    """,
    ProductClass.FIREWALL: """
        fortinet:fortios* fortinet:fortigate* fortinet:fortiweb* paloaltonetworks:pan-os* paloaltonetworks:pa-*
        checkpoint:* sonicwall:* watchguard:* sophos:*firewall* sophos:sfos* sophos:unified_threat_management*
        sophos:utm* cisco:adaptive_security_appliance* cisco:asa* cisco:firepower* cisco:pix* cisco:*firewall*
        juniper:screenos* juniper:srx* juniper:netscreen* netgate:* pfsense:* opnsense:* stormshield:* hillstonenet:*
        barracuda:*firewall* forcepoint:*firewall* zyxel:usg* zyxel:atp* zyxel:zywall* clavister:* untangle:*
        huawei:usg* h3c:secpath*
    """,
    ProductClass.SWITCH: """
        cisco:nx-os* cisco:nexus* cisco:catalyst* cisco:*switch* cisco:sg* arista:eos* hp:procurve* hpe:*switch*
        dell:*os10* dell:networking_os* dell:*switch* extremenetworks:* brocade:fabric* broadcom:fabric*
        alliedtelesis:* alaxala:* apresia:* d-link:des-* d-link:dgs-* netgear:gs* netgear:*switch* zyxel:gs*
        juniper:ex*
    """,
    ProductClass.ROUTER: """
        cisco:ios cisco:ios_x* cisco:rv* cisco:isr* cisco:asr* cisco:*router* cisco:*wireless* juniper:junos*
        juniper:mx* mikrotik:* huawei:vrp* huawei:ar* huawei:hg* huawei:*router* tp-link:* d-link:* dlink:* netgear:*
        linksys:* belkin:* tenda:* tendacn:* totolink:* zyxel:* draytek:* asus:rt* asus:*router* asus:asuswrt*
        buffalo:* buffalotech:* yamaha:* nec:aterm* nec:univerge* iodata:* elecom:* logitec:* openwrt:* dd-wrt:*
        vyos:* ui:* ubnt:* ubiquiti:* arris:* commscope:* zte:* billion:* peplink:* ruckus:* ruckuswireless:*
        arubanetworks:* cradlepoint:* sierrawireless:* teltonika*:* digi:* moxa:* motorola:* technicolor:* thomson:*
        sagemcom:* comtrend:* actiontec:* wavlink:* ruijie:* ruijienetworks:* h3c:* fiberhome:* dasan* netcomm*
        centurystar:* furukawa*:*
    """,
    ProductClass.DEVICE: """
        cisco:identity_services_engine* realtek:*sdk
    """,
    ProductClass.OPERATING_SYSTEM: """
        linux:* microsoft:windows* debian:* canonical:ubuntu* redhat:* centos:* rocky:* almalinux:* oracle:linux*
        oracle:solaris* sun:sunos* sun:solaris* suse:* opensuse:* novell:suse* freebsd:* openbsd:* netbsd:* apple:mac*
        ibm:aix* ibm:i hp:hp-ux* amazon:linux* fedoraproject:* alpinelinux:*
    """,
}
_PATTERNS = tuple((kind, pattern) for kind, patterns in _KNOWN.items() for pattern in patterns.split())

TAGS: dict[str, ProductClass] = {
    **dict.fromkeys(("router", "routers", "modem", "gateway-device", "wifi", "wireless", "dsl"), ProductClass.ROUTER),
    **dict.fromkeys(("switch", "switches"), ProductClass.SWITCH),
    **dict.fromkeys(("firewall", "firewalls", "utm"), ProductClass.FIREWALL),
    **dict.fromkeys(("vpn", "sslvpn", "ssl-vpn", "vpn-gateway"), ProductClass.VPN_GATEWAY),
    **dict.fromkeys(
        ("iot", "camera", "ipcamera", "dvr", "nvr", "printer", "voip", "scada", "plc", "ics", "firmware", "ups"),
        ProductClass.DEVICE,
    ),
}
"""Tags of the format that name a class."""


def class_of(cpe: Cpe) -> ProductClass:
    """Give the class of a product. What is hardware, or an operating system that no server runs, is a device until it is known."""
    name = f"{cpe.vendor}:{cpe.product}"
    for kind, pattern in _PATTERNS:
        if fnmatchcase(name, pattern):
            if kind is ProductClass.OPERATING_SYSTEM and cpe.part != "o":
                continue
            return kind
    return ProductClass.SOFTWARE if cpe.part == "a" else ProductClass.DEVICE
