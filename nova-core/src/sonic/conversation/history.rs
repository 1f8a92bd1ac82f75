//! What was said so far, in the shape the model takes it.

use crate::model::Model;
use crate::sonic::config::Message;
use crate::sonic::event::{Transcript, TurnId};
use crate::sonic::wire::Role;

/// What is kept for later sessions: twice what any model takes, so that trimming for one loses nothing it could have.
const KEPT: usize = 400_000;

/// The words of a call, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    lines: Vec<Line>,
    /// Turns that the service refused to hear: nothing of them is told again.
    refused: Vec<TurnId>,
    /// What was given up for good.
    gone: Trimmed,
    /// The newest line among it: nothing up to there comes back.
    gone_to: Option<Order>,
}

/// The history as a session is told it.
#[derive(Debug, Default)]
pub(super) struct Shaped {
    pub(super) messages: Vec<Message>,
    /// What is missing in it because the whole is too long.
    pub(super) trimmed: Trimmed,
}

/// What was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trimmed {
    /// Lines that are missing, whole or in part.
    pub(super) lines: usize,
    /// Bytes of them that are missing.
    pub(super) bytes: usize,
}

#[derive(Debug)]
struct Line {
    order: Order,
    message: Message,
}

/// Where in the transcript a line stands; those from before the call stand first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Before,
    Said { turn: TurnId, by: Speaker },
}

/// Who speaks first in a turn comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Speaker {
    User,
    Assistant,
}

/// One message of the model's, still in the lines that it is made of.
struct Draft<'a> {
    role: Role,
    lines: Vec<&'a str>,
}

impl History {
    pub(super) fn new(before: &[Message]) -> Self {
        let line = |message: &Message| Line { order: Order::Before, message: message.clone() };
        History { lines: before.iter().map(line).collect(), ..History::default() }
    }

    /// Keeps a settled line of the transcript, in the order of the turns; it replaces an earlier version of itself.
    pub(super) fn keep(&mut self, line: &Transcript) {
        let by = if line.role == Role::Assistant { Speaker::Assistant } else { Speaker::User };
        let order = Order::Said { turn: line.turn, by };
        if self.gone_to.is_some_and(|gone| order <= gone) || self.refused.contains(&line.turn) {
            return;
        }
        let message = Message { role: line.role, text: line.text.clone() };
        match self.lines.iter_mut().find(|other| other.order == order) {
            Some(earlier) => earlier.message = message,
            None => {
                let at = self.lines.partition_point(|other| other.order <= order);
                self.lines.insert(at, Line { order, message });
            }
        }
        self.forget(KEPT);
    }

    /// Gives up a turn for good: the service refused to hear it.
    pub(super) fn refuse(&mut self, turn: TurnId) {
        self.refused.push(turn);
        let is_of = |order: Order| matches!(order, Order::Said { turn: of, .. } if of == turn);
        self.lines.retain(|line| !is_of(line.order));
    }

    /// Keeps the newer half for good, by bytes: the service did not take the whole.
    pub(super) fn shrink(&mut self) {
        self.forget(self.bytes() / 2);
    }

    /// Returns the history as the model takes it: the first line is the user's, roles alternate, no line and no sum
    /// over the model's limits, what is too much goes oldest first (reference §2.3.3, §4.5). What the user said in the
    /// turns `without` is not in it, since a session is told it in another way.
    pub(super) fn shaped(&self, model: &Model, without: &[TurnId]) -> Shaped {
        let limits = model.limits();
        let mut trimmed = self.gone;
        let mut drafts = self.drafts(without);
        for draft in &mut drafts {
            draft.trim(limits.history_message_bytes, &mut trimmed);
        }
        let mut total: usize = drafts.iter().map(Draft::bytes).sum();
        let mut first = 0;
        while first < drafts.len() && (total > limits.history_bytes || drafts[first].role != Role::User) {
            total -= drafts[first].bytes();
            drafts[first].trim(0, &mut trimmed);
            first += 1;
        }
        Shaped { messages: drafts.split_off(first).into_iter().map(Draft::into_message).collect(), trimmed }
    }

    /// The lines that a session is told, neighbours of the same role together, from the user's first on. That nobody
    /// is told what the assistant said before is the model's rule and no loss of ours: it is not counted.
    fn drafts(&self, without: &[TurnId]) -> Vec<Draft<'_>> {
        let told_otherwise = |order: Order| match order {
            Order::Said { turn, by: Speaker::User } => without.contains(&turn),
            _ => false,
        };
        let mut drafts: Vec<Draft<'_>> = Vec::new();
        for line in self.lines.iter().filter(|line| !told_otherwise(line.order)) {
            let Message { role, text } = &line.message;
            match (text.trim(), drafts.last_mut()) {
                ("", _) => {}
                (text, Some(last)) if last.role == *role => last.lines.push(text),
                (_, None) if *role != Role::User => {}
                (text, _) => drafts.push(Draft { role: *role, lines: vec![text] }),
            }
        }
        drafts
    }

    fn bytes(&self) -> usize {
        self.lines.iter().map(|line| line.message.text.len()).sum()
    }

    /// Gives up what is more than so many bytes, oldest first; the last line is cut.
    fn forget(&mut self, most: usize) {
        let mut bytes = self.bytes();
        while bytes > most && self.lines.len() > 1 {
            let line = self.lines.remove(0);
            bytes -= line.message.text.len();
            self.gone.count(line.message.text.len());
            self.gone_to = Some(line.order);
        }
        if let Some(line) = self.lines.first_mut().filter(|_| bytes > most) {
            let kept = end(&line.message.text, most).to_owned();
            self.gone.count(line.message.text.len() - kept.len());
            line.message.text = kept;
        }
    }
}

impl Trimmed {
    fn count(&mut self, bytes: usize) {
        self.lines += 1;
        self.bytes += bytes;
    }
}

impl Draft<'_> {
    /// With a space between two lines.
    fn bytes(&self) -> usize {
        (self.lines.iter().map(|line| line.len() + 1).sum::<usize>()).saturating_sub(1)
    }

    /// Leaves out what is more than so many bytes: what was said last matters most.
    fn trim(&mut self, most: usize, trimmed: &mut Trimmed) {
        let mut over = self.bytes().saturating_sub(most);
        while let Some(line) = self.lines.first_mut().filter(|_| over > 0) {
            let kept = end(line, line.len().saturating_sub(over));
            trimmed.count(line.len() - kept.len());
            // A line that goes takes the space behind it along.
            over = over.saturating_sub(line.len() - kept.len() + usize::from(kept.is_empty()));
            *line = kept;
            if kept.is_empty() {
                self.lines.remove(0);
            }
        }
    }

    fn into_message(self) -> Message {
        Message { role: self.role, text: self.lines.join(" ") }
    }
}

/// The end of a text, at most so many bytes of it.
fn end(text: &str, bytes: usize) -> &str {
    let mut from = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Catalogue, ModelId};
    use crate::sonic::event::TranscriptStage;

    fn model() -> Model {
        Catalogue::built_in().model(&ModelId::default())
    }

    fn said(turn: TurnId, role: Role, text: &str) -> Transcript {
        Transcript { item: turn * 2, turn, role, text: text.to_owned(), stage: TranscriptStage::Final }
    }

    #[test]
    fn neighbours_merge_the_first_line_is_the_users_and_the_oldest_goes() {
        let model = model();
        let most = model.limits().history_message_bytes;
        let mut before = vec![Message::assistant("Hello."), Message::user("Hi."), Message::user(" How are you?")];
        before.extend((0..20).map(|n| match n % 2 {
            0 => Message::assistant("ä".repeat(most)),
            _ => Message::user("b".repeat(most / 2)),
        }));
        let shaped = History::new(&before).shaped(&model, &[]);
        let bytes: usize = shaped.messages.iter().map(|message| message.text.len()).sum();
        assert_eq!(shaped.messages[0].role, Role::User);
        assert!(shaped.messages.windows(2).all(|pair| pair[0].role != pair[1].role));
        assert!(shaped.messages.iter().all(|message| message.text.len() <= most));
        assert!(bytes <= model.limits().history_bytes);
        let all: usize = before[1..].iter().map(|message| message.text.trim().len()).sum();
        assert_eq!(shaped.trimmed.bytes, all - bytes, "all that is missing but what was said before the user");
        let short = History::new(&before[..3]).shaped(&model, &[]);
        assert_eq!(short.messages, [Message::user("Hi. How are you?")]);
        assert_eq!(short.trimmed, Trimmed::default());
    }

    #[test]
    fn each_line_that_is_missing_is_counted_once() {
        let model = model();
        let most = model.limits().history_message_bytes;
        let merged = [Message::user("a".repeat(100)), Message::user("b".repeat(100)), Message::user("c".repeat(most))];
        let shaped = History::new(&merged).shaped(&model, &[]);
        assert_eq!(shaped.messages, [Message::user("c".repeat(most))]);
        assert_eq!(shaped.trimmed, Trimmed { lines: 2, bytes: 200 });
        let cut = History::new(&[Message::user("a".repeat(100)), Message::user("c".repeat(most - 51))]);
        let shaped = cut.shaped(&model, &[]);
        assert_eq!(shaped.messages[0].text.len(), most);
        assert_eq!(shaped.trimmed, Trimmed { lines: 1, bytes: 50 });
    }

    #[test]
    fn what_will_be_told_again_is_left_out_and_is_no_loss() {
        let mut history = History::default();
        for (turn, role, text) in [
            (1, Role::User, "One?"),
            (1, Role::Assistant, "Yes."),
            (2, Role::Assistant, "Also."),
            (2, Role::User, "Two?"),
        ] {
            history.keep(&said(turn, role, text));
        }
        let shaped = history.shaped(&model(), &[2]);
        assert_eq!(shaped.messages, [Message::user("One?"), Message::assistant("Yes. Also.")]);
        assert_eq!(shaped.trimmed, Trimmed::default());
        assert_eq!(history.shaped(&model(), &[]).messages.len(), 4);
        assert_eq!(history.shaped(&model(), &[1, 2]).messages, [], "nothing of the assistant's comes first");
    }

    #[test]
    fn the_newer_half_stays_and_the_older_does_not_come_back() {
        let mut history = History::default();
        for turn in 1..=4 {
            history.keep(&said(turn, Role::User, "0123456789"));
        }
        history.shrink();
        history.keep(&said(2, Role::User, "Here I am again."));
        history.keep(&said(2, Role::Assistant, "And here is a late line of the same turn."));
        history.keep(&said(3, Role::User, "3"));
        let shaped = history.shaped(&model(), &[]);
        assert_eq!(shaped.messages[0], Message::user("3 0123456789"), "a line of a turn that is gone has no context");
        assert_eq!(shaped.trimmed, Trimmed { lines: 2, bytes: 20 });
        let mut one = History::new(&[Message::user("0123456789")]);
        one.shrink();
        assert_eq!(one.shaped(&model(), &[]).messages, [Message::user("56789")]);
    }
}
