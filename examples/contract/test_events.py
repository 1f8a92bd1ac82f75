"""Server-sent events: numbered, kept for a while, and read by several at once."""

from typing import Any

from talk import Client, Message, names, refused


def numbers(messages: list[Message]) -> list[int]:
    return [message.id for message in messages if message.id is not None]


def question(client: Client, session: str) -> None:
    client.post("/text", session_id=session, text="Hello, who are you?")


def test_a_stream_that_breaks_goes_on_where_it_was(client: Client, session: str) -> None:
    question(client, session)
    with client.events(session) as stream:
        first = stream.until("audio_response")
    last = str(numbers(first)[-1])
    with client.events(session, headers={"Last-Event-ID": last}) as stream:
        rest = stream.until("turnEnded")
    with client.events(session, player=False) as stream:
        whole = stream.until("turnEnded")
    assert numbers(first) + numbers(rest) == numbers(whole), "no event twice, none missing"
    assert len(set(numbers(whole))) == len(numbers(whole))


def test_a_stream_may_break_often(client: Client, session: str) -> None:
    question(client, session)
    told: list[Message] = []
    while not told or told[-1].event != "turnEnded":
        after: dict[str, Any] = {"last_event_id": numbers(told)[-1]} if told else {}
        with client.events(session, **after) as stream:
            for message in stream:
                told.append(message)
                if (len(told) % 7 == 0 and message.id is not None) or message.event == "turnEnded":
                    break
    with client.events(session, player=False) as stream:
        whole = stream.until("turnEnded")
    assert numbers(told) == numbers(whole)
    assert names(told).count("content_start") == 1 and names(told).count("content_end") == 1


def test_the_header_is_newer_than_the_address(client: Client, session: str) -> None:
    question(client, session)
    with client.events(session) as stream:
        read = numbers(stream.until("turnEnded"))
    with client.events(session, headers={"Last-Event-ID": str(read[3])}, last_event_id=read[0]) as stream:
        assert numbers(stream.until("turnEnded")) == read[4:]


def test_two_may_listen_at_once(client: Client, session: str) -> None:
    with client.events(session) as one, client.events(session, player=False) as other:
        question(client, session)
        first, second = one.until("turnEnded"), other.until("turnEnded")
    assert first == second


def test_the_end_is_told_and_ends_the_stream(client: Client) -> None:
    session = client.start()
    with client.events(session) as stream:
        stream.until("connected")
        client.end(session)
        rest = list(stream)
    assert rest[-1].event == "done" and rest[-1].data["reason"] == "finished"


def test_bodies_are_flat_and_placed(client: Client, session: str) -> None:
    question(client, session)
    with client.events(session) as stream:
        messages = stream.until("usage")
    for message in messages:
        if message.event in ("transcript", "audio_response", "content_start", "content_end", "usage"):
            assert {"seq", "at_ms"} <= set(message.data), message.event
            assert message.id in (None, message.data["seq"])
    usage = messages[-1].data
    assert set(usage) == {"seq", "at_ms", "total", "delta", "cost_usd"}


def test_nobody_hears_a_call_that_is_not_there(client: Client) -> None:
    refused(client.http.get("/events/stream/nobody"), 404, "no-such-call")
