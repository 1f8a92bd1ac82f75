//! What a person sees while a call goes on: one line for everything that was said, with its time.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use bedrock_nova::sonic::event::ItemId;
use bedrock_nova::sonic::{DropReason, Event, RenewReason, Role, Stamped, ToolOutcome, Transcript, TranscriptStage};

use crate::record::story::end_in_words;

/// The screen of one call.
pub(crate) struct Screen<W> {
    out: W,
    look: Look,
    /// The line at the bottom that may still change.
    live: Option<Live>,
    /// What has been printed for good of each line of the transcript.
    printed: BTreeMap<ItemId, String>,
}

/// What the terminal can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whether there are colours.
    pub(crate) ink: Ink,
    /// Whether a line can be written again in place.
    pub(crate) paper: Paper,
}

/// Colours or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// No escape sequences for colour (`NO_COLOR`, a file, a pipe).
    Plain,
    /// The terminal's own colours.
    Colour,
}

/// A terminal or something that only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paper {
    /// A file or a pipe.
    Growing,
    /// A terminal of so many columns.
    Terminal(usize),
}

struct Live {
    item: ItemId,
    at: Duration,
    role: Role,
    text: String,
}

impl Screen<std::io::Stdout> {
    /// Makes a screen on standard output.
    pub(crate) fn stdout() -> Self {
        Screen::new(std::io::stdout(), Look::of_stdout())
    }
}

impl Look {
    /// Finds out what standard output is: a terminal or not, with colours or not.
    pub(crate) fn of_stdout() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let clever = std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        if !clever {
            return Look { ink: Ink::Plain, paper: Paper::Growing };
        }
        let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(80);
        let ink = if set("NO_COLOR") { Ink::Plain } else { Ink::Colour };
        Look { ink, paper: Paper::Terminal(columns) }
    }
}

impl<W: Write> Screen<W> {
    /// Makes a screen on anything that can be written to.
    pub(crate) fn new(out: W, look: Look) -> Self {
        Screen { out, look, live: None, printed: BTreeMap::new() }
    }

    /// Prints a line of our own.
    pub(crate) fn note(&mut self, at: Duration, text: &str) {
        self.settle();
        let line = self.line(at, Voice::Us, text);
        self.put(&format!("{line}\n"));
    }

    /// Prints free text, without a time.
    pub(crate) fn say(&mut self, text: &str) {
        self.settle();
        self.put(&format!("{text}\n"));
    }

    /// Prints what an event has to tell a person.
    pub(crate) fn hear(&mut self, stamped: &Stamped) {
        let at = stamped.at;
        match &stamped.event {
            Event::Transcript(line) => self.transcript(at, line),
            Event::Interrupted { heard, .. } => {
                self.note(at, &format!("the answer is cut off, {:.1} s of it were heard", heard.as_secs_f64()));
            }
            Event::ToolCall(call) => self.note(at, &format!("tool {} is asked for", call.name)),
            Event::ToolDone { name, outcome, .. } => match outcome {
                ToolOutcome::Answered => self.note(at, &format!("tool {name} has answered")),
                other => self.note(at, &format!("tool {name}: {other:?}")),
            },
            Event::TurnEnded { end, latency, .. } => {
                let part = |name: &str, time: Option<Duration>| {
                    time.map(|time| format!(", {name} after {:.2} s", time.as_secs_f64())).unwrap_or_default()
                };
                let latency = part("first words", latency.first_text) + &part("first sound", latency.first_audio);
                self.note(at, &format!("{}{latency}", end_in_words(*end)));
            }
            Event::Reconnecting { reason, attempt, .. } => {
                self.note(at, &format!("the session was lost ({}), attempt {attempt} to reconnect", reason.code()));
            }
            Event::Renewed { session, reason, replayed, lost, .. } => {
                self.note(at, &renewed_in_words(*session, *reason, *replayed, *lost));
            }
            Event::UserIdle { silent } => {
                self.note(at, &format!("nobody has said anything for {} s", silent.as_secs()));
            }
            Event::HistoryTrimmed { lines, .. } => {
                self.note(at, &format!("the history is too long: its {lines} oldest lines were left out"));
            }
            Event::InputDropped { duration, why } => {
                let why = match why {
                    DropReason::Stale => "the way up is blocked",
                    DropReason::HalfDuplex => "the assistant was speaking",
                    _ => "the call ended",
                };
                self.note(at, &format!("{:.1} s of input were given up: {why}", duration.as_secs_f64()));
            }
            Event::Gap { events, .. } => self.note(at, &format!("{events} events were missed")),
            Event::Closed { .. } => self.settle(),
            _ => {}
        }
    }

    fn transcript(&mut self, at: Duration, line: &Transcript) {
        if let Some(live) = self.live.as_mut().filter(|live| live.item == line.item) {
            live.text.clone_from(&line.text);
            return if line.stage == TranscriptStage::Final { self.settle() } else { self.draw_live() };
        }
        if let Some(before) = self.printed.get(&line.item).cloned() {
            return self.correct(at, line, &before);
        }
        let live = Live { item: line.item, at, role: line.role, text: line.text.clone() };
        self.settle();
        self.live = Some(live);
        match (line.stage, self.look.paper) {
            (TranscriptStage::Speculative, Paper::Terminal(_)) => self.draw_live(),
            _ => self.settle(),
        }
    }

    /// A line that is printed for good has changed: prints what is new, or what really was said.
    fn correct(&mut self, at: Duration, line: &Transcript, before: &str) {
        if line.text == before {
            return;
        }
        let (voice, text) = match line.text.strip_prefix(before) {
            Some(more) => (Voice::Of(line.role), more.trim().to_owned()),
            None if line.text.is_empty() => (Voice::Us, "none of that was heard".to_owned()),
            None => (Voice::Us, format!("what was said: {}", line.text)),
        };
        self.settle();
        let row = self.line(at, voice, &text);
        self.put(&format!("{row}\n"));
        self.printed.insert(line.item, line.text.clone());
    }

    /// Writes the live line for good.
    fn settle(&mut self) {
        let Some(live) = self.live.take() else { return };
        let back = if matches!(self.look.paper, Paper::Terminal(_)) { "\r\x1b[2K" } else { "" };
        // Of an answer that was announced and never heard nothing is written for good.
        let row = match live.text.as_str() {
            "" => String::new(),
            text => self.line(live.at, Voice::Of(live.role), text) + "\n",
        };
        self.put(&format!("{back}{row}"));
        self.printed.insert(live.item, live.text);
    }

    /// Writes the live line in place, no longer than one row, or it could not be taken back.
    fn draw_live(&mut self) {
        let (Some(live), Paper::Terminal(columns)) = (&self.live, self.look.paper) else { return };
        let room = columns.saturating_sub(MARGIN + 2);
        let length = live.text.chars().count();
        // The newest words are the interesting ones.
        let tail: String = live.text.chars().skip(length.saturating_sub(room)).collect();
        let shown = if length > room { format!("…{tail}") } else { tail };
        let row = self.line(live.at, Voice::Of(live.role), &shown);
        self.put(&format!("\r\x1b[2K{row}"));
    }

    fn line(&self, at: Duration, voice: Voice, text: &str) -> String {
        let (name, colour) = match voice {
            Voice::Of(Role::User) => ("you", "36"),
            Voice::Of(_) => ("nova", "33"),
            Voice::Us => ("·", "2"),
        };
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let seconds = at.as_secs_f64();
        match (self.look.ink, voice) {
            (Ink::Plain, _) => format!("{seconds:7.2} s  {name:<5} {text}"),
            (Ink::Colour, Voice::Us) => format!("\x1b[2m{seconds:7.2} s  {name:<5} {text}\x1b[0m"),
            (Ink::Colour, _) => format!("\x1b[2m{seconds:7.2} s\x1b[0m  \x1b[{colour}m{name:<5}\x1b[0m {text}"),
        }
    }

    /// A terminal that went away is no reason to end a call.
    fn put(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

#[derive(Clone, Copy)]
enum Voice {
    Of(Role),
    Us,
}

/// Columns before the words: time, name, spaces.
const MARGIN: usize = 17;

fn renewed_in_words(session: u32, reason: RenewReason, replayed: Duration, lost: Duration) -> String {
    let why = match reason {
        RenewReason::Age => "the last one grew old",
        RenewReason::Deadline => "the last one was at its end",
        RenewReason::Silence => "the service puts up with no longer silence",
        RenewReason::Credentials => "the credentials were about to expire",
        RenewReason::Recovery => "the last one was lost",
        _ => "the service wants it",
    };
    let part = |time: Duration, what: &str| match time.is_zero() {
        true => String::new(),
        false => format!(", {:.1} s of what was said {what}", time.as_secs_f64()),
    };
    format!("session {session}: {why}{}{}", part(replayed, "told again"), part(lost, "lost"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn line(item: ItemId, role: Role, text: &str, stage: TranscriptStage) -> Stamped {
        let event = Event::Transcript(Transcript { item, turn: 1, role, text: text.to_owned(), stage, cut: None });
        Stamped { seq: item, at: Duration::from_millis(1500), event }
    }

    fn show(look: Look, events: &[Stamped]) -> String {
        let mut screen = Screen::new(Vec::new(), look);
        for event in events {
            screen.hear(event);
        }
        screen.settle();
        String::from_utf8(screen.out).unwrap()
    }

    fn a_turn() -> Vec<Stamped> {
        use TranscriptStage::{Final, Speculative};
        vec![
            line(1, Role::User, "What time is it?", Final),
            line(2, Role::Assistant, "It is nine.", Speculative),
            line(2, Role::Assistant, "It is nine. Time for coffee.", Speculative),
            line(2, Role::Assistant, "It is nine. Time for coffee.", Final),
        ]
    }

    #[test]
    fn a_pipe_gets_each_word_once() {
        let shown = show(Look { ink: Ink::Plain, paper: Paper::Growing }, &a_turn());
        let expected =
            "   1.50 s  you   What time is it?\n   1.50 s  nova  It is nine.\n   1.50 s  nova  Time for coffee.\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_terminal_gets_speculative_text_in_place() {
        let shown = show(Look { ink: Ink::Plain, paper: Paper::Terminal(40) }, &a_turn());
        let rows: Vec<&str> = shown.split('\n').collect();
        assert_eq!(rows.len(), 3, "two lines and an end: {shown:?}");
        assert!(rows[1].ends_with("\r\x1b[2K   1.50 s  nova  It is nine. Time for coffee."), "{shown:?}");
        assert!(rows[1].contains("nova  …ine. Time for coffee."), "the tail while it is speculative: {shown:?}");
        assert!(!shown.contains("\x1b[3"), "no colour");
    }

    #[test]
    fn a_late_final_that_differs_is_told() {
        let mut events = a_turn();
        events.push(line(3, Role::User, "Stop.", TranscriptStage::Final));
        events.push(line(2, Role::Assistant, "It is nine.", TranscriptStage::Final));
        let shown = show(Look { ink: Ink::Plain, paper: Paper::Growing }, &events);
        assert!(shown.ends_with("you   Stop.\n   1.50 s  ·     what was said: It is nine.\n"), "{shown}");
    }

    #[test]
    fn what_is_said_cannot_command_the_terminal() {
        let shown = show(
            Look { ink: Ink::Plain, paper: Paper::Growing },
            &[line(1, Role::User, "a\x1b[31mb\nc", TranscriptStage::Final)],
        );
        assert!(shown.ends_with("you   a [31mb c\n"), "{shown:?}");
    }
}
