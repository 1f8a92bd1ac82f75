use bedrock_nova::sonic::{Event, ReadFrom, Reader, SharedConversation};

use crate::support::*;

/// Interrupts the answer; returns how much of it the call takes for heard, if it believes that it is being played.
async fn interrupted(call: &SharedConversation, reader: &mut Reader) -> Option<u128> {
    there(reader);
    call.interrupt();
    tokio::time::sleep(ms(10)).await;
    heard(&there(reader)).map(|heard| heard.as_millis())
}

#[tokio::test(start_paused = true)]
async fn nobody_is_heard_until_somebody_plays() {
    let call = call().await;
    let mut listener = call.reader(ReadFrom::Oldest);
    call.send_text("First?").await.unwrap();
    until(&mut listener, is_end).await;
    tokio::time::sleep(ms(2_000)).await;
    assert_eq!(interrupted(&call, &mut listener).await, Some(0));
}

#[tokio::test(start_paused = true)]
async fn what_the_player_takes_is_heard_from_then_on() {
    let call = call().await;
    let (mut player, mut listener) = (call.player(ReadFrom::Oldest), call.reader(ReadFrom::Oldest));
    call.send_text("First?").await.unwrap();
    until(&mut listener, is_end).await;
    tokio::time::sleep(ms(2_000)).await;
    there(&mut player);
    tokio::time::sleep(ms(700)).await;
    assert_eq!(interrupted(&call, &mut listener).await, Some(700));
}

#[tokio::test(start_paused = true)]
async fn without_a_player_what_was_played_was_taken() {
    let call = call().await;
    let mut listener = call.reader(ReadFrom::Oldest);
    call.send_text("First?").await.unwrap();
    until(&mut listener, is_end).await;
    call.played(1, ms(1_000));
    tokio::time::sleep(ms(40)).await;
    let heard = interrupted(&call, &mut listener).await.unwrap();
    // The piece that is being played goes on, as far as it reaches.
    assert!((1_000..=1_040).contains(&heard), "{heard}");
}

#[tokio::test(start_paused = true)]
async fn a_word_beyond_what_the_player_took_is_bent_to_it() {
    let call = call().await;
    let (mut player, mut listener) = (call.player(ReadFrom::Oldest), call.reader(ReadFrom::Oldest));
    call.send_text("First?").await.unwrap();
    until(&mut listener, is_end).await;
    let begun = until(&mut player, is_audio).await;
    call.played(1, ms(60_000));
    tokio::time::sleep(ms(10)).await;
    assert_eq!(interrupted(&call, &mut listener).await, Some(sound(&begun).as_millis()));
}

#[tokio::test(start_paused = true)]
async fn a_piece_is_taken_once_however_often_it_is_read() {
    let call = call().await;
    let (mut first, mut listener) = (call.player(ReadFrom::Oldest), call.reader(ReadFrom::Oldest));
    call.send_text("First?").await.unwrap();
    let answer = answer(&mut listener).await;
    assert_eq!(seqs(&there(&mut first)), seqs(&answer));
    // It comes back, and reads all of it again: half at once, half later.
    let mut second = call.player(ReadFrom::Oldest);
    let again = there(&mut second);
    assert_eq!(seqs(&again), seqs(&answer));
    call.played(1, ms(100));
    drop(second);
    there(&mut call.player(ReadFrom::Oldest));
    tokio::time::sleep(sound(&answer)).await;
    assert_eq!(interrupted(&call, &mut listener).await, None, "it has been played, once");
}

#[tokio::test(start_paused = true)]
async fn a_new_player_takes_the_place_of_the_old_one() {
    let call = call().await;
    let mut listener = call.reader(ReadFrom::Oldest);
    let mut old = call.player(ReadFrom::Oldest);
    let mut new = call.player(ReadFrom::Oldest);
    call.send_text("First?").await.unwrap();
    let answer = answer(&mut listener).await;
    assert_eq!(seqs(&there(&mut old)), seqs(&answer), "the old one reads on");
    tokio::time::sleep(ms(500)).await;
    // The old one's going leaves the new one in its place.
    drop(old);
    there(&mut new);
    tokio::time::sleep(ms(300)).await;
    assert_eq!(interrupted(&call, &mut listener).await, Some(300));
}

#[tokio::test(start_paused = true)]
async fn sound_of_an_answer_that_was_cut_is_gone_for_all_and_no_gap() {
    let call = call().await;
    let (mut player, mut late) = (call.player(ReadFrom::Oldest), call.reader(ReadFrom::Oldest));
    let mut early = call.reader(ReadFrom::Oldest);
    call.send_text("First?").await.unwrap();
    for _ in 0..5 {
        until(&mut player, is_audio).await;
    }
    there(&mut early);
    call.interrupt();
    tokio::time::sleep(ms(20_000)).await;
    for reader in [&mut player, &mut late, &mut early] {
        let rest = there(reader);
        assert!(heard(&rest).is_some());
        assert!(rest.iter().all(|entry| !matches!(entry.event, Event::Audio(_) | Event::Gap { .. })), "{rest:?}");
    }
    call.send_text("Second?").await.unwrap();
    assert!(sound(&until(&mut late, is_end).await) > ms(3_000), "the next answer is sound again");
}
