use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn every_command_reads_as_it_was_written() {
    let mut types = BTreeSet::new();
    for command in commands() {
        let json = command.encode();
        assert_eq!(Command::decode(&json).unwrap(), command, "{}", String::from_utf8_lossy(&json));
        assert_eq!(serde_json::from_slice::<Command>(&json).unwrap(), command);
        types.insert(serde_json::from_slice::<serde_json::Value>(&json).unwrap()["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(types, Command::TYPES.map(str::to_owned).into());
}

#[test]
fn commands_are_written_in_plain_words() {
    let written: Vec<String> =
        commands().iter().map(|command| String::from_utf8(command.encode().into()).unwrap()).collect();
    assert_eq!(written[1], r#"{"type":"audio","pcm":"AAECAw==","sampleRate":8000}"#);
    assert_eq!(written[2], r#"{"type":"audioEnd"}"#);
    assert_eq!(written[6], r#"{"type":"played","turn":3,"positionMs":1250.5}"#);
    assert_eq!(written[8], r#"{"type":"toolResult","id":"use-1","result":null}"#);
}

#[test]
fn what_is_wrong_is_said_in_a_sentence_that_names_the_field() {
    let all = "one of audio, audioEnd, text, greet, interrupt, played, toolResult, finish";
    for (json, sentence) in [
        ("", "A command is a JSON object: EOF while parsing a value at line 1 column 0."),
        ("[1]", "A command is a JSON object."),
        ("{}", &format!("A command needs the field `type`: {all}.")),
        (r#"{"type":7}"#, &format!("The field `type` of a command must be {all}.")),
        (r#"{"type":"Audio"}"#, &format!("There is no command \"Audio\"; `type` must be {all}.")),
        (r#"{"type":"text"}"#, "The command `text` needs the field `text`."),
        (r#"{"type":"text","text":5}"#, "The field `text` of the command `text` must be a string."),
        (r#"{"type":"text","text":"a","txt":1}"#, "The command `text` has no field \"txt\": it has text."),
        (r#"{"type":"finish","now":true}"#, "The command `finish` has no field \"now\": it has none."),
        (r#"{"type":"audio","pcm":"AQ"}"#, "The field `pcm` of the command `audio` must be base64 with its padding."),
        (
            r#"{"type":"audio","pcm":"AQ==","sampleRate":44100}"#,
            "The field `sampleRate` of the command `audio` must be 8000, 16000 or 24000.",
        ),
        (
            r#"{"type":"played","turn":1.5,"positionMs":0}"#,
            "The field `turn` of the command `played` must be a whole number, 0 or more.",
        ),
        (
            r#"{"type":"played","turn":1,"positionMs":-1}"#,
            "The field `positionMs` of the command `played` must be a number of milliseconds, 0 or more.",
        ),
        (r#"{"type":"played","turn":1}"#, "The command `played` needs the field `positionMs`."),
        (r#"{"type":"toolResult","id":"a"}"#, "The command `toolResult` needs one of the fields `result` and `error`."),
        (
            r#"{"type":"toolResult","id":"a","result":1,"error":"b"}"#,
            "The command `toolResult` needs one of the fields `result` and `error`.",
        ),
        (
            r#"{"type":"toolResult","id":"a","error":{}}"#,
            "The field `error` of the command `toolResult` must be a string.",
        ),
    ] {
        let error = Command::decode(json.as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, "command"), "{json}");
        assert_eq!(error.message(), sentence, "{json}");
    }
}

#[test]
fn a_rate_that_is_null_is_the_calls() {
    let command = Command::decode(br#"{"type":"audio","pcm":"","sampleRate":null}"#).unwrap();
    assert_eq!(command, Command::Audio { pcm: Bytes::new(), sample_rate: None });
}

#[test]
fn what_was_said_is_not_shown() {
    for command in commands() {
        let shown = format!("{command:?}");
        assert!(["time", "hello", "temperature", "city"].iter().all(|word| !shown.contains(word)), "{shown}");
    }
}

proptest! {
    #[test]
    fn positions_keep_their_microseconds(turn: u64, micros in 0..u64::from(u32::MAX)) {
        let command = Command::Played { turn, position: Duration::from_micros(micros) };
        prop_assert_eq!(Command::decode(&command.encode()).unwrap(), command);
    }

    #[test]
    fn no_number_panics(text in r#"\{"type":"played","turn":-?[0-9]{1,25},"positionMs":-?[0-9]{1,3}(e[0-9]{1,3})?\}"#) {
        let _ = Command::decode(text.as_bytes());
    }
}
