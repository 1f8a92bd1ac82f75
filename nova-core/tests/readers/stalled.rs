use std::sync::Arc;

use bedrock_nova::sonic::{Entry, Event, ReadFrom};
use tokio::time::{Instant, timeout};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_reader_that_does_not_read_disturbs_nobody() {
    let call = call().await;
    let mut stalled = call.reader(ReadFrom::Oldest);
    let mut prompt = call.player(ReadFrom::Oldest);
    let mut also = call.reader(ReadFrom::Oldest);
    for question in ["First?", "Second?", "Third?"] {
        call.send_text(question).await.unwrap();
        let asked = Instant::now();
        let heard = until(&mut prompt, is_end).await;
        assert!(asked.elapsed() < ms(20_000), "{:?}", asked.elapsed());
        assert!(sound(&heard) > ms(3_000));
        assert_eq!(seqs(&until(&mut also, is_end).await), seqs(&heard));
        // What was said is played before the next question, which would cut it.
        tokio::time::sleep(sound(&heard)).await;
    }
    call.finish();
    let end = rest(&mut prompt).await;
    assert!(matches!(end.last().unwrap().event, Event::Closed { .. }));
    let late = rest(&mut stalled).await;
    assert!(seqs(&late).is_sorted(), "{:?}", seqs(&late));
    assert_eq!(late.last().unwrap().seq, end.last().unwrap().seq);
    // It has everything, or was told what not.
    let (mut events, mut missing) = (0, 0);
    for entry in &late {
        match entry.event {
            Event::Gap { events, .. } => missing += events,
            _ => events += 1,
        }
    }
    assert_eq!(events + missing, end.last().unwrap().seq);
    let lines = |entry: &&Arc<Entry>| matches!(entry.event, Event::Transcript(_));
    assert!(late.iter().filter(lines).count() >= 6, "words stay");
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_more_than_a_minute_costs_sound_and_is_told_once() {
    let call = call().await;
    let mut player = call.player(ReadFrom::Oldest);
    let mut stalled = call.reader(ReadFrom::Oldest);
    call.send_text("First?").await.unwrap();
    let first = answer(&mut player).await;
    assert_eq!(seqs(&there(&mut stalled)), seqs(&first), "so far it was as quick");
    tokio::time::sleep(sound(&first)).await;
    call.send_text("Second?").await.unwrap();
    let second = answer(&mut player).await;
    tokio::time::sleep(ms(65_000)).await;
    call.send_text("Third?").await.unwrap();
    let mut third = there(&mut player);
    third.extend(answer(&mut player).await);
    let late = there(&mut stalled);
    let is_gap = |entry: &&Arc<Entry>| matches!(entry.event, Event::Gap { .. });
    let kept = second.iter().filter(|entry| !is_audio(&entry.event)).chain(&third);
    let kept: Vec<u64> = kept.map(|entry| entry.seq).collect();
    let told: Vec<u64> = late.iter().filter(|entry| !is_gap(entry)).map(|entry| entry.seq).collect();
    assert_eq!(told, kept, "the second answer's sound is more than a minute old, its words stay");
    let (mut events, mut audio) = (0, ms(0));
    for entry in late.iter().filter(is_gap) {
        let Event::Gap { events: missing, audio: sound } = entry.event else { continue };
        events += missing;
        audio += sound;
    }
    let pieces = second.iter().filter(|entry| is_audio(&entry.event)).count() as u64;
    assert_eq!((events, audio), (pieces, sound(&second)));
    assert!(seqs(&late).is_sorted());
    assert!(there(&mut stalled).is_empty(), "and it is not told again");
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_dropped_loses_nothing() {
    let call = call().await;
    let (mut hasty, mut calm) = (call.player(ReadFrom::Oldest), call.reader(ReadFrom::Oldest));
    call.send_text("First?").await.unwrap();
    let mut seen = Vec::new();
    while seen.last().is_none_or(|entry: &Arc<Entry>| !is_end(&entry.event)) {
        if let Ok(entry) = timeout(ms(7), hasty.next()).await {
            seen.extend(entry);
        }
    }
    assert_eq!(seqs(&seen), seqs(&until(&mut calm, is_end).await));
}
