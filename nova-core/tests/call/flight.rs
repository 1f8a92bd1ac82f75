//! The flight log: a call that was written down is played again, without its words too, and a difference is found.

use std::time::Duration;

use crate::replay::eventful;
use crate::script::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::conversation::{AudioPolicy, Call, Input, Output};
use bedrock_nova::sonic::flight::{Difference, Log, Rerun, Step, Tally, Words};
use bedrock_nova::sonic::{Config, Event, Message};
use bytes::Bytes;
use serde_json::json;

/// Lets a call live from its inputs, and writes it down.
pub fn write_down(config: Config, inputs: &[(Duration, Input)], words: Words) -> Vec<String> {
    let (mut log, first) = Log::begin(words, &config, Catalogue::built_in(), 7);
    let mut call = Call::new(config, Catalogue::built_in(), 7).unwrap();
    let mut lines = vec![first];
    lines.extend(std::iter::from_fn(|| call.poll()).map(|output| log.output(output)));
    for (now, input) in inputs {
        lines.push(log.input(*now, input.clone()));
        if let Err(error) = call.handle(*now, input.clone()) {
            lines.push(log.refused(error));
        }
        lines.extend(std::iter::from_fn(|| call.poll()).map(|output| log.output(output)));
    }
    lines.push(log.end());
    lines
}

/// Plays a log to its end, or to the first difference.
pub fn play(lines: &[String]) -> Result<Tally, Box<Difference>> {
    let mut rerun = Rerun::begin(&lines[0]).unwrap();
    for line in &lines[1..] {
        match rerun.line(line).unwrap() {
            Step::Differs(difference) => return Err(difference),
            Step::End => return Ok(rerun.tally()),
            _ => {}
        }
    }
    panic!("the log has no end");
}

#[test]
fn a_log_plays_to_the_same_end_with_its_words_and_without() {
    let call = eventful(with_tools());
    for words in [Words::Redacted, Words::InFull] {
        let lines = write_down(with_tools(), &call.log, words);
        let tally = play(&lines).unwrap();
        assert_eq!(tally, Tally { inputs: call.log.len() as u64, outputs: call.outputs.len() as u64 });
    }
}

/// A call whose words decide what it does: the repeats of an answer are matched to what was announced, whole, in two
/// sentences at once and cut off by the user; the second answer is announced piece by piece.
fn repeated() -> Script {
    let mut call = Script::with(with_tools());
    call.hear([completion_start()]);
    call.user_says("Will it rain? And tomorrow?");
    call.hear([spec("s1", "It is sunny in Oslo."), spec("s2", "Tomorrow, it rains!"), sound("a1", 20)]);
    call.hear([sound_end("a1", END_TURN), spoken("f1", "It is sunny in Oslo. Tomorrow it rains!", END_TURN)]);
    call.pass_ms(2_000);
    call.user_says("Tell me a story.");
    call.hear([text_block("s3", "ASSISTANT", "SPECULATIVE", "Once upon a time there was a dog.", PARTIAL_TURN)]);
    call.hear([spec("s4", "It had no name."), sound("a2", 30)]);
    call.pass_ms(1_000);
    call.hear([speech_start(4_000), interrupted(r#"{ "interrupted" : true }"#)]);
    call.hear([sound_end("a2", INTERRUPTED), spoken("f2", "Once upon a ti", INTERRUPTED)]);
    call.user_says("Stop.");
    call.answer("All right.", 3);
    call.pass(Duration::from_secs(20));
    call.finish();
    call.pass(Duration::from_secs(30));
    call
}

#[test]
fn without_its_words_a_call_still_finds_out_what_was_spoken() {
    let call = repeated();
    let cut = call.lines().iter().any(|line| line.text == "Once upon a ti");
    assert!(cut, "the story is cut where the user spoke: {:?}", call.page());
    let lines = write_down(with_tools(), &call.log, Words::Redacted);
    play(&lines).unwrap();
    assert!(lines.iter().any(|line| line.contains(r#""text":"xxxx xxxx x xx""#)));
}

#[test]
fn the_first_change_is_found_and_named() {
    let call = eventful(with_tools());
    for words in [Words::Redacted, Words::InFull] {
        let whole = write_down(with_tools(), &call.log, words);
        let find = |part: &str| whole.iter().position(|line| line.contains(part)).unwrap();
        let places = [
            (find(r#""type":"transcript""#), r#""turn":1"#, r#""turn":2"#, "/turn"),
            (find(r#""type":"audio""#), r#""sum":""#, r#""sum":"0"#, "/pcm/sum"),
            (find(r#""out":"send""#), r#""link":1"#, r#""link":9"#, "/link"),
            (find(r#""out":"runTool""#), r#""out":"runTool""#, r#""out":"cancelTool""#, "/out"),
            (find(r#""type":"closed""#), r#""closeTimedOut""#, r#""finished""#, "/reason"),
        ];
        for (at, from, to, place) in places {
            let mut lines = whole.clone();
            lines[at] = lines[at].replacen(from, to, 1);
            assert_ne!(lines[at], whole[at], "{from}");
            let difference = play(&lines).unwrap_err();
            assert_eq!((difference.line, difference.place().0.as_str()), (at as u64 + 1, place), "{difference:?}");
        }
    }
}

#[test]
fn an_output_too_few_or_too_many_is_a_difference() {
    let call = eventful(with_tools());
    let whole = write_down(with_tools(), &call.log, Words::InFull);
    let at = whole.iter().position(|line| line.contains(r#""type":"turnEnded""#)).unwrap();
    let mut fewer = whole.clone();
    fewer.remove(at);
    assert_eq!(play(&fewer).unwrap_err().line, at as u64 + 1);
    let mut more = whole.clone();
    more.insert(at, whole[at].clone());
    assert_eq!(play(&more).unwrap_err().line, at as u64 + 2);
}

#[test]
fn a_refusal_is_played_too() {
    let mut call = Script::live();
    assert!(call.text(" ").is_err());
    call.finish();
    call.pass(Duration::from_secs(30));
    let whole = write_down(Config::default(), &call.log, Words::Redacted);
    play(&whole).unwrap();
    let at = whole.iter().position(|line| line.starts_with(r#"{"refused""#)).unwrap();
    let mut other = whole.clone();
    other[at] = other[at].replace("empty", "full");
    assert_eq!(play(&other).unwrap_err().place().0, "/message");
    let mut without = whole;
    without.remove(at);
    assert_eq!(play(&without).unwrap_err().line, at as u64 + 1);
}

#[test]
fn a_redacted_log_holds_nothing_that_was_said_or_told() {
    let secret = "XYZZY 4711";
    let mut config = with_tools();
    config.system = format!("Never say {secret}.");
    config.tools[0].spec.description = secret.to_owned();
    config.tools[0].spec.schema["description"] = json!(secret);
    config.inference.stop_sequences = vec![secret.to_owned()];
    config.history = vec![Message::user(secret), Message::assistant(secret)];
    let mut call = Script::with(config.clone());
    call.hear([completion_start(), text_block("u", "USER", "FINAL", secret, PARTIAL_TURN)]);
    call.hear([tool_use("u-1", "weather", &format!(r#"{{"{secret}":4711}}"#))]);
    call.tool_done("u-1", Ok(json!({ secret: [secret, 4711] }))).unwrap();
    call.hear([spec("s1", secret), sound("a1", 2), vec![event("novelty", json!({ "a": secret, secret: 4711 }))]]);
    call.hear([tool_use("u-2", "clock", &format!("\"{secret}\"")), tool_use("u-3", "clock", "{}")]);
    call.tool_done("u-3", Err(secret)).unwrap();
    call.text(secret).unwrap();
    call.input(Input::Greet { text: secret.to_owned() });
    let pcm = Bytes::from(secret.repeat(100));
    call.input(Input::Audio { pcm: pcm.clone(), policy: AudioPolicy::Wait, at: call.now });
    call.pass(Duration::from_secs(1));
    call.hear([vec![Bytes::from(format!("{{\"event\": {secret}"))]]);
    call.pass(Duration::from_secs(40));
    let heard = call.events().any(|event| matches!(event, Event::Audio(audio) if audio.pcm.iter().any(|b| *b != 0)));
    assert!(heard, "the answer sounds");

    let sounds = [STANDARD.encode(&pcm[..30]), STANDARD.encode([7; 30])];
    let full = write_down(config.clone(), &call.log, Words::InFull).join("\n");
    let redacted = write_down(config, &call.log, Words::Redacted).join("\n");
    for planted in ["XYZZY", "4711", &sounds[0], &sounds[1]] {
        assert!(full.contains(planted), "{planted:?} was not planted");
        let at = redacted.to_uppercase().find(&planted.to_uppercase());
        assert!(at.is_none(), "{planted:?} is left: {}", &redacted[at.unwrap().saturating_sub(300)..]);
    }
    // All sound is silence: a number, or nothing but the letter A.
    for line in redacted.lines().filter(|line| line.contains("audioInput\\\"") || line.contains("audioOutput\\\"")) {
        let content = line.split("\\\"content\\\":\\\"").nth(1).unwrap();
        let base64 = content.split('\\').next().unwrap();
        let rest: String = base64.chars().filter(|c| !"A=0123456789,\"".contains(*c)).collect();
        assert!(rest.is_empty(), "{line}");
    }
    assert!(redacted.contains("\"weather\"") && redacted.contains("novelty"), "what is no secret is there");
    play(&redacted.lines().map(str::to_owned).collect::<Vec<_>>()).unwrap();
}

#[test]
fn a_log_without_words_is_small() {
    let mut call = Script::live();
    call.hear([completion_start()]);
    for _ in 0..10 {
        call.speak(2_000);
        call.user_says("Hello?");
        call.answer("Hello to you too, my friend.", 100);
    }
    let minute = |words| {
        let bytes: usize = write_down(Config::default(), &call.log, words).iter().map(|line| line.len() + 1).sum();
        bytes as f64 / call.now.as_secs_f64() * 60.0 / 1e6
    };
    let (redacted, full) = (minute(Words::Redacted), minute(Words::InFull));
    assert!(redacted < 5.0 && redacted < full, "{redacted:.1} and {full:.1} megabytes a minute");
}

#[test]
fn lines_that_are_no_log_are_refused_with_their_number() {
    for (first, word) in
        [("", "Line 1"), ("{}", "does not begin"), (r#"{"flightLog":99}"#, "form 99"), ("[1]", "Line 1")]
    {
        let error = Rerun::begin(first).unwrap_err();
        assert!(error.code() == "flight-log" && error.message().contains(word), "{error}");
    }
    let call = Script::live();
    let whole = write_down(Config::default(), &call.log, Words::Redacted);
    for (line, word) in [
        ("nonsense", "it is no JSON"),
        (r#"{"now":1.5,"in":"ready""#, "ends too early"),
        (r#"{"now":1.5,"in":"teleported","secret":"XYZZY"}"#, "of another kind"),
        (r#"{"in":"finish"}"#, "of another kind"),
        (r#"{"what":1}"#, "no known kind"),
    ] {
        let mut rerun = Rerun::begin(&whole[0]).unwrap();
        rerun.line(&whole[1]).unwrap();
        let error = rerun.line(line).unwrap_err();
        assert!(error.message().starts_with("Line 3 ") && error.message().contains(word), "{error}");
        assert!(!error.to_string().contains("XYZZY"), "{error}");
    }
}

#[test]
fn a_differing_model_catalogue_travels_with_the_log() {
    // An unknown model: the call takes it for the newest, and the log must say so by itself.
    let config = config(|config| config.model = "amazon.nova-9-sonic".into());
    let mut call = Script::with(config.clone());
    call.hear([completion_start()]);
    call.user_says("Hello?");
    let lines = write_down(config, &call.log, Words::Redacted);
    assert!(matches!(play(&lines), Ok(tally) if tally.inputs > 0));
    assert!(
        call.outputs
            .iter()
            .any(|(_, output)| matches!(output, Output::Open { target, .. } if target.model.contains('9')))
    );
}
