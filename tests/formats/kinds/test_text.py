def test_lines_become_records(read):
    out = read(b"one thing\n\nanother\r\n\xff\n\0\0\0", "x.txt")
    assert out.records == [{"Text": "one thing"}, {"Text": "another"}, {"Text": "\\xff"}]
    assert out.numbers == [1, 3, 4]
    assert out.repaired == {"invalid UTF-8": 1}


def test_control_and_bidi_characters_stay_data(read):
    line = "\x1b[2J\u202egpj.exe <script>=1+1"
    assert read(line.encode() + b"\n", "x.txt").records == [{"Text": line}]
