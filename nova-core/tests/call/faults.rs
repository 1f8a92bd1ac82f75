//! Every fault of the emulator's menu, at every kind of moment: the call comes back or ends with a typed reason, every
//! turn of the user's ends, and nobody waits for ever.

use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::{CloseReason, Config, Event, SampleRate, TurnEnd};
use bedrock_nova_emulator::judge::Refusal;
use bedrock_nova_emulator::{ExceptionKind, Fault, Scenario, Settings, Strictness, clips};

use crate::duet::{Act, Duet};

const MOMENTS: [&str; 8] = [
    "opening",
    "input:2",
    "output:1",
    "output:4",
    "event:audioOutput:3",
    "event:userSpeechEnd",
    "input:120",
    "after:4s",
];

const DAMAGE: [&str; 9] = [
    "end",
    "unknown-event",
    "unknown-field",
    "cut-frame",
    "bad-crc",
    "reset:2",
    "drop-tcp",
    "unknown-event-type",
    "error-message:Oops:something unmodelled",
];

fn menu() -> Vec<String> {
    let exceptions = ExceptionKind::ALL.iter().map(|kind| kind.camel_name().to_owned());
    let refusals = Refusal::codes().map(str::to_owned);
    exceptions.chain(refusals).chain(DAMAGE.map(str::to_owned)).collect()
}

/// Two questions, and a first session with a fault; later ones are healthy.
fn with_fault(fault: &str) -> Duet {
    let fault: Fault = fault.parse().unwrap();
    let question = |name: &str| -> Vec<u8> {
        let clip = clips::question(name).unwrap().at(SampleRate::Hz16000.hz());
        clip.pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect()
    };
    Duet::with_sessions(Config::default(), move |session| Settings {
        scenario: Arc::new(Scenario::small_talk()),
        strictness: Strictness::Strict,
        faults: if session == 1 { vec![fault.clone()] } else { Vec::new() },
        ..Settings::default()
    })
    .microphone(Duration::from_secs(1), &question("who"), 32_000)
    .microphone(Duration::from_secs(20), &question("what"), 32_000)
    .at(Duration::from_secs(35), Act::Finish)
}

#[test]
fn every_fault_at_every_moment_ends_in_an_answer_or_a_reason() {
    let mut cases = 0;
    for what in menu() {
        for moment in MOMENTS {
            let fault = format!("{what}@{moment}");
            if fault.parse::<Fault>().is_err() {
                continue;
            }
            cases += 1;
            let mut call = with_fault(&fault);
            call.run(Duration::from_secs(120));
            let Some((reason, error)) = call.closed() else { panic!("{fault}: the call did not end") };
            let kind = error.as_ref().map(bedrock_nova::Error::kind);
            assert_ne!(kind, Some(ErrorKind::Bug), "{fault}: {error:?}");
            assert!(call.breaches.is_empty(), "{fault}: {:?}", call.breaches);
            match reason {
                CloseReason::Finished => {
                    // It came back or never noticed: the second question, at the latest, was answered.
                    let ends = call.turn_ends();
                    assert_eq!(ends.last(), Some(&TurnEnd::Answered), "{fault}: {ends:?}");
                }
                CloseReason::Failed => assert!(kind.is_some(), "{fault}: a failure without its error"),
                other => panic!("{fault}: closed as {other:?} with {error:?}"),
            }
        }
    }
    assert!(cases > 150, "only {cases} cases could be written");
}

#[test]
fn a_passing_fault_in_an_answer_is_followed_by_a_session_that_knows_what_was_said() {
    for what in ["throttlingException", "internalServerException", "531", "TIMEOUT8", "drop-tcp", "cut-frame"] {
        let fault = format!("{what}@event:audioOutput:3");
        let mut call = with_fault(&fault);
        call.run(Duration::from_secs(120));
        assert_eq!(call.closed(), Some((CloseReason::Finished, None)), "{fault}");
        assert_eq!(call.count(|event| matches!(event, Event::Reconnecting { .. })), 1, "{fault}");
        assert_eq!(call.count(|event| matches!(event, Event::Connected { .. } | Event::Renewed { .. })), 2, "{fault}");
        assert_eq!(call.turn_ends(), [TurnEnd::Lost, TurnEnd::Answered], "{fault}");
    }
}
