//! A store that can be taken away: a real one behind a door.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bedrock_nova::ids::CallId;
use bedrock_nova::sonic::store::{Claimed, Holder, Lease, SnapshotStore, Standing};
use bedrock_nova::transport::BoxFuture;
use bedrock_nova::{Error, ErrorKind, Result};
use bytes::Bytes;

#[derive(Clone, Debug)]
pub struct Door {
    store: Arc<dyn SnapshotStore>,
    shut: Arc<AtomicBool>,
}

impl Door {
    pub fn before(store: Arc<dyn SnapshotStore>) -> Door {
        Door { store, shut: Arc::default() }
    }

    pub fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }

    pub fn open(&self) {
        self.shut.store(false, Ordering::SeqCst);
    }

    fn pass<T: Send + 'static>(&self, act: BoxFuture<Result<T>>) -> BoxFuture<Result<T>> {
        let shut = Arc::clone(&self.shut);
        Box::pin(async move {
            if shut.load(Ordering::SeqCst) {
                return Err(Error::new(ErrorKind::Unavailable, "The store is away.").with_code("store-away"));
            }
            act.await
        })
    }
}

impl SnapshotStore for Door {
    fn claim(&self, id: &CallId, holder: &Holder, life: Duration) -> BoxFuture<Result<Claimed>> {
        self.pass(self.store.claim(id, holder, life))
    }

    fn save(&self, lease: &Lease, record: Bytes) -> BoxFuture<Result<()>> {
        self.pass(self.store.save(lease, record))
    }

    fn renew(&self, lease: &Lease) -> BoxFuture<Result<()>> {
        self.pass(self.store.renew(lease))
    }

    fn release(&self, lease: &Lease) -> BoxFuture<Result<()>> {
        self.pass(self.store.release(lease))
    }

    fn remove(&self, lease: &Lease) -> BoxFuture<Result<()>> {
        self.pass(self.store.remove(lease))
    }

    fn look(&self, id: &CallId) -> BoxFuture<Result<Option<Standing>>> {
        self.pass(self.store.look(id))
    }
}
