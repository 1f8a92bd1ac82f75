//! A call with the emulator, from whichever process.

use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::sonic::{Event, Pooled, ReadFrom, Reader};
use bedrock_nova::transport::{Bedrock, Transport};
use bedrock_nova_emulator::{Emulator, Scenario};

/// Every wait ends here at the latest.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// How much of the second answer is heard before the process dies.
pub const HEARD: Duration = Duration::from_millis(2_500);

/// One short answer, then one of many sentences.
pub const STORY: &str = r#"{
    "version": 1, "name": "handover", "about": "An answer that is heard whole, and one that is not.",
    "turns": [
        { "heard": "Good morning.", "answer": ["Good morning to you."] },
        { "heard": "Tell me something about the sea.", "answer": [
            "The sea covers most of the earth.",
            "Its water is salty, because rivers carry salt into it.",
            "The moon pulls on it, and that makes the tides.",
            "Whales cross it from one end to the other.",
            "And nobody has ever seen all of it."
        ] },
        { "heard": "And now?", "answer": ["Here I am again."] }
    ]
}"#;

pub fn scenario() -> Scenario {
    Scenario::parse(STORY).unwrap()
}

/// The way to an emulator: address, access key, secret key.
#[derive(Clone)]
pub struct Way(pub String);

impl Way {
    pub fn to(emulator: &Emulator) -> Way {
        Way(format!("{} {} {}", emulator.h2c_url(), emulator.access_key(), emulator.secret_key()))
    }

    pub async fn transport(&self) -> Arc<dyn Transport> {
        let [url, access_key, secret_key] = self.0.split(' ').collect::<Vec<_>>()[..] else { panic!("three words") };
        let bedrock = Bedrock::builder().endpoint_url(url).region("us-east-1");
        Arc::new(bedrock.credentials(access_key, secret_key, None).build().await.unwrap())
    }
}

/// Types something, and plays the answer until it is over and heard.
pub async fn ask(call: &Pooled, text: &str) {
    let mut events = call.player(ReadFrom::Now);
    call.send_text(text).await.unwrap();
    let sound = play_until(&mut events, |event, _| matches!(event, Event::TurnEnded { .. })).await;
    tokio::time::sleep(sound).await;
}

/// Types something, and plays the answer until enough of it was heard.
pub async fn ask_and_hear_some(call: &Pooled, text: &str) {
    let mut events = call.player(ReadFrom::Now);
    call.send_text(text).await.unwrap();
    let began = tokio::time::Instant::now();
    let sound = play_until(&mut events, |_, sound| sound > HEARD * 2).await;
    assert!(sound > HEARD);
    tokio::time::sleep_until(began + HEARD).await;
}

async fn play_until(events: &mut Reader, enough: impl Fn(&Event, Duration) -> bool) -> Duration {
    let mut sound = Duration::ZERO;
    let play = async {
        loop {
            let entry = events.next().await.expect("the call goes on");
            if let Event::Audio(audio) = &entry.event {
                sound += audio.duration();
            }
            if enough(&entry.event, sound) {
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, play).await.expect("an answer within its deadline");
    sound
}
