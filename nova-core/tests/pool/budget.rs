//! What an owner's calls use together.

use std::time::Duration;

use bedrock_nova::sonic::{CloseReason, ConversationPool, Event, OwnerBudget, ReadFrom};
use bedrock_nova::usage::{Bounds, Budget, BudgetLevel, BudgetScope};

use crate::service::{Service, ask, owner, until};

fn time(soft: u64, hard: u64) -> Budget {
    let mut budget = Budget::default();
    budget.time = Bounds::new(Duration::from_secs(soft), Duration::from_secs(hard));
    budget
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_owners_calls_is_counted_together() {
    let service = Service::start();
    let budget = OwnerBudget::new(time(60, 100), Duration::from_secs(1_000));
    let pool = ConversationPool::builder().owner_budget(budget).build().unwrap();
    let ann = owner("ann");
    let calls = [pool.open(&ann, service.call()).await.unwrap(), pool.open(&ann, service.call()).await.unwrap()];
    let others = pool.open(&owner("bob"), service.call()).await.unwrap();
    for call in &calls {
        let mut events = call.reader(ReadFrom::Oldest);
        let mut told = Vec::new();
        while let Some(entry) = events.next().await {
            if let Event::Budget { scope, level, .. } = &entry.event {
                told.push((*scope, *level, entry.at.as_secs()));
            }
        }
        // Thirty seconds of two calls are a minute; the sweep comes every second.
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!((told[0].0, told[0].1), (BudgetScope::Owner, BudgetLevel::Soft));
        assert!((30..=32).contains(&told[0].2) && (50..=52).contains(&told[1].2), "{told:?}");
        assert_eq!(call.closed().await.reason, CloseReason::Budget);
    }
    ask(&others, "Am I still there?").await;
    let refused = pool.open(&ann, service.call()).await.unwrap_err();
    assert_eq!(refused.code(), "owner-budget");
    tokio::time::sleep(Duration::from_secs(1_000)).await;
    pool.open(&ann, service.call()).await.expect("another period has begun");
}

#[tokio::test(start_paused = true)]
async fn the_tokens_of_an_owners_calls_are_counted_together() {
    let service = Service::start();
    let mut budget = Budget::default();
    budget.tokens = Bounds::hard(400);
    let budget = OwnerBudget::new(budget, Duration::from_secs(86_400));
    let pool = ConversationPool::builder().owner_budget(budget).build().unwrap();
    let ann = owner("ann");
    let mut used = 0;
    for _ in 0..50 {
        let Ok(call) = pool.open(&ann, service.call()).await else { break };
        let mut events = call.player(ReadFrom::Oldest);
        call.send_text("What can you do for me?").await.unwrap();
        while let Some(entry) = events.next().await {
            match &entry.event {
                Event::TurnEnded { .. } => call.finish(),
                Event::Usage { delta, .. } => {
                    used += delta.speech_in + delta.text_in + delta.speech_out + delta.text_out;
                }
                _ => {}
            }
        }
        until(|| pool.stats().live == 0).await;
    }
    assert!(used >= 400, "{used} tokens");
    assert_eq!(pool.open(&ann, service.call()).await.unwrap_err().code(), "owner-budget");
}
