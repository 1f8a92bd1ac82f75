//! What was said so far, in the shape the model takes it.

use crate::model::Model;
use crate::sonic::config::Message;
use crate::sonic::event::Transcript;
use crate::sonic::wire::Role;

/// What is kept for later sessions: twice what any model takes, so that trimming for one loses nothing it could have.
const KEPT: usize = 400_000;

/// The words of a call, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    /// Where in the transcript the line stands; lines from before the call have none.
    order: Option<(u64, Role)>,
    message: Message,
}

impl History {
    pub(super) fn new(before: &[Message]) -> Self {
        History { lines: before.iter().map(|message| Line { order: None, message: message.clone() }).collect() }
    }

    /// Keeps a settled line of the transcript, in the order of the turns; it replaces an earlier version of itself.
    pub(super) fn keep(&mut self, line: &Transcript) {
        let order = Some((line.turn, line.role));
        let message = Message { role: line.role, text: line.text.clone() };
        let rank =
            |order: &Option<(u64, Role)>| order.map_or((0, false), |(turn, role)| (turn, role == Role::Assistant));
        match self.lines.iter_mut().find(|other| other.order == order) {
            Some(earlier) => earlier.message = message,
            None => {
                let at = self.lines.partition_point(|other| rank(&other.order) <= rank(&order));
                self.lines.insert(at, Line { order, message });
            }
        }
        let mut bytes: usize = self.lines.iter().map(|line| line.message.text.len()).sum();
        while bytes > KEPT {
            bytes -= self.lines.remove(0).message.text.len();
        }
    }

    /// Returns the history as the model takes it: the first line is the user's, roles alternate, no line and no sum
    /// over the model's limits, what is too much goes oldest first (reference §2.3.3, §4.5).
    pub(super) fn shaped(&self, model: &Model) -> Vec<Message> {
        let limits = model.limits();
        let mut shaped: Vec<Message> = Vec::new();
        for message in self.lines.iter().map(|line| &line.message).filter(|message| !message.text.trim().is_empty()) {
            match shaped.last_mut().filter(|last| last.role == message.role) {
                Some(last) => {
                    last.text.push(' ');
                    last.text.push_str(message.text.trim());
                }
                None => shaped.push(Message { role: message.role, text: message.text.trim().to_owned() }),
            }
        }
        for message in &mut shaped {
            keep_end(&mut message.text, limits.history_message_bytes);
        }
        let mut total: usize = shaped.iter().map(|message| message.text.len()).sum();
        let mut first = 0;
        while first < shaped.len() && (total > limits.history_bytes || shaped[first].role != Role::User) {
            total -= shaped[first].text.len();
            first += 1;
        }
        shaped.split_off(first)
    }
}

/// Cuts a text at its beginning: what was said last matters most.
fn keep_end(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let mut from = text.len() - bytes;
        while !text.is_char_boundary(from) {
            from += 1;
        }
        text.drain(..from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Catalogue, ModelId};

    #[test]
    fn neighbours_merge_the_first_line_is_the_users_and_the_oldest_goes() {
        let model = Catalogue::built_in().model(&ModelId::default());
        let most = model.limits().history_message_bytes;
        let mut before = vec![Message::assistant("Hello."), Message::user("Hi."), Message::user(" How are you?")];
        before.extend((0..20).map(|n| match n % 2 {
            0 => Message::assistant("ä".repeat(most)),
            _ => Message::user("b".repeat(most / 2)),
        }));
        let history = History::new(&before);
        let shaped = history.shaped(&model);
        assert_eq!(shaped[0].role, Role::User);
        assert!(shaped.windows(2).all(|pair| pair[0].role != pair[1].role));
        assert!(shaped.iter().all(|message| message.text.len() <= most));
        assert!(shaped.iter().map(|message| message.text.len()).sum::<usize>() <= model.limits().history_bytes);
        assert_eq!(History::new(&before[..3]).shaped(&model), [Message::user("Hi. How are you?")]);
    }
}
