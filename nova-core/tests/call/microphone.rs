//! A microphone that is switched off: the audio block is closed, nothing is sent, and the call lives.

use std::sync::Arc;
use std::time::Duration;

use crate::duet::{Act, Duet};
use crate::script::*;
use bedrock_nova::sonic::conversation::{AudioPolicy, Input};
use bedrock_nova::sonic::{CloseReason, Config, Event, RenewReason, SampleRate, ToolSpec, TurnEnd};
use bedrock_nova_emulator::{Scenario, Settings, Strictness, clips};
use bytes::Bytes;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn strict(switches: &[(&str, &str)]) -> Settings {
    let scenario = Arc::new(Scenario::small_talk());
    let mut settings = Settings { scenario, strictness: Strictness::Strict, ..Settings::default() };
    for (name, position) in switches {
        settings.switches.put(name, position).unwrap();
    }
    settings
}

fn question(name: &str) -> Bytes {
    let clip = clips::question(name).unwrap().at(SampleRate::Hz16000.hz());
    clip.pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<u8>>().into()
}

/// What went up on a link, without the audio.
fn blocks(call: &Script, link: u32) -> Vec<String> {
    let wire = call.wire(link);
    let live = wire.iter().position(|line| line == "begin AUDIO").unwrap();
    wire[live..].iter().filter(|line| *line != "audio").cloned().collect()
}

#[test]
fn what_was_handed_over_is_sent_then_the_block_is_closed_and_the_next_word_opens_another() {
    let mut call = Script::live();
    call.audio(400, AudioPolicy::Wait).unwrap();
    call.input(Input::EndAudio);
    call.pass(secs(1));
    assert_eq!(blocks(&call, 1), ["begin AUDIO", "end"]);
    let said = call.sound_since(ms(0)).iter().flat_map(|(_, pcm)| pcm).filter(|byte| **byte != 0).count();
    assert_eq!(said, 400 * 32, "all of it first");
    let from = call.now;
    call.pass(secs(30));
    assert!(call.sound_since(from).is_empty(), "and no silence after it");
    let from = call.now;
    call.audio(20, AudioPolicy::Live).unwrap();
    assert_eq!(blocks(&call, 1), ["begin AUDIO", "end", "begin AUDIO"]);
    let sound = call.sound_since(from);
    assert_eq!(sound[0].1, vec![0; 3_200], "a hundred milliseconds of silence come first");
    assert_eq!(sound[1].1, vec![3; 640]);
    call.pass(secs(1));
    assert!(call.sound_since(from).len() > 10, "the microphone is on: there is silence again");
}

#[test]
fn a_text_opens_a_block_is_typed_beside_it_and_lets_it_be_closed() {
    let mut call = Script::live();
    call.input(Input::EndAudio);
    call.pass(secs(2));
    call.text("Hello?").unwrap();
    call.pass(secs(2));
    let closed = ["begin AUDIO", "end"];
    let typed = ["begin AUDIO", "begin USER", "text Hello?", "end", "end"];
    assert_eq!(blocks(&call, 1), [&closed[..], &typed[..]].concat());
    call.answer("Hi.", 3);
    assert!(call.story().contains(&"turn 1 answered".to_owned()));
}

#[test]
fn it_may_be_said_at_any_time() {
    let mut call = Script::dialing(Config::default());
    call.input(Input::EndAudio);
    call.input(Input::EndAudio);
    call.accept();
    call.pass(secs(1));
    assert_eq!(blocks(&call, 1), ["begin AUDIO", "end"], "a block is primed before it is closed");
    call.finish();
    call.pass(secs(1));
    assert_eq!(blocks(&call, 1), ["begin AUDIO", "end", "promptEnd", "sessionEnd"]);
    call.input(Input::EndAudio);
    call.end();
    call.input(Input::EndAudio);
    assert!(call.is_over());
}

#[test]
fn an_utterance_that_nobody_ends_is_over_with_the_block() {
    let mut call = Script::live();
    call.speak(500);
    call.hear([speech_start(0)]);
    call.input(Input::EndAudio);
    call.pass(secs(20));
    assert_eq!(call.story(), ["speech starts", "turn 1 noAnswer"], "nobody waits for its end for ever");
}

#[test]
fn a_session_that_is_lost_is_told_again_what_was_said_and_has_its_block_closed() {
    let mut call = Script::live();
    call.dials = Dials::Accepted;
    call.speak(500);
    call.hear([speech_start(100)]);
    call.input(Input::EndAudio);
    call.pass(secs(1));
    let from = call.now;
    call.fail("ModelStreamErrorException", "Received error: [InternalErrorCode=531]");
    call.pass(secs(2));
    assert_eq!(blocks(&call, 2), ["begin AUDIO", "end"]);
    let said = call.sound_since(from).iter().flat_map(|(_, pcm)| pcm).filter(|byte| **byte != 0).count();
    assert_eq!(said, 500 * 32);
}

#[test]
fn half_an_hour_without_a_microphone_is_no_error() {
    for switches in [&[][..], &[("silence-cut", "off")]] {
        let mut config = Config::default();
        config.idle.hang_up = secs(7_200);
        let mut duet = Duet::new(config, strict(switches))
            .at(secs(1), Act::EndAudio)
            .at(secs(1_800), Act::Type("That is all.".into()))
            .at(secs(1_801), Act::Finish);
        duet.run(secs(2_000));
        assert!(duet.breaches.is_empty(), "{switches:?}: {:?}", duet.breaches);
        assert_eq!(duet.closed(), Some((CloseReason::Finished, None)), "{switches:?}");
        assert_eq!(duet.count(|event| matches!(event, Event::Reconnecting { .. })), 0, "{switches:?}");
        assert_eq!(duet.turn_ends(), [TurnEnd::Answered], "{switches:?}");
        let for_silence = |event: &Event| matches!(event, Event::Renewed { reason: RenewReason::Silence, .. });
        assert!(duet.count(for_silence) >= 10, "{switches:?}: the spare takes over as ever");
        let heard: u64 = duet.ledgers.iter().map(|ledger| ledger.audio_samples_in).sum();
        assert!(heard < 16_000 * 20, "{switches:?}: {heard} samples in half an hour");
    }
}

#[test]
fn a_service_that_takes_the_end_of_a_block_for_the_end_of_what_was_said_answers() {
    let mut duet = Duet::new(Config::default(), strict(&[("audio-end-commits", "on")]))
        .at(secs(1), Act::Say(question("weather"), AudioPolicy::Wait))
        .at(secs(1), Act::EndAudio)
        .at(secs(120), Act::Say(question("weather"), AudioPolicy::Wait))
        .at(secs(120), Act::EndAudio)
        .at(secs(160), Act::Finish);
    duet.run(secs(200));
    assert!(duet.breaches.is_empty(), "{:?}", duet.breaches);
    assert_eq!(duet.closed(), Some((CloseReason::Finished, None)));
    assert_eq!(duet.turn_ends(), [TurnEnd::Answered; 2], "{:#?}", duet.transcript());
}

#[test]
fn a_result_that_comes_while_the_block_is_closed_opens_one() {
    let city = serde_json::json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tool = |name: &str| ToolSpec::new(name, "Tells something of a city.", city.clone()).into();
    let config = config(|config| config.tools = vec![tool("get_weather"), tool("get_time")]);
    let mut settings = strict(&[("tool-result-after-audio", "refused")]);
    settings.scenario = Arc::new(Scenario::tools());
    let mut duet = Duet::new(config, settings)
        .tool(secs(6), |_| Ok(serde_json::json!({"temperature": 11})))
        .microphone(secs(1), &[&question("weather")[..], &[0; 32 * 2_200]].concat(), 32_000)
        .at(secs(6), Act::EndAudio)
        .at(secs(20), Act::Finish);
    duet.run(secs(60));
    assert!(duet.breaches.is_empty(), "{:?}", duet.breaches);
    assert_eq!(duet.closed(), Some((CloseReason::Finished, None)));
    assert_eq!(duet.turn_ends(), [TurnEnd::Answered], "{:#?}", duet.transcript());
    assert_eq!(duet.ledgers.len(), 1, "one session");
}
