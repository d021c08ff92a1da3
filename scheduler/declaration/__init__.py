"""Declarations (申告): what the operator says is true of a system.

Comes in: one YAML document per system. Goes out: a `System`, or every mistake with its file and line, before anything is sent.
`load.py` is the road; `form.py` is the form that operators fill in, `entries.py` what one entry may hold, `cross.py` what must
agree between entries. The three names below are the door.
"""

from scheduler.declaration.load import DeclarationError, example, load_declaration, schema

__all__ = ["DeclarationError", "example", "load_declaration", "schema"]
