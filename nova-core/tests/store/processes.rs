//! One folder, several processes, of which some are killed and some are stopped.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bedrock_nova::sonic::store::{FolderStore, SnapshotStore, Standing};
use bytes::Bytes;
use futures::future::join_all;
use tokio::time::{Instant, sleep};

use crate::process::{Process, whole};
use crate::rules::{DEADLINE, LONG, call, holder, until_unheld};

fn start(task: &str, folder: &Path) -> Process {
    Process::start(task, folder.to_str().unwrap(), &[])
}

fn hold(life: Duration, folder: &Path) -> Process {
    let about = format!("{} {}", life.as_millis(), folder.display());
    let mut process = Process::start("hold", &about, &[]);
    assert_eq!(process.says(), "held");
    process
}

#[tokio::test]
async fn a_call_whose_process_was_killed_is_claimed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::new(folder.path());
    let other = hold(LONG, folder.path());
    let refused = store.claim(&call(), &holder("me"), LONG).await.unwrap_err();
    assert!(refused.hint().unwrap().contains("the-other"), "{refused}");
    other.kill();
    assert_eq!(store.look(&call()).await.unwrap(), Some(Standing::Unheld));
    // The first try, with all of its ten minutes left.
    let claimed = store.claim(&call(), &holder("me"), LONG).await.unwrap();
    assert_whole(&claimed.record.unwrap());
}

/// Says that a record is one that was saved, and returns which.
fn assert_whole(record: &Bytes) -> u64 {
    let number = u64::from_le_bytes(record[..8].try_into().unwrap());
    assert!(*record == whole(number), "record {number} is no whole one");
    number
}

#[tokio::test]
async fn whenever_a_process_is_killed_its_last_record_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut reached = Vec::new();
    for round in 0..12 {
        let mut other = start("save", folder.path());
        assert_eq!(other.says(), "saving");
        // Not for time to pass: so that each round ends elsewhere in a save.
        sleep(Duration::from_micros(1_700 * round)).await;
        other.kill();
        let store = FolderStore::new(folder.path());
        let claimed = store.claim(&call(), &holder("me"), LONG).await.unwrap();
        reached.push(assert_whole(&claimed.record.unwrap()));
        store.remove(&claimed.lease).await.unwrap();
    }
    assert!(reached.iter().any(|number| *number > 0), "it was never in the middle of its loop: {reached:?}");
    // What the killed ones had half written is taken away by somebody who lives.
    let store = FolderStore::new(folder.path());
    store.claim(&call(), &holder("me"), LONG).await.unwrap();
    let begun = Instant::now();
    while ["drafts", "alive"].map(|name| fs::read_dir(folder.path().join(name)).unwrap().count()) != [0, 1] {
        assert!(begun.elapsed() < DEADLINE, "not swept");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Several at once, since each is stopped somewhere else in what it does without a pause.
#[tokio::test]
async fn a_process_that_is_stopped_keeps_its_call_until_the_end_and_can_do_nothing_when_it_wakes() {
    join_all((0..6).map(|_| stop_and_wake())).await;
}

async fn stop_and_wake() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::new(folder.path());
    let mut other = hold(Duration::from_millis(1_500), folder.path());
    other.signal("STOP");
    assert_eq!(store.claim(&call(), &holder("me"), LONG).await.unwrap_err().code(), "held-elsewhere");
    until_unheld(&store).await;
    let claimed = store.claim(&call(), &holder("me"), LONG).await.unwrap();
    assert_whole(claimed.record.as_ref().unwrap());
    other.signal("CONT");
    assert_eq!(other.says(), "lease-lost lease-lost lease-lost lease-lost");
    // What it was just saving when it was stopped has not come through.
    store.release(&claimed.lease).await.unwrap();
    let again = store.claim(&call(), &holder("me"), LONG).await.unwrap();
    assert!(again.record == claimed.record, "a sleeper has saved");
    store.remove(&again.lease).await.unwrap();
    assert_eq!(fs::read_dir(folder.path().join("calls")).unwrap().count(), 0);
}

#[tokio::test]
async fn one_of_many_processes_wins() {
    let folder = tempfile::tempdir().unwrap();
    let mut racers: Vec<_> = (0..6).map(|_| start("race", folder.path())).collect();
    for racer in &mut racers {
        assert_eq!(racer.says(), "ready");
    }
    for racer in &mut racers {
        racer.go_on();
    }
    let mut said: Vec<_> = racers.iter_mut().map(Process::says).collect();
    said.sort();
    assert_eq!(said, ["held-elsewhere", "held-elsewhere", "held-elsewhere", "held-elsewhere", "held-elsewhere", "won"]);
}
