//! Eight minutes, three times over, while two people talk.

use std::time::Duration;

use bedrock_nova::model::Catalogue;
use bedrock_nova::sonic::{Event, RenewReason, TurnEnd};
use bedrock_nova_emulator::server::{Closing, Ended};
use bedrock_nova_emulator::{Emulator, Switches};
use tokio::sync::watch;

use crate::caller::{call, hold, service, user_side};
use crate::heard::Heard;
use crate::microphone::{Microphone, monologue, question};

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// The service's clock runs so much faster: eight minutes are thirty seconds.
const CLOCK: f64 = 16.0;

async fn hasty_service() -> Emulator {
    // What the service has for idle and silent users is scaled as well, and the client is not told: it is not what this is
    // about.
    let mut switches = Switches::default();
    switches.set("idle=295").unwrap();
    switches.set("silence-cut=off").unwrap();
    service().clock(CLOCK).switches(switches).start().await.unwrap()
}

/// The built-in catalogue, but for the sessions' life.
fn hasty_catalogue() -> Catalogue {
    let built_in = include_str!("../../src/model/catalogue.json");
    let hasty = built_in.replace("\"sessionSeconds\": 480", "\"sessionSeconds\": 30");
    assert_ne!(built_in, hasty);
    Catalogue::from_json(&hasty).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_talk_goes_on_over_three_limits() {
    let service = hasty_service().await;
    let mut microphone = Microphone::new(secs(88.0));
    for at in [1.5, 10.5, 24.5, 33.0, 77.5] {
        microphone.say(secs(at), &question("sea"));
    }
    // Over the last moment of the second session, which is at 50.6 s.
    microphone.say(secs(43.5), &monologue(secs(12.0)));
    // Just being answered in the second half of the third one's time, at 70.4 s.
    microphone.say(secs(66.0), &question("sea"));

    let talk = call(&service, &service.tls_url()).catalogue(hasty_catalogue()).connect().await.unwrap();
    let call = hold(talk, &microphone, watch::Sender::default()).await;
    service.wait_idle(secs(5.0)).await.unwrap();

    call.assert_whole();
    assert_eq!(call.turn_ends(), [TurnEnd::Answered; 7]);
    assert_eq!(call.questions(), 7);
    assert_eq!(call.count(|event| matches!(event, Event::Reconnecting { .. })), 0);
    let renewals = call.renewals();
    println!("renewals (at, why, told again, lost): {renewals:?}");
    let reasons: Vec<_> = renewals.iter().map(|(_, reason, ..)| *reason).collect();
    assert_eq!(reasons, [RenewReason::Age, RenewReason::Deadline, RenewReason::Age]);
    let (_, _, replayed, _) = renewals[1];
    assert!((secs(6.0)..secs(8.5)).contains(&replayed), "the sentence so far was told again, {replayed:?} of it");
    let answered = call.first_from(renewals[2].0, |event| matches!(event, Event::TurnEnded { .. }));
    let sounds = call.first_from(renewals[2].0, |event| matches!(event, Event::Audio(_)));
    assert!(sounds < answered, "the session that made room finished its answer");
    assert!(renewals.iter().all(|(.., lost)| *lost == Duration::ZERO));

    let sessions = service.sessions();
    assert_eq!(sessions.len(), 4);
    for session in &sessions {
        assert_eq!(session.breaches, []);
        assert_eq!((&session.ended, session.closing), (&Some(Ended::InOrder), Some(Closing::EmptyMessage)));
    }
    assert_eq!(sessions.iter().map(|session| session.ledger.turns).sum::<u64>(), 7, "nothing was answered twice");

    let heard = Heard::of(&microphone.pcm, &sessions);
    let wav = call.write("three_limits", &heard);
    let hole = Heard::longest_hole(&microphone.pcm, &user_side(&wav, microphone.pcm.len()));
    println!(
        "largest hole {hole:?}, told twice {:?}, longest pause put in {:?}, in {}",
        heard.told_twice,
        heard.longest_pause,
        wav.display()
    );
    assert!(hole <= Duration::from_millis(60), "{hole:?} of the user's sound are missing");
}
