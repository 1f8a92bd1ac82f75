//! Options, as a language writes them down in JSON, made into builders.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::sonic::store::{FolderStore, RedisStore, SnapshotStore};
use bedrock_nova::sonic::{
    Builder, Config, Conversation, ConversationPool, OfferedTool, OwnerBudget, PoolBuilder, RunBy, Snapshot,
};
use bedrock_nova::usage::Budget;
use bedrock_nova::{Error, ErrorKind, Result};

use crate::wishes::Wishes;

/// A flight log that is to be written.
#[derive(Clone, Debug)]
pub struct Log {
    /// The file.
    pub path: PathBuf,
    /// Whether with the words.
    pub in_full: bool,
}

/// Describes a new call. Tools that a handler runs are the language's.
///
/// # Errors
/// `Invalid`, code `options`, with the field that cannot be read.
pub fn anew(options: &[u8], tools: &Wishes, log: Option<Log>) -> Result<Builder> {
    let config: Config = serde_json::from_slice(options).map_err(|cause| wrong(&cause))?;
    let handled = config.tools.iter().filter(|tool| tool.run_by == RunBy::Handler).cloned().collect();
    Ok(logged(with_tools(Conversation::builder().config(config), handled, tools), log))
}

/// Describes how a call goes on. What a snapshot does not hold is given again: `offers`, those that the language runs.
///
/// # Errors
/// `Invalid` for a snapshot or an offer that cannot be read.
pub fn again(snapshot: &[u8], offers: &[u8], tools: &Wishes, log: Option<Log>) -> Result<Builder> {
    let builder = Conversation::resume(Snapshot::from_json(snapshot)?);
    Ok(logged(with_tools(builder, read_offers(offers)?, tools), log))
}

/// Reads a JSON list of tools on offer.
///
/// # Errors
/// As [`anew`].
pub fn read_offers(json: &[u8]) -> Result<Vec<OfferedTool>> {
    serde_json::from_slice(json).map_err(|cause| wrong(&cause))
}

/// Gives a builder the handlers of these tools.
pub fn with_tools(builder: Builder, offers: Vec<OfferedTool>, tools: &Wishes) -> Builder {
    offers.into_iter().fold(builder, |builder, offer| builder.tool(tools.tool(offer)))
}

/// Describes a pool; `owner_budget` is the JSON of a budget and the period that it is for.
///
/// # Errors
/// `Invalid`, code `options`, for a budget that cannot be read.
pub fn pool(
    conversations: usize,
    per_owner: Option<usize>,
    idle: Duration,
    owner_budget: Option<(Vec<u8>, Duration)>,
) -> Result<PoolBuilder> {
    let mut builder = ConversationPool::builder().conversations(conversations).idle(idle);
    if let Some(most) = per_owner {
        builder = builder.per_owner(most);
    }
    if let Some((budget, per)) = owner_budget {
        let budget: Budget = serde_json::from_slice(&budget).map_err(|cause| {
            Error::new(ErrorKind::Invalid, format!("The owners' budget cannot be read: {cause}.")).with_code("options")
        })?;
        builder = builder.owner_budget(OwnerBudget::new(budget, per));
    }
    Ok(builder)
}

/// Opens where calls are kept, as it is written in a configuration: `redis://…`, `rediss://…`, or a folder.
///
/// # Errors
/// `Unavailable` or `Invalid` for a Redis that does not answer, or an address that is none.
pub async fn store(place: &str) -> Result<Arc<dyn SnapshotStore>> {
    if place.starts_with("redis://") || place.starts_with("rediss://") {
        return Ok(Arc::new(RedisStore::connect(place).await?));
    }
    Ok(Arc::new(FolderStore::new(place)))
}

/// Makes a time of seconds; what is no time is none at all, and what is beyond all times the longest.
pub fn seconds(time: f64) -> Duration {
    Duration::try_from_secs_f64(time.max(0.0)).unwrap_or(if time > 0.0 { Duration::MAX } else { Duration::ZERO })
}

fn logged(builder: Builder, log: Option<Log>) -> Builder {
    match log {
        Some(Log { path, in_full: true }) => builder.record_in_full(path),
        Some(Log { path, in_full: false }) => builder.record(path),
        None => builder,
    }
}

fn wrong(cause: &serde_json::Error) -> Error {
    Error::new(ErrorKind::Invalid, format!("The options of the call cannot be read: {cause}.")).with_code("options")
}
