"""Runs inside a network namespace of its own: three shops on 10.97.0.0/24, a name server, and both ways of proving.

Prints one JSON object: what was proven by which way, and what each server was asked.
"""

from __future__ import annotations

import asyncio
import json
import subprocess

from plugins.clock import SystemClock
from probes.control.judge import ControlProof
from probes.control.prove import prove_by_dns, prove_by_http
from probes.control.token import proof_line
from probes.target import Role, Target
from tests.probes.control.name_server import serving
from tests.probes.scene import declared

MADE = "cd" * 32
RIGHT, ECHO, SILENT = "10.97.0.1", "10.97.0.2", "10.97.0.3"
ASKED: dict[str, list[str]] = {RIGHT: [], ECHO: [], SILENT: []}


def _server(name: str, address: str) -> Target:
    return Target(
        name=name,
        role=Role.WEB,
        addresses=(address,),
        host_names=(f"{name}.shop.example",),
        ports=(declared(80, "http"),),
    )


SYSTEM = (_server("right", RIGHT), _server("echo", ECHO), _server("silent", SILENT), _server("local", "127.0.0.1"))


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    address = writer.get_extra_info("sockname")[0]
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path = head.split(" ")[1]
    ASKED[address].append(path)
    body = {RIGHT: proof_line(MADE), ECHO: path.rpartition("/")[2], SILENT: ""}[address].encode()
    if address != SILENT:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
    writer.close()


def _told(proof: ControlProof) -> dict[str, list[str]]:
    return {"proven": sorted(proof.addresses), "missing": sorted(entry.address for entry in proof.missing)}


async def _prove() -> dict[str, object]:
    servers = [await asyncio.start_server(_serve, address, 80) for address in ASKED]
    zone = {
        ("_tenken.right.shop.example", "TXT"): [f'"{proof_line(MADE)}"'],
        ("right.shop.example", "A"): [RIGHT],
        ("echo.shop.example", "A"): [ECHO],
    }
    async with serving(zone) as (_, resolver):
        by_dns = await prove_by_dns(SYSTEM, MADE, (resolver,), private_by_dns=True, seconds=5)
        after_dns = {address: list(paths) for address, paths in ASKED.items()}
        by_http = await prove_by_http(SYSTEM, MADE, SystemClock(), "desk@body.example", seconds=5)
    for server in servers:
        server.close()
    return {"dns": _told(by_dns), "http": _told(by_http), "after_dns": after_dns, "asked": ASKED}


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for shop in ASKED:
        subprocess.run(["ip", "address", "add", f"{shop}/32", "dev", "lo"], check=True)
    print(json.dumps(asyncio.run(_prove())))
