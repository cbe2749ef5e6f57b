"""The cloud account: AWS CloudTrail records."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from huntkit.sources.demo.world import guid

_ACCOUNT = "111122223333"  # the account number that AWS uses in its own documentation


@dataclass(slots=True)
class CloudTrail:
    """Records calls; `text` gives one CloudTrail file."""

    _records: list[dict[str, Any]] = field(default_factory=list)

    def call(
        self,
        when: datetime,
        service: str,
        action: str,
        *,
        user: str,
        source: str,
        agent: str = "aws-cli/2.15.0",
        parameters: dict[str, Any] | None = None,
        error: str = "",
    ) -> None:
        """One call of the AWS API."""
        record = {
            "eventVersion": "1.09",
            "userIdentity": {
                "type": "IAMUser",
                "principalId": "AIDAEXAMPLE" + user.upper().replace("-", "")[:8],
                "arn": f"arn:aws:iam::{_ACCOUNT}:user/{user}",
                "accountId": _ACCOUNT,
                "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
                "userName": user,
            },
            "eventTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": action,
            "awsRegion": "eu-central-1",
            "sourceIPAddress": source,
            "userAgent": agent,
            "requestParameters": parameters,
            "responseElements": None,
            "requestID": guid("request", when, action, parameters).strip("{}"),
            "eventID": guid("event", when, action, parameters).strip("{}"),
            "readOnly": action.startswith(("Get", "List", "Describe", "Head")),
            "eventType": "AwsApiCall",
            "managementEvent": service != "s3",
            "recipientAccountId": _ACCOUNT,
        }
        if error:
            record["errorCode"] = error
        self._records.append(record)

    def text(self) -> str:
        """The file, one object with all records, as CloudTrail delivers it."""
        ordered = sorted(self._records, key=lambda record: str(record["eventTime"]))
        return json.dumps({"Records": ordered}, indent=1)
