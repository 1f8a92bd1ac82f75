//! Recovery: a passing failure is followed by another session with the history, a lasting one by a typed end.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::script::*;
use bedrock_nova::ErrorKind;
use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::conversation::{Call, Input, LinkKey, Output};
use bedrock_nova::sonic::{Config, Event, Message};
use bedrock_nova::transport::Failure;

const PASSING: &[(&str, &str, &str)] = &[
    ("ValidationException", "InternalErrorCode=531::RST_STREAM closed stream. HTTP/2 error code: NO_ERROR", "E-531"),
    ("ValidationException", "System instability detected. Please retry your request.", "E-UNSTABLE"),
    ("ValidationException", "Timed out waiting for input events", "E-IDLE"),
    (
        "ValidationException",
        "[InternalErrorCode=532::]Timed out waiting for audio bytes or interactive content.",
        "E-IDLE",
    ),
    ("ValidationException", "Chat history should be sent completely before streaming audio.", "E-HISTLATE"),
    ("ValidationException", "Tool Response parsing error", "E-TOOLPARSE"),
    ("ModelTimeoutException", "Model has timed out in processing the request", "E-TIMEOUT8"),
    (
        "ModelStreamErrorException",
        "The system encountered an unexpected error during processing. Try your request again.",
        "E-INTERNAL",
    ),
    ("ThrottlingException", "slow down", "throttlingException"),
    ("ModelNotReadyException", "not yet", "modelNotReadyException"),
    ("ModelErrorException", "oops", "modelErrorException"),
    ("ModelStreamErrorException", "oops", "modelStreamErrorException"),
    ("InternalServerException", "oops", "internalServerException"),
    ("ServiceUnavailableException", "later", "serviceUnavailableException"),
    ("ServiceQuotaExceededException", "too many", "serviceQuotaExceededException"),
];

const LASTING: &[(&str, &str, ErrorKind, &str)] = &[
    ("AccessDeniedException", "no", ErrorKind::Denied, "accessDeniedException"),
    ("ResourceNotFoundException", "where", ErrorKind::Invalid, "resourceNotFoundException"),
    (
        "ResourceNotFoundException",
        "This model version has reached the end of its life.",
        ErrorKind::ModelRetired,
        "model-retired",
    ),
    ("ValidationException", "something else", ErrorKind::Invalid, "validationException"),
    ("ValidationException", "Unable to parse input chunk. Please check input format", ErrorKind::Invalid, "E-PARSE"),
    ("ValidationException", "Invalid input request, please fix your input and try again.", ErrorKind::Invalid, "E-GEN"),
    ("ValidationException", "Duplicate SYSTEM content. SYSTEM content can only be", ErrorKind::Protocol, "E-DUPSYS"),
    ("ValidationException", "Received invalid voiceId: value must not be empty", ErrorKind::Invalid, "E-VOICE0"),
    ("ValidationException", "Received invalid id: 'Carlos'", ErrorKind::Invalid, "E-VOICE1"),
    ("ValidationException", "Prompt [p] must have at least one audio content", ErrorKind::Protocol, "E-NOAUDIO"),
    ("ValidationException", "Cannot end content [c] as no content data was received", ErrorKind::Protocol, "E-EMPTY"),
    ("ValidationException", "All contents must be closed before ending prompt", ErrorKind::Protocol, "E-OPENCONTENT"),
    ("ValidationException", "The following prompts were not closed: [p]", ErrorKind::Protocol, "E-OPENPROMPT"),
    ("ValidationException", "No open content found for content name: c", ErrorKind::Protocol, "E-NOCONTENT"),
    (
        "ValidationException",
        "Malformed input request: string [a.b] does not match pattern ^[a-zA-Z0-9_-]+$",
        ErrorKind::Invalid,
        "E-TOOLNAME",
    ),
];

fn talked() -> Script {
    let mut call =
        Script::with(config(|config| config.history = vec![Message::user("Hello."), Message::assistant("Hi.")]));
    call.user_says("Will it rain?");
    call.answer("It is sunny.", 3);
    call.pass(Duration::from_secs(2));
    call.story();
    call
}

#[test]
fn a_passing_failure_is_followed_by_a_session_with_the_history() {
    let service = PASSING.iter().map(|(name, message, code)| (service(name, message), *code));
    let road = [
        (Failure::lost("reset"), "lost"),
        (Failure::Unreadable { message: "wrong checksum".into() }, "unreadable"),
        (Failure::Unreachable { code: "unreachable".into(), message: "refused".into() }, "unreachable"),
    ];
    for (failure, code) in service.chain(road) {
        let mut call = talked();
        call.fail_with(failure);
        call.pass(Duration::from_secs(1));
        let story = call.story();
        assert!(story.contains(&format!("reconnecting 1 for {code}")), "{code}: {story:?}");
        assert_eq!(story[story.len() - 2..], ["open 2", "connected 2"], "{code}");
        let wire = call.wire(2).join(" / ");
        let history = "begin USER / text Hello. / end / begin ASSISTANT / text Hi. / end / begin USER / text Will it rain? \
                       / end / begin ASSISTANT / text It is sunny. / end / begin AUDIO / audio";
        assert!(wire.contains(history), "{code}: {wire}");
        call.user_says("And tomorrow?");
        call.answer("Rain.", 3);
        assert!(call.story().contains(&"turn 2 answered".to_owned()), "{code}");
    }
}

#[test]
fn a_stream_that_ends_unasked_counts_as_passing() {
    let mut call = talked();
    call.end();
    call.pass(Duration::from_secs(1));
    assert!(call.story().contains(&"reconnecting 1 for peer-ended".to_owned()));
}

#[test]
fn a_lasting_failure_ends_the_call_with_its_error() {
    for (name, message, kind, code) in LASTING {
        let mut call = talked();
        call.user_says("And tomorrow?");
        call.fail(name, message);
        let story = call.story();
        assert!(story.contains(&"turn 2 lost".to_owned()), "{code}: {story:?}");
        assert!(story.contains(&"abort 1".to_owned()), "{code}: {story:?}");
        assert_eq!(story.last(), Some(&format!("closed failed for {code}")), "{code}: {story:?}");
        let closed = call.events().find_map(|event| match event {
            Event::Closed { error, .. } => error.clone(),
            _ => None,
        });
        let error = closed.unwrap();
        assert_eq!(error.kind(), *kind, "{code}");
        assert!(!error.is_retryable(), "{code}");
        assert!(error.hint().is_some(), "{code}");
    }
}

#[test]
fn the_first_dial_is_the_callers_to_repeat() {
    let mut call = Script::dialing(Config::default());
    call.fail("ThrottlingException", "slow down");
    assert_eq!(call.story(), ["open 1", "abort 1", "closed failed for throttlingException"]);
}

#[test]
fn a_dial_that_nobody_answers_ends() {
    let mut call = Script::dialing(Config::default());
    call.pass(Duration::from_secs(9));
    assert!(!call.is_over());
    call.pass(Duration::from_secs(2));
    assert_eq!(call.story(), ["open 1", "abort 1", "closed failed for connect-timeout"]);
}

#[test]
fn attempts_have_a_budget_and_the_pauses_grow() {
    let pauses = pauses_until_the_end(&service("ServiceUnavailableException", "later"));
    for (pause, most) in pauses.iter().zip([0, 750, 1_500, 3_000, 6_000, 12_000, 12_000, 12_000]) {
        assert!(*pause <= ms(most + 10) && *pause >= ms(most / 3), "{pauses:?}");
    }
}

#[test]
fn while_the_road_is_closed_the_pauses_stay_short() {
    let closed = Failure::Unreachable { code: "unreachable".into(), message: "no route".into() };
    let pauses = pauses_until_the_end(&closed);
    assert!(pauses.len() > 20, "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= ms(3_010)), "{pauses:?}");
    assert!(pauses[4..].iter().all(|pause| *pause >= ms(1_000)), "{pauses:?}");
}

/// Lets every attempt fail in the same way; returns the pauses before the next, until the budget was used up.
fn pauses_until_the_end(failure: &Failure) -> Vec<Duration> {
    let mut call = talked();
    call.dials = Dials::ByHand;
    let mut pauses = Vec::new();
    let began = call.now;
    while !call.is_over() {
        let failed_at = call.now;
        let link = call.link;
        call.fail_with(failure.clone());
        for _ in 0..1_500 {
            if call.is_over() || call.link != link {
                break;
            }
            call.pass_ms(10);
        }
        pauses.push(call.now - failed_at);
    }
    pauses.pop();
    let spent = call.now - began;
    assert!(spent <= Duration::from_secs(60) && spent > Duration::from_secs(45), "{spent:?}");
    assert!(call.story().last().unwrap().starts_with("closed failed for "));
    pauses
}

#[test]
fn sessions_that_last_make_the_count_begin_anew() {
    let mut call = talked();
    for _ in 0..12 {
        call.pass(Duration::from_secs(30));
        call.fail("ModelTimeoutException", "Model has timed out in processing the request");
        call.pass(Duration::from_secs(4));
        assert!(call.story().iter().any(|line| line.starts_with("reconnecting 1 ")));
    }
}

#[test]
fn sessions_that_do_not_last_are_given_up() {
    let mut call = talked();
    let began = call.now;
    while !call.is_over() {
        call.fail("ModelTimeoutException", "Model has timed out in processing the request");
        call.pass(Duration::from_secs(12));
    }
    assert!(call.now - began < Duration::from_secs(80), "{:?}", call.now - began);
}

#[test]
fn the_seed_scatters_the_pauses() {
    let second_dial = |seed: u64| {
        let mut call = Call::new(Config::default(), Catalogue::built_in(), seed).unwrap();
        call.handle(ms(0), Input::Opened { link: LinkKey(1), request_id: None, identity_expires: None }).unwrap();
        for link in [1, 2] {
            let failure = service("ThrottlingException", "slow down");
            call.handle(ms(100), Input::Failed { link: LinkKey(link), failure }).unwrap();
        }
        std::iter::from_fn(|| call.poll()).find_map(|output| match output {
            Output::Wait { until } => until,
            _ => None,
        })
    };
    let pauses: BTreeSet<_> = (0..50).map(second_dial).collect();
    assert!(pauses.len() > 45, "{} different pauses of 50", pauses.len());
    assert_eq!(second_dial(7), second_dial(7));
}

#[test]
fn frames_of_a_lost_link_say_nothing() {
    let mut call = talked();
    call.fail_with(Failure::lost("reset"));
    call.pass(Duration::from_secs(1));
    call.story();
    for payload in spec("s1", "Ghost.") {
        call.input(Input::Frame { link: LinkKey(1), payload });
    }
    call.input(Input::Ended { link: LinkKey(1) });
    call.input(Input::Opened { link: LinkKey(2), request_id: None, identity_expires: None });
    assert_eq!(call.story(), [""; 0]);
}

#[test]
fn usage_is_the_sum_of_the_sessions_last_totals() {
    let mut call = talked();
    call.hear([usage(100, 100), usage(150, 50), usage(150, 0)]);
    call.fail_with(Failure::lost("reset"));
    call.pass(Duration::from_secs(1));
    call.hear([usage(30, 30), usage(70, 40)]);
    let usage: Vec<_> = call.story().into_iter().filter(|line| line.starts_with("usage")).collect();
    assert_eq!(usage, ["usage 200", "usage 300", "usage 360", "usage 440"]);
}
