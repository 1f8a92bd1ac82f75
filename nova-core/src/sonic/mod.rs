//! Speech: a conversation with Nova Sonic.
//!
//! From the outside in: `Conversation` is what an application holds; [`conversation::Call`] is the same thing as a
//! pure machine; [`session::Session`] is one stream; [`wire`] is AWS's spelling.

pub mod api;
pub mod config;
pub mod content;
pub mod contract;
pub mod conversation;
pub mod event;
pub mod failure;
pub mod flight;
pub mod limits;
pub(crate) mod millis;
#[cfg(any(feature = "metrics", feature = "opentelemetry"))]
pub mod observe;
pub mod session;
pub mod snapshot;
pub mod state;
pub mod stats;
pub mod store;
pub mod typed;
pub mod wire;

#[cfg(feature = "runtime")]
mod builder;
#[cfg(feature = "runtime")]
mod clock;
#[cfg(feature = "runtime")]
mod driver;
#[cfg(feature = "runtime")]
mod entry;
#[cfg(feature = "runtime")]
mod handle;
#[cfg(feature = "runtime")]
mod keeper;
#[cfg(feature = "runtime")]
mod links;
#[cfg(feature = "runtime")]
mod log;
#[cfg(feature = "runtime")]
pub mod pool;
#[cfg(feature = "runtime")]
mod queue;
#[cfg(feature = "runtime")]
mod raw;
#[cfg(feature = "runtime")]
pub mod readers;
#[cfg(feature = "runtime")]
mod reviewer;
#[cfg(feature = "runtime")]
mod tool;

#[cfg(feature = "runtime")]
pub use builder::Builder;
pub use config::{
    AudioDuringTools, AudioEnd, Config, Duplex, Idle, Message, Renewal, Review, Snapshots, Timeouts, Unreviewed,
};
pub use contract::{Contract, Effect, Filler, OfferedTool, OnInterrupt, RunBy};
#[cfg(feature = "runtime")]
pub use entry::Entry;
pub use event::{
    Audio, CloseReason, Cut, DropReason, Event, Latency, RenewReason, ReviewOutcome, Stamped, ToolCall, ToolOutcome,
    Transcript, TranscriptStage, TurnEnd, TurnId, Unsent,
};
#[cfg(feature = "runtime")]
pub use handle::{Conversation, Events, Sender};
#[cfg(feature = "runtime")]
pub use keeper::Hold;
#[cfg(feature = "runtime")]
pub use pool::{ConversationPool, Drained, OwnerBudget, PoolBuilder, PoolStats, Pooled, Whereabouts};
#[cfg(feature = "runtime")]
pub use raw::{Order, RawSession};
#[cfg(feature = "runtime")]
pub use readers::{Ending, ReadFrom, Reader, SharedConversation};
#[cfg(feature = "runtime")]
pub use reviewer::Sentence;
#[cfg(feature = "runtime")]
pub use tool::Tool;

pub use conversation::Verdict;

pub use crate::audio::SampleRate;
pub use crate::ids::ToolUseId;
pub use crate::model::{ModelId, Voice};
pub use session::{Endpointing, Inference, ToolChoice, ToolSpec};
pub use snapshot::Snapshot;
pub use stats::Stats;
pub use wire::{Role, Tokens};
