"""The gate: the wall that stands outside the process.

The process that faces the Internet runs in a network namespace of its own. Whatever it sends has to come out of the other end of
its cable, the switch side, and there the kernel lets through what an opened order names, no faster than agreed, until the window
ends. Root and raw sockets inside do not help: the rules are not inside.

order.permit -> passage (what may pass) -> rules (nft text, pure) -> table (applies it) <- gate (namespace, cable)
"""
