//! Every doubtful behaviour of the service, as a named switch (reference §6.6 and §7.3).

/// The position of every switch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Switches {}
