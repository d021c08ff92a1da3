"""Judging certificate chains: path, profile, names, CRLs and OCSP, each certificate by itself (RFC 5280). Pure, and bounded."""
