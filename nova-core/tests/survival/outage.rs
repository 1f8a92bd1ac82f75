//! The network goes in the middle of a sentence, and comes back while it is still being said.

use std::time::Duration;

use bedrock_nova::sonic::{Event, RenewReason, TurnEnd};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::caller::{call, hold, service, user_side};
use crate::heard::Heard;
use crate::microphone::{Microphone, monologue, question};
use crate::relay::Relay;

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

const GONE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentence_outlives_a_network_that_is_gone_for_twenty_seconds() {
    let service = service().start().await.unwrap();
    let relay = Relay::to(service.tls_address()).await;
    let mut microphone = Microphone::new(secs(55.0));
    microphone.say(secs(1.0), &question("sea"));
    let monologue_ends = microphone.say(secs(10.0), &monologue(secs(29.0)));
    microphone.say(secs(48.0), &question("sea"));

    let url = format!("https://{}", relay.address);
    let talk = call(&service, &url).connect().await.unwrap();
    let heard = watch::Sender::default();
    let mut so_far = heard.subscribe();
    let outage = async {
        let second_speech = |events: &Vec<bedrock_nova::sonic::Stamped>| {
            let started = events.iter().filter(|event| matches!(event.event, Event::UserSpeechStarted { .. }));
            started.count() == 2
        };
        timeout(secs(20.0), so_far.wait_for(second_speech)).await.expect("the sentence has begun").unwrap();
        // The clock here is the network's: how long it works and how long it is gone is what the test is about.
        sleep(secs(3.0)).await;
        relay.vanish();
        let gone = tokio::time::Instant::now();
        sleep(GONE).await;
        relay.come_back();
        gone
    };
    let (call, gone) = tokio::join!(hold(talk, &microphone, heard), outage);
    drop(relay);
    service.wait_idle(secs(5.0)).await.unwrap();
    let _ = (gone, monologue_ends);

    let told: Vec<_> = call
        .events
        .iter()
        .filter(|stamped| matches!(stamped.event, Event::Reconnecting { .. } | Event::Renewed { .. }))
        .collect();
    println!("{told:#?}");
    call.assert_whole();
    assert_eq!(call.turn_ends(), [TurnEnd::Answered; 3]);
    assert_eq!(call.questions(), 3);
    let renewals = call.renewals();
    assert_eq!(renewals.iter().map(|(_, reason, ..)| *reason).collect::<Vec<_>>(), [RenewReason::Recovery]);

    let sessions = service.sessions();
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| session.breaches.is_empty()));
    let heard = Heard::of(&microphone.pcm, &sessions);
    let wav = call.write("outage", &heard);
    let hole = Heard::longest_hole(&microphone.pcm, &user_side(&wav, microphone.pcm.len()));
    println!(
        "largest hole {hole:?}, told twice {:?}, longest pause put in {:?}, in {}",
        heard.told_twice,
        heard.longest_pause,
        wav.display()
    );
    assert!(hole <= Duration::from_millis(60), "{hole:?} of the user's sound are missing");
}
