//! What each session was told, what it cost, and how it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bedrock_nova::usage::Money;
use bedrock_nova_emulator::ledger::{Ending, Tokens};

use crate::world::World;
use crate::world::service::{Asked, Session};

/// Bytes of one message of the history, and of all (reference §4.5, since June 2026).
const MESSAGE: usize = 50 * 1024;
const HISTORY: usize = 200 * 1024;
/// The service gives up a session that gets nothing for 55 s (reference §4.5); neither a tool, which has 30 s, nor the
/// answer of a session that makes room lasts so long.
const STARVES: Duration = Duration::from_secs(40);

pub fn verdict(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for session in world.service.sessions.values() {
        let mut say = |what: String| wrong.push(format!("{}: {what}", session.link));
        history(session, &mut say);
        tools(world, session, &mut say);
        breaches(session, &mut say);
        hunger(session, &mut say);
    }
    wrong.extend(usage(world));
    let ended_well = world.model.closed.as_ref().is_some_and(|closed| closed.error.is_none());
    if super::RENEWS || ended_well {
        wrong.extend(texts(world));
    }
    wrong.extend(twice_by_text(world));
    wrong
}

fn history(session: &Session, say: &mut impl FnMut(String)) {
    let history = &session.wire.history;
    let total: usize = history.iter().map(|(_, bytes)| bytes).sum();
    if total > HISTORY || history.iter().any(|(_, bytes)| *bytes > MESSAGE || *bytes == 0) {
        say(format!("a history of {total} bytes is over the limits, or has an empty message"));
    }
    if history.first().is_some_and(|(role, _)| role != "USER") || history.windows(2).any(|pair| pair[0].0 == pair[1].0)
    {
        say("the history does not begin with the user, or roles do not alternate".to_owned());
    }
}

fn tools(world: &World, session: &Session, say: &mut impl FnMut(String)) {
    let results = &session.wire.results;
    for (n, id) in results.iter().enumerate() {
        if results[n + 1..].contains(id) {
            say(format!("tool call {id} was answered twice"));
        }
    }
    let Some(ledger) = session.ledger() else { return };
    for id in results.iter().filter(|id| ledger.tool_calls.iter().all(|call| call.id != **id)) {
        say(format!("a tool call was answered that this session did not make: {id}"));
    }
    for call in &ledger.tool_calls {
        let told = world.model.tools.keys().any(|id| id.as_str() == call.id);
        // Unanswered for good only where the session was gone first.
        if told && call.answered_at.is_none() && ledger.ending == Some(Ending::Orderly) && !results.contains(&call.id) {
            let elsewhere = world.service.sessions.range(session.link..).skip(1);
            let as_text = elsewhere.flat_map(|(_, later)| &later.wire.typed).any(|text| text.contains(&call.name));
            if !as_text {
                say(format!("tool call {} was never answered", call.id));
            }
        }
    }
}

fn breaches(session: &Session, say: &mut impl FnMut(String)) {
    let Some(engine) = &session.engine else { return };
    if !engine.breaches().is_empty() {
        say(format!("the service noted {:?}", engine.breaches()));
    }
}

/// Whether the session is in use or makes room, it gets something before the service loses its patience with it.
fn hunger(session: &Session, say: &mut impl FnMut(String)) {
    if session.hunger > STARVES {
        say(format!("it got nothing for {:?}", session.hunger));
    }
}

/// What the call says it used is what its sessions told, to the token; and a session that ended in order told what it
/// billed. What a fault cuts off is billed and never told.
fn usage(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut told = [0; 4];
    for session in world.service.sessions.values() {
        let parts = session.told.unwrap_or_default();
        for (sum, part) in told.iter_mut().zip(parts) {
            *sum += part;
        }
        let Some(ledger) = session.ledger().filter(|ledger| ledger.ending == Some(Ending::Orderly)) else { continue };
        let Tokens { speech_in, text_in, speech_out, text_out, .. } = ledger.tokens;
        if parts != [speech_in, text_in, speech_out, text_out] && !session.damaged {
            wrong.push(format!("{} told of {parts:?}, and billed {:?}", session.link, ledger.tokens));
        }
    }
    let total = world.model.usage.unwrap_or_default();
    if world.model.news != total {
        wrong.push(format!("the call used {total:?}, and piece by piece {:?}", world.model.news));
    }
    // By hand: 3 and 12 dollars for a million tokens of speech in and out, 0.33 and 2.75 for text (reference §0.3).
    let [speech_in, text_in, speech_out, text_out] = told.map(u128::from);
    let pico = speech_in * 3_000_000 + text_in * 330_000 + speech_out * 12_000_000 + text_out * 2_750_000;
    if world.model.cost != Some(Money::from_pico_dollars(pico)) {
        wrong.push(format!("the call cost {:?} by its own count, and {pico} pico-dollars by hand", world.model.cost));
    }
    let used = [total.speech_in, total.text_in, total.speech_out, total.text_out];
    if used != told {
        wrong.push(format!("the call used {used:?} by its own count, and was told of {told:?}"));
    }
    wrong
}

/// Every text that the call took was typed into a session, or is handed back.
fn texts(world: &World) -> Vec<String> {
    let back = world.model.closed.iter().flat_map(|closed| &closed.texts);
    let typed = world.service.sessions.values().flat_map(|session| &session.wire.typed).chain(back);
    let arrived: BTreeSet<&str> = typed.map(|text| text.trim()).collect();
    let gone = world.model.texts.iter().filter(|text| !arrived.contains(text.trim()));
    gone.map(|text| format!("{text:.10}… was never typed")).collect()
}

/// A typed text that two sessions took has one answer.
fn twice_by_text(world: &World) -> Vec<String> {
    let mut answered: BTreeMap<&str, Vec<(u32, u32)>> = BTreeMap::new();
    for session in world.service.sessions.values() {
        for (turn, asked) in (1..).zip(&session.turns) {
            let answer = (session.link.0, turn);
            // Tools that fail alike are told alike.
            if let Asked::InText(text) = asked
                && !text.starts_with('(')
                && world.model.turns.is_answer(answer)
            {
                answered.entry(text).or_default().push(answer);
            }
        }
    }
    let twice = answered.iter().filter(|(_, answers)| answers.len() > 1);
    twice.map(|(text, answers)| format!("{text:.10}… was answered as {answers:?}")).collect()
}
