"""The console: the review body's API and its one page.

Comes in: HTTP requests of the review body, of operators, and of Prometheus. Goes out: JSON, problem documents (RFC 9457), one
read-only page. Everything that changes something becomes one event for `scheduler.service`, which decides; nothing is decided
here. Forbidden here: SQL, sockets of its own, and showing a side what is not its own.
"""
