"""PKIs and servers with planted defects, for the tests of TLS."""
