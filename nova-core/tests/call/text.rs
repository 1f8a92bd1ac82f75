//! Typed text: primed first, never mixed with audio, each turn answered once or ended.

use std::time::Duration;

use crate::script::*;
use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::{Event, SampleRate};

#[test]
fn a_hundred_milliseconds_of_silence_come_first_at_every_rate() {
    for rate in SampleRate::ALL {
        let mut call = Script::dialing(config(|config| config.input_rate = rate));
        call.text("Hello.").unwrap();
        call.accept();
        let wire = call.wire(1);
        let at = wire.iter().position(|line| line == "begin AUDIO").unwrap();
        assert_eq!(wire[at..at + 5], ["begin AUDIO", "audio", "begin USER", "text Hello.", "end"], "{rate}");
        let primed: usize = call.sound_since(ms(0)).iter().map(|(_, pcm)| pcm.len()).sum();
        assert_eq!(primed, rate.hz() as usize / 10 * 2, "{rate}");
        assert!(call.sound_since(ms(0)).iter().all(|(_, pcm)| pcm.iter().all(|byte| *byte == 0)));
        call.answer("Hi.", 3);
        assert_eq!(call.page(), ["user 1: Hello.", "assistant 1~ Hi."]);
        assert!(call.story().contains(&"turn 1 answered".to_owned()));
    }
}

#[test]
fn no_audio_falls_into_a_text_even_on_a_slow_link() {
    // The referee checks each payload; here the link takes one payload a step, with audio always at hand.
    let mut call = Script::live();
    call.stall();
    call.text(&"word ".repeat(1_000)).unwrap();
    for _ in 0..40 {
        call.speak(20);
        call.unstall();
        call.stall();
    }
    let wire = call.wire(1);
    let begin = wire.iter().position(|line| line == "begin USER").unwrap();
    let texts = wire[begin + 1..].iter().take_while(|line| line.starts_with("text ")).count();
    assert_eq!(texts, 5);
    assert_eq!(wire[begin + 6], "end");
}

#[test]
fn a_text_during_an_answer_interrupts_it() {
    let mut call = Script::live();
    call.user_says("Tell me.");
    call.hear([spec("s1", "So, once upon a time."), sound("a1", 20)]);
    call.pass_ms(400);
    call.text("Shorter.").unwrap();
    call.story();
    call.hear([sound_end("a1", END_TURN), interrupted(r#"{"interrupted":true}"#)]);
    call.answer("Fine.", 3);
    assert_eq!(
        call.story(),
        [
            "turn 1 answered",
            "flush 1",
            "interrupted 1 after 400 ms",
            "assistant 1: So,",
            "assistant 2~ Fine.",
            "sound 2",
            "turn 2 answered"
        ]
    );
}

#[test]
fn several_texts_at_once_are_each_answered_or_ended() {
    let mut call = Script::live();
    for text in ["One.", "Two.", "Three."] {
        call.text(text).unwrap();
    }
    call.answer("First.", 3);
    call.answer("Second.", 3);
    call.pass(Duration::from_secs(13));
    let ends: Vec<_> = call.story().into_iter().filter(|line| line.starts_with("turn")).collect();
    assert_eq!(ends, ["turn 1 answered", "turn 2 answered", "turn 3 noAnswer"]);
}

#[test]
fn texts_that_wait_have_a_bound() {
    let mut call = Script::live();
    call.stall();
    let refused = (0..100).filter_map(|n| call.text(&format!("Text {n}.")).err()).collect::<Vec<_>>();
    assert!(refused.len() >= 66, "{} of 100 were refused", refused.len());
    assert!(refused.iter().all(|error| error.kind() == ErrorKind::Limit));
    let stats = call.call.stats();
    // One more is on its way through the link.
    assert_eq!((stats.texts_waiting, stats.texts_bound), (100 - refused.len(), 32));
    call.unstall();
    call.text("There is room again.").unwrap();
}

#[test]
fn texts_that_were_never_sent_are_told_of() {
    let mut call = Script::live();
    call.stall();
    for text in ["One.", "Two."] {
        call.text(text).unwrap();
    }
    call.fail("AccessDeniedException", "no");
    let ends: Vec<_> = call.story().into_iter().filter(|line| line.starts_with("turn")).collect();
    assert_eq!(ends, ["turn 1 lost", "turn 2 lost"]);
}

#[test]
fn a_text_that_has_left_only_in_part_was_not_sent() {
    let mut call = Script::live();
    call.stall();
    call.text("Will it rain?").unwrap();
    assert_eq!(call.wire(1).last().unwrap(), "begin USER");
    call.fail("ValidationException", "something else");
    let unsent = call.events().find_map(|event| match event {
        Event::Closed { unsent, .. } => Some(unsent.texts.clone()),
        _ => None,
    });
    assert_eq!(unsent.unwrap(), ["Will it rain?"]);
    assert!(call.story().contains(&"turn 1 lost".to_owned()));
}

#[test]
fn a_text_that_has_left_only_in_part_is_none_that_the_filter_refused() {
    let mut call = Script::live();
    call.stall();
    call.text("Will it rain?").unwrap();
    call.fail("ValidationException", "This request has been blocked by our content filters.");
    call.unstall();
    call.pass_ms(500);
    assert!(call.wire(2).contains(&"text Will it rain?".to_owned()), "{:?}", call.wire(2));
    call.answer("No.", 3);
    assert!(call.story().contains(&"turn 1 answered".to_owned()));
    assert_eq!(call.page(), ["user 1: Will it rain?", "assistant 1~ No."]);
}

#[test]
fn a_text_that_moves_twice_before_it_is_typed_is_typed_once() {
    let mut call = Script::live();
    call.text("Will it rain?").unwrap();
    for _ in 0..2 {
        call.stall();
        call.fail("ThrottlingException", "slow down");
        call.pass_ms(3_000);
    }
    call.unstall();
    call.pass_ms(500);
    assert_eq!(call.wire(3).iter().filter(|line| *line == "text Will it rain?").count(), 1, "{:?}", call.wire(3));
}

#[test]
fn what_cannot_be_answered_is_refused_here() {
    let mut call = Script::with(v1());
    let error = call.text("Hello.").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.hint().is_some());
    assert!(!call.wire(1).contains(&"begin USER".to_owned()));
    assert_eq!(Script::live().text(" \n").unwrap_err().kind(), ErrorKind::Invalid);
    let mut call = Script::live();
    call.user_says("Bye.");
    call.finish();
    assert_eq!(call.text("Wait!").unwrap_err().kind(), ErrorKind::Misuse);
}

#[test]
fn a_text_typed_while_the_user_speaks_is_a_turn_of_its_own() {
    let mut call = Script::live();
    call.hear([speech_start(0)]);
    call.text("By text.").unwrap();
    call.hear([speech_end(1_000, 1_480), user_final("Aloud.")]);
    call.answer("First.", 3);
    call.answer("Second.", 3);
    let ends: Vec<_> = call.story().into_iter().filter(|line| line.starts_with("turn")).collect();
    assert_eq!(ends, ["turn 1 answered", "turn 2 answered"]);
    let mut page = call.page();
    page.sort();
    assert_eq!(page[2..], ["user 1: Aloud.", "user 2: By text."]);
}
