//! A panic in a task that nobody waits for would pass unseen: tokio keeps it for whoever joins the task.

use std::io::Write;
use std::panic::{set_hook, take_hook};
use std::sync::Once;

/// Fails the whole test program from now on when a spawned task panics, whichever test it belongs to. A test's own body
/// is no task: it fails alone.
pub fn watch_tasks() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            usual(panic);
            if tokio::task::try_id().is_some() {
                // Past the test's captured output, which an exit loses.
                let _ = writeln!(std::io::stderr(), "a background task panicked, which fails every test: {panic}");
                std::process::exit(101);
            }
        }));
    });
}
