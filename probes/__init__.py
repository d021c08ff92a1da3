"""What is asked of a server, and what is thought of the answers.

Comes in: a `Scope` (what to look at), a `Dialer` (the only sockets), a signature pack. Goes out: observations, findings, coverage.
Each probe is a folder with `facts.py` (values), `look.py` (facts, I/O) and `judge.py` (opinions, pure); `catalog.py` lists them.
Forbidden here: knowing who ordered the inspection, when it may run, or where its result is kept.
"""
