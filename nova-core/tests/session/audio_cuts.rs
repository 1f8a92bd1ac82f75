//! The same audio in any slices gives the same samples, both ways.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_nova::audio::SampleRate;
use bedrock_nova::ids::PromptName;
use bedrock_nova::model::{Catalogue, ModelId, Voice};
use bedrock_nova::sonic::limits;
use bedrock_nova::sonic::session::{Content, Heard, Inference, Input, Output, PromptConfig, Session};
use proptest::prelude::*;
use serde_json::{Value, json};

fn live(rate: SampleRate) -> Session {
    let mut session = Session::with_prompt(&Catalogue::built_in().model(&ModelId::default()), PromptName::from("p"));
    session.start(&Inference::default(), None).unwrap();
    session.start_prompt(&PromptConfig::new(Voice::Tiffany, SampleRate::Hz24000)).unwrap();
    let system = session.open(Content::System).unwrap();
    session.text(&system, "Be brief.").unwrap();
    session.close(&system).unwrap();
    session.open(Content::Audio { rate }).unwrap();
    while session.poll().is_some() {}
    session
}

/// Cuts bytes at places that are taken modulo what is left.
fn slices<'a>(mut rest: &'a [u8], cuts: &[usize], unit: usize) -> Vec<&'a [u8]> {
    let mut slices = Vec::new();
    for cut in cuts {
        let (slice, after) = rest.split_at(cut % (rest.len() / unit + 1) * unit);
        slices.push(slice);
        rest = after;
    }
    slices.push(rest);
    slices
}

fn sent_audio(session: &mut Session) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    while let Some(output) = session.poll() {
        let Output::Send(payload) = output else { panic!("{output:?}") };
        let json: Value = serde_json::from_slice(&payload).unwrap();
        pieces.push(STANDARD.decode(json["event"]["audioInput"]["content"].as_str().unwrap()).unwrap());
    }
    pieces
}

proptest! {
    #[test]
    fn going_up(samples in prop::collection::vec(any::<i16>(), 0..6_000), cuts in prop::collection::vec(any::<usize>(), 0..8),
        rate in prop::sample::select(&SampleRate::ALL)) {
        let pcm: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let mut session = live(rate);
        for slice in slices(&pcm, &cuts, 2) {
            session.audio(slice).unwrap();
        }
        let pieces = sent_audio(&mut session);
        for piece in &pieces {
            prop_assert!(!piece.is_empty() && piece.len() % 2 == 0 && piece.len() <= rate.bytes(limits::AUDIO_PIECE));
        }
        prop_assert_eq!(pieces.concat(), pcm);
    }

    #[test]
    fn coming_down(samples in prop::collection::vec(any::<i16>(), 0..2_000), cuts in prop::collection::vec(any::<usize>(), 0..8)) {
        let pcm: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let mut session = live(SampleRate::Hz16000);
        hear(&mut session, "contentStart", &json!({ "contentId": "k", "type": "AUDIO", "role": "ASSISTANT" }));
        for slice in slices(&pcm, &cuts, 1) {
            hear(&mut session, "audioOutput", &json!({ "contentId": "k", "content": STANDARD.encode(slice) }));
        }
        let mut heard = Vec::new();
        while let Some(output) = session.poll() {
            if let Output::Heard(Heard::Audio { pcm, .. }) = output {
                prop_assert!(pcm.len() % 2 == 0);
                heard.extend_from_slice(&pcm);
            }
        }
        prop_assert_eq!(heard, pcm);
    }
}

#[test]
fn half_a_sample_is_refused_and_nothing_is_sent() {
    let mut session = live(SampleRate::Hz16000);
    assert_eq!(session.audio(&[0; 3]).unwrap_err().code(), "half-sample");
    assert_eq!(session.poll(), None);
}

#[test]
fn audio_that_nobody_takes_is_refused_at_a_bound() {
    let mut session = live(SampleRate::Hz24000);
    let second = vec![0; 48_000];
    let taken = (0..1_000).take_while(|_| session.audio(&second).is_ok()).count();
    assert!((30..100).contains(&taken), "{taken} s");
    assert_eq!(session.audio(&second).unwrap_err().code(), "audio-waiting");
    while session.poll().is_some() {}
    session.audio(&second).unwrap();
}

fn hear(session: &mut Session, name: &str, body: &Value) {
    session.handle(Input::Payload(json!({ "event": { name: body } }).to_string().as_bytes()));
}
