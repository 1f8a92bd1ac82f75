//! Spares that fail, credentials that expire, regions that are sick, histories that are refused.

use std::time::Duration;

use crate::script::*;
use bedrock_nova::sonic::conversation::{Input, LinkKey, Output};
use bedrock_nova::sonic::{Event, Message, RenewReason};
use bedrock_nova::transport::Failure;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn regions(call: &Script) -> Vec<String> {
    let open = call.outputs.iter().filter_map(|(_, output)| match output {
        Output::Open { target, .. } => target.region.clone(),
        _ => None,
    });
    open.collect()
}

fn two_regions() -> bedrock_nova::sonic::Config {
    config(|config| config.regions = vec!["us-east-1".into(), "eu-north-1".into()])
}

#[test]
fn a_spare_that_cannot_be_opened_is_tried_again_and_the_call_goes_on() {
    let mut call = Script::live();
    call.dials = Dials::ByHand;
    call.hear([speech_start(0), speech_end(1, 2), user_final("Hello?")]);
    call.answer("Hi.", 3);
    call.pass(secs(151));
    call.story();
    for spare in 2..=4 {
        assert_eq!(call.link, LinkKey(spare));
        call.fail("ThrottlingException", "slow down");
        call.pass(secs(5));
    }
    let story = call.story();
    assert!(story.iter().all(|line| !line.starts_with("reconnecting") && !line.starts_with("closed")), "{story:?}");
    call.accept();
    assert!(call.story().iter().any(|line| line.starts_with("renewed ") && line.ends_with(" for silence")));
}

#[test]
fn expiring_credentials_are_a_reason_to_renew_in_good_time() {
    let mut call = Script::dialing(Default::default());
    call.input(Input::Opened { link: LinkKey(1), request_id: None, identity_expires: Some(secs(250)) });
    call.input(Input::Ready { link: LinkKey(1) });
    call.dials = Dials::Accepted;
    let mut renewed = None;
    for second in 0..250 {
        call.user_says("Hello?");
        call.answer("Hi.", 1);
        call.pass(secs(1));
        renewed = renewed.or(call.count(|event| matches!(event, Event::Renewed { .. })).gt(&0).then_some(second));
    }
    assert!(call.count(|event| matches!(event, Event::Renewed { reason: RenewReason::Credentials, .. })) == 1);
    assert!(renewed.is_some_and(|second| (125..=200).contains(&second)), "{renewed:?}");
}

#[test]
fn an_opening_that_is_denied_goes_to_the_next_region() {
    let mut call = Script::dialing(two_regions());
    call.dials = Dials::ByHand;
    call.fail("AccessDeniedException", "not here");
    call.pass_ms(10);
    call.accept();
    assert_eq!(regions(&call), ["us-east-1", "eu-north-1"]);
    assert!(call.story().contains(&"connected 1".to_owned()));
    let mut call = Script::dialing(two_regions());
    for _ in 0..2 {
        call.fail_with(Failure::Unreachable { code: "unreachable".into(), message: "refused".into() });
        call.pass_ms(1_000);
    }
    assert_eq!(call.story().last().unwrap(), "closed failed for unreachable", "each was tried once");
}

#[test]
fn a_call_moves_when_its_region_stays_sick() {
    let mut call = Script::with(two_regions());
    for _ in 0..3 {
        call.fail("ServiceUnavailableException", "later");
        call.pass(secs(3));
    }
    let regions = regions(&call);
    assert_eq!(regions[..2], ["us-east-1", "us-east-1"]);
    assert!(regions[2..].contains(&"eu-north-1".to_owned()), "{regions:?}");
    assert!(!call.is_over());
}

#[test]
fn a_history_that_is_refused_is_halved_once() {
    let long = |n: usize| vec![Message::user("a".repeat(n)), Message::assistant("b".repeat(n))];
    let mut call = Script::with(config(|config| config.history = [long(1_000), long(500)].concat()));
    call.fail("ValidationException", "Chat history is over max limit. Trim chat history and try again.");
    call.pass(secs(1));
    let history = call.wire(2).iter().filter(|line| line.starts_with("text a") || line.starts_with("text b")).count();
    let of_one = call.wire(1).iter().filter(|line| line.starts_with("text a") || line.starts_with("text b")).count();
    assert!(history < of_one, "{history} of {of_one} pieces");
    assert_eq!(call.count(|event| matches!(event, Event::HistoryTrimmed { .. })), 1);
    call.fail("ValidationException", "Chat history is over max limit. Trim chat history and try again.");
    assert_eq!(call.story().last().unwrap(), "closed failed for E-HISTMAX");
}

#[test]
fn what_the_filter_took_offence_at_is_not_said_again() {
    let mut call = Script::live();
    call.user_says("Something rude.");
    refuse_by_filter(&mut call);
    call.pass(secs(1));
    let story = call.story();
    assert!(story.contains(&"turn 1 filtered".to_owned()), "{story:?}");
    assert!(!call.wire(2).iter().any(|line| line.contains("rude")), "{:?}", call.wire(2));
    call.user_says("Something kind.");
    call.answer("Thank you.", 3);
    assert!(call.story().contains(&"turn 2 answered".to_owned()));
}

#[test]
fn what_was_being_said_when_the_filter_refused_is_lost_and_told_so() {
    let mut call = Script::live();
    call.speak(1_000);
    let from = call.now;
    refuse_by_filter(&mut call);
    call.pass(secs(1));
    assert_eq!(account(&call), [(ms(0), ms(1_000))]);
    assert_eq!(loud_since(&call, from), 0);
}

#[test]
fn what_was_being_told_again_when_the_filter_refused_is_not_told_once_more() {
    let mut call = Script::live();
    call.speak(1_000);
    call.fail("ThrottlingException", "slow down");
    call.stall();
    call.pass(secs(1));
    refuse_by_filter(&mut call);
    call.unstall();
    let from = call.now;
    call.pass(secs(5));
    assert_eq!(account(&call), [(ms(1_000), ms(0)), (ms(0), ms(1_000))]);
    assert_eq!(loud_since(&call, from), 0);
}

#[test]
fn what_was_asked_is_asked_again_when_the_filter_refuses_an_opening() {
    let mut call = Script::live();
    call.speak(1_000);
    call.hear([speech_start(100), speech_end(1_100, 1_480), user_final("What now?")]);
    call.dials = Dials::ByHand;
    call.fail("ThrottlingException", "slow down");
    call.pass_ms(10);
    refuse_by_filter(&mut call);
    call.pass(secs(1));
    let from = call.now;
    call.accept();
    call.pass(secs(1));
    assert_eq!(account(&call), [(ms(1_000), ms(0))]);
    assert_eq!(loud_since(&call, from), 32_000);
    call.hear([user_final("What now?")]);
    call.answer("Nothing.", 3);
    assert!(call.story().contains(&"turn 1 answered".to_owned()));
}

fn refuse_by_filter(call: &mut Script) {
    call.fail("ValidationException", "This request has been blocked by our content filters.");
}

/// What each new session was told again, and what was lost.
fn account(call: &Script) -> Vec<(Duration, Duration)> {
    let account = |event: &Event| match event {
        Event::Renewed { replayed, lost, .. } => Some((*replayed, *lost)),
        _ => None,
    };
    call.events().filter_map(account).collect()
}

/// Bytes of the user's voice that went out.
fn loud_since(call: &Script, from: Duration) -> usize {
    call.sound_since(from).iter().flat_map(|(_, pcm)| pcm).filter(|byte| **byte != 0).count()
}
