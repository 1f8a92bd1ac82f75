//! What stores say when they refuse: the same sentences and codes from every store.

use std::time::Duration;

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};
use crate::ids::CallId;

/// More than any snapshot has; a record beyond it is a mistake, and would be one again after a fail-over.
const LARGEST_RECORD: usize = 16 << 20;
/// Enough for any id, and within what file systems take.
const LONGEST_ID: usize = 100;
/// Nobody waits a day for a fail-over.
const LONGEST_LIFE: Duration = Duration::from_secs(86_400);

/// Somebody else holds the call.
pub(super) fn held_elsewhere(hint: &str, remaining: Duration) -> Error {
    let wait = format!("wait: if that one is dead, the call is free within {:.1} s", remaining.as_secs_f64());
    let hint = match hint {
        "" => format!("Ask the process that holds it, or {wait}."),
        hint => format!("Ask {hint}, which holds it, or {wait}."),
    };
    Error::new(ErrorKind::Unavailable, "The call is held elsewhere.").with_code("held-elsewhere").with_hint(hint)
}

/// The lease that was shown is not, or not any more, the one that counts.
pub(super) fn lease_lost() -> Error {
    Error::new(ErrorKind::Unavailable, "The lease of this call is lost: it ran out, or another process has claimed it.")
        .with_code("lease-lost")
        .with_retryable(false)
        .with_hint(
            "End the call in this process without saving anything: it goes on in another one, or can be claimed.",
        )
}

/// The store did not answer within its deadline.
pub(super) fn late(deadline: Duration) -> Error {
    let seconds = deadline.as_secs_f64();
    Error::new(
        ErrorKind::Timeout,
        format!("The store did not answer within {seconds} s; what was asked may be done or not."),
    )
    .with_code("store-timeout")
    .with_hint("A save or a renewal can simply be tried again; a claim may have to wait until its life has run out.")
}

/// The work in the background ended without an answer: the runtime shuts down.
pub(super) fn shut_down() -> Error {
    Error::new(ErrorKind::Unavailable, "The runtime shuts down before the store has answered.")
        .with_code("store-unreachable")
        .with_retryable(false)
}

/// Refuses ids that could leave their folder or their slot.
///
/// # Errors
/// `Invalid` for an id that is empty, long, or has anything but letters, digits, `_` and `-`.
pub(super) fn check_id(id: &CallId) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match id.as_str() {
        text if !text.is_empty() && text.len() <= LONGEST_ID && text.bytes().all(plain) => Ok(()),
        _ => Err(Error::new(ErrorKind::Invalid, "This is no id of a call that a store can keep.")
            .with_code("call-id")
            .with_hint(format!("An id has 1 to {LONGEST_ID} letters, digits, `_` and `-`, and nothing else."))),
    }
}

/// Refuses lives that no store can measure.
///
/// # Errors
/// `Invalid` for less than a millisecond and for more than a day.
pub(super) fn check_life(life: Duration) -> Result<()> {
    if (Duration::from_millis(1)..=LONGEST_LIFE).contains(&life) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, format!("A lease cannot live for {life:?}."))
        .with_code("lease-life")
        .with_hint("Choose between a millisecond and a day; 15 s suits most."))
}

/// Refuses records that are no snapshots.
///
/// # Errors
/// `Limit` for more than 16 MiB.
pub(super) fn check_record(record: &Bytes) -> Result<()> {
    if record.len() <= LARGEST_RECORD {
        return Ok(());
    }
    let sentence = format!("A record of {} bytes is longer than a store keeps.", record.len());
    let hint =
        format!("At most {LARGEST_RECORD} bytes are kept of a call; what does not end must be cut before it is saved.");
    Err(Error::new(ErrorKind::Limit, sentence).with_code("record-size").with_hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_leave_their_place_are_refused() {
        let long = "a".repeat(LONGEST_ID + 1);
        for bad in ["", ".", "..", "a/b", "a\\b", "a}b", "a b", "ä", "a\0", &long] {
            assert!(check_id(&bad.into()).is_err(), "{bad:?}");
        }
        let long = "a".repeat(LONGEST_ID);
        for good in ["a", "A-1_z", "6c7d1c0e-8f6e-4f5a-9d0b-0d9f0e6b7a11", &long] {
            assert!(check_id(&good.into()).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn lives_and_records_beyond_reason_are_refused() {
        for bad in [Duration::ZERO, Duration::from_micros(999), LONGEST_LIFE + Duration::from_millis(1)] {
            assert_eq!(check_life(bad).map_err(|error| error.kind()), Err(ErrorKind::Invalid), "{bad:?}");
        }
        assert!(check_life(Duration::from_millis(1)).is_ok() && check_life(LONGEST_LIFE).is_ok());
        let large = Bytes::from(vec![0; LARGEST_RECORD + 1]);
        assert!(check_record(&large.slice(1..)).is_ok());
        assert_eq!(check_record(&large).map_err(|error| error.kind()), Err(ErrorKind::Limit));
    }

    #[test]
    fn whose_move_it_is_after_a_refusal() {
        let elsewhere = held_elsewhere("http://10.0.0.7:8080", Duration::from_millis(2_500));
        assert!(elsewhere.is_retryable() && elsewhere.to_string().contains("http://10.0.0.7:8080"));
        assert!(elsewhere.to_string().contains("2.5 s"));
        assert!(!lease_lost().is_retryable());
        assert!(late(Duration::from_secs(2)).is_retryable());
    }
}
