//! `bedrock-nova`: talk to Nova Sonic, run the local Bedrock, look at what happened.
//!
//! One file for each verb in [`verbs`]; what several of them need stands beside it: [`call`] holds a conversation,
//! [`record`] writes it down, [`timeline`] draws it, [`sound`] reads and plays it, [`report`] says what went wrong.
//! [`flight`] is about logs that can be played again, [`probe`] holds experiments on a service.

mod announce;
mod call;
mod cli;
mod flight;
mod probe;
mod record;
mod report;
mod run;
mod screen;
mod sound;
mod table;
mod timeline;
mod tools;
mod verbs;

fn main() -> std::process::ExitCode {
    cli::main()
}
