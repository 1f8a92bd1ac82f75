//! The common end of a pool's calls.

use std::time::Duration;

use futures::future::join_all;

use super::{ConversationPool, Course, observers, slots};
use crate::sonic::readers::SharedConversation;

/// How long a call that is ended may take for its orderly end.
const CLOSE: Duration = Duration::from_secs(10);

/// What became of the calls of a pool that was drained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Ended by themselves within the deadline.
    pub finished: usize,
    /// Were closed in order at the deadline.
    pub closed: usize,
    /// Were left in the store at the deadline, for another process.
    pub parked: usize,
    /// Did not end in order in time, and were dropped.
    pub dropped: usize,
}

enum Ended {
    Closed,
    Parked,
    Dropped,
}

impl ConversationPool {
    /// Prepares for the end of the process: no more calls are taken, running ones may end by themselves until the
    /// deadline. Then a pool with a store leaves the others to another process, and one without closes them in order, all
    /// at once, for which they have ten seconds more.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        let since = slots::now();
        let running = {
            let mut state = self.lock();
            state.course = Course::Draining;
            state.slots.live()
        };
        let all = join_all(running.iter().map(|(_, call)| call.closed()));
        let left = match tokio::time::timeout(deadline, all).await {
            Ok(_) => Vec::new(),
            Err(_) => self.lock().slots.live(),
        };
        let mut drained = Drained { finished: running.len().saturating_sub(left.len()), ..Drained::default() };
        for ended in join_all(left.iter().map(|(_, call)| self.end(call))).await {
            match ended {
                Ended::Closed => drained.closed += 1,
                Ended::Parked => drained.parked += 1,
                Ended::Dropped => drained.dropped += 1,
            }
        }
        observers::drained(since.elapsed(), drained.closed + drained.parked + drained.dropped);
        drained
    }

    async fn end(&self, call: &SharedConversation) -> Ended {
        if self.inner.settings.store.is_some() {
            let parked = async {
                let parked = call.park().await.is_ok();
                call.closed().await;
                parked
            };
            return match tokio::time::timeout(CLOSE, parked).await {
                Ok(true) => Ended::Parked,
                Ok(false) => Ended::Closed,
                Err(_) => Ended::Dropped,
            };
        }
        match call.close(CLOSE).await {
            Ok(()) => Ended::Closed,
            Err(_) => Ended::Dropped,
        }
    }
}
