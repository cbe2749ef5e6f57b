"""Blobs in a real Azurite with TLS, which the tests start where it is installed.

``make azurite`` installs it; HUNTKIT_AZURITE may name another program.
"""

import base64
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import tracemalloc
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest
import pytest_socket

from huntkit.core.errors import AccessDenied, LimitReached, Offline, RequestFailed, UsageError
from huntkit.enrich.azure import blobs
from huntkit.enrich.azure.blobs import AzureBlobStorage
from huntkit.runtime import HttpSettings, Secret, Session, Settings
from huntkit.signin.azure import AzureIdentity
from servers import certificates

# The account that every Azurite has; its key is printed in Azurite's own documentation.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
INSTALLED = Path(__file__).parents[3] / "tools/azurite/node_modules/.bin/azurite-blob"
MIB = 1024**2


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The URL of the account, and the authority of its certificate."""
    program = os.environ.get("HUNTKIT_AZURITE") or shutil.which("azurite-blob")
    program = program or (str(INSTALLED) if INSTALLED.exists() else None)
    if program is None:
        pytest.skip("there is no Azurite: run make azurite")
    pytest.importorskip("azure.storage.blob")
    folder = tmp_path_factory.mktemp("azurite")
    authority = certificates(folder)
    pytest_socket.enable_socket()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = subprocess.Popen(
        [program, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder),
         "--cert", str(folder / "server.pem"), "--key", str(folder / "server.pem"),
         "--oauth", "basic", "--skipApiVersionCheck", "--disableTelemetry", "--silent"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _wait(port)
        yield f"https://127.0.0.1:{port}/{ACCOUNT}", authority
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("Azurite did not start")


@pytest.fixture
def url(azurite: tuple[str, Path], loopback: None) -> str:
    return azurite[0]


@pytest.fixture
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Session]:
    """A session; where Azurite is used, it trusts its authority."""
    http = HttpSettings()
    if "url" in request.fixturenames:
        http = HttpSettings(ca_bundle=request.getfixturevalue("azurite")[1], proxy="")
    with Session(Settings(cache_dir=tmp_path / "cache", frame="polars", http=http)) as made:
        yield made


@pytest.fixture
def storage(url: str, session: Session) -> Iterator[AzureBlobStorage]:
    """The account, signed in by its key, with one container, ``evidence``."""
    made = AzureBlobStorage(connection_string=connection(url), session=session)
    made.create_container("evidence")
    yield made
    with made._asking() as client:
        for each in client.list_containers():
            client.delete_container(each)


def connection(url: str, key: str = KEY) -> Secret:
    return Secret.held(
        f"DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey={key};BlobEndpoint={url};"
    )


def read(url: Secret, authority: Path) -> bytes:
    context = ssl.create_default_context(cafile=str(authority))
    with urllib.request.urlopen(url.reveal(), timeout=60, context=context) as reply:
        return bytes(reply.read())


def test_blobs_come_and_go(storage: AzureBlobStorage, tmp_path: Path) -> None:
    assert storage.containers()["name"].to_list() == ["evidence"]
    large = os.urandom(3_000_000)
    storage.upload_to_blob(large, "evidence", "a/large.bin")
    storage.upload_to_blob(b"small", "evidence", "small.txt")
    found = storage.blobs("evidence")
    assert dict(zip(found["name"], found["size"], strict=True)) == {
        "small.txt": 5,
        "a/large.bin": 3_000_000,
    }
    assert storage.blobs("evidence", prefix="a/")["name"].to_list() == ["a/large.bin"]
    assert storage.get_blob("evidence", "a/large.bin") == large
    with pytest.raises(LimitReached, match="3,000,000 bytes"):
        storage.get_blob("evidence", "a/large.bin", max_bytes=2_999_999)
    path = storage.download("evidence", "a/large.bin", tmp_path / "large.bin")
    assert path.read_bytes() == large
    with pytest.raises(UsageError, match="exists"):
        storage.download("evidence", "a/large.bin", path)
    with pytest.raises(RequestFailed) as caught:
        storage.upload_to_blob(b"other", "evidence", "small.txt")
    assert caught.value.status == 409
    assert storage.get_blob("evidence", "small.txt") == b"small"
    storage.upload_to_blob(b"other", "evidence", "small.txt", overwrite=True)
    assert storage.get_blob("evidence", "small.txt") == b"other"
    storage.delete_blob("evidence", "small.txt")
    with pytest.raises(RequestFailed) as caught:
        storage.download("evidence", "small.txt", tmp_path / "gone")
    assert caught.value.status == 404
    assert not [each for each in tmp_path.iterdir() if each.name.startswith((".huntkit-", "gone"))]


def test_lists_have_the_same_columns_when_they_are_empty(storage: AzureBlobStorage) -> None:
    empty = storage.blobs("evidence")
    storage.upload_to_blob(b"x", "evidence", "x")
    found = storage.blobs("evidence")
    assert (empty.height, empty.columns) == (0, found.columns)
    row = found.row(0, named=True)
    assert (row["blob_type"], row["content_settings.content_type"]) == (
        "BlockBlob", "application/octet-stream",
    )  # fmt: skip
    assert row["content_settings.content_md5"] == "9dd4e461268c8034f5c8564e155c67a6"
    assert found.schema["last_modified"] == pl.Datetime("us", "UTC")


def test_all_pages_of_a_list_come(
    storage: AzureBlobStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs, "_PAGE", 3)
    names = [f"n{n}" for n in range(10)]
    for name in names:
        storage.upload_to_blob(name.encode(), "evidence", name)
    for name in ("second", "third", "fourth"):
        storage.create_container(name)
    assert storage.blobs("evidence")["name"].to_list() == names
    assert sorted(storage.containers()["name"]) == ["evidence", "fourth", "second", "third"]


ODD = [
    "b & c?.txt", "ü/ß €.txt", "a%2Fb", "a#b", "a+b", "a//b", "/lead", "trail/", "dot.", "'q\"",
    "a b ", "\u202egnp.exe", "<&>", "{hole}", "a;b=c", "~", "*", "=1+1", "x" * 1024,
]  # fmt: skip


def test_odd_names_stay_as_they_are(storage: AzureBlobStorage, tmp_path: Path) -> None:
    for name in ODD:
        storage.upload_to_blob(name.encode(), "evidence", name)
    assert sorted(storage.blobs("evidence")["name"]) == sorted(ODD)
    assert [storage.get_blob("evidence", name).decode() for name in ODD] == ODD
    for name in ("a\\b", "a\nb", "a\x00b"):
        with pytest.raises(UsageError, match="can't be the name"):
            storage.upload_to_blob(b"x", "evidence", name)


def test_a_large_file_goes_and_comes_in_pieces(storage: AzureBlobStorage, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"".join(bytes([number]) * MIB for number in range(14)) + b"end")
    storage.upload_to_blob(large, "evidence", "large")
    back = storage.download("evidence", "large", tmp_path / "back")
    assert back.read_bytes() == large.read_bytes()


@pytest.mark.long
def test_a_file_that_is_larger_needs_no_more_memory(
    storage: AzureBlobStorage, tmp_path: Path
) -> None:
    large, size = tmp_path / "large", 160 * MIB
    with large.open("wb") as file:
        file.truncate(size)
    tracemalloc.start()
    try:
        storage.upload_to_blob(large, "evidence", "large")
        back = storage.download("evidence", "large", tmp_path / "back")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * MIB
    assert back.stat().st_size == size


def test_a_signed_url_reads_and_does_not_write(
    storage: AzureBlobStorage, azurite: tuple[str, Path], session: Session
) -> None:
    storage.upload_to_blob(b"content", "evidence", "b & c?.txt")
    url = storage.get_sas_token("evidence", "b & c?.txt")
    assert "sig=" not in f"{url!r}{url}"
    assert read(url, azurite[1]) == b"content"
    token = Secret.held(url.reveal().partition("?")[2])
    reader = AzureBlobStorage(azurite[0], sas_token=token, session=session)
    assert reader.get_blob("evidence", "b & c?.txt") == b"content"
    with pytest.raises(AccessDenied) as caught:
        reader.upload_to_blob(b"mine", "evidence", "b & c?.txt", overwrite=True)
    assert token.reveal() not in f"{caught.value!r}{caught.value}"
    with pytest.raises(UsageError, match="not above zero"):
        storage.get_sas_token("evidence", "x", hours=0)


def test_who_is_signed_in_by_a_token_can_do_all_that(
    storage: AzureBlobStorage, azurite: tuple[str, Path], session: Session
) -> None:
    now = int(time.time())
    claims = {"iss": "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/",
              "aud": "https://storage.azure.com", "nbf": now - 60, "iat": now - 60,
              "exp": now + 3600, "oid": "23657296-5cd5-45b0-a809-d972a7f4dfe1",
              "tid": "dd0d0df1-06c3-436c-8034-4b9a153097ce"}  # fmt: skip
    parts = [{"alg": "none", "typ": "JWT"}, claims, {"no": "signature"}]
    token = ".".join(
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts
    )
    identity = AzureIdentity(token=Secret.held(token))
    mine = AzureBlobStorage(azurite[0], identity=identity, session=session)
    mine.upload_to_blob(b"content", "evidence", "x")
    assert mine.blobs("evidence")["name"].to_list() == ["x"]
    # Microsoft's client signs more than this Azurite knows, so here nobody reads by what comes.
    signed = parse_qs(urlsplit(mine.get_sas_token("evidence", "x").reveal()).query)
    assert (signed["skoid"], signed["sp"], signed["spr"]) == ([claims["oid"]], ["r"], ["https"])


def test_a_wrong_key_is_refused_and_never_shown(url: str, session: Session) -> None:
    wrong = "d3Jvbmcga2V5IG9mIG5vYm9keQ=="
    storage = AzureBlobStorage(connection_string=connection(url, wrong), session=session)
    with pytest.raises(RequestFailed) as caught:  # 400: this Azurite also takes tokens
        storage.containers()
    assert wrong not in f"{caught.value!r}{caught.value}{caught.value.__cause__}"


def test_an_unknown_authority_is_not_trusted(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(blobs._PATIENCE, "retry_total", 0)
    with Session(Settings(cache_dir=tmp_path / "cache")) as session:
        storage = AzureBlobStorage(connection_string=connection(url), session=session)
        with pytest.raises(RequestFailed, match=r"(?i)certificate"):
            storage.containers()


def test_the_sessions_proxy_is_the_clients(tmp_path: Path) -> None:
    http = HttpSettings(
        proxy="http://proxy.example:3128", proxy_user="me@x", proxy_password=Secret.held("p:w")
    )
    with Session(Settings(cache_dir=tmp_path, http=http)) as session:
        storage = AzureBlobStorage("account", sas_token=Secret.held("x"), session=session)
        assert storage._network_options() == {
            "use_env_settings": False,
            "proxies": dict.fromkeys(("http", "https"), "http://me%40x:p%3Aw@proxy.example:3128"),
        }


def test_offline_asks_nobody(tmp_path: Path) -> None:
    pytest.importorskip("azure.storage.blob")
    offline = Session(Settings(cache_dir=tmp_path, offline=True))
    with offline, pytest.raises(Offline):
        AzureBlobStorage("account", sas_token=Secret.held("x"), session=offline).containers()


@pytest.mark.parametrize("name", ["../other/x", "a/../../x", "a/./x", "..", ""])
def test_names_never_lead_to_another_container(name: str, session: Session) -> None:
    pytest.importorskip("azure.storage.blob")
    storage = AzureBlobStorage("account", sas_token=Secret.held("x"), session=session)
    with pytest.raises(UsageError, match="no name of a blob"):
        storage.get_blob("evidence", name)
    with pytest.raises(UsageError, match="no name of a container"):
        storage.blobs("a/b")


def test_which_account_and_who_asks_is_said_once() -> None:
    with pytest.raises(UsageError, match="which storage account"):
        AzureBlobStorage()
    with pytest.raises(UsageError, match="give one of"):
        AzureBlobStorage("a", sas_token=Secret.held("x"), connection_string=Secret.held("y"))
