//! A claim on its way to whoever asked for it.
//!
//! Whoever asked may be gone by the time of the answer: a server drops its handler when the client hangs up. A call
//! that was claimed for nobody would lie held for a whole life, so it is given back.

use tokio::runtime::Handle;

use super::{Claimed, SnapshotStore, refusal};
use crate::error::Result;
use crate::transport::BoxFuture;

/// Makes a claim whose future may be dropped at any time.
#[allow(clippy::disallowed_methods, reason = "a claim must come to its end also when nobody waits for it")]
pub(super) fn claim_for_somebody<S: SnapshotStore + Clone>(
    store: S,
    claim: impl Future<Output = Result<Claimed>> + Send + 'static,
) -> BoxFuture<Result<Claimed>> {
    Box::pin(async move {
        let claim = tokio::spawn(async move { claim.await.map(|claimed| Handover { store, claimed: Some(claimed) }) });
        let mut handover = claim.await.map_err(|_| refusal::shut_down())??;
        handover.claimed.take().ok_or_else(refusal::shut_down)
    })
}

/// What was claimed, until somebody takes it.
struct Handover<S: SnapshotStore> {
    store: S,
    claimed: Option<Claimed>,
}

impl<S: SnapshotStore> Drop for Handover<S> {
    #[allow(clippy::disallowed_methods, reason = "giving back takes longer than dropping")]
    fn drop(&mut self) {
        let (Some(claimed), Ok(runtime)) = (self.claimed.take(), Handle::try_current()) else { return };
        let release = self.store.release(&claimed.lease);
        runtime.spawn(async move {
            // Where that fails the lease runs out by itself.
            if let Err(error) = release.await {
                tracing::debug!(%error, "a call that was claimed for nobody is not given back");
            }
        });
    }
}
