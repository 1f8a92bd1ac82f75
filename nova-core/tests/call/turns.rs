//! Turns: each is opened by one utterance or text, answered once or ended with a reason.

use std::time::Duration;

use crate::script::*;
use bedrock_nova::sonic::{Event, Latency};

#[test]
fn a_plain_turn() {
    let mut call = Script::live();
    call.hear([speech_start(0), completion_start(), speech_end(1_920, 2_400), user_final("Will it rain?")]);
    call.hear([spec("s1", "It is sunny."), audio("a1", 17, END_TURN)]);
    assert_eq!(
        call.story(),
        [
            "speech starts",
            "speech ends",
            "user 1: Will it rain?",
            "assistant 1~ It is sunny.",
            "sound 1",
            "turn 1 answered",
        ]
    );
}

#[test]
fn every_order_of_the_signs_of_an_utterance_makes_one_turn() {
    let signs = || [speech_start(0), speech_end(1_000, 1_480), user_final("Hello."), completion_start()];
    for order in permutations(4) {
        if order.iter().position(|n| *n == 0) > order.iter().position(|n| *n == 1) {
            continue; // Speech does not end before it starts.
        }
        let mut call = Script::live();
        for n in &order {
            let said = signs()[*n].clone();
            call.hear([said]);
        }
        call.answer("Hi.", 5);
        call.pass(Duration::from_secs(60));
        assert_eq!(call.page(), ["user 1: Hello.", "assistant 1: Hi."], "in the order {order:?}");
        assert_eq!(ends(&call), ["1 Answered"], "in the order {order:?}");
    }
}

#[test]
fn the_first_model_says_nothing_of_boundaries() {
    let mut call = Script::with(v1());
    call.hear([completion_start()]);
    for (question, answer) in [("One?", "First."), ("Two?", "Second.")] {
        call.hear([user_final(question), spec("s", answer), audio("a", 3, END_TURN)]);
        call.pass(Duration::from_secs(3));
    }
    assert_eq!(ends(&call), ["1 Answered", "2 Answered"]);
    assert_eq!(call.page()[..2], ["user 1: One?", "assistant 1~ First."]);
}

#[test]
fn a_long_utterance_in_several_blocks_is_one_line() {
    for config in [v1(), config(|_| {})] {
        let mut call = Script::with(config);
        call.hear([user_final("I would like"), user_final(" to book"), user_final("a table.")]);
        call.answer("Gladly.", 3);
        assert_eq!(call.page(), ["user 1: I would like to book a table.", "assistant 1~ Gladly."]);
        assert_eq!(ends(&call), ["1 Answered"]);
    }
}

#[test]
fn a_pause_inside_an_utterance_does_not_split_it() {
    let mut call = Script::live();
    call.hear([speech_start(0), speech_end(900, 1_400), user_final("I would like")]);
    call.hear([speech_start(1_500), speech_end(2_500, 3_000), user_final("a table.")]);
    call.answer("Gladly.", 3);
    assert_eq!(call.page(), ["user 1: I would like a table.", "assistant 1~ Gladly."]);
    assert_eq!(ends(&call), ["1 Answered"]);
}

#[test]
fn an_end_that_is_told_when_the_user_speaks_again_is_that_of_the_utterance_before() {
    let mut call = Script::live();
    call.hear([speech_start(0), speech_start(2_000), user_final("Will it rain?"), speech_end(1_000, 1_480)]);
    call.pass(Duration::from_secs(60));
    assert_eq!(ends(&call), [""; 0], "nobody waits for an answer: the user speaks");
    call.hear([speech_end(62_000, 62_480), user_final("Or snow?")]);
    call.answer("No.", 5);
    call.pass(Duration::from_secs(60));
    assert_eq!(call.page(), ["user 1: Will it rain? Or snow?", "assistant 1: No."]);
    assert_eq!(ends(&call), ["1 Answered"]);
}

#[test]
fn an_answer_of_two_sentences_ends_with_the_second_sound() {
    let mut call = Script::live();
    call.user_says("Will it rain?");
    call.hear([spec("s1", "No."), audio("a1", 3, PARTIAL_TURN)]);
    assert_eq!(ends(&call), [""; 0]);
    call.hear([spec("s2", "Take a hat."), audio("a2", 3, END_TURN)]);
    assert_eq!(ends(&call), ["1 Answered"]);
    assert_eq!(call.page()[1], "assistant 1~ No. Take a hat.");
}

#[test]
fn an_answer_without_sound_ends_with_its_text_and_keeps_it() {
    let mut call = Script::live();
    call.user_says("Hm?");
    call.hear([spec("s1", "I cannot say."), text_block("s2", "ASSISTANT", "SPECULATIVE", "Sorry.", END_TURN)]);
    assert_eq!(ends(&call), ["1 Answered"]);
    call.pass(Duration::from_secs(60));
    assert_eq!(call.page()[1], "assistant 1: I cannot say. Sorry.");
}

#[test]
fn the_end_of_a_repeated_text_ends_no_turn() {
    let mut call = Script::live();
    call.user_says("One?");
    call.hear([spec("s1", "First."), audio("a1", 3, END_TURN)]);
    call.user_says("Two?");
    call.hear([spoken("f1", "First.", END_TURN)]);
    assert_eq!(ends(&call), ["1 Answered"]);
    call.hear([spec("s2", "Second."), spoken("f0", "First.", END_TURN), sound("a2", 2)]);
    assert_eq!(ends(&call), ["1 Answered"]);
    call.hear([sound_end("a2", END_TURN)]);
    assert_eq!(ends(&call), ["1 Answered", "2 Answered"]);
}

#[test]
fn a_model_that_speaks_unasked_gets_a_turn_of_its_own() {
    let mut call = Script::live();
    call.hear([completion_start()]);
    call.answer("Welcome!", 5);
    call.pass(Duration::from_secs(60));
    assert_eq!(call.page(), ["assistant 1: Welcome!"]);
    assert_eq!(ends(&call), ["1 Answered"]);
    call.user_says("Hello.");
    call.answer("Hi.", 5);
    assert_eq!(ends(&call), ["1 Answered", "2 Answered"]);
}

#[test]
fn latency_counts_from_the_end_of_speech() {
    let mut call = Script::live();
    call.pass_ms(5_000);
    call.hear([speech_start(0), speech_end(1_000, 1_480), user_final("Hello.")]);
    call.pass_ms(300);
    call.hear([spec("s1", "Hi.")]);
    call.pass_ms(200);
    call.hear([audio("a1", 3, END_TURN)]);
    let Latency { first_text, first_audio, .. } = latency(&call);
    assert_eq!((first_text, first_audio), (Some(ms(780)), Some(ms(980))));
}

#[test]
fn latency_counts_from_the_end_of_speech_even_if_that_is_told_late() {
    let mut call = Script::live();
    call.pass_ms(5_000);
    call.hear([speech_start(0), user_final("Hello."), speech_end(1_000, 1_480)]);
    call.pass_ms(300);
    call.answer("Hi.", 3);
    assert_eq!(latency(&call).first_audio, Some(ms(780)));
}

#[test]
fn three_turns_in_one_completion() {
    let mut call = Script::live();
    call.hear([completion_start()]);
    for n in 1..=3 {
        call.user_says(&format!("Question {n}?"));
        call.answer(&format!("Answer {n}."), 3);
        call.pass(Duration::from_secs(2));
    }
    assert_eq!(ends(&call), ["1 Answered", "2 Answered", "3 Answered"]);
    assert_eq!(call.lines().len(), 6);
}

fn ends(call: &Script) -> Vec<String> {
    call.events()
        .filter_map(|event| match event {
            Event::TurnEnded { turn, end, .. } => Some(format!("{turn} {end:?}")),
            _ => None,
        })
        .collect()
}

fn latency(call: &Script) -> Latency {
    let found = call.events().find_map(|event| match event {
        Event::TurnEnded { latency, .. } => Some(*latency),
        _ => None,
    });
    found.unwrap()
}

fn permutations(n: usize) -> Vec<Vec<usize>> {
    match n {
        0 => vec![Vec::new()],
        _ => permutations(n - 1)
            .into_iter()
            .flat_map(|shorter| {
                (0..n).map(move |at| {
                    let mut longer = shorter.clone();
                    longer.insert(at, n - 1);
                    longer
                })
            })
            .collect(),
    }
}
