"""What answers behind an open port, and whether it may be there (inspection rules 4.3.4.2 (1), table 4-2); a part of item `ports`.

Comes in: open ports. Goes out: facts about protocol, product and version, and about how SSH and FTP let users in; opinions about
restricted services and services that do not belong on a shop system.
`identify.py` speaks the protocols itself; `fingerprint.py` asks nmap, which runs in a child process and reaches the server only
through our own dialler. Forbidden here: logging in, sending a password, believing the number of a port.
"""
