"""Real servers from Debian packages on loopback addresses: private configuration folders, ephemeral ports, ended by pid."""
