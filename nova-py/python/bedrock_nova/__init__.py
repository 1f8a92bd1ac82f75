"""Amazon Nova Sonic for Python: speech in, speech out, as a conversation that cannot get the protocol wrong.

Unofficial, and never yet run against Amazon's service.

>>> from bedrock_nova import AssistantAudio, Conversation, Interrupted
>>> async with Conversation(system="Answer in two or three sentences.", voice="tiffany") as talk:
...     await talk.send_audio(question)
...     async for event in talk:
...         match event:
...             case AssistantAudio(pcm=pcm):
...                 speaker.write(pcm)
...             case Interrupted():
...                 speaker.flush()
"""

from __future__ import annotations

from . import errors, events
from ._native import __version__, metrics
from .conversation import Conversation, Snapshot, Stats, Usage
from .errors import *  # noqa: F403 - the tree, by its own list
from .events import *  # noqa: F403 - the events, by their own list
from .models import Model, Voice, models, voices
from .options import Budget, Idle, Message, Options, Renewal, Timeouts
from .pool import (
    ConversationPool,
    Drained,
    Elsewhere,
    Here,
    Left,
    OwnerBudget,
    PooledConversation,
    PoolStats,
)
from .raw import RawSession
from .reader import Events
from .service import Bedrock, Credentials
from .sync import SyncConversation
from .tools import OfferedTool, Tool, tool

__all__ = [
    "Bedrock",
    "Budget",
    "Conversation",
    "ConversationPool",
    "Credentials",
    "Drained",
    "Elsewhere",
    "Events",
    "Here",
    "Idle",
    "Left",
    "Message",
    "Model",
    "OfferedTool",
    "Options",
    "OwnerBudget",
    "PoolStats",
    "PooledConversation",
    "RawSession",
    "Renewal",
    "Snapshot",
    "Stats",
    "SyncConversation",
    "Timeouts",
    "Tool",
    "Usage",
    "Voice",
    "__version__",
    "metrics",
    "models",
    "tool",
    "voices",
]
__all__ += errors.__all__
__all__ += events.__all__
