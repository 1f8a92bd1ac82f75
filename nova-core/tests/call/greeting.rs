//! The assistant speaks first.

use crate::script::*;
use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::conversation::Input;

#[test]
fn a_greeting_is_spoken_and_its_instruction_is_not_shown() {
    let mut call = Script::live();
    call.input(Input::Greet { text: "Greet the caller and ask how you can help.".into() });
    call.pass_ms(50);
    assert!(call.wire(1).contains(&"text Greet the caller and ask how you can help.".to_owned()));
    call.answer("Good morning! How can I help?", 3);
    assert_eq!(call.page(), ["assistant 1~ Good morning! How can I help?"]);
    assert!(call.story().contains(&"turn 1 answered".to_owned()));
}

#[test]
fn another_session_knows_of_the_greeting() {
    let mut call = Script::live();
    call.input(Input::Greet { text: "Greet the caller.".into() });
    call.pass_ms(50);
    call.answer("Good morning!", 3);
    call.fail("InternalServerException", "oops");
    call.pass_ms(500);
    let wire = call.wire(2).join(" / ");
    let history =
        "begin USER / text Greet the caller. / end / begin ASSISTANT / text Good morning! / end / begin AUDIO";
    assert!(wire.contains(history), "{wire}");
}

#[test]
fn a_model_that_only_answers_speech_cannot_speak_first() {
    let mut call = Script::with(v1());
    let refused = call.try_input(Input::Greet { text: "Say hello.".into() }).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert!(refused.message().contains("cannot speak first"), "{refused}");
}
