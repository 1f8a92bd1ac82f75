//! What happened in a call, on half a screen: sessions, ends, trouble. Turns that went well are only counted.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bedrock_nova::sonic::conversation::Output;
use bedrock_nova::sonic::{Event, ToolOutcome, TurnEnd};

use crate::record::story::end_in_words;

/// Counts what a call did.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    sessions: u32,
    turns: BTreeMap<&'static str, u32>,
    tools: u32,
    refused: u32,
}

impl Outline {
    /// Takes in what a call gave out; returns a line if it is worth one.
    pub(crate) fn output(&mut self, now: Duration, output: &Output) -> Option<String> {
        match output {
            Output::Event(stamped) => self.event(&stamped.event).map(|line| timed(stamped.at, &line)),
            Output::Open { link, target, .. } => {
                let region = target.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
                Some(timed(now, &format!("{link} is asked for: {}{region}", target.model)))
            }
            _ => None,
        }
    }

    /// Takes in that the call refused a command.
    pub(crate) fn refused(&mut self) {
        self.refused += 1;
    }

    fn event(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::Connected { .. } => {
                self.sessions += 1;
                Some("connected".to_owned())
            }
            Event::Renewed { session, reason, replayed, lost, .. } => {
                self.sessions += 1;
                Some(format!("session {session} ({reason:?}), {replayed:.1?} replayed, {lost:.1?} lost"))
            }
            Event::Reconnecting { reason, attempt } => {
                Some(format!("reconnecting, attempt {attempt}: {} ({})", reason.message(), reason.code()))
            }
            Event::TurnEnded { turn, end, .. } => {
                *self.turns.entry(end_in_words(*end)).or_default() += 1;
                (*end != TurnEnd::Answered).then(|| format!("turn {turn}: {}", end_in_words(*end)))
            }
            Event::ToolDone { name, outcome, .. } => {
                self.tools += 1;
                (*outcome != ToolOutcome::Answered).then(|| format!("tool {name}: {outcome:?}"))
            }
            Event::InputDropped { duration, why } => Some(format!("{duration:.1?} of input given up ({why:?})")),
            Event::HistoryTrimmed { lines, .. } => Some(format!("{lines} lines of history left out")),
            Event::Unknown { name, .. } => Some(format!("unknown: {name}")),
            Event::Closed { reason, error, .. } => Some(match error {
                Some(error) => format!("closed: {reason:?}, {} ({})", error.message(), error.code()),
                None => format!("closed: {reason:?}"),
            }),
            _ => None,
        }
    }
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turns: u32 = self.turns.values().sum();
        write!(f, "{} sessions, {turns} turns", self.sessions)?;
        let mut between = " (";
        for (end, count) in &self.turns {
            write!(f, "{between}{count} {end}")?;
            between = ", ";
        }
        f.write_str(if self.turns.is_empty() { "" } else { ")" })?;
        write!(f, ", {} tool calls, {} refused commands.", self.tools, self.refused)
    }
}

fn timed(at: Duration, line: &str) -> String {
    format!("{:9.3} s  {line}", at.as_secs_f64())
}
