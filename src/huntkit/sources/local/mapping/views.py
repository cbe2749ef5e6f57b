"""Tables that are another table seen with other names: they are never stored twice."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """A table made of another one's rows.

    Attributes:
        source: the table whose rows these are.
        columns: the view's columns by the source's; a source may lack some of them.
        without: rows of these channels are not in the view.
    """

    source: str
    columns: Mapping[str, str]
    without: frozenset[str] = frozenset()


VIEWS: Mapping[str, View] = {
    # The old agent sends every channel but Security to Event.
    "Event": View(
        source="WindowsEvent",
        columns={
            "TimeGenerated": "TimeGenerated",
            "Source": "Provider",
            "EventLog": "Channel",
            "Computer": "Computer",
            "EventLevel": "EventLevel",
            "EventLevelName": "EventLevelName",
            "EventData": "EventData",
            "EventID": "EventID",
            "RenderedDescription": "RenderedDescription",
            "EventCategory": "Task",
            "UserName": "SystemUserId",
            "_time_note": "_time_note",
            "_record": "_record",
            "_file": "_file",
        },
        without=frozenset({"security"}),
    ),
    # The name under which Sentinel workspaces keep auditd's log; all columns are the same.
    "AuditLog_CL": View(source="LinuxAudit", columns={}),
}
