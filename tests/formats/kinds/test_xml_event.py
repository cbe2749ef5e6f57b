from huntkit.formats import Limits


def test_events_have_the_shape_of_the_evtx_reader(read, sample):
    out = read(sample("kinds/xml_event/events.xml"), "x.xml")
    assert out.format == "xml_event"
    sysmon, service, cleared = (each["Event"] for each in out.records)
    assert sysmon["#attributes"]["xmlns"].endswith("/events/event")
    assert sysmon["System"]["Provider"] == {
        "#attributes": {
            "Name": "Microsoft-Windows-Sysmon",
            "Guid": "5770385f-c22a-43e0-bf4c-06f5698ffbd9",
        }
    }
    assert sysmon["System"]["EventID"] == 1
    assert sysmon["System"]["Correlation"] is None
    assert sysmon["System"]["Execution"] == {"#attributes": {"ProcessID": 7, "ThreadID": 8}}
    assert sysmon["EventData"] == {"Image": r"C:\a&b.exe", "ProcessId": "4711", "Empty": ""}
    assert service["System"]["EventID"] == {"#attributes": {"Qualifiers": 16384}, "#text": 7045}
    assert service["EventData"] == {"Data": {"#text": ["one", "two"]}, "Binary": "00FF"}
    assert cleared["UserData"]["LogFileCleared"]["SubjectUserName"] == "eve"
    assert out.numbers == [1, 2, 3]
    assert [(s.number, s.reason) for s in out.skips] == [(4, "not well-formed XML")]


def test_utf16_with_a_mark_is_read(read, sample):
    data = sample("kinds/xml_event/events.xml").decode().encode("utf-16")
    assert len(read(data).records) == 3


def test_events_are_found_whatever_the_chunks(read, sample):
    data = sample("kinds/xml_event/events.xml")
    for size in (1, 7, 64):
        assert len(read(data, kind="xml_event", limits=Limits(batch_bytes=size)).records) == 3


def test_an_event_cut_off_is_said(read, sample):
    data = sample("kinds/xml_event/events.xml")
    out = read(data[: data.find(b"7045")])
    assert len(out.records) == 1
    assert out.skipped == {"cut off": 1}


def test_an_event_without_end_is_bounded(read):
    data = b"<Event><System></System></Event><Event><System>" + b"x" * 100_000
    out = read(data, limits=Limits(max_document_bytes=10_000, batch_bytes=4096))
    assert len(out.records) == 1
    assert out.skipped["event over 9.8 KiB"] == 1


def test_a_billion_laughs_are_not_even_seen(read):
    bomb = "<!DOCTYPE lolz [<!ENTITY a 'ha'>" + "".join(
        f"<!ENTITY a{n} '{'&a%s;' % (n - 1 or '') * 10}'>" for n in range(1, 10)
    )
    out = read((bomb + "]><Events><Event><System>&a9;</System></Event></Events>").encode())
    assert out.records == []
    assert out.skipped == {"not well-formed XML": 1}
