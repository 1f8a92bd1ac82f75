//! Transcripts: one item per speaker and turn, announced first, then as spoken, never doubled.

use std::time::Duration;

use crate::script::*;
use serde_json::json;

fn answered() -> Script {
    let mut call = Script::live();
    call.user_says("Will it rain?");
    call.hear([spec("s1", "It is sunny."), audio("a1", 3, PARTIAL_TURN)]);
    call.hear([spec("s2", " Take a hat."), audio("a2", 3, END_TURN)]);
    call
}

fn settled(call: &mut Script) -> Vec<String> {
    call.pass(Duration::from_secs(40));
    call.page()
}

const WHOLE: [&str; 2] = ["user 1: Will it rain?", "assistant 1: It is sunny. Take a hat."];

#[test]
fn repeats_that_come_while_the_answer_still_goes_on() {
    let mut call = Script::live();
    call.user_says("Will it rain?");
    call.hear([spec("s1", "It is sunny."), audio("a1", 3, PARTIAL_TURN), spoken("f1", "It is sunny.", PARTIAL_TURN)]);
    assert_eq!(call.page()[1], "assistant 1~ It is sunny.", "the line is not certain before its turn is over");
    call.hear([spec("s2", "Take a hat."), audio("a2", 3, END_TURN), spoken("f2", "Take a hat.", END_TURN)]);
    assert_eq!(call.page(), WHOLE, "and is at once when all of it was repeated");
}

#[test]
fn repeats_that_come_nine_seconds_later() {
    let mut call = answered();
    call.pass(Duration::from_secs(9));
    call.hear([spoken("f1", "It is sunny.", PARTIAL_TURN), spoken("f2", "Take a hat.", END_TURN)]);
    assert_eq!(call.page(), WHOLE);
    assert_eq!(settled(&mut call), WHOLE);
}

#[test]
fn repeats_that_come_after_the_next_input() {
    for pause in [2, 100] {
        let mut call = answered();
        call.pass(Duration::from_secs(pause));
        call.user_says("And tomorrow?");
        call.hear([spoken("f1", "It is sunny.", PARTIAL_TURN), spoken("f2", "Take a hat.", PARTIAL_TURN)]);
        call.answer("Rain.", 3);
        call.hear([spoken("f3", "Rain.", END_TURN)]);
        let page = settled(&mut call);
        assert_eq!(page[..2], WHOLE, "after {pause} s");
        assert_eq!(page[2..], ["user 2: And tomorrow?", "assistant 2: Rain."], "after {pause} s");
    }
}

#[test]
fn a_repeat_that_never_comes() {
    let mut call = answered();
    assert_eq!(settled(&mut call), WHOLE);
}

#[test]
fn several_sentences_in_one_repeat_and_a_repeat_of_the_repeat() {
    let mut call = answered();
    call.hear([spoken("f1", "It is sunny. Take a hat.", END_TURN)]);
    assert_eq!(call.page(), WHOLE);
    call.hear([spoken("f1", "It is sunny. Take a hat.", END_TURN), spoken("f2", "Take a hat.", END_TURN)]);
    assert_eq!(settled(&mut call), WHOLE);
}

#[test]
fn other_spacing_and_punctuation_is_no_other_text() {
    let mut call = answered();
    call.hear([spoken("f1", "\n\n It is sunny", PARTIAL_TURN), spoken("f2", " take a hat!", PARTIAL_TURN)]);
    assert_eq!(settled(&mut call), WHOLE);
}

#[test]
fn one_sentence_repeated_in_pieces() {
    let mut call = answered();
    call.hear([spoken("f1", "It is", PARTIAL_TURN)]);
    call.hear([spoken("f2", "sunny.", PARTIAL_TURN), spoken("f3", "Take a hat.", PARTIAL_TURN)]);
    assert_eq!(settled(&mut call), WHOLE);
}

#[test]
fn a_cut_repeat_takes_back_what_was_not_heard() {
    for (heard, line) in [
        ("It is", "assistant 1: It is"),
        ("It is sunny.", "assistant 1: It is sunny."),
        ("It is sunny. Take", "assistant 1: It is sunny. Take"),
        ("It is sunny. Take a hat.", "assistant 1: It is sunny. Take a"),
    ] {
        let mut call = Script::live();
        call.user_says("Will it rain?");
        call.hear([spec("s1", "It is sunny."), audio("a1", 30, PARTIAL_TURN), spec("s2", "Take a hat.")]);
        call.hear([audio("a2", 30, PARTIAL_TURN)]);
        call.pass_ms(2_400 + 1_600);
        call.hear([interrupted(r#"{"interrupted":true}"#), spoken("f1", heard, INTERRUPTED)]);
        call.user_says("Thanks.");
        assert_eq!(settled(&mut call)[1], line);
    }
}

#[test]
fn a_cut_repeat_goes_to_the_answer_that_was_cut() {
    let mut call = Script::live();
    call.user_says("Well?");
    call.answer("I see.", 3);
    call.pass_ms(1_000);
    call.user_says("What?");
    call.hear([spec("s2", "I see a cat and a dog."), sound("a2", 20)]);
    call.pass_ms(1_100);
    call.hear([interrupted(r#"{"interrupted":true}"#)]);
    call.hear([spoken("f2", "I see a cat", INTERRUPTED)]);
    let page = settled(&mut call);
    assert_eq!((page[1].as_str(), page[3].as_str()), ("assistant 1: I see.", "assistant 2: I see a cat"));
}

#[test]
fn the_same_sentence_in_two_turns_stays_two_lines() {
    let mut call = Script::live();
    for question in ["Really?", "Truly?"] {
        call.user_says(question);
        call.hear([spec("s", "Yes."), audio("a", 3, END_TURN), spoken("f", "Yes.", END_TURN)]);
        call.pass_ms(1_000);
    }
    let page = settled(&mut call);
    assert_eq!(page, ["user 1: Really?", "assistant 1: Yes.", "user 2: Truly?", "assistant 2: Yes."]);
}

#[test]
fn the_same_sentence_twice_in_one_answer_stays_twice() {
    let mut call = Script::live();
    call.user_says("Really?");
    call.hear([spec("s1", "Yes."), audio("a1", 3, PARTIAL_TURN), spec("s2", "Yes."), audio("a2", 3, END_TURN)]);
    call.hear([spoken("f1", "Yes.", PARTIAL_TURN), spoken("f2", "Yes.", END_TURN)]);
    assert_eq!(settled(&mut call)[1], "assistant 1: Yes. Yes.");
}

#[test]
fn words_that_differ_from_the_announced_ones_replace_them() {
    let mut call = Script::live();
    call.user_says("How warm?");
    call.answer("21 degrees.", 3);
    call.hear([spoken("f1", "Twenty-one degrees.", END_TURN)]);
    assert_eq!(settled(&mut call)[1], "assistant 1: Twenty-one degrees.");
}

#[test]
fn text_comes_in_pieces_with_spaces_and_line_breaks() {
    let mut call = Script::live();
    call.user_says("Well?");
    let mut block = spec("s1", "\n\nIt is");
    block.insert(2, event("textOutput", serde_json::json!({ "contentId": "s1", "content": " sunny." })));
    call.hear([block, audio("a1", 3, END_TURN)]);
    assert_eq!(settled(&mut call)[1], "assistant 1: It is sunny.");
}

#[test]
fn a_line_that_comes_out_of_nowhere_is_settled_too() {
    let mut call = Script::live();
    call.user_says("Well?");
    call.answer("Yes.", 3);
    call.pass(Duration::from_secs(60));
    call.hear([spoken("f1", "Something else.", END_TURN)]);
    call.user_says("What?");
    call.answer("No.", 3);
    let page = settled(&mut call);
    assert_eq!(page.len(), 4);
    assert!(page.iter().all(|line| line.contains(": ")), "{page:?}");
}

#[test]
fn a_service_that_leaves_the_stage_out_is_understood_turn_by_turn() {
    let unstaged = |id: &str, text: &str| -> Said {
        vec![
            event("contentStart", json!({ "contentId": id, "type": "TEXT", "role": "ASSISTANT" })),
            event("textOutput", json!({ "contentId": id, "content": text })),
            event("contentEnd", json!({ "contentId": id, "type": "TEXT", "stopReason": "PARTIAL_TURN" })),
        ]
    };
    let mut call = Script::live();
    for (question, answer) in [("One?", "First."), ("Two?", "Second.")] {
        call.user_says(question);
        call.hear([unstaged("t", answer), audio("a", 3, END_TURN)]);
        call.pass_ms(3_000);
    }
    call.pass_ms(20_000);
    assert_eq!(call.page(), ["user 1: One?", "assistant 1: First.", "user 2: Two?", "assistant 2: Second."]);
}
