use bedrock_nova::sonic::{Event, ReadFrom};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_heard_is_whole_whenever_it_is_read() {
    let call = call().await;
    call.send_text("First?").await.unwrap();
    // Sessions are renewed meanwhile, so that the log knows how late it is.
    tokio::time::sleep(ms(600_000)).await;
    let mut late = call.player(ReadFrom::Oldest);
    let entries = there(&mut late);
    assert!(sound(&entries) > ms(3_000), "{:?}", sound(&entries));
    let renewed = entries.iter().filter(|entry| matches!(entry.event, Event::Renewed { .. })).count();
    assert!(renewed >= 2, "{renewed} sessions");
    for entry in &entries {
        assert!(!matches!(entry.event, Event::Gap { .. }), "{:?}", entry.event);
        assert!(!entry.json().is_empty() && !entry.sse().is_empty());
    }
}
