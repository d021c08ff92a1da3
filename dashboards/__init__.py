"""Every face that people look at: command line, console, metrics, Grafana, alert rules, reports.

Comes in: results, the store's read side. Goes out: text, HTML, JSON, metrics. Nothing here decides a verdict.
"""
