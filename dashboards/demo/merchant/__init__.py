"""A SET merchant that answers initiation requests, with faults that can be switched on one by one.

Comes in: an address, a fault or none. Goes out: a running HTTP server with a whole SET hierarchy behind it (root, brand, merchant
and payment authorities, merchant, payment gateway, CRLs, BrandCRLIdentifier), all worthless. `tenken demo` shows it, the tests
use it; the inspection knows nothing of it. It sells nothing: every message but PInitReq gets an Error message.
"""
