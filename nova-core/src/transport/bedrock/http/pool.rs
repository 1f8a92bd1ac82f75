//! Connections by origin: streams share one until it is full, then another is opened instead of waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1;

use super::Trust;
use super::body::RequestBody;
use super::connection::{Connection, Http2, Lease};
use super::dial::dial;
use super::origin::Origin;
use super::road::RoadError;

/// All connections of one transport.
pub(super) struct Pool {
    trust: Trust,
    lanes: Mutex<BTreeMap<String, Arc<Lane>>>,
}

/// A connection with a place on it.
pub(super) enum Place {
    Http1(http1::SendRequest<RequestBody>, Lease),
    Http2(Http2, Lease),
}

/// The connections to one origin.
#[derive(Default)]
struct Lane {
    connections: Mutex<Vec<Http2>>,
    /// Held while dialling, so that twelve calls that begin at once share what one dial gives.
    dialling: tokio::sync::Mutex<()>,
}

impl Pool {
    /// Makes an empty pool.
    pub(super) fn new(trust: Trust) -> Self {
        Pool { trust, lanes: Mutex::default() }
    }

    /// Finds or makes a place, within [`CONNECT_TIMEOUT`].
    pub(super) async fn place(&self, origin: &Origin) -> Result<Place, RoadError> {
        let lane = Arc::clone(lock(&self.lanes).entry(format!("{:?} {origin}", origin.scheme)).or_default());
        tokio::time::timeout(CONNECT_TIMEOUT, lane.place(origin, &self.trust))
            .await
            .unwrap_or_else(|_| Err(RoadError::slow(origin, CONNECT_TIMEOUT.as_secs_f32())))
    }

    /// Counts the connections that take streams.
    pub(super) fn connections(&self) -> usize {
        lock(&self.lanes)
            .values()
            .map(|lane| lock(&lane.connections).iter().filter(|one| !one.is_closed()).count())
            .sum()
    }
}

impl Lane {
    async fn place(&self, origin: &Origin, trust: &Trust) -> Result<Place, RoadError> {
        if let Some(place) = self.free_place() {
            return Ok(place);
        }
        let _one_at_a_time = self.dialling.lock().await;
        if let Some(place) = self.free_place() {
            return Ok(place);
        }
        let (wire, protocol) = dial(origin, trust).await?;
        match Connection::begin(origin, wire, protocol).await? {
            Connection::Http1(requests) => Ok(Place::Http1(requests, Lease::whole())),
            Connection::Http2(connection) => {
                let lease = connection.lease().ok_or_else(|| RoadError::full(origin))?;
                lock(&self.connections).push(connection.clone());
                Ok(Place::Http2(connection, lease))
            }
        }
    }

    /// Fills the oldest connections first, and lets go of closed ones and of all idle ones but the first.
    fn free_place(&self) -> Option<Place> {
        let mut connections = lock(&self.connections);
        let mut idle = 0;
        connections.retain(|connection| {
            idle += usize::from(connection.is_idle());
            !connection.is_closed() && (idle <= 1 || !connection.is_idle())
        });
        connections.iter().find_map(|connection| Some(Place::Http2(connection.clone(), connection.lease()?)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a place on a connection may take, from DNS to the peer's SETTINGS: with the five seconds in mind within
/// which a wrong address must be answered.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
