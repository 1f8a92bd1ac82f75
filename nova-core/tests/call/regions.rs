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
    call.fail("ValidationException", "This request has been blocked by our content filters.");
    call.pass(secs(1));
    let story = call.story();
    assert!(story.contains(&"turn 1 filtered".to_owned()), "{story:?}");
    assert!(!call.wire(2).iter().any(|line| line.contains("rude")), "{:?}", call.wire(2));
    call.user_says("Something kind.");
    call.answer("Thank you.", 3);
    assert!(call.story().contains(&"turn 2 answered".to_owned()));
}
