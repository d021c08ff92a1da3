"""The pulse: the shop's own latency and errors are watched from before the first probe, and the pace follows them.

    page --heartbeat (in a worker)--> PulseBeat --Report--> PulseWatch --controller (pure)--> Advice --> budget

Comes in: one beat every few seconds. Goes out: the part of the agreed pace that may be used now. Whatever is not seen pauses.
"""
