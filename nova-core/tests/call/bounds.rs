//! Calls that nobody ends, half duplex, and what becomes of input that cannot be sent.

use std::time::Duration;

use crate::script::*;
use bedrock_nova::sonic::conversation::AudioPolicy;
use bedrock_nova::sonic::{CloseReason, DropReason, Duplex, Event, Unsent};
use bedrock_nova::transport::Failure;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn closed(call: &Script) -> Option<(CloseReason, Unsent)> {
    call.events().find_map(|event| match event {
        Event::Closed { reason, unsent, .. } => Some((*reason, unsent.clone())),
        _ => None,
    })
}

fn dropped(call: &Script) -> Vec<(DropReason, Duration)> {
    let dropped = call.events().filter_map(|event| match event {
        Event::InputDropped { duration, why } => Some((*why, *duration)),
        _ => None,
    });
    dropped.collect()
}

#[test]
fn an_abandoned_call_is_told_of_and_closed_in_order() {
    let mut call = Script::with(config(|config| {
        config.idle.tell = secs(30);
        config.idle.hang_up = secs(100);
    }));
    call.user_says("Hello?");
    call.answer("Hi.", 3);
    call.pass(secs(99));
    let told: Vec<_> = call
        .events()
        .filter_map(|event| match event {
            Event::UserIdle { silent } => Some(silent.as_secs()),
            _ => None,
        })
        .collect();
    assert_eq!(told, [30, 60, 90]);
    assert!(!call.is_over());
    call.pass(secs(2));
    let wire = call.wire(1);
    assert_eq!(wire[wire.len() - 3..], ["end", "promptEnd", "sessionEnd"], "closed in order");
    call.end();
    assert_eq!(closed(&call).map(|(reason, _)| reason), Some(CloseReason::Idle));
}

#[test]
fn words_of_either_side_begin_the_idle_time_anew() {
    let mut call = Script::with(config(|config| config.idle.hang_up = secs(100)));
    for _ in 0..5 {
        call.pass(secs(80));
        call.user_says("Still here.");
        call.answer("Good.", 3);
    }
    assert!(!call.is_over());
    assert!(call.count(|event| matches!(event, Event::UserIdle { .. })) > 0);
}

#[test]
fn a_call_that_is_too_long_delivers_what_it_owes_and_ends() {
    let mut call = Script::with(config(|config| config.idle.longest_call = secs(60)));
    call.pass(secs(59));
    call.user_says("One more question.");
    call.pass(secs(2));
    call.audio(100, AudioPolicy::Live).unwrap();
    call.answer("And one more answer.", 3);
    call.pass(secs(5));
    call.end();
    assert!(call.story().contains(&"turn 1 answered".to_owned()));
    assert_eq!(closed(&call).map(|(reason, _)| reason), Some(CloseReason::LongestCall));
    assert_eq!(dropped(&call), [(DropReason::Closed, ms(100))], "nothing is dropped in silence");
}

#[test]
fn in_half_duplex_nobody_hears_the_user_while_the_assistant_speaks() {
    let mut call = Script::with(config(|config| config.duplex = Duplex::Half));
    call.user_says("Hello?");
    // Three pieces of 80 ms.
    call.answer("Hi.", 3);
    let from = call.now;
    call.speak(400);
    let heard: usize = call.sound_since(from).iter().flat_map(|(_, pcm)| pcm).filter(|byte| **byte != 0).count();
    let lost: Duration = dropped(&call).iter().map(|(_, duration)| *duration).sum();
    assert_eq!(heard / 32 + lost.as_millis() as usize, 400);
    assert!((200..=280).contains(&lost.as_millis()), "{lost:?}");
    assert!(dropped(&call).iter().all(|(why, _)| *why == DropReason::HalfDuplex));
    assert_eq!(dropped(&call).len(), 1, "told once for the whole answer");
}

#[test]
fn what_was_never_sent_is_handed_back() {
    let mut call = Script::live();
    call.dials = Dials::ByHand;
    call.fail_with(Failure::lost("reset"));
    call.text("Are you there?").unwrap();
    call.audio(300, AudioPolicy::Live).unwrap();
    call.fail("AccessDeniedException", "no");
    let (reason, unsent) = closed(&call).unwrap();
    assert_eq!(reason, CloseReason::Failed);
    assert_eq!(unsent.texts, ["Are you there?"]);
    assert_eq!((unsent.audio, unsent.pcm.len()), (ms(300), 9_600));
}
