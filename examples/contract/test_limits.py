"""How many calls there may be, and how often one client may ask."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from server import Start
from talk import Client, eventually, refused


def test_so_many_calls_at_once_and_not_one_more(start: Start, request: pytest.FixtureRequest) -> None:
    limit = int(request.config.getoption("--calls") or 0)
    client = Client(start(MAX_SESSIONS=limit).url)
    with ThreadPoolExecutor(16) as pool:
        sessions = list(pool.map(lambda _: client.start(), range(limit)))
        assert len(set(sessions)) == limit
        health = client.get("/health")
        assert (health["live"], health["limit"], health["status"]) == (limit, limit, "ok")
        answer = client.http.post("/session/start", json={})
        error = refused(answer, 429, "pool-full")
        assert error["kind"] == "limit" and error["retryable"] and error["hint"]
        assert int(answer.headers["retry-after"]) >= 1
        client.end(sessions.pop())
        sessions.append(client.start())
        list(pool.map(client.end, sessions))
    eventually(lambda: client.get("/health")["live"] == 0 or None, "an empty pool")


def test_who_asks_too_often_is_told_when_to_come_back(start: Start) -> None:
    client = Client(start(RATE_LIMIT=5).url)
    answers = [client.http.get("/session/nobody") for _ in range(40)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:10] == [404] * 10, "a burst is let through"
    assert 429 in statuses
    late = answers[statuses.index(429)]
    assert refused(late, 429, "rate")["retryable"] and int(late.headers["retry-after"]) >= 1
    assert client.http.get("/health").status_code == 200, "health is not counted"
    eventually(lambda: client.http.get("/session/nobody").status_code == 404 or None, "a bucket that fills again")
