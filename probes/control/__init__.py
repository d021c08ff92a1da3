"""Proof of control: does whoever wants these addresses inspected answer for them?

Comes in: the declared servers and a token that only this installation can make. Goes out: which addresses are proven, how, and
what to publish for the others. `look.py` asks the DNS, or fetches one small page from each address; `judge.py` decides; `prove.py`
does both. Loopback needs no proof.
Forbidden here: looking at anything else of a server. This runs before there is an order, so it asks for nothing but the token.
"""
