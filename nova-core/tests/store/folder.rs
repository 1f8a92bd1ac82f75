//! The folder: the rules, and what it promises beyond them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_nova::ErrorKind;
use bedrock_nova::ids::CallId;
use bedrock_nova::sonic::store::{FolderStore, SnapshotStore, Standing};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::rules::{DEADLINE, LONG, Place, all_refused, call, holder, keep_the_rules};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("calls-of-this-machine")
    }

    fn part(&self, name: &str) -> PathBuf {
        self.path().join("calls").join(name)
    }
}

impl Place for Folder {
    async fn open(&self) -> Arc<dyn SnapshotStore> {
        Arc::new(FolderStore::new(self.path()))
    }

    async fn leftovers(&self) -> Vec<String> {
        ["calls", "drafts"].iter().flat_map(|folder| names(&self.path().join(folder))).collect()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

keep_the_rules!(Folder::new());

#[tokio::test]
async fn a_lease_dies_with_the_store_that_gave_it() {
    let folder = Folder::new();
    let (one, other) = (FolderStore::new(folder.path()), FolderStore::new(folder.path()));
    let old = one.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    one.save(&old, "as far as it came".into()).await.unwrap();
    let clone = one.clone();
    drop(one);
    assert_eq!(other.claim(&call(), &holder("b"), LONG).await.unwrap_err().code(), "held-elsewhere");
    drop(clone);
    assert_eq!(other.look(&call()).await.unwrap(), Some(Standing::Unheld));
    let new = other.claim(&call(), &holder("b"), LONG).await.unwrap();
    assert_eq!(new.record, Some("as far as it came".into()));
    all_refused(&other, &old).await;
}

#[tokio::test]
async fn a_lease_lives_with_the_store_that_renewed_it_last() {
    let folder = Folder::new();
    let (one, other) = (FolderStore::new(folder.path()), FolderStore::new(folder.path()));
    let lease = one.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    other.renew(&lease).await.unwrap();
    drop(one);
    assert!(matches!(other.look(&call()).await.unwrap(), Some(Standing::Held { .. })));
    other.save(&lease, "still mine".into()).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_but_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let store = FolderStore::new(folder.path());
    let lease = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    store.save(&lease, "private".into()).await.unwrap();
    let mut open = vec![folder.path()];
    let mut seen = 0;
    while let Some(path) = open.pop() {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        open.extend(fs::read_dir(&path).into_iter().flatten().map(|entry| entry.unwrap().path()));
        seen += 1;
    }
    // Four folders, the four files of a call, and the sign of life.
    assert_eq!(seen, 9);
}

#[tokio::test]
async fn a_lease_file_that_was_cut_keeps_nobody_out_and_revives_no_lease() {
    let folder = Folder::new();
    let store = FolderStore::new(folder.path());
    let old = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    store.save(&old, "whole".into()).await.unwrap();
    let file = folder.part(&format!("{}.lease", call()));
    for cut in [&fs::read(&file).unwrap()[..20], b""] {
        fs::write(&file, cut).unwrap();
        all_refused(&store, &old).await;
        let new = store.claim(&call(), &holder("b"), LONG).await.unwrap();
        assert!(new.lease.token > old.token);
        assert_eq!(new.record, Some("whole".into()));
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_told_with_its_name() {
    let folder = Folder::new();
    fs::write(folder.path(), "a file").unwrap();
    for path in [folder.path(), folder.path().join("below")] {
        let store = FolderStore::new(&path);
        let error = store.claim(&call(), &holder("a"), LONG).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, "store-unusable"));
        assert!(error.message().contains("calls-of-this-machine") && error.hint().is_some(), "{error}");
    }
    let error = FolderStore::new("/proc/nothing-here").claim(&call(), &holder("a"), LONG).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn what_nobody_came_back_for_is_swept_and_what_somebody_holds_is_not() {
    let folder = Folder::new();
    let alive = FolderStore::new(folder.path());
    let dead = FolderStore::new(folder.path());
    let mut old = Vec::new();
    for (store, id) in [(&alive, "held"), (&dead, "abandoned"), (&dead, "released"), (&dead, "fresh")] {
        let lease = store.claim(&id.into(), &holder("a"), LONG).await.unwrap().lease;
        store.save(&lease, "words".into()).await.unwrap();
        if id == "released" {
            store.release(&lease).await.unwrap();
        }
        if id != "fresh" {
            let calls = names(&folder.path().join("calls")).into_iter();
            old.extend(calls.filter(|name| name.starts_with(id)).map(|name| folder.part(&name)));
        }
    }
    drop(dead);
    // As a kill leaves them.
    let draft = folder.path().join("drafts/0b5f1a3e-0000-0000-0000-000000000000.7");
    let presence = folder.path().join("alive/0b5f1a3e-0000-0000-0000-000000000000");
    let late = folder.part("held.7.record");
    for dirt in [&draft, &presence, &late, &folder.part("lone.lock")] {
        File::create(dirt).unwrap();
    }
    let day = Duration::from_secs(86_400);
    for path in &old {
        File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - day).unwrap();
    }
    let sweeper = FolderStore::new(folder.path()).record_life(day / 2);
    sweeper.claim(&CallId::from("another"), &holder("b"), LONG).await.unwrap();
    let calls = || {
        let mut calls: Vec<_> =
            names(&folder.path().join("calls")).iter().map(|name| name.split('.').next().unwrap().to_owned()).collect();
        calls.sort();
        calls.dedup();
        calls
    };
    let begun = Instant::now();
    while calls() != ["another", "fresh", "held"] || [&draft, &presence, &late].iter().any(|dirt| dirt.exists()) {
        assert!(begun.elapsed() < DEADLINE, "{:?}", calls());
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(names(&folder.path().join("alive")).len(), 2);
}

#[tokio::test]
async fn a_lock_that_nobody_gives_back_keeps_claimants_out_for_a_while_and_the_holder_not_at_all() {
    let folder = Folder::new();
    let store = FolderStore::new(folder.path());
    let lease = store.claim(&call(), &holder("a"), LONG).await.unwrap().lease;
    let stuck = File::open(folder.part(&format!("{}.lock", call()))).unwrap();
    stuck.lock().unwrap();
    let other = CallId::from("another");
    let (refused, claimed) =
        tokio::join!(store.claim(&call(), &holder("b"), LONG), store.claim(&other, &holder("b"), LONG));
    let error = refused.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "store-busy"));
    assert!(error.is_retryable());
    claimed.expect("another call is not disturbed");
    assert!(matches!(store.look(&call()).await.unwrap(), Some(Standing::Held { .. })));
    store.renew(&lease).await.unwrap();
    store.save(&lease, "x".into()).await.unwrap();
    store.release(&lease).await.unwrap();
    drop(stuck);
    assert_eq!(store.claim(&call(), &holder("b"), LONG).await.unwrap().record, Some("x".into()));
}
