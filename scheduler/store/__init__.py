"""What the review body remembers. The only room that speaks SQL.

Comes in: systems, states of negotiations, events, results, debts. Goes out: the same, as values.
SQLite by default (one file, WAL), any other database by URL. Forbidden here: deciding anything; the rules are in
`scheduler.negotiation`, and nobody above sees a table, a row or a session.
"""
