use bedrock_nova::sonic::{ReadFrom, Stats};
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn what_waits_and_what_was_missed_is_told_at_any_time() {
    let call = call().await;
    let before = call.stats().await.unwrap();
    assert_eq!((before.call.sessions, before.call.attempts, before.log.readers), (1, 0, 0));
    assert_eq!((before.audio_pieces_waiting, before.call.texts_waiting), (0, 0));
    let mut player = call.player(ReadFrom::Oldest);
    let listener = call.reader(ReadFrom::Oldest);
    call.send_text("First?").await.unwrap();
    let asked = call.stats().await.unwrap();
    assert_eq!((asked.call.texts_waiting + asked.call.turns, asked.log.readers), (1, 2));
    // Nobody reads yet.
    tokio::time::sleep(ms(10_000)).await;
    let unheard = call.stats().await.unwrap();
    let heard = there(&mut player);
    assert_eq!((unheard.log.unheard, unheard.log.unheard_bound), (sound(&heard), ms(120_000)));
    assert!(unheard.log.events as u64 >= heard.len() as u64 && unheard.log.bytes > 48 * 3_000);
    heard.iter().for_each(|entry| drop(entry.json()));
    let after = call.stats().await.unwrap();
    assert_eq!((after.log.unheard, after.log.missed), (ms(0), 0));
    assert!(after.log.json_bytes > 0);
    drop(listener);
    assert_eq!(call.stats().await.unwrap().log.readers, 1);
    // What was heard leaves after a minute, and who comes from before is told.
    tokio::time::sleep(ms(65_000)).await;
    call.send_text("Second?").await.unwrap();
    answer(&mut player).await;
    let mut late = call.reader(ReadFrom::After(0));
    drop(there(&mut late));
    let missed = call.stats().await.unwrap();
    assert_eq!(missed.log.missed_sound, sound(&heard));
    assert!(missed.log.missed > 0);
}

#[tokio::test(start_paused = true)]
async fn numbers_are_written_like_those_of_events() {
    let call = call().await;
    let stats = call.stats().await.unwrap();
    let json = serde_json::to_value(&stats).unwrap();
    assert_eq!(json["log"]["unheardBoundMs"], json!(120_000.0));
    assert_eq!((&json["call"]["audioBoundMs"], &json["call"]["toolsBound"]), (&json!(30_000.0), &json!(16)));
    assert!(json["call"]["atMs"].is_number() && json["audioPiecesBound"] == json!(8));
    assert_eq!(serde_json::from_value::<Stats>(json).unwrap(), stats);
    let names = |value: &Value| value.as_object().unwrap().len();
    let json = serde_json::to_value(&stats).unwrap();
    assert_eq!((names(&json), names(&json["call"]), names(&json["log"])), (4, 12, 8), "none is left out");
}
