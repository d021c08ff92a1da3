"""Alert rules for Prometheus: `rules.yml`, over the names of `dashboards.metrics`."""
