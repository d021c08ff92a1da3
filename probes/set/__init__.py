"""SET and SECE end points: one initiation is asked for and thrown away; what comes back is read, verified and judged.

Comes in: declared end points with their brand, roots and profile. Goes out: exchanges as facts (`look.py`), and one opinion per
clause of the inspection rules (`judge.py`). What could not be confirmed against a real SET system stands in `unconfirmed.py` alone
(see docs/set.md). Forbidden here: any message but the initiation request, and any opinion in what looks.
"""
