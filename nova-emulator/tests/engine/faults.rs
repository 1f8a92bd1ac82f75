//! Faults: every kind at its moment.

use std::time::Duration;

use bedrock_nova_emulator::{ExceptionKind, WireFault, ledger::Ending};

use crate::raw::*;

#[test]
fn every_modelled_error_comes_where_it_was_asked_for() {
    for kind in ExceptionKind::ALL {
        for (place, accepted) in
            [("opening", false), ("input:2", false), ("output:3", true), ("event:audioInput:2", true)]
        {
            let mut raw = setup().faults(&format!("{}@{place}", kind.camel_name())).live();
            raw.ask();
            let exception = raw.exception.clone().unwrap_or_else(|| panic!("{place}"));
            assert_eq!((exception.kind, raw.accepted_at.is_some()), (kind, accepted), "{place}");
            assert_eq!(raw.engine.ledger().ending, Some(Ending::Failed(kind.name())));
            let extras = (exception.original_status.is_some(), exception.resource_name.is_some());
            let model = matches!(kind, ExceptionKind::ModelError | ExceptionKind::ModelStreamError);
            assert_eq!(extras, (model, kind == ExceptionKind::ModelError));
            if place == "output:3" {
                assert_eq!(raw.events.len(), 2);
            }
        }
    }
}

#[test]
fn errors_of_the_catalogue_come_with_their_sentences() {
    for (fault, sentence) in [
        ("531@output:2", "InternalErrorCode=531::RST_STREAM closed stream"),
        ("UNSTABLE@input:5", "System instability detected"),
        ("FILTER@event:textOutput", "blocked by our content filters"),
        ("INTERNAL@after:1s", "unexpected error during processing"),
    ] {
        let mut raw = setup().faults(fault).live();
        raw.ask();
        raw.silence(2000);
        assert!(raw.message().contains(sentence), "{fault}: {}", raw.message());
    }
}

#[test]
fn times_are_scaled_by_the_clock() {
    let mut raw = setup().faults("TIMEOUT8@after:10s").clock(100.0).live();
    raw.pass(99);
    assert!(raw.is_alive());
    raw.pass(1);
    assert!(!raw.is_alive());
}

#[test]
fn late_headers_hold_everything_back() {
    let mut raw = setup().faults("late-headers:3s@opening").live();
    raw.ask();
    assert_eq!((raw.accepted_at, raw.events.len()), (None, 0));
    raw.silence(2000);
    assert_eq!(raw.accepted_at, Some(Duration::from_secs(3)));
    assert_eq!(raw.shape()[..3], ["userSpeechStart", "completionStart", "userSpeechEnd"]);
}

#[test]
fn wire_faults_are_handed_out_in_their_place() {
    for (fault, over) in [
        ("reset:2@output:2", true),
        ("drop-tcp@output:2", true),
        ("go-away@output:2", false),
        ("stall:2s@output:2", false),
        ("unknown-event-type@output:2", false),
        ("error-message:Oops@output:2", true),
        ("cut-frame@output:2", true),
        ("bad-crc@output:2", false),
    ] {
        let mut raw = setup().faults(fault).live();
        raw.ask();
        assert_eq!(raw.wires.len(), 1, "{fault}");
        assert_eq!(raw.engine.wake().is_none(), over, "{fault}");
        assert_eq!(raw.events.len() == 1, over, "{fault}: nothing follows a last fault");
        if let WireFault::CutFrame(payload) | WireFault::BadCrc(payload) = &raw.wires[0] {
            assert!(String::from_utf8_lossy(payload).contains("completionStart"), "the event whose frame is hurt");
        }
    }
    let raw = setup().faults("status:502@opening").start();
    assert_eq!(raw.wires, [WireFault::HttpStatus(502)]);
    assert_eq!((raw.accepted_at, raw.engine.wake()), (None, None));
    let mut raw = setup().faults("end@output:3").live();
    raw.ask();
    assert!(raw.ended.is_some() && raw.events.len() == 2);
}

#[test]
fn unknown_events_and_fields_once() {
    let mut raw = setup().faults("unknown-event@output:2,unknown-field@output:1").live();
    raw.ask();
    assert_eq!(raw.count("experimentalEvent"), 1);
    assert!(raw.all("userSpeechStart")[0].get("experimentalField").is_some());
    assert!(raw.all("completionStart")[0].get("experimentalField").is_none());
}

#[test]
fn nothing_private_is_shown_by_debug() {
    let mut raw = setup().live();
    raw.silence(128);
    raw.text_block("USER", true, "planted secret");
    raw.pass(5000);
    let shown = format!("{:?} {:?}", raw.engine, raw.engine.ledger());
    let output = bedrock_nova_emulator::Output::Event("planted secret".into());
    let wire = WireFault::CutFrame("planted secret".into());
    let shown = format!("{shown} {output:?} {wire:?} {:?}", bedrock_nova_emulator::Input::Payload(b"planted secret"));
    assert!(!shown.contains("planted") && !shown.contains("small voice"), "{shown}");
}
