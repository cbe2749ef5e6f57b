"""Connections that are used again, and closed when nobody needs them."""

from concurrent.futures import ThreadPoolExecutor

from huntkit.runtime import http_lanes
from servers import Answer


def test_one_after_another_share_a_connection_and_several_at_once_do_not(http_server, client):
    server = http_server(Answer(json={}, wait_s=0.05))
    asked = client(server.url)
    for _ in range(3):
        asked.get("/a")
    assert server.connections == 1
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: asked.get("/b"), range(6)))
    assert server.most_under_way > 1
    assert server.connections == server.most_under_way


def test_a_connection_that_the_server_closed_is_not_used_again(http_server, client):
    server = http_server(Answer(json={}, headers={"Connection": "close"}))
    asked = client(server.url)
    assert [asked.get("/a").status_code for _ in range(3)] == [200, 200, 200]
    assert server.connections == 3


def test_those_that_nobody_needed_for_long_are_closed(http_server, client, monkeypatch):
    server = http_server(Answer(json={}, wait_s=0.05))
    asked = client(server.url)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: asked.get("/a"), range(4)))
    monkeypatch.setattr(http_lanes, "_KEPT_S", 0.02)
    asked.get("/b")  # longer than those others may wait
    asked.get("/c")  # the server notices the ends before it answers
    assert server.open_now == 1


def test_closing_closes_all(http_server, client, session):
    server = http_server(Answer(json={}, wait_s=0.05))
    asked = client(server.url)
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: asked.get("/a"), range(3)))
    session.close()
    before = server.connections
    asked.get("/b")
    assert server.connections == before + 1
    assert server.open_now == 1
