"""How a hole is described and recognised.

Comes in: signature files (YAML), answers of a server. Goes out: asks, matches.
Everything here is sans-IO: a program yields an `Ask`, is fed an `Answer`, and returns what it recognised. It cannot touch a
socket, read a clock or import the rooms above. The plain values that every room shares (canonical JSON, strict YAML, the clock
seam, bilingual text) live here too, because this is the lowest room.
"""
