//! What a client says: its voice, typed text, results of tools, barge-in, and how far its loudspeaker is.

use bedrock_nova::audio::SAMPLE_BYTES;
use bedrock_nova::ids::Owner;
use bedrock_nova::sonic::api::Command;
use bytes::Bytes;
use serde::Serialize;

use super::Desk;
use crate::answer::{Answer, Failure, invalid};
use crate::bodies::{self, Body, Chunk, Played, ToolResult};

#[derive(Serialize)]
struct AudioTaken {
    status: &'static str,
    duration_ms: f64,
}

impl Desk {
    /// The answer comes when all of the audio is taken; requests of one call take turns in the call itself.
    pub(super) async fn send_audio(&self, owner: &Owner, body: &Body<'_>) -> Result<Answer, Failure> {
        let (session, Chunk { pcm, rate: its }) = bodies::for_call(body, bodies::chunk)?;
        let call = self.find(&session, owner).await?;
        let rate = call.input_rate();
        if its.is_some_and(|its| its != rate) {
            let sentence = format!("`sample_rate`: this call listens to {} samples a second.", rate.hz());
            let hint = "Resample the audio, or open the call with another `input_sample_rate`.";
            return Err(invalid("sample-rate", sentence).with_hint(hint).into());
        }
        call.send_audio(&pcm).await?;
        let samples = pcm.len() / SAMPLE_BYTES;
        let duration_ms = samples as f64 / f64::from(rate.hz()) * 1000.0;
        Ok(Answer::json(200, &AudioTaken { status: "ok", duration_ms }))
    }

    pub(super) async fn end_audio(&self, owner: &Owner, body: &Body<'_>) -> Result<Answer, Failure> {
        let (session, ()) = bodies::for_call(body, bodies::nothing)?;
        self.obey(&session, owner, Command::AudioEnd).await
    }

    pub(super) async fn send_text(&self, owner: &Owner, body: &Body<'_>) -> Result<Answer, Failure> {
        let (session, text) = bodies::for_call(body, bodies::text)?;
        self.obey(&session, owner, Command::Text { text }).await
    }

    pub(super) async fn send_tool_result(&self, owner: &Owner, body: &Body<'_>) -> Result<Answer, Failure> {
        let (session, ToolResult { id, answer }) = bodies::for_call(body, bodies::tool_result)?;
        self.obey(&session, owner, Command::ToolResult { id: id.into(), answer }).await
    }

    pub(super) async fn interrupt(&self, owner: &Owner, body: &Body<'_>) -> Result<Answer, Failure> {
        let (session, ()) = bodies::for_call(body, bodies::nothing)?;
        self.obey(&session, owner, Command::Interrupt).await
    }

    pub(super) async fn say_played(&self, owner: &Owner, body: &Body<'_>) -> Result<Answer, Failure> {
        let (session, Played { turn, position }) = bodies::for_call(body, bodies::played)?;
        self.obey(&session, owner, Command::Played { turn, position }).await
    }

    /// Says it to the call.
    async fn obey(&self, session: &str, owner: &Owner, command: Command) -> Result<Answer, Failure> {
        let call = self.find(session, owner).await?;
        call.obey(command).await?;
        Ok(Answer::of(200, "application/json", Bytes::from_static(br#"{"status":"ok"}"#)))
    }
}
