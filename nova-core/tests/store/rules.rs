//! The rules that every store keeps.

use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::ids::CallId;
use bedrock_nova::sonic::store::{Holder, Lease, SnapshotStore, Standing};
use bedrock_nova::{Error, ErrorKind};
use bytes::Bytes;
use futures::future::join_all;
use tokio::time::{Instant, sleep};

/// A life that no test outlives.
pub const LONG: Duration = Duration::from_secs(600);
/// A life that is waited for.
pub const SHORT: Duration = Duration::from_millis(500);
/// Far beyond what anything here takes.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Where a store's data are, so that it can be opened again, and looked into behind its back.
pub trait Place {
    /// Opens a store.
    async fn open(&self) -> Arc<dyn SnapshotStore>;
    /// Lists whatever there is of any call.
    async fn leftovers(&self) -> Vec<String>;
}

/// Makes a test of each rule, in a place that `$place` makes.
macro_rules! keep_the_rules {
    ($place:expr) => {
        $crate::rules::keep_the_rules! { $place =>
            what_was_saved_last_is_what_the_next_claim_gets
            a_record_may_be_large_and_of_any_bytes
            one_of_many_claimants_wins_and_the_others_are_told_whom_to_ask
            a_lease_that_ran_out_is_worth_nothing
            a_lease_lives_as_long_as_it_is_renewed
            what_is_released_is_claimed_at_once
            what_is_removed_leaves_nothing
            a_call_that_was_never_saved_leaves_nothing_when_it_is_released
            a_record_outlives_its_store
            looking_tells_how_it_stands_and_changes_nothing
            a_claim_that_nobody_waits_for_is_given_back
            ids_of_two_calls_are_never_one
            ids_lives_and_records_beyond_reason_are_refused
            nobody_is_told_what_a_record_holds
        }
    };
    ($place:expr => $($rule:ident)*) => { $(
        #[tokio::test]
        async fn $rule() {
            tokio::time::timeout($crate::rules::DEADLINE, $crate::rules::$rule(&$place)).await.expect("in time");
        }
    )* };
}
pub(crate) use keep_the_rules;

pub async fn what_was_saved_last_is_what_the_next_claim_gets(place: &impl Place) {
    let store = place.open().await;
    let mut last = None;
    let mut token = 0;
    for round in 0..4 {
        let claimed = store.claim(&call(), &holder("a"), LONG).await.unwrap();
        assert_eq!(claimed.record, last);
        assert!(claimed.lease.token > token, "tokens grow, also after a release");
        assert_eq!((&claimed.lease.id, claimed.lease.life), (&call(), LONG));
        token = claimed.lease.token;
        for word in ["first", "second"] {
            let record = Bytes::from(format!("{word} of {round}"));
            store.save(&claimed.lease, record.clone()).await.unwrap();
            last = Some(record);
        }
        store.release(&claimed.lease).await.unwrap();
    }
}

pub async fn a_record_may_be_large_and_of_any_bytes(place: &impl Place) {
    let store = place.open().await;
    let large: Bytes = (0..400_000_u32).map(|n| (n % 251) as u8).collect();
    let odd: Bytes = (0..=255).chain(*b"\r\n$-1\r\n\0\0\xff\xfe").collect();
    for record in [large, odd, Bytes::new()] {
        let lease = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
        store.save(&lease, record.clone()).await.unwrap();
        store.release(&lease).await.unwrap();
        let claimed = store.claim(&call(), &holder("a"), LONG).await.unwrap();
        assert!(claimed.record == Some(record), "the record has changed");
        store.release(&claimed.lease).await.unwrap();
    }
}

pub async fn one_of_many_claimants_wins_and_the_others_are_told_whom_to_ask(place: &impl Place) {
    // Half of them through a store of their own: what excludes is not within one.
    let (one, other) = (place.open().await, place.open().await);
    for round in 0..5 {
        let id = CallId::from(format!("call-{round}"));
        let claims = (0..16).map(|n| {
            let store = if n % 2 == 0 { &one } else { &other };
            let claim = store.claim(&id, &holder(&format!("http://p{n}.local")), LONG);
            tokio::spawn(async move { (n, claim.await) })
        });
        let results: Vec<_> = join_all(claims).await.into_iter().map(Result::unwrap).collect();
        let winners: Vec<_> = results.iter().filter(|(_, result)| result.is_ok()).map(|(n, _)| *n).collect();
        assert_eq!(winners.len(), 1, "{results:?}");
        for (_, refused) in results.into_iter().filter(|(_, result)| result.is_err()) {
            let error = refused.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "held-elsewhere"));
            assert!(error.is_retryable());
            assert!(error.hint().unwrap().contains(&format!("http://p{}.local", winners[0])), "{error}");
        }
    }
}

pub async fn a_lease_that_ran_out_is_worth_nothing(place: &impl Place) {
    let store = place.open().await;
    let old = store.claim(&call(), &holder("a"), SHORT).await.unwrap().lease;
    store.save(&old, "from before".into()).await.unwrap();
    until_unheld(&*store).await;
    all_refused(&*store, &old).await;
    // And so it stays when the call is somebody else's.
    let new = store.claim(&call(), &holder("b"), LONG).await.unwrap();
    assert_eq!(new.record, Some("from before".into()));
    assert!(new.lease.token > old.token);
    all_refused(&*store, &old).await;
    store.renew(&new.lease).await.unwrap();
    store.release(&new.lease).await.unwrap();
    assert_eq!(store.claim(&call(), &holder("c"), LONG).await.unwrap().record, Some("from before".into()));
}

pub async fn a_lease_lives_as_long_as_it_is_renewed(place: &impl Place) {
    let store = place.open().await;
    // Longer than a busy machine stands still.
    let life = SHORT * 2;
    let lease = store.claim(&call(), &holder("a"), life).await.unwrap().lease;
    let begun = Instant::now();
    while begun.elapsed() < life * 5 / 4 {
        store.renew(&lease).await.unwrap();
        let Some(Standing::Held { remaining, .. }) = store.look(&call()).await.unwrap() else { panic!("lost") };
        assert!(remaining <= life, "{remaining:?}");
        sleep(life / 20).await;
    }
    assert!(store.claim(&call(), &holder("b"), LONG).await.is_err());
    store.save(&lease, "still here".into()).await.unwrap();
}

pub async fn what_is_released_is_claimed_at_once(place: &impl Place) {
    let store = place.open().await;
    let old = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    store.save(&old, "so far".into()).await.unwrap();
    store.release(&old).await.unwrap();
    all_refused(&*store, &old).await;
    assert_eq!(store.look(&call()).await.unwrap(), Some(Standing::Unheld));
    let new = store.claim(&call(), &holder("b"), LONG).await.unwrap();
    assert_eq!(new.record, Some("so far".into()));
    all_refused(&*store, &old).await;
}

pub async fn what_is_removed_leaves_nothing(place: &impl Place) {
    let store = place.open().await;
    let old = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    store.save(&old, "over".into()).await.unwrap();
    assert_ne!(place.leftovers().await, [""; 0]);
    store.remove(&old).await.unwrap();
    assert_eq!(place.leftovers().await, [""; 0]);
    assert_eq!(store.look(&call()).await.unwrap(), None);
    all_refused(&*store, &old).await;
    assert_eq!(place.leftovers().await, [""; 0], "a refusal leaves something");
    // The same id once more is another call; the old lease has no right to it.
    let new = store.claim(&call(), &holder("b"), LONG).await.unwrap();
    assert_eq!(new.record, None);
    assert!(new.lease.token > old.token);
    all_refused(&*store, &old).await;
    store.remove(&new.lease).await.unwrap();
    assert_eq!(place.leftovers().await, [""; 0]);
}

pub async fn a_call_that_was_never_saved_leaves_nothing_when_it_is_released(place: &impl Place) {
    let store = place.open().await;
    let lease = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    store.release(&lease).await.unwrap();
    assert_eq!(store.look(&call()).await.unwrap(), None);
    assert_eq!(place.leftovers().await, [""; 0]);
}

pub async fn a_record_outlives_its_store(place: &impl Place) {
    let store = place.open().await;
    let old = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    store.save(&old, "kept".into()).await.unwrap();
    store.release(&old).await.unwrap();
    drop(store);
    let store = place.open().await;
    let claimed = store.claim(&call(), &holder("b"), LONG).await.unwrap();
    assert_eq!(claimed.record, Some("kept".into()));
    assert!(claimed.lease.token > old.token);
    // A lease is good for every store of the same place.
    place.open().await.save(&claimed.lease, "by another store".into()).await.unwrap();
}

pub async fn looking_tells_how_it_stands_and_changes_nothing(place: &impl Place) {
    let store = place.open().await;
    assert_eq!(store.look(&call()).await.unwrap(), None);
    assert_eq!(place.leftovers().await, [""; 0]);
    let me = holder("http://me.local");
    let lease = store.claim(&call(), &me, LONG).await.unwrap().lease;
    for _ in 0..2 {
        let Some(Standing::Held { holder, remaining }) = store.look(&call()).await.unwrap() else { panic!("unheld") };
        assert_eq!(holder, me);
        assert!(remaining <= LONG && remaining > LONG - DEADLINE, "{remaining:?}");
    }
    store.save(&lease, "x".into()).await.unwrap();
    store.release(&lease).await.unwrap();
    assert_eq!(store.look(&call()).await.unwrap(), Some(Standing::Unheld));
    assert_eq!(store.look(&call()).await.unwrap(), Some(Standing::Unheld));
}

pub async fn a_claim_that_nobody_waits_for_is_given_back(place: &impl Place) {
    let store = place.open().await;
    for round in 0..20 {
        let id = CallId::from(format!("call-{round}"));
        let mut claim = store.claim(&id, &holder("gone"), LONG);
        // It has begun, and is left there or a little later.
        assert!(futures::poll!(&mut claim).is_pending());
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        drop(claim);
        let begun = Instant::now();
        while let Err(error) = store.claim(&id, &holder("next"), LONG).await {
            assert_eq!(error.code(), "held-elsewhere");
            assert!(begun.elapsed() < Duration::from_secs(5), "not given back");
            sleep(Duration::from_millis(2)).await;
        }
    }
}

pub async fn ids_of_two_calls_are_never_one(place: &impl Place) {
    let store = place.open().await;
    let ids = ["a", "A", "a-", "a_", "-a", "aa"].map(CallId::from);
    let mut leases = Vec::new();
    for id in &ids {
        let claimed = store.claim(id, &holder("a"), LONG).await.unwrap();
        assert_eq!(claimed.record, None);
        store.save(&claimed.lease, id.to_string().into()).await.unwrap();
        leases.push(claimed.lease);
    }
    for (id, lease) in ids.iter().zip(&leases) {
        store.release(lease).await.unwrap();
        assert_eq!(store.claim(id, &holder("a"), LONG).await.unwrap().record, Some(id.to_string().into()));
    }
}

pub async fn ids_lives_and_records_beyond_reason_are_refused(place: &impl Place) {
    let store = place.open().await;
    for id in ["", "..", "a/b", "a}b", "a b", "a\0b", "ä"].map(CallId::from) {
        let lease = Lease { id: id.clone(), token: 1, life: LONG };
        for refused in [
            store.claim(&id, &holder("a"), LONG).await.map(drop),
            store.look(&id).await.map(drop),
            store.save(&lease, "x".into()).await,
            store.renew(&lease).await,
            store.release(&lease).await,
            store.remove(&lease).await,
        ] {
            let error = refused.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, "call-id"), "{id:?}");
        }
    }
    let error = store.claim(&call(), &holder("a"), Duration::ZERO).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, "lease-life"));
    let lease = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    let error = store.save(&lease, vec![0; (16 << 20) + 1].into()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Limit, "record-size"));
}

pub async fn nobody_is_told_what_a_record_holds(place: &impl Place) {
    let store = place.open().await;
    let lease = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    store.save(&lease, SECRET.into()).await.unwrap();
    let elsewhere = store.claim(&call(), &holder("b"), LONG).await.unwrap_err();
    store.release(&lease).await.unwrap();
    let lost = store.save(&lease, SECRET.into()).await.unwrap_err();
    let claimed = store.claim(&call(), &holder("b"), LONG).await.unwrap();
    let said = format!("{elsewhere} {elsewhere:?} {lost} {lost:?} {claimed:?} {store:?}");
    assert!(!said.contains(SECRET), "{said}");
}

/// What nobody may find outside of a record.
pub const SECRET: &str = "my-mother-is-ill";

/// Says that none of the four acts is allowed under a lease.
pub async fn all_refused(store: &dyn SnapshotStore, lease: &Lease) {
    let acts: [Result<(), Error>; 4] = [
        store.save(lease, "from a sleeper".into()).await,
        store.renew(lease).await,
        store.release(lease).await,
        store.remove(lease).await,
    ];
    for act in acts {
        let error = act.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "lease-lost"));
        assert!(!error.is_retryable() && error.hint().is_some());
    }
}

/// Waits until nobody holds the call any more.
pub async fn until_unheld(store: &dyn SnapshotStore) {
    let begun = Instant::now();
    while let Some(Standing::Held { remaining, .. }) = store.look(&call()).await.unwrap() {
        assert!(begun.elapsed() < DEADLINE, "it is held for ever");
        sleep(remaining.clamp(Duration::from_millis(1), SHORT)).await;
    }
}

pub fn call() -> CallId {
    "6c7d1c0e-8f6e-4f5a-9d0b-0d9f0e6b7a11".into()
}

pub fn holder(hint: &str) -> Holder {
    Holder::new(hint)
}
