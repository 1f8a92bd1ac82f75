use bedrock_nova::sonic::{Event, ReadFrom};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand_steps::steps;

use crate::support::*;

mod rand_steps {
    //! How many events a reader has before it goes, again and again.

    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    pub fn steps(runner: &mut TestRunner) -> Vec<usize> {
        prop::collection::vec(0..40_usize, 200).new_tree(runner).unwrap().current()
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_with_its_last_number_has_every_event_once() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for _ in 0..20 {
        let call = call().await;
        let mut whole = call.player(ReadFrom::Oldest);
        call.send_text("First?").await.unwrap();
        call.finish();
        let (mut seen, mut last) = (Vec::new(), None);
        'call: for step in steps(&mut runner) {
            let id = last.map(|seq: u64| seq.to_string());
            let mut reader = call.reader(ReadFrom::last_event_id(id.as_deref()));
            for _ in 0..step {
                let Some(entry) = reader.next().await else { break 'call };
                last = Some(entry.seq);
                seen.push(entry);
            }
        }
        assert_eq!(seqs(&seen), seqs(&rest(&mut whole).await));
        assert!(matches!(seen.last().unwrap().event, Event::Closed { .. }), "there were enough steps");
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_was_never_told_means_now() {
    let call = call().await;
    let mut reader = call.reader(ReadFrom::last_event_id(Some("9999999")));
    assert!(there(&mut reader).is_empty());
    call.send_text("First?").await.unwrap();
    assert!(!until(&mut reader, is_end).await.is_empty());
    assert_eq!(ReadFrom::last_event_id(Some("?")), ReadFrom::Oldest);
    assert_eq!(ReadFrom::last_event_id(Some(" 12 ")), ReadFrom::After(12));
}

#[tokio::test(start_paused = true)]
async fn what_was_unread_before_the_call_was_shared_is_there() {
    let call = call().await;
    let first = call.reader(ReadFrom::Oldest).next().await.unwrap();
    assert!(matches!(first.event, Event::Connected { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_server_sent_events_goes_on_where_it_stopped() {
    let call = call().await;
    let mut whole = call.player(ReadFrom::Oldest).sse();
    call.send_text("First?").await.unwrap();
    call.finish();
    let mut all = Vec::new();
    while let Some(text) = whole.next().await {
        all.push(String::from_utf8(text.into()).unwrap());
    }
    all.retain(|text| !text.starts_with(':'));
    let count =
        |name: &str| all.iter().flat_map(|text| text.lines()).filter(|line| *line == format!("event: {name}")).count();
    assert_eq!((count("content_start"), count("content_end"), count("done")), (1, 1, 1));
    assert!(count("audio_response") > 10 && count("transcript") >= 2);
    for pause in (0..all.len()).step_by(7) {
        let id = all[..pause].iter().rev().flat_map(|text| text.lines()).find_map(|line| line.strip_prefix("id: "));
        let mut stream = call.reader(ReadFrom::last_event_id(id)).sse();
        let mut rest = Vec::new();
        while let Some(text) = stream.next().await {
            rest.push(String::from_utf8(text.into()).unwrap());
        }
        assert_eq!(rest, all[pause..], "after {id:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_has_a_heartbeat() {
    let call = call().await;
    let mut stream = call.reader(ReadFrom::Now).sse();
    let begun = tokio::time::Instant::now();
    assert!(stream.next().await.unwrap().starts_with(b":"));
    assert_eq!(begun.elapsed().as_secs(), 15);
}
