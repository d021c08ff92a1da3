"""Item `ports`: which ports are open, what answers there, and whether that may be (inspection rules 4.3.4.2 (1))."""
