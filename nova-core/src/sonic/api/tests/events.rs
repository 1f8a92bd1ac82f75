use serde_json::Value;

use super::super::{decode, encode, name};
use super::*;

#[test]
fn every_event_reads_as_it_was_written_on_one_line() {
    for event in events() {
        let json = encode(&event);
        assert!(!json.contains(&b'\n'));
        assert_eq!(decode(&json).unwrap(), event, "{}", String::from_utf8_lossy(&json));
        let value: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(value["type"], name(&event.event));
        assert_eq!(value["seq"], event.seq);
    }
}

#[test]
fn audio_is_in_it() {
    let json = String::from_utf8(encode(&stamped(1, audio(3, ms(80)))).into()).unwrap();
    let wanted = r#"{"seq":1,"atMs":1234.567,"type":"audio","turn":3,"rate":24000,"offsetMs":80.0,"pcm":"AQL//g=="}"#;
    assert_eq!(json, wanted);
}

#[test]
fn fields_that_are_not_known_are_passed_over() {
    let json = br#"{"mood":"good","seq":4,"type":"userIdle","atMs":1.5,"silentMs":30000,"pcm":"AQI="}"#;
    let event = Event::UserIdle { silent: ms(30_000) };
    assert_eq!(decode(json).unwrap(), Stamped { seq: 4, at: Duration::from_micros(1_500), event });
}

#[test]
fn what_is_no_event_is_refused_with_its_reason() {
    for (json, reason) in [
        ("{", "EOF"),
        ("[]", "expected a JSON object"),
        ("{}", "seq"),
        (r#"{"seq":1,"atMs":0,"type":"singing"}"#, "singing"),
        (r#"{"seq":1,"atMs":-1,"type":"userIdle","silentMs":1}"#, "negative"),
        (r#"{"seq":1,"atMs":0,"type":"audio","turn":1,"rate":24000,"offsetMs":0}"#, "`pcm`"),
        (r#"{"seq":1,"atMs":0,"type":"audio","turn":1,"rate":24000,"offsetMs":0,"pcm":"AQ=="}"#, "sample"),
        (r#"{"seq":1,"atMs":0,"type":"audio","turn":1,"rate":24000,"offsetMs":0,"pcm":"?"}"#, "symbol"),
        (r#"{"seq":1,"atMs":0,"type":"audio","turn":1,"rate":44100,"offsetMs":0,"pcm":""}"#, "44100 Hz"),
    ] {
        let error = decode(json.as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, "event"), "{json}");
        assert!(error.message().contains(reason), "{json}: {}", error.message());
    }
}
