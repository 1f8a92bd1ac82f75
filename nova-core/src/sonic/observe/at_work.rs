//! Tools at work, as far as they were seen.

use std::collections::VecDeque;

use crate::ids::ToolUseId;
use crate::sonic::contract::TOOLS_AT_ONCE;

/// What is known of each tool at work. No more of them are kept than a call has at once: where the end of one was
/// missed, since the reader was too slow, the oldest makes room.
#[derive(Debug)]
pub(super) struct AtWork<T> {
    tools: VecDeque<(ToolUseId, T)>,
}

impl<T> Default for AtWork<T> {
    fn default() -> Self {
        AtWork { tools: VecDeque::new() }
    }
}

impl<T> AtWork<T> {
    /// Notes a tool that begins; returns the one whose end was missed, if there is no room for both.
    pub(super) fn begin(&mut self, id: ToolUseId, tool: T) -> Option<(ToolUseId, T)> {
        let missed = if self.tools.len() >= TOOLS_AT_ONCE { self.tools.pop_front() } else { None };
        self.tools.push_back((id, tool));
        missed
    }

    /// Takes out a tool that came to an end; none if it never began.
    pub(super) fn end(&mut self, id: &ToolUseId) -> Option<T> {
        let at = self.tools.iter().position(|(other, _)| other == id)?;
        self.tools.remove(at).map(|(_, tool)| tool)
    }
}

#[cfg(feature = "opentelemetry")]
impl<T> AtWork<T> {
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.tools.iter_mut().map(|(_, tool)| tool)
    }

    /// Takes out the oldest.
    pub(super) fn take_any(&mut self) -> Option<(ToolUseId, T)> {
        self.tools.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_whose_end_was_missed_make_room() {
        let mut tools = AtWork::default();
        let id = |n: usize| ToolUseId::from(n.to_string());
        let missed: Vec<_> = (0..TOOLS_AT_ONCE + 2).filter_map(|n| tools.begin(id(n), n)).collect();
        assert_eq!(missed, [(id(0), 0), (id(1), 1)]);
        assert_eq!(tools.end(&id(0)), None);
        assert_eq!(tools.end(&id(7)), Some(7));
        assert_eq!(tools.begin(id(99), 99), None, "the end of one makes room, too");
    }
}
