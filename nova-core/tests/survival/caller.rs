//! Somebody on the telephone: speaks, listens, and keeps a recording of both sides.

use std::path::PathBuf;
use std::time::Duration;

use bedrock_nova::sonic::{
    Builder, CloseReason, Conversation, Event, Events, RenewReason, Role, Stamped, TranscriptStage, TurnEnd,
};
use bedrock_nova_emulator::{Emulator, Scenario, emulator};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::heard::Heard;
use crate::microphone::{Microphone, RATE};
use crate::panics::watch_tasks;

/// Beyond the longest of these calls; one that hangs says so.
const DEADLINE: Duration = Duration::from_secs(125);

/// Begins a strict service that answers in its own time what it is asked, and keeps what it hears.
pub(crate) fn service() -> emulator::Builder {
    watch_tasks();
    let turns = [("One?", ["The sea covers most of the earth.", "The moon pulls on it, and that makes the tides."])];
    let turns = turns.map(|(heard, answer)| json!({"heard": heard, "answer": answer}));
    let script = json!({"version": 1, "name": "sea", "turns": turns, "afterwards": turns});
    let scenario = Scenario::parse(&script.to_string()).unwrap();
    Emulator::builder().scenario(scenario).strictness(bedrock_nova_emulator::Strictness::Strict).pace(1.2).keep_audio()
}

/// Begins a call to the service at an address, which may be that of a road to it.
pub(crate) fn call(service: &Emulator, url: &str) -> Builder {
    Conversation::builder()
        .region("us-east-1")
        .endpoint_url(url)
        .ca_bundle(service.ca_file())
        .credentials(service.access_key(), service.secret_key(), None)
        .input_rate(RATE)
        .output_rate(RATE)
}

/// A call that is over.
pub(crate) struct Recorded {
    pub(crate) events: Vec<Stamped>,
    /// When the microphone was opened, on the call's clock.
    opened: Duration,
}

/// Speaks what the microphone gives, listens, and hangs up behind the last answer. `heard` gets every event at once.
pub(crate) async fn hold(talk: Conversation, microphone: &Microphone, heard: watch::Sender<Vec<Stamped>>) -> Recorded {
    let opened = talk.elapsed();
    let (sender, events) = talk.split();
    let speak = async {
        microphone.run(&sender).await;
        sender.finish();
    };
    let both = async { tokio::join!(speak, listen(events, &heard)) };
    timeout(DEADLINE, both).await.expect("the call came to its end");
    Recorded { events: heard.borrow().clone(), opened }
}

async fn listen(mut events: Events, heard: &watch::Sender<Vec<Stamped>>) {
    while let Some(event) = events.next_stamped().await {
        heard.send_modify(|heard| heard.push(event));
    }
}

impl Recorded {
    /// How every turn ended.
    pub(crate) fn turn_ends(&self) -> Vec<TurnEnd> {
        self.find(|event| if let Event::TurnEnded { end, .. } = event { Some(*end) } else { None })
    }

    /// How many lines of the user's the transcript has.
    pub(crate) fn questions(&self) -> usize {
        let items = self.find(|event| match event {
            Event::Transcript(line) if line.role == Role::User && line.stage == TranscriptStage::Final => {
                Some(line.item)
            }
            _ => None,
        });
        items.into_iter().collect::<std::collections::BTreeSet<_>>().len()
    }

    /// Every hand-over: when on the call's clock, why, what was told again and what could not be.
    pub(crate) fn renewals(&self) -> Vec<(Duration, RenewReason, Duration, Duration)> {
        let renewals = self.events.iter().filter_map(|stamped| match &stamped.event {
            Event::Renewed { reason, replayed, lost, .. } => Some((stamped.at, *reason, *replayed, *lost)),
            _ => None,
        });
        renewals.collect()
    }

    /// When something first happened from a time on, on the call's clock.
    pub(crate) fn first_from(&self, from: Duration, what: impl Fn(&Event) -> bool) -> Duration {
        let found = self.events.iter().find(|stamped| stamped.at >= from && what(&stamped.event));
        found.expect("it happened").at
    }

    pub(crate) fn count(&self, what: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|stamped| what(&stamped.event)).count()
    }

    /// Asserts that the call ended as this side wanted, and that nothing was given up on the way.
    pub(crate) fn assert_whole(&self) {
        let last = self.events.last().map(|stamped| &stamped.event);
        let Some(Event::Closed { reason: CloseReason::Finished, error: None, .. }) = last else {
            panic!("the call ended with {last:?}")
        };
        let lost = |event: &Event| matches!(event, Event::InputDropped { .. } | Event::Gap { .. });
        assert_eq!(self.count(lost), 0, "first at {:?}", self.first_from(Duration::ZERO, lost));
    }

    /// Writes the call down, the user's side as the service heard it on the left and the assistant's on the right, and
    /// returns the file.
    pub(crate) fn write(&self, name: &str, heard: &Heard) -> PathBuf {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.wav"));
        let assistant = self.assistant();
        let spec =
            WavSpec { channels: 2, sample_rate: RATE.hz(), bits_per_sample: 16, sample_format: SampleFormat::Int };
        let mut wav = WavWriter::create(&path, spec).unwrap();
        for n in 0..heard.pcm.len().max(assistant.len()) {
            wav.write_sample(heard.pcm.get(n).copied().unwrap_or(0)).unwrap();
            wav.write_sample(assistant.get(n).copied().unwrap_or(0)).unwrap();
        }
        wav.finalize().unwrap();
        path
    }

    /// The assistant's voice as a loudspeaker plays it: a piece when it comes, or when the piece before is over.
    fn assistant(&self) -> Vec<i16> {
        let mut played: Vec<i16> = Vec::new();
        for stamped in &self.events {
            if let Event::Audio(audio) = &stamped.event {
                let at = RATE.samples(stamped.at.saturating_sub(self.opened));
                played.resize(played.len().max(at), 0);
                played.extend(audio.samples());
            }
        }
        played
    }

    fn find<T>(&self, what: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        self.events.iter().filter_map(|stamped| what(&stamped.event)).collect()
    }
}

/// Reads the user's side of a recorded call, as long as the microphone was open.
pub(crate) fn user_side(path: &std::path::Path, length: usize) -> Vec<i16> {
    let mut wav = WavReader::open(path).unwrap();
    wav.samples::<i16>().step_by(2).take(length).map(Result::unwrap).collect()
}
