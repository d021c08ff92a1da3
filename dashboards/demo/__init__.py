"""Three embedded shop systems for `tenken demo`: one passes, one fails, one cannot be fully inspected.

Comes in: a folder to work in. Goes out: running servers on 127.0.x.y, a declaration per system, and what was planted in each.
The servers are real programs (aiohttp, asyncssh, pyftpdlib, a small POP3 server) in processes of their own, with certificates from
a throwaway CA; they know nothing of the inspection. Forbidden here: an address that is not loopback.
"""
