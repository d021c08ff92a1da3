"""Item `tls`: versions, client authentication and certificate chains (inspection rules 4.3.5.1)."""
