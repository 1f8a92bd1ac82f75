//! How many calls there may be, whose they are, and when they are let go.

use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::ErrorKind;
use bedrock_nova::ids::CallId;
use bedrock_nova::sonic::{CloseReason, Conversation, ConversationPool, ReadFrom};
use bedrock_nova::transport::Transport;

use crate::service::{Service, ask, owner, until};

#[tokio::test(start_paused = true)]
async fn the_pool_and_each_owner_have_their_limits() {
    let service = Service::start();
    let pool = ConversationPool::builder().conversations(3).per_owner(2).build().unwrap();
    let (ann, bob) = (owner("ann"), owner("bob"));
    let first = pool.open(&ann, service.call()).await.unwrap();
    let _second = pool.open(&ann, service.call()).await.unwrap();
    let refused = pool.open(&ann, service.call()).await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Limit, "owner-full"));
    let _third = pool.open(&bob, service.call()).await.unwrap();
    let refused = pool.open(&bob, service.call()).await.unwrap_err();
    assert_eq!((refused.kind(), refused.code(), refused.is_retryable()), (ErrorKind::Limit, "pool-full", true));
    assert_eq!(pool.calls(&ann).len(), 2);
    assert_eq!(pool.calls(&ann)[0], *first.id());
    pool.close(&first, Duration::from_secs(20)).await.unwrap();
    assert_eq!(pool.stats().live, 2);
    assert_eq!(pool.get(first.id(), &ann).unwrap_err().code(), "no-such-call");
    pool.open(&ann, service.call()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_being_opened_count() {
    let service = Service::start();
    let pool = ConversationPool::builder().conversations(10).build().unwrap();
    let owner = owner("ann");
    let opened = futures::future::join_all((0..30).map(|_| pool.open(&owner, service.call()))).await;
    assert_eq!(opened.iter().filter(|call| call.is_ok()).count(), 10);
    let codes = opened.iter().filter_map(|call| call.as_ref().err()).map(|error| error.code().to_owned());
    assert!(codes.clone().count() == 20 && codes.into_iter().all(|code| code == "pool-full"));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_opened_gives_its_place_back() {
    let (nobody, peer) = bedrock_nova::transport::memory::pair();
    drop(peer);
    let pool = ConversationPool::builder().conversations(1).build().unwrap();
    let nobody: Arc<dyn Transport> = Arc::new(nobody);
    let ann = owner("ann");
    for _ in 0..3 {
        let call = Conversation::builder().transport(Arc::clone(&nobody));
        assert_eq!(pool.open(&ann, call).await.unwrap_err().kind(), ErrorKind::Transport);
    }
    let given_up = pool.open(&ann, Service::start().call());
    // Dropped in the middle, too.
    assert!(tokio::time::timeout(Duration::ZERO, given_up).await.is_err());
    assert_eq!((pool.stats().live, pool.stats().opening), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn for_a_stranger_there_is_no_such_call() {
    let service = Service::start();
    let pool = ConversationPool::builder().build().unwrap();
    let call = pool.open(&owner("ann"), service.call()).await.unwrap();
    assert!(pool.get(call.id(), &owner("ann")).is_ok());
    let strangers = pool.get(call.id(), &owner("bob")).unwrap_err();
    let nobodys = pool.get(&CallId::from("0123"), &owner("ann")).unwrap_err();
    assert_eq!((strangers.code(), nobodys.code()), ("no-such-call", "no-such-call"));
    let said = strangers.to_string().replace(call.id().as_str(), "0123");
    assert_eq!(said, nobodys.to_string(), "nothing tells a call of another's from none");
    assert_eq!(pool.calls(&owner("bob")), []);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_holds_is_closed_in_order() {
    let service = Service::start();
    let pool = ConversationPool::builder().idle(Duration::from_secs(30)).build().unwrap();
    let ann = owner("ann");
    let held = pool.open(&ann, service.call()).await.unwrap();
    let let_go = pool.open(&ann, service.call()).await.unwrap();
    let (id, begun) = (let_go.id().clone(), let_go.elapsed());
    let end = let_go.reader(ReadFrom::Now);
    drop((let_go, end));
    tokio::time::sleep(Duration::from_secs(20)).await;
    // A request comes by: its time begins anew.
    let elapsed = pool.get(&id, &ann).unwrap().elapsed();
    assert!(elapsed >= begun + Duration::from_secs(20));
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(pool.stats().live, 2);
    until(|| pool.stats().live == 1).await;
    ask(&held, "Still here?").await;
    assert_eq!(pool.get(&id, &ann).unwrap_err().code(), "no-such-call");
}

#[tokio::test(start_paused = true)]
async fn a_drained_pool_takes_no_more_and_lets_running_calls_end() {
    let service = Service::start();
    let pool = ConversationPool::builder().build().unwrap();
    let ann = owner("ann");
    let short = pool.open(&ann, service.call()).await.unwrap();
    let long = pool.open(&ann, service.call()).await.unwrap();
    let drained = tokio::spawn({
        let pool = pool.clone();
        async move { pool.drain(Duration::from_secs(30)).await }
    });
    tokio::task::yield_now().await;
    let refused = pool.open(&ann, service.call()).await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Limit, "draining"));
    // Both still work.
    ask(&long, "Are you there?").await;
    ask(&short, "Are you there?").await;
    short.close(Duration::from_secs(20)).await.unwrap();
    let drained = drained.await.unwrap();
    assert_eq!((drained.finished, drained.closed, drained.parked, drained.dropped), (1, 1, 0, 0));
    assert_eq!(long.closed().await.reason, CloseReason::Finished);
    until(|| pool.stats().live == 0).await;
}
