"""What operators and developers see."""

from server import Start
from talk import Client


def test_health_says_what_it_talks_to(client: Client) -> None:
    health = client.get("/health")
    assert set(health) == {"status", "endpoint", "live", "opening", "limit"}
    assert health["status"] == "ok" and health["endpoint"] == "emulator"


def test_calls_are_counted(client: Client, session: str) -> None:
    assert client.get("/health")["live"] >= 1
    answer = client.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "# TYPE" in answer.text and "bedrock_nova" in answer.text
    assert session not in answer.text


def test_the_routes_are_described(client: Client) -> None:
    paths = client.get("/openapi.json")["paths"]
    for path, methods in {
        "/session/start": ["post"],
        "/session/{session_id}": ["get", "delete"],
        "/session/{session_id}/snapshot": ["get"],
        "/audio/chunk": ["post"],
        "/audio/end": ["post"],
        "/text": ["post"],
        "/tool/result": ["post"],
        "/interrupt": ["post"],
        "/played": ["post"],
        "/events/stream/{session_id}": ["get"],
        "/ticket": ["post"],
        "/health": ["get"],
        "/metrics": ["get"],
    }.items():
        for method in methods:
            described = paths[path][method]
            assert described["summary"] and described["tags"] and "200" in described["responses"]
            assert "422" not in described["responses"]
    assert client.http.get("/docs").status_code == 200


def test_pages_of_an_origin_may_call(start: Start) -> None:
    client = Client(start(CORS_ORIGINS="https://example.org").url)
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    answer = client.http.options("/session/start", headers=asked)
    assert answer.headers["access-control-allow-origin"] == "https://example.org"
    stranger = client.http.get("/health", headers={"Origin": "https://example.com"})
    assert "access-control-allow-origin" not in stranger.headers
