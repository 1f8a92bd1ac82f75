//! Calls that are kept in a store: two pools of two processes, as far as the store can tell.

use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::ErrorKind;
use bedrock_nova::ids::{CallId, Owner};
use bedrock_nova::sonic::store::{FolderStore, Holder, SnapshotStore, Standing, USUAL_LIFE};
use bedrock_nova::sonic::{CloseReason, ConversationPool, Event, ReadFrom, RenewReason, Tool, Whereabouts};

use crate::service::{Service, ask, owner, until};
use crate::sick::Door;

fn pool(store: &Arc<dyn SnapshotStore>, hint: &str) -> ConversationPool {
    ConversationPool::builder().store(Arc::clone(store), Holder::new(hint)).build().unwrap()
}

fn folder() -> (tempfile::TempDir, Arc<dyn SnapshotStore>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(FolderStore::new(folder.path()));
    (folder, store)
}

/// Waits until the process that had a call has given it back: it does so beside the end of the call.
async fn until_left(pool: &ConversationPool, id: &CallId, owner: &Owner) {
    let given_back = async {
        while pool.locate(id, owner).await.unwrap() != Whereabouts::Left {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(USUAL_LIFE, given_back).await.expect("what is parked is given back");
}

fn said(call: &bedrock_nova::sonic::Snapshot) -> Vec<String> {
    call.lines.iter().map(|line| line.text.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_parked_goes_on_in_another_process() {
    let (_folder, store) = folder();
    let service = Service::start();
    let (here, there) = (pool(&store, "http://here"), pool(&store, "http://there"));
    let ann = owner("ann");
    let call = here.open(&ann, service.call()).await.unwrap();
    ask(&call, "What can you do for me?").await;
    let id = call.id().clone();
    // The wrong process: it is told which is the right one, and a stranger is told nothing.
    let elsewhere = there.resume(&id, &ann, |call| service.attach(call)).await.unwrap_err();
    assert_eq!((elsewhere.kind(), elsewhere.code()), (ErrorKind::Unavailable, "held-elsewhere"));
    assert!(elsewhere.hint().unwrap().contains("http://here"), "{elsewhere}");
    let stranger = there.resume(&id, &owner("bob"), |call| service.attach(call)).await.unwrap_err();
    assert_eq!(stranger.code(), "no-such-call");
    assert_eq!(here.locate(&id, &ann).await.unwrap(), Whereabouts::Here);
    let whereabouts = there.locate(&id, &ann).await.unwrap();
    let Whereabouts::Elsewhere { hint, remaining } = whereabouts else { panic!("{whereabouts:?}") };
    assert!(hint == "http://here" && remaining <= USUAL_LIFE, "{hint}, {remaining:?}");
    assert_eq!(there.locate(&id, &owner("bob")).await.unwrap_err().code(), "no-such-call");

    let snapshot = call.park().await.unwrap();
    assert_eq!(call.closed().await.reason, CloseReason::Parked);
    until(|| here.stats().live == 0).await;
    until_left(&there, &id, &ann).await;
    let again = there.resume(&id, &ann, |call| service.attach(call)).await.unwrap();
    let mut events = again.reader(ReadFrom::Oldest);
    let first = events.next().await.unwrap();
    assert!(first.seq > snapshot.seq, "no number is given twice");
    let renewed = |event: &Event| matches!(event, Event::Renewed { reason: RenewReason::Resumed, .. });
    let mut entry = first;
    while !renewed(&entry.event) {
        entry = events.next().await.unwrap();
    }
    ask(&again, "And what else?").await;
    let now = again.snapshot().await.unwrap();
    assert_eq!(said(&now)[..2], said(&snapshot)[..2], "what was said before is still known");
    assert!(now.usage.tokens.text_in >= snapshot.usage.tokens.text_in && now.at >= snapshot.at);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_over_is_not_kept() {
    let (_folder, store) = folder();
    let service = Service::start();
    let pool = pool(&store, "http://here");
    let call = pool.open(&owner("ann"), service.call()).await.unwrap();
    ask(&call, "Good morning.").await;
    assert!(matches!(store.look(call.id()).await.unwrap(), Some(Standing::Held { .. })));
    call.close(Duration::from_secs(20)).await.unwrap();
    let mut there = true;
    for _ in 0..100 {
        there = store.look(call.id()).await.unwrap().is_some();
        if !there {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!there, "its record and its lease are gone");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_closed_is_not_kept_even_if_its_end_comes_too_late() {
    let (_folder, store) = folder();
    let service = Service::start();
    let pool = pool(&store, "http://here");
    let call = pool.open(&owner("ann"), service.call()).await.unwrap();
    ask(&call, "Good morning.").await;
    assert_eq!(call.close(Duration::ZERO).await.unwrap_err().kind(), ErrorKind::Timeout);
    until(|| pool.stats().live == 0).await;
    let removed = async {
        while store.look(call.id()).await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), removed).await.expect("who hangs up leaves nothing behind");
}

#[tokio::test(start_paused = true)]
async fn a_drained_pool_leaves_its_calls_to_another_process() {
    let (_folder, store) = folder();
    let service = Service::start();
    let (here, there) = (pool(&store, "http://here"), pool(&store, "http://there"));
    let ann = owner("ann");
    let mut ids = Vec::new();
    for _ in 0..5 {
        let call = here.open(&ann, service.call()).await.unwrap();
        ask(&call, "Good morning.").await;
        ids.push(call.id().clone());
    }
    let drained = here.drain(Duration::from_secs(1)).await;
    assert_eq!((drained.parked, drained.closed, drained.dropped), (5, 0, 0));
    for id in ids {
        let call = there.resume(&id, &ann, |call| service.attach(call)).await.unwrap();
        assert_eq!(said(&call.snapshot().await.unwrap()).len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn two_requests_at_once_take_a_call_over_once() {
    let (_folder, store) = folder();
    let service = Service::start();
    let (here, there) = (pool(&store, "http://here"), pool(&store, "http://there"));
    let ann = owner("ann");
    let call = here.open(&ann, service.call()).await.unwrap();
    ask(&call, "Good morning.").await;
    let id = call.id().clone();
    here.drain(Duration::ZERO).await;
    let asked = (0..8).map(|_| there.resume(&id, &ann, |call| service.attach(call)));
    let got = futures::future::join_all(asked).await;
    assert!(got.iter().all(Result::is_ok), "{got:?}");
    assert_eq!(there.stats().live, 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_while_its_call_is_resumed_loses_nothing() {
    let (_folder, store) = folder();
    let service = Service::start();
    let (here, there) = (pool(&store, "http://here"), pool(&store, "http://there"));
    let ann = owner("ann");
    let call = here.open(&ann, service.call()).await.unwrap();
    ask(&call, "Good morning.").await;
    let id = call.id().clone();
    here.drain(Duration::ZERO).await;
    // A service that accepts nothing, and a client that does not wait.
    let (silent, _peer) = bedrock_nova::transport::memory::pair();
    let silent: Arc<dyn bedrock_nova::transport::Transport> = Arc::new(silent);
    let hung_up = tokio::time::timeout(Duration::from_secs(3), there.resume(&id, &ann, |call| call.transport(silent)));
    assert!(hung_up.await.is_err());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(store.look(&id).await.unwrap(), Some(Standing::Unheld));
    let again = there.resume(&id, &ann, |call| service.attach(call)).await.unwrap();
    assert_eq!(said(&again.snapshot().await.unwrap()).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_dropped_leaves_its_calls_to_another_process() {
    let (_folder, store) = folder();
    let service = Service::start();
    let (here, there) = (pool(&store, "http://here"), pool(&store, "http://there"));
    let ann = owner("ann");
    let call = here.open(&ann, service.call()).await.unwrap();
    ask(&call, "Good morning.").await;
    let id = call.id().clone();
    drop((call, here));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(store.look(&id).await.unwrap(), Some(Standing::Unheld));
    let again = there.resume(&id, &ann, |call| service.attach(call)).await.unwrap();
    assert_eq!(said(&again.snapshot().await.unwrap()).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn everybody_who_asks_for_a_call_of_another_process_is_told_so() {
    let (_folder, store) = folder();
    let service = Service::start();
    let (here, there) = (pool(&store, "http://here"), pool(&store, "http://there"));
    let ann = owner("ann");
    let call = here.open(&ann, service.call()).await.unwrap();
    let asked = (0..4).map(|_| there.resume(call.id(), &ann, |call| service.attach(call)));
    for refused in futures::future::join_all(asked).await {
        assert_eq!(refused.unwrap_err().code(), "held-elsewhere");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_a_while_costs_nothing() {
    let (_folder, store) = folder();
    let door = Door::before(store);
    let store: Arc<dyn SnapshotStore> = Arc::new(door.clone());
    let service = Service::start();
    let pool = pool(&store, "http://here");
    let call = pool.open(&owner("ann"), service.call()).await.unwrap();
    door.shut();
    ask(&call, "Good morning.").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    door.open();
    tokio::time::sleep(Duration::from_secs(30)).await;
    ask(&call, "Are you still there?").await;
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_lease_cannot_be_held_ends_before_anybody_else_may_have_it() {
    let (_folder, store) = folder();
    let door = Door::before(store);
    let store: Arc<dyn SnapshotStore> = Arc::new(door.clone());
    let service = Service::start();
    let pool = pool(&store, "http://here");
    let call = pool.open(&owner("ann"), service.call()).await.unwrap();
    ask(&call, "Good morning.").await;
    let shut_at = call.elapsed();
    door.shut();
    let ending = call.closed().await;
    let error = ending.error.unwrap();
    assert_eq!((error.kind(), error.code(), error.is_retryable()), (ErrorKind::Unavailable, "lease-lost", false));
    let lasted = call.elapsed() - shut_at;
    assert!(lasted <= Duration::from_secs(15), "a lease lives 15 s: {lasted:?}");
    assert!(lasted >= Duration::from_secs(9), "and is renewed every 5 s: {lasted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_handlers_were_forgotten_is_refused_and_left_as_it_was() {
    let (_folder, store) = folder();
    let service = Service::start();
    let (here, there) = (pool(&store, "http://here"), pool(&store, "http://there"));
    let ann = owner("ann");
    let weather = || {
        let schema = serde_json::json!({ "type": "object", "properties": {} });
        Tool::new("weather", "Tells the weather.", schema, |_| async { Ok::<_, String>(serde_json::json!("dry")) })
    };
    let call = here.open(&ann, service.call().tool(weather())).await.unwrap();
    let id = call.id().clone();
    ask(&call, "Good morning.").await;
    call.park().await.unwrap();
    call.closed().await;
    until(|| here.stats().live == 0).await;
    until_left(&there, &id, &ann).await;
    let refused = there.resume(&id, &ann, |call| service.attach(call)).await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Misuse, "tool-handler"));
    assert!(refused.to_string().contains("weather") && refused.hint().unwrap().contains("tool()"), "{refused}");
    there.resume(&id, &ann, |call| service.attach(call).tool(weather())).await.unwrap();
}

#[tokio::test]
async fn a_lease_that_nobody_can_renew_in_time_is_refused() {
    let (_folder, store) = folder();
    let pool = |life| ConversationPool::builder().store_for(Arc::clone(&store), Holder::new("here"), life).build();
    assert_eq!(pool(Duration::from_millis(999)).unwrap_err().code(), "lease-life");
    pool(Duration::from_secs(1)).unwrap();
}
