"""The program that does nothing: its file is well-formed. That it works is counted in test_gate.py."""

from __future__ import annotations

import struct

from grid.gate.segments import SECTION, program


def test_it_is_an_object_file_with_one_program_of_two_instructions() -> None:
    data = program()
    assert data[:7] == b"\x7fELF\x02\x01\x01"
    kind, machine = struct.unpack_from("<HH", data, 16)
    assert (kind, machine) == (1, 247)
    table, size, number, names = (
        struct.unpack_from("<Q", data, 40)[0],
        *struct.unpack_from("<HHH", data, 58),
    )
    assert (size, number, names) == (64, 5, 4)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, table + 64 * each) for each in range(number)]
    assert table + 64 * number == len(data)
    words = data[sections[names][4] :]
    found = {words[s[0] :].split(b"\0")[0].decode(): data[s[4] : s[4] + s[5]] for s in sections}
    assert found[SECTION] == bytes.fromhex("b700000002000000") + bytes.fromhex("9500000000000000")
    assert found["license"] == b"GPL\0"
