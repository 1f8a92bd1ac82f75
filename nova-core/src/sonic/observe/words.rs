//! The words of labels and attributes: what events say, as they spell it in JSON.

#[cfg(feature = "metrics")]
use crate::error::{Error, ErrorKind};
use crate::sonic::event::{CloseReason, DropReason, RenewReason, ToolOutcome, TurnEnd};
#[cfg(feature = "metrics")]
use crate::sonic::failure;
use crate::usage::{BudgetLevel, BudgetMeasure, BudgetScope};

/// What stands for a name that nobody on this side has given: it could be any.
pub(super) const UNKNOWN: &str = "unknown";

/// How a call ended that nobody saw the end of.
pub(super) const DROPPED: &str = "dropped";

/// Returns a tool's name if it is one on offer: what the model made up is in no list, and might be anything.
pub(super) fn tool(name: &str, outcome: ToolOutcome) -> &str {
    match outcome {
        ToolOutcome::UnknownTool => UNKNOWN,
        _ => name,
    }
}

/// Returns an error's code if this library has given it; any other might be one of very many.
#[cfg(feature = "metrics")]
pub(super) fn code(error: &Error) -> &'static str {
    let code = error.code();
    let kinds = ErrorKind::ALL.into_iter().map(ErrorKind::as_str);
    let own = kinds.chain(OF_THE_ROAD).find(|own| *own == code);
    failure::listed(code).or(own).unwrap_or("other")
}

/// Codes of what breaks between here and the service, and of credentials.
#[cfg(feature = "metrics")]
const OF_THE_ROAD: [&str; 10] = [
    "lost",
    "peer-ended",
    "connect-timeout",
    "unreachable",
    "unreadable",
    "untrusted-certificate",
    "no-credentials",
    "expired-credentials",
    "sso-expired",
    "no-region",
];

pub(super) fn closed(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Finished => "finished",
        CloseReason::CloseTimedOut => "closeTimedOut",
        CloseReason::PeerEnded => "peerEnded",
        CloseReason::Idle => "idle",
        CloseReason::LongestCall => "longestCall",
        CloseReason::Parked => "parked",
        CloseReason::Budget => "budget",
        CloseReason::Failed => "failed",
    }
}

pub(super) fn turn_end(end: TurnEnd) -> &'static str {
    match end {
        TurnEnd::Answered => "answered",
        TurnEnd::Interrupted => "interrupted",
        TurnEnd::NoAnswer => "noAnswer",
        TurnEnd::Lost => "lost",
        TurnEnd::Closed => "closed",
        TurnEnd::Filtered => "filtered",
    }
}

pub(super) fn outcome(outcome: ToolOutcome) -> &'static str {
    match outcome {
        ToolOutcome::Answered => "answered",
        ToolOutcome::Shortened => "shortened",
        ToolOutcome::Failed => "failed",
        ToolOutcome::TimedOut => "timedOut",
        ToolOutcome::Cancelled => "cancelled",
        ToolOutcome::UnknownTool => "unknownTool",
        ToolOutcome::BadArguments => "badArguments",
        ToolOutcome::TooMany => "tooMany",
        ToolOutcome::Unknown => "unknown",
        ToolOutcome::Abandoned => "abandoned",
    }
}

pub(super) fn renewed(reason: RenewReason) -> &'static str {
    match reason {
        RenewReason::Age => "age",
        RenewReason::Deadline => "deadline",
        RenewReason::Silence => "silence",
        RenewReason::Credentials => "credentials",
        RenewReason::Recovery => "recovery",
        RenewReason::Resumed => "resumed",
    }
}

pub(super) fn dropped(why: DropReason) -> &'static str {
    match why {
        DropReason::Stale => "stale",
        DropReason::HalfDuplex => "halfDuplex",
        DropReason::Closed => "closed",
    }
}

pub(super) fn scope(scope: BudgetScope) -> &'static str {
    match scope {
        BudgetScope::Call => "call",
        BudgetScope::Owner => "owner",
    }
}

pub(super) fn measure(measure: BudgetMeasure) -> &'static str {
    match measure {
        BudgetMeasure::Tokens => "tokens",
        BudgetMeasure::Cost => "cost",
        BudgetMeasure::Time => "time",
    }
}

pub(super) fn level(level: BudgetLevel) -> &'static str {
    match level {
        BudgetLevel::Soft => "soft",
        BudgetLevel::Hard => "hard",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use serde::Serialize;

    fn spelled<T: Serialize + Copy>(values: &[T], word: impl Fn(T) -> &'static str) {
        for value in values {
            assert_eq!(serde_json::to_value(value).unwrap(), word(*value));
        }
    }

    #[test]
    fn events_spell_them_the_same() {
        use {CloseReason as C, DropReason as D, RenewReason as R, ToolOutcome as O, TurnEnd as T};
        spelled(&[C::Finished, C::CloseTimedOut, C::PeerEnded, C::Idle, C::LongestCall, C::Budget, C::Failed], closed);
        spelled(&[T::Answered, T::Interrupted, T::NoAnswer, T::Lost, T::Closed, T::Filtered], turn_end);
        spelled(&[O::Answered, O::Shortened, O::Failed, O::TimedOut, O::Cancelled], outcome);
        spelled(&[O::UnknownTool, O::BadArguments, O::TooMany, O::Unknown, O::Abandoned], outcome);
        spelled(&[R::Age, R::Deadline, R::Silence, R::Credentials, R::Recovery], renewed);
        spelled(&[D::Stale, D::HalfDuplex, D::Closed], dropped);
        spelled(&[BudgetScope::Call, BudgetScope::Owner], scope);
        spelled(&[BudgetMeasure::Tokens, BudgetMeasure::Cost, BudgetMeasure::Time], measure);
        spelled(&[BudgetLevel::Soft, BudgetLevel::Hard], level);
    }

    #[cfg(feature = "metrics")]
    #[test]
    fn a_code_is_one_of_this_library_or_other() {
        let error = |code: &str| Error::new(ErrorKind::Unavailable, "It is gone.").with_code(code);
        for code in ["E-531", "throttlingException", "lost", "unavailable"] {
            assert_eq!(super::code(&error(code)), code);
        }
        assert_eq!(super::code(&error("teapotException")), "other");
    }
}
