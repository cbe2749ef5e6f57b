"""Fixtures for all tests: where the shared data is, and nothing that touches the user's files."""

import importlib.util
import os
import shutil
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_socket
from hypothesis import settings

# A busy machine is no fault of the code; and a gate tries the same examples every time, while
# everybody else's runs look for new ones.
settings.register_profile("work", deadline=None)
settings.register_profile("gate", deadline=None, derandomize=True)
settings.load_profile("gate" if os.environ.get("CI") else "work")

ROOT = Path(__file__).resolve().parents[1]


def _data_folder() -> Path:
    return Path(os.environ.get("HUNTKIT_DATA") or ROOT.parent / "shared" / "data")


def pytest_report_header() -> str:
    folder = _data_folder()
    if folder.is_dir():
        return f"shared data: {folder}"
    return f"*** shared data: {folder} does not exist; every test marked 'data' is SKIPPED ***"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real logs; its tests are skipped, loudly, where it is absent."""
    folder = _data_folder()
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}: set HUNTKIT_DATA")
    return folder


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep caches and settings of a test run away from the user's own."""
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HUNTKIT_CACHE_DIR", str(home / "cache"))
    monkeypatch.delenv("HUNTKITCONFIG", raising=False)
    monkeypatch.delenv("MSTICPYCONFIG", raising=False)


def _helper(name: str) -> Any:
    """A module beside this one; the tests are no package from which it could be imported."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


_helper("servers")  # so that tests can say: from servers import Answer
_helper("name_server")
_helper("spl_reader")
_helper("esql_reader")


@pytest.fixture(scope="session")
def hang_guard() -> Callable[[], AbstractContextManager[None]]:
    """``with hang_guard():`` fails what would take minutes; how fast it is, ``bench`` says.

    The limit is many times what the slowest machine needs, and the inputs are so large that
    work which grows with their square goes far beyond it.
    """

    @contextmanager
    def guard() -> Iterator[None]:
        start = time.process_time()  # what others do on the machine meanwhile does not count
        yield
        assert time.process_time() - start < 40

    return guard


@pytest.fixture
def loopback() -> Iterator[None]:
    """Sockets to this machine, and to no other."""
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    pytest_socket._remove_restrictions()
    pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture
def http_server(loopback: None, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Makes HTTP servers on loopback: `http_server(handler_or_answer, tls=False)`."""
    with _helper("servers").servers(tmp_path) as serve:
        yield serve


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One headless Chromium for all browser tests: a second driver can't start beside the first."""
    driver = pytest.importorskip("playwright.sync_api")
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.fail("there is no Chromium: run make test-browser")
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    with driver.sync_playwright() as started:
        running = started.chromium.launch(executable_path=found, args=arguments)
        yield running
        running.close()


@pytest.fixture
def interrupt() -> Iterator[Callable[[], None]]:
    """Interrupts the main thread as Ctrl-C does.

    Not by SIGINT: the server of `spark` listens for that in this very process, and would go.
    """
    main = threading.main_thread().ident
    assert main is not None
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    yield lambda: signal.pthread_kill(main, signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A Spark session on a server of its own, without a JVM, on this machine's loopback."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyspark says that it does not know pandas 3 yet
        sail = pytest.importorskip("pysail.spark")
        sql = pytest.importorskip("pyspark.sql")
        main = sys.modules["__main__"]
        if not hasattr(main, "__file__"):  # of a pytest-xdist worker: pyspark takes it for doctests
            main.__file__ = __file__
        server = sail.SparkConnectServer("127.0.0.1", 0)
        server.start(background=True)
        host, port = server.listening_address
        session = sql.SparkSession.builder.remote(f"sc://{host}:{port}").create()
    yield session
    session.stop()
    server.stop()
