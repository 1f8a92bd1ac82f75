//! Heard truth: an answer that is cut keeps the words that came out of the loudspeaker, for the application and for
//! every later session.

use std::time::Duration;

use crate::script::*;
use bedrock_nova::sonic::{Cut, Event, Transcript, TranscriptStage};

const SIGN: &str = r#"{"interrupted":true}"#;

/// An answer of two sentences with 800 ms and 1,600 ms of sound, all of it given.
fn two_sentences(reader: Reader) -> Script {
    let mut call = Script::live();
    call.reader = reader;
    call.user_says("Will it rain?");
    call.hear([spec("s1", "It is sunny."), audio("a1", 10, PARTIAL_TURN)]);
    call.hear([spec("s2", "Take a hat."), audio("a2", 20, END_TURN)]);
    call.story();
    call
}

/// The same, cut after 2 s: 1.2 s into the second sentence, whose eight letters are through to three quarters.
fn cut_after_two_seconds() -> Script {
    let mut call = two_sentences(Reader::AtOnce);
    call.pass_ms(2_000);
    call.hear([interrupted(SIGN)]);
    call
}

fn answer(call: &Script) -> Transcript {
    call.lines().into_iter().find(|line| line.turn == 1 && !is_user(line)).unwrap()
}

fn cut(call: &Script) -> Cut {
    answer(call).cut.unwrap()
}

/// What a session that follows is told of the first turn.
fn told(call: &mut Script) -> Vec<String> {
    call.fail("ModelTimeoutException", "Model has timed out in processing the request");
    call.pass(Duration::from_secs(1));
    let wire = call.wire(2);
    let texts = wire.iter().filter_map(|line| line.strip_prefix("text ")).skip(1);
    texts.take_while(|text| !text.starts_with("And")).map(str::to_owned).collect()
}

#[test]
fn the_line_is_cut_at_once_and_a_later_session_is_told_the_same() {
    let mut call = cut_after_two_seconds();
    assert_eq!(
        call.story(),
        ["turn 1 answered", "flush 1", "interrupted 1 after 2000 ms", "assistant 1: It is sunny. Take a"][1..]
    );
    assert_eq!(told(&mut call), ["Will it rain?", "It is sunny. Take a"]);
}

#[test]
fn the_same_is_told_at_every_later_moment() {
    for seconds in [1, 14, 16, 60] {
        let mut call = cut_after_two_seconds();
        call.pass(Duration::from_secs(seconds));
        assert_eq!(told(&mut call), ["Will it rain?", "It is sunny. Take a"], "after {seconds} s");
    }
}

#[test]
fn it_is_said_how_sure_the_words_are() {
    let mut call = cut_after_two_seconds();
    assert_eq!((cut(&call).heard, cut(&call).error), (ms(2_000), ms(300 + 400 / 4)));
    assert!(cut(&call).is_estimated());
    let interrupted = call.events().find_map(|event| match event {
        Event::Interrupted { heard, error, .. } => Some((*heard, *error)),
        _ => None,
    });
    assert_eq!(interrupted, Some((ms(2_000), ms(300))), "of the sound the clock alone is unsure");
    call.hear([spoken("f1", "It is sunny. Take a", INTERRUPTED)]);
    assert!(!cut(&call).is_estimated(), "the service says the same");
    let line = serde_json::to_value(answer(&call)).unwrap();
    assert_eq!(line["cut"], serde_json::json!({ "heardMs": 2_000.0, "errorMs": 0.0 }));
}

#[test]
fn a_later_final_confirms_shortens_and_is_believed_within_the_error() {
    for (text, line) in [
        ("It is sunny. Take a", "It is sunny. Take a"),
        ("It is sunny. Take", "It is sunny. Take"),
        ("It is sunny.", "It is sunny."),
        ("It is sunny. Take a hat.", "It is sunny. Take a hat."),
    ] {
        let mut call = cut_after_two_seconds();
        call.pass_ms(900);
        call.hear([spoken("f1", text, PARTIAL_TURN)]);
        call.pass(Duration::from_secs(20));
        assert_eq!((answer(&call).text.as_str(), answer(&call).stage), (line, TranscriptStage::Final));
        assert_eq!(told(&mut call)[1], line);
    }
}

#[test]
fn a_final_of_what_was_delivered_and_not_heard_changes_nothing() {
    let mut call = two_sentences(Reader::AtOnce);
    call.pass_ms(500);
    call.hear([interrupted(SIGN), spoken("f1", "It is sunny.", PARTIAL_TURN)]);
    assert_eq!(answer(&call).text, "It is sunny.", "300 ms more may have been heard");
    call.hear([spoken("f2", "Take a hat.", END_TURN)]);
    call.pass(Duration::from_secs(20));
    assert_eq!(answer(&call).text, "It is", "2.4 s were not");
    assert_eq!(told(&mut call)[1], "It is");
}

#[test]
fn an_answer_that_nobody_took_was_never_said() {
    let mut call = two_sentences(Reader::ByHand);
    call.pass_ms(2_000);
    call.hear([interrupted(SIGN)]);
    assert_eq!(call.story(), ["flush 1", "interrupted 1 after 0 ms", "assistant 1: "]);
    assert!(!cut(&call).is_estimated(), "that is certain");
    call.hear([spoken("f1", "It is sunny.", PARTIAL_TURN), spoken("f2", "Take a hat.", END_TURN)]);
    call.pass(Duration::from_secs(20));
    assert_eq!(call.page(), ["user 1: Will it rain?", "assistant 1: "]);
    assert_eq!(told(&mut call), ["Will it rain?"]);
}

#[test]
fn an_answer_that_was_only_announced_was_never_said() {
    let mut call = Script::live();
    call.user_says("Will it rain?");
    call.hear([spec("s1", "It is sunny."), interrupted(SIGN)]);
    call.pass(Duration::from_secs(20));
    assert_eq!(call.page(), ["user 1: Will it rain?", "assistant 1: "]);
    assert_eq!(told(&mut call), ["Will it rain?"]);
}

#[test]
fn an_answer_that_was_settled_while_it_was_still_played_is_cut_too() {
    let mut call = Script::live();
    call.user_says("Tell me.");
    call.hear([spec("s1", "Once upon a time there was a king."), audio("a1", 500, END_TURN)]);
    call.hear([spoken("f1", "Once upon a time there was a king.", END_TURN)]);
    call.pass(Duration::from_secs(20));
    assert_eq!(answer(&call).cut, None);
    call.interrupt();
    assert_eq!(answer(&call).text, "Once upon a time", "13 letters of 26 in 20 of 40 s");
    assert_eq!(told(&mut call)[1], "Once upon a time");
}

#[test]
fn an_answer_that_is_cut_while_it_is_made_is_no_faster_than_speech() {
    let mut call = Script::live();
    call.user_says("Tell me.");
    let long = "Once upon a time there was a king who had a daughter and a garden with a golden tree.";
    call.hear([spec("s1", long), sound("a1", 10)]);
    call.pass_ms(800);
    call.hear([interrupted(SIGN)]);
    assert_eq!(answer(&call).text, "Once upon a", "all the sound there was, and 11 letters by the usual pace");
}

#[test]
fn the_applications_word_decides_where_the_line_is_cut() {
    let mut call = two_sentences(Reader::AtOnce);
    call.pass_ms(1_000);
    call.played(1, 300);
    call.pass_ms(300);
    call.story();
    call.interrupt();
    assert_eq!(call.story(), ["flush 1", "interrupted 1 after 600 ms", "assistant 1: It is"]);
    assert_eq!((cut(&call).heard, cut(&call).error), (ms(600), ms(100 + 200 / 4)));
    call.played(1, 2_000);
    call.pass(Duration::from_secs(20));
    assert_eq!(answer(&call).text, "It is", "an answer that is cut is not played");
}

#[test]
fn the_applications_word_is_bounded() {
    let mut call = two_sentences(Reader::AtOnce);
    call.pass_ms(1_000);
    call.played(1, 900);
    call.played(1, 100);
    call.played(7, 100);
    call.pass_ms(100);
    call.interrupt();
    assert!(call.story().contains(&"interrupted 1 after 1000 ms".to_owned()));
    let mut call = two_sentences(Reader::ByHand);
    call.take(1, 800);
    call.played(1, 60_000);
    call.interrupt();
    assert!(call.story().contains(&"interrupted 1 after 800 ms".to_owned()));
    assert_eq!(answer(&call).text, "It is sunny.");
}

#[test]
fn what_the_application_has_played_cannot_be_interrupted() {
    let mut call = two_sentences(Reader::AtOnce);
    call.played(1, 2_400);
    call.hear([speech_start(9_000)]);
    assert_eq!(call.story(), ["speech starts"]);
    call.pass(Duration::from_secs(20));
    assert_eq!(answer(&call).text, "It is sunny. Take a hat.");
}

#[test]
fn an_answer_that_is_still_given_is_told_as_far_as_it_sounded() {
    let mut call = Script::live();
    call.user_says("Will it rain?");
    call.hear([spec("s1", "It is sunny."), audio("a1", 10, PARTIAL_TURN), spec("s2", "Take a hat.")]);
    assert_eq!(told(&mut call), ["Will it rain?", "It is sunny."]);
}
