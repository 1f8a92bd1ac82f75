//! A client that another program starts, beside clients in other languages: it opens its calls, says so, and then answers
//! as the peer does.
//!
//! ```text
//!   ── began ──►           one call is open: the process is warm, and its memory a measure for what the others add
//!   ── open SECONDS ──►    so long the others took, one after the other
//!   ◄── take ──   ── what was used; what came ──►    as often as it is asked; it ends when its input does
//! ```

use tokio::time::Instant;

use crate::Failure;
use crate::caller::Caller;
use crate::peer::answering;
use crate::phase::{Address, Speech, Tasks};
use crate::tally::SharedTally;

/// Is a client until its input ends.
///
/// # Errors
/// A call could not be opened, or ended before its time.
pub(crate) async fn serve(peer: &Address, speech: Speech, calls: u32) -> Result<(), Failure> {
    let tally = SharedTally::default();
    let mut tasks = Tasks::new();
    let mut caller = Caller::new(peer, speech).await?;
    caller.open(1, &tally, &mut tasks).await?;
    println!("began");
    let begin = Instant::now();
    caller.open(calls - 1, &tally, &mut tasks).await?;
    println!("open {}", begin.elapsed().as_secs_f64());
    tokio::select! {
        Some(ended) = tasks.join_next() => Err(format!("a call ended before its time: {ended:?}").into()),
        _ = answering(tally, |_| {}) => Ok(()),
    }
}
