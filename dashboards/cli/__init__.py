"""The command `tenken`: one module per command, listed in `app.py`."""
