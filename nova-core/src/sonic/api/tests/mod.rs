//! Every event and every command, as the tests need them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod commands;
mod events;
mod frames;
#[cfg(feature = "schema")]
mod schema;
mod sse;

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::{Command, ToolAnswer};
use crate::audio::SampleRate;
use crate::error::{Error, ErrorKind};
use crate::sonic::event::*;
use crate::sonic::wire::{Role, Tokens};
use crate::usage::{BudgetLevel, BudgetMeasure, BudgetScope, Money};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn stamped(seq: u64, event: Event) -> Stamped {
    Stamped { seq, at: Duration::from_micros(1_234_567 * seq), event }
}

fn audio(turn: TurnId, offset: Duration) -> Event {
    Event::Audio(Audio { turn, pcm: Bytes::from(vec![1, 2, 255, 254]), rate: SampleRate::Hz24000, offset })
}

fn line(turn: TurnId, role: Role, stage: TranscriptStage) -> Event {
    let text = "She said \"hi\",\nand left.".to_owned();
    Event::Transcript(Transcript { item: turn, turn, role, text, stage, cut: None })
}

fn ended(turn: TurnId) -> Event {
    let latency = Latency { first_text: Some(ms(410)), ..Latency::default() };
    Event::TurnEnded { turn, end: TurnEnd::Answered, latency }
}

/// Every event, with and without what is optional.
fn events() -> Vec<Stamped> {
    let error = Error::new(ErrorKind::Denied, "No.").with_hint("Ask.").with_request_id(Some("r-1".to_owned()));
    let tokens = Tokens { speech_in: 1, text_in: 2, speech_out: 3, text_out: 4 };
    let cut = Some(Cut { heard: ms(700), error: ms(100) });
    let line_cut =
        Transcript { item: 4, turn: 2, role: Role::Assistant, text: String::new(), stage: TranscriptStage::Final, cut };
    let events = vec![
        Event::Connected { request_id: None },
        Event::Connected { request_id: Some("r-0".to_owned()) },
        Event::UserSpeechStarted { offset: ms(320) },
        Event::UserSpeechEnded { offset: Duration::from_micros(1_500_125) },
        line(1, Role::User, TranscriptStage::Final),
        line(1, Role::Assistant, TranscriptStage::Speculative),
        Event::Transcript(line_cut),
        audio(1, ms(0)),
        audio(1, Duration::from_micros(83)),
        Event::Interrupted { turn: 1, heard: ms(700), error: ms(300) },
        Event::ToolCall(ToolCall {
            turn: 1,
            id: "use-1".into(),
            name: "get_weather".to_owned(),
            arguments: json!({ "city": "Oslo", "days": [1, 2.5, null] }),
        }),
        Event::ToolDone { id: "use-1".into(), name: "get_weather".to_owned(), outcome: ToolOutcome::Answered },
        ended(1),
        Event::Usage { total: tokens, delta: tokens, cost: Some(Money::from_pico_dollars(1_230_000_001)) },
        Event::Usage { total: tokens, delta: Tokens::default(), cost: None },
        Event::Budget { scope: BudgetScope::Call, measure: BudgetMeasure::Cost, level: BudgetLevel::Soft },
        Event::Reconnecting { reason: error.clone(), attempt: 2 },
        Event::Renewed { session: 2, request_id: None, reason: RenewReason::Age, replayed: ms(1_500), lost: ms(0) },
        Event::Reviewed { turn: 1, outcome: ReviewOutcome::Withheld },
        Event::UserIdle { silent: ms(30_000) },
        Event::HistoryTrimmed { lines: 3, bytes: 4_096 },
        Event::InputDropped { duration: ms(20), why: DropReason::Stale },
        Event::Gap { events: 9, audio: ms(640) },
        Event::Unknown { name: "surpriseEvent".to_owned(), body: json!({ "seq": 7, "pcm": [true] }) },
        Event::Unknown { name: "a rule".to_owned(), body: json!(null) },
        Event::Closed { reason: CloseReason::Finished, error: None, unsent: Unsent::default() },
        Event::Closed {
            reason: CloseReason::Failed,
            error: Some(error),
            unsent: Unsent { texts: vec!["Are you there?".to_owned()], pcm: Bytes::new(), audio: ms(300) },
        },
    ];
    (1..).zip(events).map(|(seq, event)| stamped(seq, event)).collect()
}

/// Every command, with and without what is optional.
fn commands() -> Vec<Command> {
    let pcm = Bytes::from_static(&[0, 1, 2, 3]);
    vec![
        Command::Audio { pcm: pcm.clone(), sample_rate: None },
        Command::Audio { pcm, sample_rate: Some(SampleRate::Hz8000) },
        Command::AudioEnd,
        Command::Text { text: "What time is it?".to_owned() },
        Command::Greet { text: "Say hello.".to_owned() },
        Command::Interrupt,
        Command::Played { turn: 3, position: Duration::from_micros(1_250_500) },
        Command::ToolResult { id: "use-1".into(), answer: ToolAnswer::Result(json!({ "temperature": 11 })) },
        Command::ToolResult { id: "use-1".into(), answer: ToolAnswer::Result(json!(null)) },
        Command::ToolResult { id: "use-1".into(), answer: ToolAnswer::Error("no such city".to_owned()) },
        Command::Finish,
    ]
}
