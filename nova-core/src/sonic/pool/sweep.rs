//! The task beside the pool: calls that were forgotten, and owners whose time is up.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::{Inner, observers, slots};

/// How often it looks; times of a pool are kept to this.
const EVERY: Duration = Duration::from_secs(1);

/// Looks every second, for as long as the pool is there.
pub(super) async fn run(pool: Weak<Inner>) {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let Some(pool) = pool.upgrade() else { return };
        let forgotten = pool.lock().slots.forgotten(slots::now(), pool.settings.idle);
        for call in forgotten {
            // In order: what is owed is delivered within the call's own deadlines.
            call.finish();
            observers::reaped();
        }
        pool.check_budgets().await;
    }
}
