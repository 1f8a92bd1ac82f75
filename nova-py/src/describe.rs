//! The options of a call, as the package writes them down, made into a builder.

use std::path::PathBuf;

use bedrock_nova::sonic::{Builder, Config, Conversation, OfferedTool, RunBy, Snapshot};
use bedrock_nova::{Error, ErrorKind, Result};

use crate::inbox::Inbox;

/// A flight log that is to be written.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) path: PathBuf,
    pub(crate) in_full: bool,
}

/// Describes a new call. Tools that a handler runs are Python's.
pub(crate) fn anew(options: &[u8], tools: &Inbox, log: Option<Log>) -> Result<Builder> {
    let config: Config = serde_json::from_slice(options).map_err(|cause| wrong(&cause))?;
    let handled = handled(&config.tools);
    Ok(logged(with_tools(Conversation::builder().config(config), handled, tools), log))
}

/// Describes how a call goes on. What a snapshot does not hold is given again: `offers`, those that Python runs.
pub(crate) fn again(snapshot: &[u8], offers: &[u8], tools: &Inbox, log: Option<Log>) -> Result<Builder> {
    let builder = Conversation::resume(Snapshot::from_json(snapshot)?);
    Ok(logged(with_tools(builder, read_offers(offers)?, tools), log))
}

/// Reads a JSON list of tools on offer.
pub(crate) fn read_offers(json: &[u8]) -> Result<Vec<OfferedTool>> {
    serde_json::from_slice(json).map_err(|cause| wrong(&cause))
}

/// Gives a builder the handlers of these tools.
pub(crate) fn with_tools(builder: Builder, offers: Vec<OfferedTool>, tools: &Inbox) -> Builder {
    offers.into_iter().fold(builder, |builder, offer| builder.tool(tools.tool(offer)))
}

fn handled(tools: &[OfferedTool]) -> Vec<OfferedTool> {
    tools.iter().filter(|tool| tool.run_by == RunBy::Handler).cloned().collect()
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
