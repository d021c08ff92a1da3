"""When an inspection runs and whether it may.

Comes in: declarations, what both sides say in the negotiation, records from the grid. Goes out: agreed
plans, sealed orders, results.
SQL is spoken in `scheduler/store` only.
"""
