//! How often one client may ask: a bucket that fills steadily, one per client.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bedrock_nova::{Error, ErrorKind};

use crate::answer::Failure;
use crate::recent::Recent;

/// Clients that are remembered at least; whoever was forgotten begins with a full bucket.
const CLIENTS: usize = 10_000;

/// So many requests a second, and a burst at once.
pub struct RateLimit {
    per_second: f64,
    burst: f64,
    buckets: Mutex<Recent<String, Bucket>>,
}

struct Bucket {
    level: f64,
    since: Instant,
}

impl RateLimit {
    /// Lets so many requests a second through, and two seconds' worth at once.
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        RateLimit::with_burst(per_second, 2.0 * per_second)
    }

    /// The same with another burst; one request is always let through.
    #[must_use]
    pub fn with_burst(per_second: f64, burst: f64) -> Self {
        RateLimit { per_second, burst: burst.max(1.0), buckets: Recent::new(CLIENTS).into() }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// 429 `rate`, with `Retry-After`, if the client has asked too often.
    pub fn take(&self, client: &str, now: Instant) -> Result<(), Failure> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(client.to_owned(), || Bucket { level: self.burst, since: now });
        let gained = now.saturating_duration_since(bucket.since).as_secs_f64() * self.per_second;
        bucket.level = self.burst.min(bucket.level + gained);
        bucket.since = now;
        if bucket.level < 1.0 {
            let wait = (1.0 - bucket.level) / self.per_second;
            return Err(refused(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX)));
        }
        bucket.level -= 1.0;
        Ok(())
    }
}

fn refused(wait: Duration) -> Failure {
    let error = Error::new(ErrorKind::Limit, "This client asks too often.")
        .with_code("rate")
        .with_retryable(true)
        .with_hint("Wait as long as Retry-After says.");
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
    Failure::new(429, error).with_header("retry-after", seconds.to_string())
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RateLimit({} per second, {} at once)", self.per_second, self.burst)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn a_burst_is_let_through_and_a_bucket_fills_again() {
        let limit = RateLimit::new(0.5);
        let start = Instant::now();
        limit.take("ann", start).unwrap();
        let late = limit.take("ann", start).unwrap_err().answer();
        assert_eq!(late.status, 429);
        assert!(late.headers.contains(&("retry-after", "2".to_owned())), "{late:?}");
        limit.take("bob", start).unwrap();
        limit.take("ann", start + Duration::from_secs(1)).unwrap_err();
        limit.take("ann", start + Duration::from_secs(2)).unwrap();
    }
}
