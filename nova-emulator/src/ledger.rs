//! What a session heard, said and billed, for tests to compare with what a client says it saw.

/// The account of one session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ledger {}
