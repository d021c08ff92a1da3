"""The Grafana dashboard of the grid, generated.

Comes in: the names of `dashboards.metrics`. Goes out: `tenken.json`, committed so that it can be imported without running anything.
`python -m dashboards.grafana.dashboard` writes it; a test fails when it is not up to date.
"""
