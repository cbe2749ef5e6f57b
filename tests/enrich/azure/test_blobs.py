"""Blobs in a real Azurite, which the test starts where it is installed (npm install azurite).

Set HUNTKIT_AZURITE to its program if it is not on the path.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from huntkit.core.errors import AccessDenied, Offline, RequestFailed, UsageError
from huntkit.enrich.azure.blobs import AzureBlobStorage
from huntkit.runtime import Secret, Session, Settings

# The account that every Azurite has; its key is printed in Azurite's own documentation.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@pytest.fixture
def azurite(loopback: None, tmp_path: Path) -> Iterator[str]:
    program = os.environ.get("HUNTKIT_AZURITE") or shutil.which("azurite-blob")
    if program is None:
        pytest.skip("there is no Azurite: npm install azurite, and set HUNTKIT_AZURITE")
    pytest.importorskip("azure.storage.blob")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = subprocess.Popen(
        [program, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(tmp_path),
         "--skipApiVersionCheck", "--disableTelemetry", "--silent"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("Azurite did not start")


def connection(url: str, key: str = KEY) -> Secret:
    return Secret.held(
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key};BlobEndpoint={url};"
    )


def test_blobs_come_and_go(azurite: str, session: Session, tmp_path: Path) -> None:
    storage = AzureBlobStorage(connection_string=connection(azurite), session=session)
    assert storage.containers().height == 0
    storage.create_container("evidence")
    assert storage.containers()["name"].to_list() == ["evidence"]
    large = os.urandom(3_000_000)
    storage.upload_to_blob(large, "evidence", "a/large.bin")
    storage.upload_to_blob(b"small", "evidence", "b & c?.txt")
    found = storage.blobs("evidence")
    assert dict(zip(found["name"], found["size"], strict=True)) == {
        "b & c?.txt": 5,
        "a/large.bin": 3_000_000,
    }
    assert storage.blobs("evidence", prefix="a/")["name"].to_list() == ["a/large.bin"]
    assert storage.get_blob("evidence", "a/large.bin") == large
    path = storage.download("evidence", "a/large.bin", tmp_path / "large.bin")
    assert path.read_bytes() == large
    with pytest.raises(UsageError, match="exists"):
        storage.download("evidence", "a/large.bin", path)
    with pytest.raises(RequestFailed) as caught:
        storage.upload_to_blob(b"other", "evidence", "b & c?.txt")
    assert caught.value.status == 409
    assert storage.get_blob("evidence", "b & c?.txt") == b"small"
    storage.upload_to_blob(b"other", "evidence", "b & c?.txt", overwrite=True)
    storage.delete_blob("evidence", "b & c?.txt")
    with pytest.raises(RequestFailed) as caught:
        storage.download("evidence", "b & c?.txt", tmp_path / "gone")
    assert caught.value.status == 404
    assert not [each for each in tmp_path.iterdir() if each.name.startswith((".huntkit-", "gone"))]


def test_a_signed_url_reads_and_does_not_write(azurite: str, session: Session) -> None:
    storage = AzureBlobStorage(connection_string=connection(azurite), session=session)
    storage.create_container("evidence")
    storage.upload_to_blob(b"content", "evidence", "x")
    url = storage.get_sas_token("evidence", "x")
    assert "sig=" not in f"{url!r}{url}"
    with urllib.request.urlopen(url.reveal(), timeout=20) as reply:
        assert reply.read() == b"content"
    token = Secret.held(url.reveal().partition("?")[2])
    reader = AzureBlobStorage(azurite, sas_token=token, session=session)
    assert reader.get_blob("evidence", "x") == b"content"
    with pytest.raises(AccessDenied) as caught:
        reader.upload_to_blob(b"mine", "evidence", "x", overwrite=True)
    assert token.reveal() not in f"{caught.value!r}{caught.value}"


def test_a_wrong_key_is_refused_and_never_shown(azurite: str, session: Session) -> None:
    wrong = "d3Jvbmcga2V5IG9mIG5vYm9keQ=="
    storage = AzureBlobStorage(connection_string=connection(azurite, wrong), session=session)
    with pytest.raises(AccessDenied) as caught:
        storage.containers()
    assert wrong not in f"{caught.value!r}{caught.value}{caught.value.__cause__}"


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
