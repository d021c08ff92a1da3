"""Real software at its own versions, vulnerable and mended side by side, inspected by the real grid: `make lab`."""
