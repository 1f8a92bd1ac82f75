//! A thousand calls in one pool: opened, talking, forgotten, drained; then nothing is left.

use std::time::Duration;

use bedrock_nova::ids::CallId;
use bedrock_nova::sonic::ConversationPool;

use crate::service::{Service, ask, owner, until};

const CALLS: usize = 1_000;

#[tokio::test(start_paused = true)]
async fn a_thousand_calls_come_and_go_and_leave_nothing() {
    let service = Service::start();
    // Whatever is made once and kept is made before the measuring.
    let pool = ConversationPool::builder().conversations(CALLS).idle(Duration::from_secs(15)).build().unwrap();
    let warm = pool.open(&owner("warm"), service.call()).await.unwrap();
    ask(&warm, "Hello?").await;
    warm.close(Duration::from_secs(30)).await.unwrap();
    drop(warm);
    until(|| pool.stats().live == 0).await;
    let (tasks_before, memory_before) = (tasks(), resident());

    let mut calls = Vec::new();
    for batch in 0..CALLS / 10 {
        let owner = owner(&format!("owner {batch}"));
        let opened = (0..10).map(|_| pool.open(&owner, service.call()));
        calls.extend(futures::future::join_all(opened).await.into_iter().map(Result::unwrap));
    }
    assert_eq!(pool.stats().live, CALLS);
    assert_eq!(pool.open(&owner("late"), service.call()).await.unwrap_err().code(), "pool-full");
    let idle = resident().saturating_sub(memory_before) / CALLS;
    println!("an idle call takes {:.1} KiB, the emulator's side of it included", idle as f64 / 1024.0);

    futures::future::join_all(calls.iter().map(|call| ask(call, "Good morning."))).await;
    let talking = resident().saturating_sub(memory_before) / CALLS;
    println!(
        "after an answer it takes {:.1} KiB, a minute of events and the emulator's side included",
        talking as f64 / 1024.0
    );

    // Half of them are forgotten by their clients, the others are there when the process is told to stop.
    let kept = calls.split_off(CALLS / 2);
    let forgotten: Vec<CallId> = calls.iter().map(|call| call.id().clone()).collect();
    drop(calls);
    until(|| pool.stats().live == CALLS / 2).await;
    assert!(forgotten.iter().all(|id| kept.iter().all(|call| call.id() != id)));
    let drained = pool.drain(Duration::from_secs(1)).await;
    assert_eq!((drained.finished, drained.closed, drained.dropped), (0, CALLS / 2, 0), "{drained:?}");
    drop(kept);
    until(|| tasks() <= tasks_before).await;
    assert_eq!((pool.stats().live, pool.stats().opening), (0, 0));
}

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or_default() * 4_096
}
