"""Wall 2: the process guard. Vetoes inside a worker process whatever would leave the running order.

`process.py` arms a process for good; `sockets.py`, `programs.py` and `natives.py` hold the rules; `quiet.py` makes the doors
speak up that tell nobody. What it can catch and what not: docs/walls.md.
"""
