//! A guardrail: each sentence is looked at before anybody sees or hears it.

use std::time::Duration;

use crate::script::*;
use bedrock_nova::sonic::conversation::{Input, Output, Verdict};
use bedrock_nova::sonic::{Config, Review, Unreviewed};

fn guarded(unreviewed: Unreviewed) -> Config {
    config(|config| config.review = Some(Review::within(Duration::from_secs(1), unreviewed)))
}

fn asked(call: &Script) -> Vec<(u64, String)> {
    let asked = call.outputs.iter().filter_map(|(_, output)| match output {
        Output::Review { id, text, .. } => Some((*id, text.clone())),
        _ => None,
    });
    asked.collect()
}

fn decide(call: &mut Script, id: u64, verdict: Verdict) {
    call.input(Input::Reviewed { id, verdict });
}

fn two_sentences(call: &mut Script) {
    call.user_says("Will it rain?");
    call.story();
    call.hear([
        spec("s1", "It is sunny."),
        audio("a1", 3, PARTIAL_TURN),
        spec("s2", "Sell your house."),
        audio("a2", 3, END_TURN),
    ]);
}

#[test]
fn nothing_is_heard_before_it_is_passed() {
    let mut call = Script::with(guarded(Unreviewed::Withhold));
    two_sentences(&mut call);
    assert_eq!(asked(&call), [(1, "It is sunny.".to_owned())]);
    assert!(!call.story().iter().any(|line| line.starts_with("sound") || line.starts_with("assistant")));
    decide(&mut call, 1, Verdict::Pass);
    let story = call.story();
    assert!(
        story.contains(&"sound 1".to_owned()) && story.contains(&"assistant 1~ It is sunny.".to_owned()),
        "{story:?}"
    );
    assert_eq!(asked(&call).len(), 2, "then the next one is asked about");
    decide(&mut call, 2, Verdict::Pass);
    let story = call.story();
    assert_eq!(story.last().unwrap(), "turn 1 answered", "{story:?}");
}

#[test]
fn a_replaced_sentence_is_not_heard_and_neither_is_its_repeat() {
    let mut call = Script::with(guarded(Unreviewed::Withhold));
    two_sentences(&mut call);
    decide(&mut call, 1, Verdict::Pass);
    call.story();
    decide(&mut call, 2, Verdict::Replace { text: "I cannot say that.".into() });
    let story = call.story();
    assert!(!story.iter().any(|line| line.starts_with("sound")), "{story:?}");
    assert!(story.contains(&"turn 1 answered".to_owned()), "{story:?}");
    call.hear([spoken("f1", "It is sunny.", PARTIAL_TURN), spoken("f2", "Sell your house.", END_TURN)]);
    call.fail("InternalServerException", "oops");
    call.pass(Duration::from_secs(1));
    let everything = format!("{:?} {:?}", call.page(), call.wire(2));
    assert!(everything.contains("It is sunny. I cannot say that."), "{everything}");
    assert!(!everything.contains("Sell"), "{everything}");
}

#[test]
fn who_does_not_decide_in_time_has_decided() {
    for (policy, heard) in [(Unreviewed::Withhold, false), (Unreviewed::Pass, true)] {
        let mut call = Script::with(guarded(policy));
        two_sentences(&mut call);
        call.pass_ms(2_100);
        let story = call.story();
        assert_eq!(story.iter().any(|line| line.starts_with("sound")), heard, "{story:?}");
        assert!(story.contains(&"turn 1 answered".to_owned()), "{story:?}");
        assert_eq!(story.iter().filter(|line| line.starts_with("reviewed")).count(), 2, "{story:?}");
        decide(&mut call, 1, Verdict::Pass);
        assert_eq!(call.story(), [""; 0], "too late");
    }
}

#[test]
fn speaking_into_what_nobody_has_heard_yet_drops_it() {
    let mut call = Script::with(guarded(Unreviewed::Pass));
    two_sentences(&mut call);
    call.hear([speech_start(2_000)]);
    call.pass(Duration::from_secs(3));
    let story = call.story();
    assert!(!story.iter().any(|line| line.starts_with("sound") || line.starts_with("assistant")), "{story:?}");
    call.hear([
        interrupted("{ \"interrupted\" : true }"),
        speech_end(3_000, 3_480),
        user_final("Never mind. What is the time?"),
    ]);
    call.hear([spec("s3", "Seven.")]);
    decide(&mut call, 2, Verdict::Pass);
    call.hear([audio("a3", 3, END_TURN)]);
    assert!(call.story().contains(&"turn 1 answered".to_owned()));
}
