//! The network goes in the middle of a sentence, and comes back while it is still being said.

use std::time::Duration;

use bedrock_nova::sonic::{Event, RenewReason, Stamped, TurnEnd};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::caller::{call, hold, service, user_side};
use crate::heard::Heard;
use crate::microphone::{Microphone, monologue, question};
use crate::relay::Relay;

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// How long nothing gets through.
const GONE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentence_outlives_a_network_that_is_gone_for_twenty_seconds() {
    let service = service().start().await.unwrap();
    let relay = Relay::to(service.tls_address()).await;
    let mut microphone = Microphone::new(secs(58.0));
    microphone.say(secs(1.0), &question("sea"));
    let ends = microphone.say(secs(10.0), &monologue(secs(34.0)));
    microphone.say(secs(51.0), &question("sea"));

    let talk = call(&service, &format!("https://{}", relay.address)).connect().await.unwrap();
    let began = Instant::now() - talk.elapsed();
    let heard = watch::Sender::default();
    let gone = outage(&relay, heard.subscribe());
    let (call, gone) = tokio::join!(hold(talk, &microphone, heard), gone);
    let gone = gone - began;
    relay.close().await;
    service.wait_idle(secs(5.0)).await.unwrap();

    call.assert_whole();
    assert_eq!(call.turn_ends(), [TurnEnd::Answered; 3]);
    assert_eq!(call.questions(), 3);
    let noticed = call.first_from(gone, |event| matches!(event, Event::Reconnecting { .. })) - gone;
    let attempts = call.count(|event| matches!(event, Event::Reconnecting { .. }));
    let [(at, RenewReason::Recovery, replayed, Duration::ZERO)] = call.renewals()[..] else {
        panic!("{:?}", call.renewals())
    };
    let resumed = at - gone - GONE;
    println!(
        "noticed after {noticed:?}, resumed {resumed:?} after it was back, attempts {attempts}, told again {replayed:?}"
    );
    assert!(noticed < secs(9.0), "4 s to the PING and 4 s for its answer");
    assert!(resumed < secs(9.0), "4 s for the attempt that was under way, and a pause of 3 s");
    assert!(at < ends, "the sentence was still being said");

    let sessions = service.sessions();
    assert_eq!(sessions.len(), 2);
    let breaches: Vec<_> = sessions.iter().flat_map(|session| &session.breaches).collect();
    assert!(breaches.is_empty(), "{breaches:?}");
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

/// Takes the network away three seconds into the second sentence, for [`GONE`]; returns when. How long it works and how
/// long it is gone is the network's own time, and nothing to wait for a condition with.
async fn outage(relay: &Relay, mut heard: watch::Receiver<Vec<Stamped>>) -> Instant {
    let second = |events: &Vec<Stamped>| {
        events.iter().filter(|stamped| matches!(stamped.event, Event::UserSpeechStarted { .. })).count() == 2
    };
    timeout(secs(20.0), heard.wait_for(second)).await.expect("the sentence began").unwrap();
    sleep(secs(3.0)).await;
    let gone = Instant::now();
    relay.vanish();
    sleep(GONE).await;
    relay.come_back();
    gone
}
