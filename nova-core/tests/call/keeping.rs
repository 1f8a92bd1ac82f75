//! When a call asks for its snapshot to be kept, and which tools wait for that.

use crate::script::*;
use bedrock_nova::sonic::conversation::{Input, Output};
use bedrock_nova::sonic::{Config, Effect, Snapshots};
use serde_json::json;

pub fn kept(mut config: Config) -> Config {
    config.snapshots = Snapshots::Kept;
    config
}

fn saves(call: &Script) -> Vec<u64> {
    let saves = call.outputs.iter().filter_map(|(at, output)| match output {
        Output::Save { .. } => Some(at.as_millis() as u64),
        _ => None,
    });
    saves.collect()
}

fn ran(call: &Script) -> usize {
    call.outputs.iter().filter(|(_, output)| matches!(output, Output::RunTool(_))).count()
}

#[test]
fn a_call_that_nobody_keeps_asks_for_nothing() {
    let mut call = Script::live();
    call.user_says("Hello?");
    call.answer("Hi.", 10);
    call.pass_ms(5_000);
    assert_eq!(saves(&call), [0; 0]);
}

#[test]
fn every_change_is_kept_and_what_is_heard_once_a_second() {
    let mut call = Script::with(kept(Config::default()));
    let before = saves(&call).len();
    call.hear([speech_start(0), speech_end(1_000, 1_480)]);
    assert_eq!(saves(&call).len(), before, "nothing that another process needs has changed");
    call.hear([user_final("Hello?")]);
    assert_eq!(saves(&call).len(), before + 1);
    // Four seconds of sound, delivered at once and heard from now on.
    call.answer("Hi, nice to meet you.", 50);
    let at_once = saves(&call).len();
    call.pass_ms(10_000);
    let while_heard = saves(&call)[at_once..].to_vec();
    assert_eq!(while_heard.len(), 4, "{while_heard:?}");
    assert!(while_heard.windows(2).all(|pair| pair[1] - pair[0] == 1_000), "{while_heard:?}");
    assert_eq!(call.call.snapshot().playing, [], "the last one says that all of it was heard");
}

#[test]
fn a_tool_that_must_not_run_twice_runs_only_once_it_is_written_down() {
    let mut call = Script::with(kept(with_tools()));
    call.store = Store::ByHand;
    call.user_says("Will it rain?");
    call.hear([tool_use("u-1", "weather", "{}")]);
    call.pass_ms(1_000);
    assert_eq!(ran(&call), 0);
    let revision = |call: &Script| {
        let last = call.outputs.iter().rev().find_map(|(_, output)| match output {
            Output::Save { revision } => Some(*revision),
            _ => None,
        });
        last.unwrap()
    };
    let asked = revision(&call);
    call.input(Input::Saved { revision: asked - 1 });
    assert_eq!(ran(&call), 0, "an older snapshot does not hold it");
    call.input(Input::Saved { revision: asked });
    assert_eq!(ran(&call), 1);
    call.input(Input::Saved { revision: asked });
    assert_eq!(ran(&call), 1);
    call.tool_done("u-1", Ok(json!(1))).unwrap();
}

#[test]
fn one_that_may_run_twice_does_not_wait() {
    let mut call = Script::with(kept(with_tools().idempotent()));
    call.store = Store::ByHand;
    call.user_says("Will it rain?");
    call.hear([tool_use("u-1", "weather", "{}")]);
    assert_eq!(ran(&call), 1);
}

#[test]
fn a_store_that_never_answers_costs_a_tool_its_deadline_and_the_call_nothing() {
    let mut call = Script::with(kept(with_tools()));
    call.store = Store::ByHand;
    call.user_says("Will it rain?");
    call.hear([tool_use("u-1", "weather", "{}")]);
    call.pass_ms(31_000);
    assert_eq!(ran(&call), 0);
    let story = call.story();
    assert!(story.contains(&"tool u-1 timedOut".to_owned()) && !story.iter().any(|line| line.starts_with("cancel")));
    call.answer("I could not find out.", 3);
    call.user_says("And now?");
    call.answer("Still not.", 3);
    assert!(call.story().contains(&"turn 2 answered".to_owned()));
}

/// Lets every tool run twice.
pub trait Idempotent {
    fn idempotent(self) -> Self;
}

impl Idempotent for Config {
    fn idempotent(mut self) -> Self {
        self.tools.iter_mut().for_each(|tool| tool.contract.effect = Effect::Idempotent);
        self
    }
}
