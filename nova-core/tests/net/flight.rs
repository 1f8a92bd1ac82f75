//! A call over real sockets is written down beside it, and the file plays to the same end.

use std::path::Path;
use std::time::Duration;

use bedrock_nova::sonic::flight::{Rerun, Step};
use bedrock_nova::sonic::{Builder, Conversation, Event, Tool};
use bedrock_nova_emulator::{Emulator, Scenario, clips};
use serde_json::json;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(60);

fn talk_to(emulator: &Emulator) -> Builder {
    let city = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let weather = Tool::new("get_weather", "Tells the temperature in a city.", city, |_| async move {
        Ok::<_, String>(json!({"temperature": 11.123456789012345}))
    });
    Conversation::builder()
        .tool(weather)
        .region("us-east-1")
        .endpoint_url(emulator.tls_url())
        .ca_bundle(emulator.ca_file())
        .credentials(emulator.access_key(), emulator.secret_key(), None)
}

/// Plays a log; says how it ends, or where it differs.
fn play(text: &str) -> Option<Step> {
    let mut lines = text.lines();
    let mut rerun = Rerun::begin(lines.next()?).unwrap();
    let mut steps = lines.map(|line| rerun.line(line).unwrap());
    steps.find(|step| matches!(step, Step::End | Step::Differs(_) | Step::Missing(_)))
}

async fn converse(builder: Builder) {
    let question = clips::question("weather").unwrap().at(16_000).pcm;
    let pcm: Vec<u8> = question.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut talk = builder.connect().await.unwrap();
    talk.send_audio(pcm).await.unwrap();
    while let Some(event) = timeout(DEADLINE, talk.next()).await.expect("an event within the deadline") {
        if let Event::TurnEnded { .. } = event {
            talk.finish();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_whole_when_the_last_event_was_read() {
    let emulator = Emulator::builder().scenario(Scenario::tools()).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    tokio::join!(
        converse(talk_to(&emulator).record(file("redacted"))),
        converse(talk_to(&emulator).record_in_full(file("full"))),
    );
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let (redacted, full) = (read(&file("redacted")), read(&file("full")));
    assert_eq!(play(&redacted), Some(Step::End));
    assert_eq!(play(&full), Some(Step::End));
    for planted in ["degrees in Oslo", "Oslo", "11.1234"] {
        assert!(full.contains(planted), "{planted:?} is in the call");
        assert!(!redacted.contains(planted), "{planted:?} was said");
    }
    assert!(redacted.len() * 2 < full.len(), "{} and {} bytes", redacted.len(), full.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_dropped_leaves_a_whole_log() {
    let emulator = Emulator::builder().scenario(Scenario::small_talk()).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let talk = talk_to(&emulator).record(folder.path()).connect().await.unwrap();
    drop(talk);
    let end = async {
        loop {
            let log = std::fs::read_dir(folder.path()).unwrap().next().map(|file| file.unwrap().path());
            let text = log.map(|path| std::fs::read_to_string(path).unwrap()).unwrap_or_default();
            if text.contains("\n{\"end\":") {
                return play(&text);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert_eq!(timeout(DEADLINE, end).await.expect("the log ends within the deadline"), Some(Step::End));
}
