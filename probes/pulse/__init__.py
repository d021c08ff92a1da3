"""The shop's own latency, seen from outside: what was agreed about it, what each heartbeat brought, what it proves.

`facts.py` holds the values, `latency.py` the percentiles and the bound, `proof.py` makes the proof of gentleness of them (pure).
The heartbeat itself and what follows from it at once (slow down, pause, abort) are the grid's: `grid/pulse/`.
"""
