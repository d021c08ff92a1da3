"""The three systems: which servers they run, what their operators declare, and what is planted in them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp.web import Application

from dashboards.demo import servers
from dashboards.demo.authority import Authority
from dashboards.demo.ground import Ground
from dashboards.demo.merchant.answer import GOOD, Fault, Merchant
from dashboards.demo.merchant.faults import FAULTS
from dashboards.demo.merchant.papers import ACQUIRER_BIN, BRAND_ID, MERCHANT_ID, new_keys
from dashboards.demo.merchant.server import PAGE, PATH, add_merchant
from dashboards.demo.planted import Planted
from plugins.clock import Clock
from probes.target import Item
from probes.verdict import Standing

Document = dict[str, Any]
"""A declaration as YAML will write it."""
SET_ROOT = "set-root.pem"
"""File name of a brand's root certificate."""


@dataclass(frozen=True)
class Site:
    """What a system is started with."""

    folder: Path
    """Where its files go."""
    ground: Ground
    """Its addresses."""
    authority: Authority
    """Who issues its certificates."""
    clock: Clock
    """What time it is."""

    def subfolder(self, name: str) -> Path:
        """Make a folder inside."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder


def _ports(first: int) -> range:
    """Ports to try: below the range from which the kernel takes ports for outgoing connections."""
    return range(first, first + 11_000, 1_000)


def _web(name: str, address: str, host: str, http: int, https: int) -> Document:
    return {
        "name": name,
        "role": "web",
        "addresses": [address],
        "host_names": [host],
        "ports": [
            {"port": http, "service": "http", "purpose": "shop"},
            {"port": https, "service": "https", "purpose": "shop"},
        ],
        "tls": [
            {
                "port": https,
                "server_name": host,
                "versions": ["TLSv1.2", "TLSv1.3"],
                "client_auth": "none",
                "names": [host],
            }
        ],
    }


class _Till:
    """SET at a shop's web server: the merchant, and what its operator declares about it."""

    def __init__(self, site: Site, fault: Fault = GOOD) -> None:
        self._fault, self._clock = fault, site.clock
        self._merchant = Merchant(new_keys(), site.clock.now(), secrets.token_bytes, fault)
        self._base = ""
        (site.folder / SET_ROOT).write_text(self._merchant.root_pem, encoding="ascii")

    def add(self, app: Application) -> None:
        """Add its pages to a web server."""
        add_merchant(app, self._merchant, self._fault, self._clock.now, lambda: self._base)

    def declared(self, base: str) -> list[Document]:
        """Open at `base`; give the SET entry of the declaration."""
        self._base = base
        return [
            {
                "url": f"{base}{PATH}",
                "kind": "SET",
                "version": "1.0",
                "brand": BRAND_ID,
                "bin": "412345",
                "roots": [SET_ROOT],
                "initiation_url": f"{base}{PAGE}",
                "merchant_id": MERCHANT_ID,
                "acquirer_bin": ACQUIRER_BIN,
            }
        ]


async def _passing(site: Site) -> list[Document]:
    """Everything as declared: a shop that sells by SET, and a server for maintenance and content updates."""
    web, admin, host = site.ground.address(0), site.ground.address(1), "shop.pass.example"
    context = site.authority.context(site.folder, host)
    till = _Till(site)
    https = await servers.shop(web, _ports(20443), "青葉商店", context, till.add)
    http = await servers.redirect(web, _ports(20080), f"https://{host}:{https}/")
    ssh = await servers.ssh(admin, _ports(20022))
    ftp = await servers.ftp(admin, _ports(20021), site.subfolder("uploads"))
    maintenance = {
        "name": "aoba-admin",
        "role": "other",
        "addresses": [admin],
        "ports": [
            {
                "port": ssh,
                "service": "ssh",
                "purpose": "remote-maintenance",
                "exception": "maintenance staff travel; public keys only, no passwords",
            },
            {"port": ftp, "service": "ftp", "purpose": "content-update", "restricted_to": ["198.51.100.0/24"]},
        ],
    }
    sold = {"set": till.declared(f"https://{host}:{https}")}
    return [_web("aoba-web", web, host, http, https) | sold, maintenance]


_FORGOTTEN = {
    ".git/config": "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n",
    ".git/HEAD": "ref: refs/heads/main\n",
}


async def _failing(site: Site) -> list[Document]:
    """A forgotten administration page, a POP3 server, a served .git folder, a short chain, a revoked SET merchant."""
    web, mail, host = site.ground.address(0), site.ground.address(1), "shop.fail.example"
    pages, admin_pages = site.subfolder("pages"), site.subfolder("admin")
    servers.publish(pages, "赤松商店", _FORGOTTEN)
    servers.publish(admin_pages, "管理画面", {})
    context = site.authority.context(site.folder, host, send_intermediate=False)
    till = _Till(site, FAULTS["merchant-revoked"])
    https = await servers.files(web, _ports(20443), pages, context, till.add)
    http = await servers.redirect(web, _ports(20080), f"https://{host}:{https}/")
    await servers.files(web, (8080, 8081, 8082, 8888, 9080), admin_pages)
    await servers.mailbox(mail, (1110, 1100, 1111))
    ssh = await servers.ssh(mail, _ports(20022))
    maintenance = {"port": ssh, "service": "ssh", "purpose": "remote-maintenance", "exception": "public keys only"}
    mail_server = {"name": "akamatsu-mail", "role": "mail", "addresses": [mail], "ports": [maintenance]}
    sold = {"set": till.declared(f"https://{host}:{https}")}
    return [_web("akamatsu-web", web, host, http, https) | sold, mail_server]


async def _hanging(site: Site) -> list[Document]:
    """An HTTPS server whose certificates are right and whose pages never come."""
    web, host = site.ground.address(0), "shop.hang.example"
    https = await servers.mute(web, _ports(20443), site.authority.context(site.folder, host))
    http = await servers.redirect(web, _ports(20080), f"https://{host}:{https}/")
    return [_web("haibara-web", web, host, http, https)]


@dataclass(frozen=True)
class Shop:
    """One system of the demo."""

    planted: Planted
    """What is planted in it."""
    title: str
    """Its name for people."""
    start: Callable[[Site], Awaitable[list[Document]]]
    """Starts its servers; gives the server entries of its declaration."""


SHOPS: dict[str, Shop] = {
    "pass": Shop(Planted(name="pass", standing=Standing.PASS), "青葉商店 (demo: passes)", _passing),
    "fail": Shop(
        Planted(
            name="fail",
            standing=Standing.FAIL,
            failing=(
                "git-repository-exposed",
                "ports.forbidden-service",
                "ports.undeclared-open",
                "set.revoked",
                "tls.path",
            ),
        ),
        "赤松商店 (demo: fails)",
        _failing,
    ),
    "hang": Shop(
        Planted(name="hang", standing=Standing.INCONCLUSIVE, not_tested=(Item.PORTS, Item.HOLES)),
        "灰原商店 (demo: hangs)",
        _hanging,
    ),
}
"""Every system of the demo, by its name."""


def declaration(name: str, entries: list[Document], scan: object) -> Document:
    """Give the declaration of a system."""
    shop = SHOPS[name]
    return {
        "format": "tenken-declaration/1",
        "name": f"shop.{name}.example",
        "title": shop.title,
        "operator": {
            "organisation": shop.title.split(" ")[0],
            "name": "運用担当 (operations)",
            "email": f"ops@shop.{name}.example",
            "phone": "+81-3-0000-0000",
        },
        "servers": entries,
        "scan": scan,
        "anchors": ["root.pem"],
        "pace": {
            "connections_per_s": 400,
            "requests_per_s": 100,
            "concurrent_connections": 40,
            "bytes_per_s": 5_000_000,
        },
        "calendar": {
            "time_zone": "Asia/Tokyo",
            "windows": [
                {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "00:00", "end": "00:00"},
            ],
        },
    }
