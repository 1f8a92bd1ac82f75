//! An event as one line of JSON.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::audio::whole_samples;
use crate::error::{Error, ErrorKind, Result};
use crate::sonic::event::{Event, Stamped};

/// Writes an event as one line of JSON, without the end of the line:
/// `{"seq":7,"atMs":1830.25,"type":"audio","turn":1,"rate":24000,"offsetMs":80.0,"pcm":"…"}`.
///
/// Audio is in it. What a call never sent ([`Unsent`](crate::sonic::Unsent)) is in it with its texts and the length of its
/// audio; that audio itself stays with whoever holds the call.
#[must_use]
pub fn encode(stamped: &Stamped) -> Bytes {
    let pcm = match &stamped.event {
        Event::Audio(audio) => Some(audio.pcm.clone()),
        _ => None,
    };
    written(&Line { stamped, pcm })
}

/// Reads what [`encode`] wrote; fields that it does not know are passed over.
///
/// # Errors
/// `Invalid`, code `event`: it is no JSON, no event that this version knows, or audio without whole samples.
pub fn decode(json: &[u8]) -> Result<Stamped> {
    let Line { mut stamped, pcm } = serde_json::from_slice::<Line<Stamped>>(json)
        .map_err(|cause| wrong(format!("This is no event of a call: {cause}.")).with_cause(cause))?;
    if let Event::Audio(audio) = &mut stamped.event {
        audio.pcm = pcm.ok_or_else(|| wrong("An event of the type `audio` has no field `pcm`.".to_owned()))?;
        whole_samples(&audio.pcm).map_err(|error| wrong(error.message().to_owned()))?;
    }
    Ok(stamped)
}

/// Returns the `type` under which JSON has an event.
#[must_use]
pub fn name(event: &Event) -> &'static str {
    match event {
        Event::Connected { .. } => "connected",
        Event::UserSpeechStarted { .. } => "userSpeechStarted",
        Event::UserSpeechEnded { .. } => "userSpeechEnded",
        Event::Transcript(_) => "transcript",
        Event::Audio(_) => "audio",
        Event::Interrupted { .. } => "interrupted",
        Event::ToolCall(_) => "toolCall",
        Event::ToolDone { .. } => "toolDone",
        Event::TurnEnded { .. } => "turnEnded",
        Event::Usage { .. } => "usage",
        Event::Budget { .. } => "budget",
        Event::Reconnecting { .. } => "reconnecting",
        Event::Renewed { .. } => "renewed",
        Event::Reviewed { .. } => "reviewed",
        Event::UserIdle { .. } => "userIdle",
        Event::HistoryTrimmed { .. } => "historyTrimmed",
        Event::InputDropped { .. } => "inputDropped",
        Event::Gap { .. } => "gap",
        Event::Unknown { .. } => "unknown",
        Event::Closed { .. } => "closed",
    }
}

#[derive(Serialize, Deserialize)]
#[serde(expecting = "a JSON object")]
struct Line<E> {
    #[serde(flatten)]
    stamped: E,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "super::base64::option")]
    pcm: Option<Bytes>,
}

/// Writes JSON of the library's own making.
#[allow(clippy::expect_used, reason = "every field is a string, a finite number, or JSON already")]
pub(super) fn written(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).expect("what the library writes can be written").into()
}

fn wrong(sentence: String) -> Error {
    Error::new(ErrorKind::Invalid, sentence).with_code("event")
}
