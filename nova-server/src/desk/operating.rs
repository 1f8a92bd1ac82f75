//! For those who run the server: health, metrics, and what the routes are.

use bytes::Bytes;
use serde::Serialize;

use super::Desk;
use crate::answer::Answer;
use crate::description;

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    endpoint: &'a str,
    live: usize,
    opening: usize,
    limit: usize,
}

impl Desk {
    /// A full process is healthy: its calls go on.
    pub(super) fn health(&self) -> Answer {
        let stats = self.inner.pool.stats();
        let (code, status) = if stats.draining { (503, "draining") } else { (200, "ok") };
        let endpoint = &self.inner.endpoint;
        Answer::json(code, &Health { status, endpoint, live: stats.live, opening: stats.opening, limit: stats.limit })
    }

    pub(super) fn metrics(&self) -> Answer {
        Answer::of(200, "text/plain; version=0.0.4; charset=utf-8", (self.inner.numbers)())
    }

    pub(super) fn description() -> Answer {
        Answer::of(200, "application/json", Bytes::from_static(description::OPENAPI.as_bytes()))
    }

    pub(super) fn docs() -> Answer {
        let mut answer = Answer::of(200, "text/html; charset=utf-8", description::page());
        answer.headers.push(("content-security-policy", description::POLICY.to_owned()));
        answer
    }
}
