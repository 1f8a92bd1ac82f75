//! Barge-in: one `Interrupted`, one flush, the right heard time, the words cut there, and the next answer alive.

use crate::script::*;

/// An answer of two seconds, of which 400 ms have been played.
fn being_answered(reader: Reader) -> Script {
    let mut call = Script::live();
    call.reader = reader;
    call.user_says("Tell me.");
    call.hear([spec("s1", "So, once upon a time."), sound("a1", 25)]);
    call.pass_ms(400);
    call.story();
    call
}

fn goes_on(call: &mut Script, turn: u64) {
    call.story();
    call.hear([user_final("Stop."), spec("s9", "Fine."), audio("a9", 2, END_TURN)]);
    let expected = ["user T: Stop.", "assistant T~ Fine.", "sound T", "turn T answered"];
    let expected: Vec<_> = expected.iter().map(|line| line.replace('T', &turn.to_string())).collect();
    assert_eq!(call.story(), expected, "the next answer is alive");
    call.pass_ms(60_000);
    assert_eq!(call.count(|event| matches!(event, bedrock_nova::sonic::Event::Interrupted { .. })), 1);
}

#[test]
fn the_canonical_order() {
    let mut call = being_answered(Reader::AtOnce);
    call.hear([sound_end("a1", END_TURN), interrupted(r#"{ "interrupted" : true }"#)]);
    assert_eq!(call.story(), ["turn 1 answered", "flush 1", "interrupted 1 after 400 ms", "assistant 1: So,"]);
    goes_on(&mut call, 2);
}

#[test]
fn the_control_text_in_any_spelling() {
    for spelling in [r#"{"interrupted":true}"#, "{\n  \"interrupted\": true\n}", " { \"interrupted\" :true } "] {
        let mut call = being_answered(Reader::AtOnce);
        call.hear([sound_end("a1", PARTIAL_TURN), interrupted(spelling)]);
        assert_eq!(
            call.story(),
            ["flush 1", "interrupted 1 after 400 ms", "assistant 1: So,", "turn 1 interrupted"],
            "{spelling}"
        );
        goes_on(&mut call, 2);
    }
}

#[test]
fn the_sound_ends_interrupted_first() {
    let mut call = being_answered(Reader::AtOnce);
    call.hear([sound_end("a1", INTERRUPTED), interrupted(r#"{"interrupted":true}"#)]);
    assert_eq!(call.story(), ["flush 1", "interrupted 1 after 400 ms", "assistant 1: So,", "turn 1 interrupted"]);
    goes_on(&mut call, 2);
}

#[test]
fn only_the_speech_is_noticed_and_late_sound_of_the_dead_answer_is_dropped() {
    let mut call = being_answered(Reader::AtOnce);
    call.hear([speech_start(9_000)]);
    assert_eq!(
        call.story(),
        ["speech starts", "flush 1", "interrupted 1 after 400 ms", "assistant 1: So,", "turn 1 interrupted"]
    );
    call.hear([
        more_sound("a1", 4),
        sound_end("a1", PARTIAL_TURN),
        spec("s2", "There was"),
        audio("a2", 4, PARTIAL_TURN),
    ]);
    assert_eq!(call.story(), [""; 0], "nothing of the dead answer");
    call.hear([speech_end(9_500, 9_900)]);
    goes_on(&mut call, 2);
}

#[test]
fn all_the_signs_at_once() {
    let mut call = being_answered(Reader::AtOnce);
    call.hear([speech_start(9_000), sound_end("a1", END_TURN), interrupted(r#"{"interrupted":true}"#)]);
    call.hear([spoken("f1", "So, once upon a", PARTIAL_TURN), speech_end(9_500, 9_900)]);
    goes_on(&mut call, 2);
    assert_eq!(call.page()[1], "assistant 1: So,", "more was delivered than heard");
}

#[test]
fn the_first_model_shows_a_barge_in_only_by_the_next_words() {
    let mut call = Script::with(v1());
    call.hear([user_final("Tell me."), spec("s1", "So, once upon a time."), audio("a1", 25, PARTIAL_TURN)]);
    call.pass_ms(400);
    call.story();
    call.hear([user_final("Stop.")]);
    assert_eq!(
        call.story(),
        ["flush 1", "interrupted 1 after 400 ms", "assistant 1: So,", "turn 1 interrupted", "user 2: Stop."]
    );
    call.answer("Fine.", 2);
    assert_eq!(call.story(), ["assistant 2~ Fine.", "sound 2", "turn 2 answered"]);
}

#[test]
fn the_answer_is_given_but_not_played_to_its_end() {
    let mut call = being_answered(Reader::AtOnce);
    call.hear([sound_end("a1", END_TURN)]);
    call.pass_ms(600);
    call.story();
    call.hear([speech_start(9_000)]);
    assert_eq!(call.story(), ["speech starts", "flush 1", "interrupted 1 after 1000 ms", "assistant 1: So, once"]);
    call.hear([speech_end(9_500, 9_900)]);
    goes_on(&mut call, 2);
}

#[test]
fn after_the_answer_was_played_nobody_is_interrupted() {
    let mut call = being_answered(Reader::AtOnce);
    call.hear([sound_end("a1", END_TURN)]);
    call.pass_ms(1_700);
    call.story();
    call.hear([speech_start(9_000), interrupted(r#"{"interrupted":true}"#), speech_end(9_500, 9_900)]);
    assert_eq!(call.story(), ["speech starts", "speech ends"]);
}

#[test]
fn a_reader_that_took_nothing_has_heard_nothing() {
    let mut call = being_answered(Reader::ByHand);
    call.hear([sound_end("a1", END_TURN)]);
    call.pass_ms(60_000);
    call.story();
    call.hear([speech_start(9_000)]);
    assert_eq!(call.story(), ["speech starts", "flush 1", "interrupted 1 after 0 ms", "assistant 1: "]);
    call.take(1, 2_000);
    call.pass_ms(100);
    call.hear([interrupted(r#"{"interrupted":true}"#)]);
    assert_eq!(call.story(), [""; 0], "what it takes afterwards changes nothing");
}

#[test]
fn a_late_reader_has_heard_what_it_took() {
    let mut call = being_answered(Reader::ByHand);
    call.take(1, 800);
    call.pass_ms(300);
    call.hear([speech_start(9_000)]);
    assert_eq!(call.story()[2], "interrupted 1 after 300 ms");
}

#[test]
fn the_application_interrupts() {
    let mut call = being_answered(Reader::AtOnce);
    call.interrupt();
    assert_eq!(call.story(), ["flush 1", "interrupted 1 after 400 ms", "assistant 1: So,", "turn 1 interrupted"]);
    call.interrupt();
    call.hear([more_sound("a1", 4), sound_end("a1", PARTIAL_TURN), spec("s2", "There was"), audio("a2", 4, END_TURN)]);
    assert_eq!(call.story(), [""; 0], "the service knows nothing of it and goes on; nobody hears it");
    goes_on(&mut call, 2);
}

#[test]
fn the_application_interrupts_what_is_only_played_and_the_next_unasked_answer_is_alive() {
    let mut call = being_answered(Reader::AtOnce);
    call.hear([sound_end("a1", END_TURN)]);
    call.interrupt();
    call.story();
    call.answer("By the way.", 2);
    assert_eq!(call.story(), ["assistant 2~ By the way.", "sound 2", "turn 2 answered"]);
}

#[test]
fn answers_that_wait_behind_each_other_are_all_cut() {
    let mut call = Script::live();
    for text in ["One.", "Two."] {
        call.text(text).unwrap();
    }
    call.answer("First.", 10);
    call.answer("Second.", 10);
    call.pass_ms(1_000);
    call.story();
    call.hear([speech_start(9_000)]);
    assert_eq!(
        call.story(),
        ["speech starts", "flush 2", "interrupted 2 after 200 ms", "assistant 2: "],
        "the first was played"
    );
    call.hear([speech_end(9_500, 9_900), user_final("And?")]);
    call.answer("Third.", 10);
    call.text("Four.").unwrap();
    call.answer("Fourth.", 10);
    call.story();
    call.hear([speech_start(12_000)]);
    let cut = [
        "flush 3",
        "interrupted 3 after 0 ms",
        "assistant 3: ",
        "flush 4",
        "interrupted 4 after 0 ms",
        "assistant 4: ",
    ];
    assert_eq!(call.story()[1..], cut);
}
