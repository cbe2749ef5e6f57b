"""Rows of the CSV files that Entra's portal gives: objects and lists put together again.

The portal spreads ``TargetResources`` over columns such as ``Target1ModifiedProperty1NewValue``,
and says in words what Sentinel and Graph say in codes.
"""

import re
from typing import Any

from huntkit.sources.local.mapping.values import to_int

Row = dict[str, Any]
_NUMBERED = re.compile(
    r"(?:Target(?P<target>\d{1,3})(?:ModifiedProperty(?P<property>\d{1,3}))?"
    r"|AdditionalDetail(?P<detail>\d{1,3}))(?P<what>[A-Z][A-Za-z]{1,40})\Z"
)
_TARGET = {
    "Type": "type",
    "DisplayName": "displayName",
    "ObjectId": "id",
    "UserPrincipalName": "userPrincipalName",
}
_PROPERTY = {"Name": "displayName", "OldValue": "oldValue", "NewValue": "newValue"}
_USER = {
    "ActorObjectId": "id",
    "ActorDisplayName": "displayName",
    "ActorUserPrincipalName": "userPrincipalName",
    "IPAddress": "ipAddress",
    "ActorHomeTenantId": "homeTenantId",
    "ActorHomeTenantName": "homeTenantName",
}
_APP = {
    "ActorDisplayName": "displayName",
    "ActorServicePrincipalId": "servicePrincipalId",
    "ActorServicePrincipalName": "servicePrincipalName",
}
_DEVICE = {
    "Device ID": "deviceId",
    "Browser": "browser",
    "Operating System": "operatingSystem",
    "Compliant": "isCompliant",
    "Managed": "isManaged",
    "Join Type": "trustType",
}
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_PLACE = 3  # city, state and country


def sign_in_row(row: Row) -> Row:
    """A sign-in with ``_location``, ``_device``, ``_status`` and ``_result`` as Sentinel has them.

    The error code of a success is missing in the file and 0 in Sentinel.

    Examples:
        >>> made = sign_in_row({"Location": "Bonn, Nordrhein-Westfalen, DE", "Status": "Success"})
        >>> made["_location"]["countryOrRegion"], made["_result"]
        ('DE', '0')
    """
    made = dict(row)
    code = to_int(row.get("Sign-in error code"))
    if code is None and _said(row, "Status").lower() == "success":
        code = 0
    made["_result"] = "" if code is None else str(code)
    if "Username" in row:  # the tables of services have no such column
        status = {"errorCode": code, "failureReason": _said(row, "Failure reason")}
        made["_status"] = _filled(status)
    place = _said(row, "Location").rsplit(", ", _PLACE - 1)
    if len(place) == _PLACE:
        made.pop("Location")
        made["_location"] = _filled(
            dict(zip(("city", "state", "countryOrRegion"), place, strict=True))
        )
    device = {new: made.pop(old, None) for old, new in _DEVICE.items()}
    for bag, name in (
        (device, "isCompliant"),
        (device, "isManaged"),
        (made, "Flagged for review"),
        (made, "Through Global Secure Access"),
    ):
        bag[name] = _YES_NO.get(str(bag.get(name)).lower(), bag.get(name))
    made["_device"] = _filled(device)
    return made


def audit_row(row: Row) -> Row:
    """An audit event with ``_initiated_by``, ``_targets`` and ``_details`` as Sentinel has them."""
    made: Row = {}
    targets: dict[int, Row] = {}
    details: dict[int, Row] = {}
    for name, value in row.items():
        found = _NUMBERED.match(name)
        if found is None or not _put(found, value, targets, details):
            made[name] = value
    made["_targets"] = [_target(targets[at]) for at in sorted(targets)] or None
    made["_details"] = [details[at] for at in sorted(details)] or None
    is_app = not _said(row, "ActorUserPrincipalName") and (
        _said(row, "ActorServicePrincipalId") or _said(row, "ActorType").lower() == "application"
    )
    names = _APP if is_app else _USER
    actor = _filled({new: row.get(old) for old, new in names.items()})
    if actor:
        made["_initiated_by"] = {"app" if is_app else "user": actor}
        for name in names.keys() - {"ActorDisplayName"}:  # that is a column, too
            made.pop(name, None)
    return made


def _put(
    found: re.Match[str], value: Any, targets: dict[int, Row], details: dict[int, Row]
) -> bool:
    """Put one numbered cell where it belongs; whether it belongs anywhere."""
    what = found["what"]
    if found["detail"]:
        if what not in ("Key", "Value"):
            return False
        place, key = details, what.lower()
        number = int(found["detail"])
    else:
        names = _PROPERTY if found["property"] else _TARGET
        if what not in names:
            return False
        place, key = targets, names[what]
        number = int(found["target"])
    if value is None or value == "":
        return True
    here = place.setdefault(number, {})
    if found["property"]:
        here = here.setdefault("_properties", {}).setdefault(int(found["property"]), {})
    here[key] = value
    return True


def _target(given: Row) -> Row:
    properties = given.pop("_properties", {})
    return {**given, "modifiedProperties": [properties[at] for at in sorted(properties)]}


def _said(row: Row, name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def _filled(bag: Row) -> Row | None:
    return {name: value for name, value in bag.items() if value is not None and value != ""} or None
