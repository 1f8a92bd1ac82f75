//! Opening, looking at, and ending calls.

use std::collections::BTreeSet;
use std::time::SystemTime;

use bedrock_nova::ids::Owner;
use bedrock_nova::sonic::snapshot::Line;
use bedrock_nova::sonic::{CloseReason, Conversation, Pooled, Role, Tokens, Tool, TurnId};
use bedrock_nova::usage::{Money, Usage};
use bedrock_nova::{Error, ErrorKind};
use serde::Serialize;

use super::Desk;
use crate::answer::{Answer, Failure, invalid};
use crate::bodies::{self, Body, Opening};
use crate::register::written;

#[derive(Serialize)]
struct Session<'a> {
    session_id: &'a str,
    status: Status,
    created_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Active,
    Ended,
}

#[derive(Serialize)]
struct State<'a> {
    #[serde(flatten)]
    session: Session<'a>,
    last_activity: String,
    turns: usize,
    usage: Spent,
    transcript: Vec<Said<'a>>,
}

#[derive(Serialize)]
struct End<'a> {
    #[serde(flatten)]
    session: Session<'a>,
    reason: CloseReason,
    usage: Spent,
}

/// What a call has used.
#[derive(Serialize)]
struct Spent {
    tokens: Counts,
    cost_usd: Option<Money>,
    seconds: f64,
}

#[derive(Serialize)]
struct Counts {
    speech_in: u64,
    text_in: u64,
    speech_out: u64,
    text_out: u64,
}

#[derive(Serialize)]
struct Said<'a> {
    turn: Option<TurnId>,
    role: &'static str,
    text: &'a str,
}

impl Desk {
    pub(super) async fn start_session(&self, owner: &Owner, body: &Body<'_>) -> Result<Answer, Failure> {
        let tools: Vec<&str> = self.inner.tools.iter().map(Tool::name).collect();
        let builder = match bodies::opening(body, &self.inner.defaults, &tools)? {
            Opening::Anew(config) => Conversation::builder().config(*config),
            Opening::From(snapshot) => Conversation::resume(*snapshot),
        };
        let opened = self.inner.pool.open(owner, self.bring(builder)).await;
        let call = opened.map_err(|error| refused_opening(Failure::from(error)))?;
        let times = self.touch(&call);
        tracing::info!("Call {:.8}… began.", call.id().as_str());
        Ok(Answer::json(200, &session(&call, Status::Active, times.created_at)))
    }

    pub(super) async fn get_session(&self, owner: &Owner, id: &str) -> Result<Answer, Failure> {
        let call = self.look(id, owner).await?;
        let times = self.times(&call);
        let used = call.usage().await?;
        let snapshot = call.snapshot().await?;
        let turns = snapshot.lines.iter().filter_map(|line| line.turn).collect::<BTreeSet<_>>().len();
        Ok(Answer::json(
            200,
            &State {
                session: session(&call, Status::Active, times.created_at),
                last_activity: written(times.last_activity),
                turns,
                usage: used.into(),
                transcript: snapshot.lines.iter().map(Said::from).collect(),
            },
        ))
    }

    pub(super) async fn get_snapshot(&self, owner: &Owner, id: &str) -> Result<Answer, Failure> {
        let call = self.find(id, owner).await?;
        Ok(Answer::of(200, "application/json", call.snapshot().await?.to_json()))
    }

    pub(super) async fn end_session(&self, owner: &Owner, id: &str) -> Result<Answer, Failure> {
        let call = self.find(id, owner).await?;
        let times = self.times(&call);
        let before = call.usage().await?;
        // One that does not end in order has ended all the same; the reason says how.
        let _ = self.inner.pool.close(&call, self.inner.close).await;
        let ending = call.closed().await;
        let used = call.latest_usage().unwrap_or(before);
        let used = Usage::new(used.tokens, used.cost, call.elapsed());
        tracing::info!("Call {:.8}… was ended: {:?}.", call.id().as_str(), ending.reason);
        let session = session(&call, Status::Ended, times.created_at);
        Ok(Answer::json(200, &End { session, reason: ending.reason, usage: used.into() }))
    }
}

/// A call that is not open yet forbids nothing: it is what the client has sent that does not go together.
fn refused_opening(failure: Failure) -> Failure {
    let error = failure.error();
    if failure.status() != 409 || error.kind() != ErrorKind::Misuse {
        return failure;
    }
    let refused: Error = invalid("request", error.message()).with_code(error.code());
    Failure::from(match error.hint() {
        Some(hint) => refused.with_hint(hint),
        None => refused,
    })
}

fn session(call: &Pooled, status: Status, created_at: SystemTime) -> Session<'_> {
    Session { session_id: call.id().as_str(), status, created_at: written(created_at) }
}

impl From<Usage> for Spent {
    fn from(used: Usage) -> Self {
        let Tokens { speech_in, text_in, speech_out, text_out } = used.tokens;
        let tokens = Counts { speech_in, text_in, speech_out, text_out };
        let seconds = (used.time.as_secs_f64() * 1000.0).round() / 1000.0;
        Spent { tokens, cost_usd: used.cost, seconds }
    }
}

impl<'a> From<&'a Line> for Said<'a> {
    fn from(line: &'a Line) -> Self {
        let role = match line.role {
            Role::User => "USER",
            Role::Assistant => "ASSISTANT",
            _ => "OTHER",
        };
        Said { turn: line.turn, role, text: &line.text }
    }
}
