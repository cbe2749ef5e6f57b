"""Stand-ins for services, each in a process of its own: they send bytes that were made before.

Run as ``python -m bench._services FOLDER``: prints its port, then answers until it is ended. In the
folder lie the replies, `made` of the same rows for each service.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROWS = 500_000
PAGE = 10_000
COLUMNS = (
    ("Timestamp", "datetime"), ("DeviceName", "string"), ("ActionType", "string"),
    ("FileName", "string"), ("ProcessCommandLine", "string"), ("ProcessId", "long"),
    ("AccountName", "string"), ("IsRemote", "bool"), ("Score", "real"),
    ("AdditionalFields", "dynamic"),
)  # fmt: skip
_PRINT = "print Connected = 1"
_ELASTIC = {"datetime": "date", "string": "keyword", "long": "long", "bool": "boolean",
            "real": "double", "dynamic": "keyword"}  # fmt: skip


def rows() -> list[list[object]]:
    """The rows that every service sends."""
    return [
        [
            f"2024-05-01T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}.{n % 1_000_000:06}0Z",
            f"ws{n % 800:04}.corp.example", "ProcessCreated", f"tool{n % 90}.exe",
            f'"C:\\Tools\\tool{n % 90}.exe" --job {n} --out C:\\Temp\\{n % 977}.log', n % 65_536,
            f"user{n % 300}" if n % 11 else None, n % 3 == 0, n / 8,
            {"Depth": n % 5, "Signer": f"s{n % 40}"},
        ]
        for n in range(ROWS)
    ]  # fmt: skip


def make(folder: Path) -> None:
    """Write the replies of all services."""
    found = rows()
    one = [{"ColumnName": "Connected", "ColumnType": "int"}]
    kusto = [{"ColumnName": name, "ColumnType": kind} for name, kind in COLUMNS]
    _write(folder / "kusto-print", _version_2(one, [[1]]))
    _write(folder / "kusto", _version_2(kusto, found))
    texts = [[*row[:-1], json.dumps(row[-1])] for row in found]
    names = [{"name": name, "type": kind} for name, kind in COLUMNS]
    _write(folder / "sentinel-print", {"tables": [
        {"name": "PrimaryResult", "columns": [{"name": "Connected", "type": "int"}],
         "rows": [[1]]}]})  # fmt: skip
    _write(folder / "sentinel", {
        "tables": [{"name": "PrimaryResult", "columns": names, "rows": texts}]})  # fmt: skip
    kinds = [{"name": name, "type": _ELASTIC[kind]} for name, kind in COLUMNS]
    _write(folder / "elastic", {
        "took": 9, "is_partial": False, "columns": kinds, "values": texts})  # fmt: skip
    keys = [name for name, _ in COLUMNS]
    for start in range(0, ROWS, PAGE):
        page = [
            {k: str(v) for k, v in zip(keys, row, strict=True) if v is not None}
            for row in texts[start : start + PAGE]
        ]
        fields = [{"name": each} for each in keys]
        _write(folder / f"splunk-{start}", {"fields": fields, "results": page})


def _version_2(columns: list[dict[str, str]], found: list[list[object]]) -> list[dict[str, object]]:
    return [
        {"FrameType": "DataSetHeader", "IsProgressive": False, "Version": "v2.0"},
        {"FrameType": "DataTable", "TableId": 1, "TableKind": "PrimaryResult",
         "TableName": "PrimaryResult", "Columns": columns, "Rows": found},
        {"FrameType": "DataSetCompletion", "HasErrors": False, "Cancelled": False},
    ]  # fmt: skip


def _write(path: Path, body: object) -> None:
    path.write_bytes(json.dumps(body, separators=(",", ":")).encode())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path

    def do_GET(self) -> None:
        """Answer, whatever the method."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        self._send(*self._reply(parts.path, parse_qs(parts.query), body))

    do_POST = do_DELETE = do_GET  # noqa: N815  http.server calls them so

    def _reply(self, path: str, params: dict[str, list[str]], body: bytes) -> tuple[int, bytes]:
        few = "-print" if _PRINT.encode() in body else ""
        if path in ("/v2/rest/query", "/v1/rest/query"):
            return 200, (self.folder / f"kusto{few}").read_bytes()
        if path.startswith("/v1/workspaces/"):
            return 200, (self.folder / f"sentinel{few}").read_bytes()
        if path == "/_query":
            return 200, (self.folder / "elastic").read_bytes()
        if path == "/":
            return 200, b'{"version": {"number": "9.2.0"}}'
        if path.endswith("/results"):
            return 200, (self.folder / f"splunk-{params['offset'][0]}").read_bytes()
        if path.endswith("/jobs"):
            return 201, b'{"sid": "1"}'
        if path.endswith("/jobs/1"):
            content = {"isDone": True, "dispatchState": "DONE", "resultCount": ROWS}
            return 200, json.dumps({"entry": [{"content": content}]}).encode()
        if path.startswith("/services/"):
            return 200, b'{"entry": []}'
        return 404, b"{}"

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_told: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve the folder's replies on a free port."""
    _Handler.folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
