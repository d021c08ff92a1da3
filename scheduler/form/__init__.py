"""The form that operators fill in to declare a system (申告).

Comes in: the tree of one YAML document. Goes out: entries in their one form, or every mistake with its place.
`fields.py` names the entries and their types, `entries.py` says what one entry may hold, `sketch.py` and `cross.py` what must agree
between entries, `anchors.py` and `source.py` read files beside the declaration. `scheduler/declaration.py` is the door.
"""
