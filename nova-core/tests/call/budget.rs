//! Budgets: told of once at a soft bound, ended in order and with a farewell at a hard one.

use std::time::Duration;

use crate::script::*;
use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::conversation::{Call, Input};
use bedrock_nova::sonic::{Event, ModelId};
use bedrock_nova::usage::{Bounds, BudgetLevel, BudgetMeasure, Money};

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn budget_lines(call: &Script) -> Vec<String> {
    call.events().filter(|event| matches!(event, Event::Budget { .. })).map(|event| format!("{event:?}")).collect()
}

/// Lets the call close its session, and the service end the stream; returns what the call ended with.
fn ended(call: &mut Script) -> String {
    for _ in 0..200 {
        if call.wire(1).ends_with(&["promptEnd".to_owned(), "sessionEnd".to_owned()]) {
            call.end();
            return call.story().pop().unwrap();
        }
        call.pass_ms(100);
    }
    panic!("the session was not closed in order: {:?}", call.wire(1));
}

#[test]
fn usage_says_what_is_new_and_what_all_of_it_costs() {
    let mut call = Script::with(config(|config| config.model = ModelId::from(ModelId::NOVA_2_SONIC)));
    call.hear([usage(100, 100), usage(100, 0), usage(250, 150)]);
    let told: Vec<_> = call
        .events()
        .filter_map(|event| match event {
            Event::Usage { total, delta, cost } => Some((total.speech_in, delta.speech_in, cost.unwrap().to_string())),
            _ => None,
        })
        .collect();
    // A token of speech that goes in costs 3,000,000 pico-dollars, one of text that comes out 2,750,000.
    assert_eq!(told, [(100, 100, "0.000575".to_owned()), (250, 150, "0.0014375".to_owned())]);
    assert_eq!(call.call.usage().cost, Some(Money::from_pico_dollars(1_437_500_000)));
}

#[test]
fn a_soft_bound_is_told_of_once_and_a_hard_one_says_goodbye() {
    let mut call = Script::with(config(|config| {
        config.budget.tokens = Bounds::new(100, 500);
        config.budget.farewell = Some("Say goodbye: the time is up.".to_owned());
    }));
    call.user_says("Tell me everything.");
    call.hear([usage(60, 60), usage(70, 10)]);
    assert_eq!(budget_lines(&call), ["Budget(Call, Tokens, Soft)"]);
    call.answer("It began long ago.", 3);
    call.hear([usage(250, 180), usage(251, 1)]);
    assert_eq!(budget_lines(&call)[1..], ["Budget(Call, Tokens, Hard)"]);
    call.pass_ms(100);
    let wire = call.wire(1);
    assert!(wire.contains(&"text Say goodbye: the time is up.".to_owned()), "{wire:?}");
    assert!(!wire.contains(&"promptEnd".to_owned()), "the farewell is still to come");
    call.answer("Goodbye!", 3);
    assert_eq!(ended(&mut call), "closed budget");
    assert!(!call.page().iter().any(|line| line.contains("time is up")), "nobody sees what the assistant was told");
}

#[test]
fn what_a_farewell_came_before_is_handed_back() {
    let mut call = Script::with(config(|config| {
        config.budget.time = Bounds::hard(secs(60));
        config.budget.farewell = Some("Say goodbye.".to_owned());
    }));
    call.pass(secs(59));
    call.stall();
    for text in ["On its way.", "One more question!", "And another!"] {
        call.text(text).unwrap();
    }
    call.pass(secs(1));
    call.unstall();
    call.pass_ms(100);
    let wire = call.wire(1);
    let typed: Vec<_> = wire.iter().filter(|line| line.starts_with("text ")).collect();
    assert_eq!(typed[1..], ["text On its way.", "text Say goodbye."]);
    call.answer("Wait.", 3);
    call.answer("Goodbye!", 3);
    assert_eq!(ended(&mut call), "closed budget");
    let closed = call.events().find_map(|event| match event {
        Event::Closed { unsent, .. } => Some(unsent.texts.clone()),
        _ => None,
    });
    assert_eq!(closed.unwrap(), ["One more question!", "And another!"]);
}

#[test]
fn a_model_that_nobody_can_type_to_ends_without_a_farewell() {
    let mut call = Script::with(config(|config| {
        config.model = ModelId::from(V1);
        config.budget.time = Bounds::hard(secs(60));
        config.budget.farewell = Some("Say goodbye.".to_owned());
    }));
    call.user_says("Hello?");
    call.answer("Hi.", 3);
    call.pass(secs(61));
    assert_eq!(budget_lines(&call), ["Budget(Call, Time, Hard)"]);
    assert_eq!(ended(&mut call), "closed budget");
}

#[test]
fn a_bound_on_time_needs_no_word_from_anybody() {
    let mut call = Script::with(config(|config| config.budget.time = Bounds::new(secs(100), secs(130))));
    call.pass(secs(99));
    assert_eq!(budget_lines(&call), [""; 0]);
    call.pass(secs(1));
    assert_eq!(budget_lines(&call), ["Budget(Call, Time, Soft)"]);
    call.pass(secs(30));
    assert_eq!(budget_lines(&call)[1..], ["Budget(Call, Time, Hard)"]);
}

#[test]
fn the_owners_budget_ends_a_call_like_its_own() {
    let mut call = Script::live();
    for level in [BudgetLevel::Soft, BudgetLevel::Soft, BudgetLevel::Hard] {
        call.input(Input::OwnerBudget { measure: BudgetMeasure::Cost, level });
    }
    assert_eq!(budget_lines(&call), ["Budget(Owner, Cost, Soft)", "Budget(Owner, Cost, Hard)"]);
    assert_eq!(ended(&mut call), "closed budget");
}

#[test]
fn a_bound_on_the_cost_of_an_unknown_price_is_refused() {
    let config = config(|config| {
        config.model = ModelId::from("amazon.nova-9-sonic");
        config.budget.cost = Bounds::hard(Money::from_cents(10));
    });
    assert_eq!(Call::new(config, Catalogue::built_in(), 7).unwrap_err().code(), "budget");
}
