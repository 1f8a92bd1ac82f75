"""Settings, from the environment."""

import re

import pytest
from app.config import PROMPT, Config, ConfigError
from here import EXAMPLE


def test_nothing_need_be_set() -> None:
    config = Config.from_environment({})
    assert (config.endpoint_name, config.emulated, config.sessions, config.store) == ("aws", False, 100, None)
    assert config.options == {"system": PROMPT, "input_rate": 16000, "output_rate": 24000, "audio_end": "silence"}


def test_everything_can_be_set() -> None:
    config = Config.from_environment(
        {
            "BEDROCK_NOVA_ENDPOINT": "emulator",
            "BEDROCK_MODEL_ID": "amazon.nova-sonic-v1:0",
            "AWS_REGIONS": "us-east-1, us-west-2",
            "TEMPERATURE": "0",
            "AUTH_TOKENS": "a=b=ann,c=bob",
            "SESSION_STORE": "redis://localhost:6379/0",
            "CORS_ORIGINS": "https://example.org",
            "RATE_LIMIT": "12.5",
        }
    )
    assert config.emulated and config.endpoint_name == "emulator"
    assert config.options.get("model") == "amazon.nova-sonic-v1:0"
    assert config.options.get("regions") == ["us-east-1", "us-west-2"]
    assert config.options.get("temperature") == 0
    assert config.tokens == {"a=b": "ann", "c": "bob"}
    assert config.store == "redis://localhost:6379/0"
    assert (config.cors_origins, config.rate) == (("https://example.org",), 12.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_SESSIONS", "many"),
        ("SESSION_TIMEOUT", "long"),
        ("AUDIO_END", "never"),
        ("LOG_LEVEL", "LOUD"),
        ("AUTH_TOKENS", "token"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Config.from_environment({name: value})


def test_every_variable_is_described() -> None:
    """`.env.example` and the code name the same variables."""
    code = (EXAMPLE / "app" / "config.py").read_text()
    described = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", (EXAMPLE / ".env.example").read_text(), re.MULTILINE))
    read = set(re.findall(r'read\.\w+\("([A-Z_]+)"', code))
    by_others = {"AWS_REGION", "PORT", "HOST", "WORKERS"}
    assert described == read - {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"} | by_others
