//! What the fuzzers do with their bytes, one file per target, and what must hold whatever the bytes are.
//!
//! `fuzz_targets/` hands libFuzzer's bytes to these functions, and `nova-core/tests/corpora.rs` hands them the kept
//! corpora in the normal tests: it includes this file as it is.

pub mod conversation;
pub mod judge;
pub mod said;
pub mod session;
pub mod wire;

// What the tests already hold every output against is held against every fuzzed one too.
#[allow(dead_code, unreachable_pub)]
#[path = "../../nova-emulator/tests/engine/grammar.rs"]
mod grammar;
#[allow(dead_code, unreachable_pub)]
#[path = "../../nova-core/tests/call/script/referee.rs"]
mod referee;
