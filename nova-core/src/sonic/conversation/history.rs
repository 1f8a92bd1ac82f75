//! What was said so far, in the shape the model takes it.

use crate::model::Model;
use crate::sonic::config::Message;
use crate::sonic::event::{Transcript, TurnId};
use crate::sonic::snapshot::Line as Told;
use crate::sonic::wire::Role;

/// What is kept for later sessions: twice what any model takes, so that trimming for one loses nothing it could have.
const KEPT: usize = 400_000;

/// The older words of a call, oldest first; the newest are still with the transcript, since they may change.
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

#[derive(Clone, Debug)]
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

    /// Goes on after a snapshot.
    pub(super) fn restored(lines: &[Told], gone: Trimmed) -> Self {
        let line = |told: &Told| Line {
            order: Order::of(told.turn, told.role),
            message: Message { role: told.role, text: told.text.clone() },
        };
        History { lines: lines.iter().map(line).collect(), gone, ..History::default() }
    }

    /// Returns every line that is not given up, and what was.
    pub(super) fn told(&self, recent: impl Iterator<Item = Transcript>) -> (Vec<Told>, Trimmed) {
        let all = self.all(recent).into_iter().filter(|line| !line.message.text.trim().is_empty());
        let told = |line: Line| Told { turn: line.order.turn(), role: line.message.role, text: line.message.text };
        (all.map(told).collect(), self.gone)
    }

    /// Keeps a line that the transcript forgets, in the order of the turns.
    pub(super) fn keep(&mut self, line: Transcript) {
        let line = Line::from(line);
        if line.message.text.is_empty() || self.is_gone(line.order) {
            return;
        }
        let at = self.lines.partition_point(|other| other.order <= line.order);
        self.lines.insert(at, line);
        let mut bytes: usize = self.lines.iter().map(Line::bytes).sum();
        while bytes > KEPT {
            bytes -= self.lines[0].bytes();
            let line = self.lines.remove(0);
            self.give_up(&line);
        }
    }

    /// Gives up a turn for good: the service refused to hear it.
    pub(super) fn refuse(&mut self, turn: TurnId) {
        self.refused.push(turn);
        self.lines.retain(|line| line.order.turn() != Some(turn));
    }

    /// Keeps the newer half for good, by bytes, and at least the last line: the service did not take the whole.
    pub(super) fn shrink(&mut self, recent: impl Iterator<Item = Transcript>) {
        let all = self.all(recent);
        let mut bytes: usize = all.iter().map(Line::bytes).sum();
        let half = bytes / 2;
        for (n, line) in all.iter().enumerate() {
            if bytes <= half || n + 1 == all.len() {
                break;
            }
            bytes -= line.bytes();
            self.give_up(line);
            // Of a recent line it is enough to know that it is gone.
            if self.lines.first().is_some_and(|first| first.order == line.order) {
                self.lines.remove(0);
            }
        }
    }

    /// Returns the history as the model takes it: the first line is the user's, roles alternate, no line and no sum
    /// over the model's limits, what is too much goes oldest first (reference §2.3.3, §4.5). What the user said in the
    /// turns `without` is not in it, since a session is told it in another way.
    pub(super) fn shaped(&self, recent: impl Iterator<Item = Transcript>, model: &Model, without: &[TurnId]) -> Shaped {
        let limits = model.limits();
        let mut trimmed = self.gone;
        let all = self.all(recent);
        let mut drafts = drafts(&all, without);
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

    /// Every line that is not given up, in order.
    fn all(&self, recent: impl Iterator<Item = Transcript>) -> Vec<Line> {
        let recent = recent.map(Line::from).filter(|line| !self.is_gone(line.order));
        let mut all: Vec<Line> = self.lines.iter().cloned().chain(recent).collect();
        all.sort_by_key(|line| line.order);
        all
    }

    fn is_gone(&self, order: Order) -> bool {
        let refused = order.turn().is_some_and(|turn| self.refused.contains(&turn));
        refused || self.gone_to.is_some_and(|gone| order <= gone)
    }

    fn give_up(&mut self, line: &Line) {
        self.gone.count(line.bytes());
        self.gone_to = Some(line.order);
    }
}

impl Order {
    fn of(turn: Option<TurnId>, role: Role) -> Self {
        let by = if role == Role::Assistant { Speaker::Assistant } else { Speaker::User };
        turn.map_or(Order::Before, |turn| Order::Said { turn, by })
    }

    fn turn(self) -> Option<TurnId> {
        match self {
            Order::Before => None,
            Order::Said { turn, .. } => Some(turn),
        }
    }
}

impl From<Transcript> for Line {
    fn from(line: Transcript) -> Self {
        let order = Order::of(Some(line.turn), line.role);
        Line { order, message: Message { role: line.role, text: line.text } }
    }
}

impl Line {
    fn bytes(&self) -> usize {
        self.message.text.len()
    }
}

/// The lines that a session is told, neighbours of the same role together, from the user's first on. That nobody is
/// told what the assistant said before is the model's rule and no loss of ours: it is not counted.
fn drafts<'a>(lines: &'a [Line], without: &[TurnId]) -> Vec<Draft<'a>> {
    let told_otherwise = |order: Order| match order {
        Order::Said { turn, by: Speaker::User } => without.contains(&turn),
        _ => false,
    };
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    for Message { role, text } in lines.iter().filter(|line| !told_otherwise(line.order)).map(|line| &line.message) {
        match (text.trim(), drafts.last_mut()) {
            ("", _) => {}
            (text, Some(last)) if last.role == *role => last.lines.push(text),
            (_, None) if *role != Role::User => {}
            (text, _) => drafts.push(Draft { role: *role, lines: vec![text] }),
        }
    }
    drafts
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
        Transcript { item: turn * 2, turn, role, text: text.to_owned(), stage: TranscriptStage::Final, cut: None }
    }

    fn shaped(history: &History) -> Shaped {
        history.shaped(std::iter::empty(), &model(), &[])
    }

    #[test]
    fn neighbours_merge_the_first_line_is_the_users_and_the_oldest_goes() {
        let most = model().limits().history_message_bytes;
        let mut before = vec![Message::assistant("Hello."), Message::user("Hi."), Message::user(" How are you?")];
        before.extend((0..20).map(|n| match n % 2 {
            0 => Message::assistant("ä".repeat(most)),
            _ => Message::user("b".repeat(most / 2)),
        }));
        let long = shaped(&History::new(&before));
        let bytes: usize = long.messages.iter().map(|message| message.text.len()).sum();
        assert_eq!(long.messages[0].role, Role::User);
        assert!(long.messages.windows(2).all(|pair| pair[0].role != pair[1].role));
        assert!(long.messages.iter().all(|message| message.text.len() <= most));
        assert!(bytes <= model().limits().history_bytes);
        let all: usize = before[1..].iter().map(|message| message.text.trim().len()).sum();
        assert_eq!(long.trimmed.bytes, all - bytes, "all that is missing but what was said before the user");
        let short = shaped(&History::new(&before[..3]));
        assert_eq!(short.messages, [Message::user("Hi. How are you?")]);
        assert_eq!(short.trimmed, Trimmed::default());
    }

    #[test]
    fn each_line_that_is_missing_is_counted_once() {
        let most = model().limits().history_message_bytes;
        let merged = [Message::user("a".repeat(100)), Message::user("b".repeat(100)), Message::user("c".repeat(most))];
        let last = shaped(&History::new(&merged));
        assert_eq!(last.messages, [Message::user("c".repeat(most))]);
        assert_eq!(last.trimmed, Trimmed { lines: 2, bytes: 200 });
        let cut = shaped(&History::new(&[Message::user("a".repeat(100)), Message::user("c".repeat(most - 51))]));
        assert_eq!(cut.messages[0].text.len(), most);
        assert_eq!(cut.trimmed, Trimmed { lines: 1, bytes: 50 });
    }

    #[test]
    fn what_will_be_told_again_is_left_out_and_is_no_loss() {
        let mut history = History::default();
        for (turn, role, text) in [(2, Role::User, "Two?"), (1, Role::Assistant, "Yes."), (1, Role::User, "One?")] {
            history.keep(said(turn, role, text));
        }
        let recent = || [said(2, Role::Assistant, "Also.")].into_iter();
        let told = history.shaped(recent(), &model(), &[2]);
        assert_eq!(told.messages, [Message::user("One?"), Message::assistant("Yes. Also.")]);
        assert_eq!(told.trimmed, Trimmed::default());
        assert_eq!(history.shaped(recent(), &model(), &[]).messages.len(), 4);
        assert_eq!(history.shaped(recent(), &model(), &[1, 2]).messages, [], "nothing of the assistant's comes first");
    }

    #[test]
    fn the_newer_half_stays_and_the_older_does_not_come_back() {
        let mut history = History::new(&[Message::user("0123456789")]);
        history.keep(said(1, Role::User, "0123456789"));
        let recent = |text: &str| (2..=4).map(|turn| said(turn, Role::User, text)).collect::<Vec<_>>().into_iter();
        history.shrink(recent("0123456789"));
        let told = history.shaped(recent("is here"), &model(), &[]);
        assert_eq!(told.messages, [Message::user("is here is here")], "turns 3 and 4");
        assert_eq!(told.trimmed, Trimmed { lines: 3, bytes: 30 });
        history.keep(said(2, Role::User, "forgotten"));
        assert_eq!(shaped(&history).messages, []);
        let mut refusing = History::default();
        refusing.keep(said(1, Role::User, "refused"));
        refusing.refuse(1);
        refusing.keep(said(1, Role::User, "refused"));
        let told = refusing.shaped([said(1, Role::User, "refused")].into_iter(), &model(), &[]);
        assert_eq!(told.messages, [], "nor does what was refused");
        let mut one = History::new(&[Message::user("0123456789")]);
        one.shrink(std::iter::empty());
        assert_eq!(shaped(&one).messages.len(), 1, "the last line stays");
    }
}
