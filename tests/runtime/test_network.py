import gc
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huntkit.core.errors import HuntkitError
from huntkit.runtime import Limits, Service, Session, Settings
from servers import Answer, Server

HEADERS = [
    b"Content-Encoding: gzip",
    b"Transfer-Encoding: chunked",
    b"Content-Length: 5",
    b"Location: //x",
    b"Content-Type: text/html",
]


def wait_until(said) -> bool:
    deadline = time.monotonic() + 5
    while not said() and time.monotonic() < deadline:
        time.sleep(0.01)
    return said()


def asked(session: Session, server: Server) -> object:
    return session.http(Service(name="x", base_url=server.url)).get("/").json()


def test_connections_are_kept_until_the_session_is_closed(http_server) -> None:
    server = http_server(Answer(json=1))
    session = Session(Settings())
    assert [asked(session, server) for _ in range(5)] == [1] * 5
    assert (server.connections, server.open_now) == (1, 1)
    session.close()
    assert wait_until(lambda: server.open_now == 0)
    assert asked(session, server) == 1
    session.close()


def test_a_session_that_is_forgotten_closes_its_connections(http_server) -> None:
    server = http_server(Answer(json=1))
    session = Session(Settings())
    assert asked(session, server) == 1
    assert server.open_now == 1
    del session
    gc.collect()
    assert wait_until(lambda: server.open_now == 0)


def test_two_sessions_do_not_notice_each_other(http_server, clock) -> None:
    server = http_server(Answer(status=429, headers={"Retry-After": "3600"}))
    with Session(Settings()) as one, Session(Settings()) as other:
        for session in (one, other):
            with pytest.raises(HuntkitError, match="429"):
                asked(session, server)
    assert len(server.asked) == 2


def test_clients_of_one_service_share_its_limits(http_server, session, clock) -> None:
    server = http_server(Answer(json=1))
    service = Service(name="x", base_url=server.url, limits=Limits(per_minute=1))
    session.http(service).get("/")
    session.http(service).get("/")
    assert clock.slept == [pytest.approx(60.05, abs=0.01)]


def test_a_day_holds_no_more_than_was_declared(http_server, tmp_path, clock) -> None:
    server = http_server(Answer(json=1))
    service = Service(name="x", base_url=server.url, limits=Limits(per_day=2))
    for _ in range(2):  # as after a restart
        with Session(Settings(cache_dir=tmp_path)) as session:
            session.network.clock = clock
            session.http(service).get("/")
    with Session(Settings(cache_dir=tmp_path)) as session:
        session.network.clock = clock
        client = session.http(service)
        assert client.quota_left() == 0
        with pytest.raises(HuntkitError, match="today's 2 requests are used up") as caught:
            client.get("/")
        assert caught.value.retry_after == 12 * 3600  # type: ignore[attr-defined]
        clock.time += 12 * 3600
        assert client.get("/").json() == 1
    assert len(server.asked) == 3


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=200).map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest),
        st.tuples(
            st.sampled_from(HEADERS),
            st.sampled_from([b"200", b"204", b"302", b"429", b"100", b"999"]),
            st.binary(max_size=100),
        ).map(lambda part: b"HTTP/1.1 %b OK\r\n%b\r\n\r\n%b" % (part[1], part[0], part[2])),
    )
)
def test_whatever_a_server_says_is_a_reply_or_an_error_of_ours(raw: bytes, fuzzed) -> None:
    server, session = fuzzed
    server.handler = lambda _: Answer(raw=raw)
    limits = Limits(attempts=1, read_timeout_s=2)
    client = session.http(Service(name="x", base_url=server.url, limits=limits))
    try:
        reply = client.get("/")
    except HuntkitError:
        return
    assert 200 <= reply.status_code < 300


@pytest.fixture
def fuzzed(http_server, session) -> tuple[Server, Session]:
    return http_server(Answer()), session
