"""How orders run.

Comes in: signed orders. Goes out: records (observations, transcripts, a tally of what was sent).
Ray is imported in this room only. A worker holds no store password, no signing key and no rules: it can do nothing that a
signed order does not name.
"""
