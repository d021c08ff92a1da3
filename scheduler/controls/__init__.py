"""Controls of a run: a known-bad and a known-good server of our own, inspected beside the shops; when they go wrong, all is void.

A room for whoever asks: was this grid, on this day, able to see a hole and to leave a sound server alone?

server.py     the two servers, a process of its own, made for one run
planted.py    what is planted in them, from the signatures' own transcripts
running.py    the servers while they run, and the system that they are for an inspection
weigh.py      what became of the control, and what that means for the verdicts of the run. Pure
"""
