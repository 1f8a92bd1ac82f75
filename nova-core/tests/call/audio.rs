//! The way up: paced, whole, never stale, and silent where nobody speaks.

use std::time::Duration;

use crate::script::*;
use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::Event;
use bedrock_nova::sonic::conversation::{AudioPolicy, Input};
use bytes::Bytes;

fn loud(sound: &[(Duration, Vec<u8>)]) -> usize {
    sound.iter().flat_map(|(_, pcm)| pcm).filter(|byte| **byte != 0).count()
}

#[test]
fn a_muted_call_of_five_minutes_sends_silence_in_real_time() {
    let mut call = Script::live();
    let mut sent = 0;
    for second in 1..=300u64 {
        call.pass(Duration::from_secs(1));
        sent = call.sound_since(ms(0)).iter().map(|(_, pcm)| pcm.len() as u64).sum();
        let real = second * 32_000;
        assert!(sent.abs_diff(real) < 32 * 250, "{sent} bytes after {second} s");
    }
    assert!(sent > 0);
    assert!(call.story().iter().all(|line| !line.starts_with("dropped")));
    assert!(call.sound_since(ms(0)).iter().all(|(_, pcm)| pcm.iter().all(|byte| *byte == 0)));
    let times: Vec<_> = call.sound_since(ms(1)).iter().map(|(at, _)| *at).collect();
    // The priming of a new session covers a moment ahead.
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= ms(200)), "no gaps");
}

#[test]
fn what_was_said_on_a_stalled_link_comes_late_and_whole() {
    let mut call = Script::live();
    call.pass(Duration::from_secs(1));
    call.stall();
    call.speak(10_000);
    let from = call.now;
    call.unstall();
    call.pass(Duration::from_secs(1));
    let after = call.sound_since(from);
    let before = loud(&call.sound_since(ms(0))) - loud(&after);
    assert_eq!(before + loud(&after), 320_000, "every word of the ten seconds");
    let bytes: usize = after.iter().map(|(_, pcm)| pcm.len()).sum();
    assert!(bytes - loud(&after) <= 36_000, "lost silence is not made up for");
    assert_eq!(call.story(), [""; 0]);
    let from = call.now;
    call.speak(1_000);
    assert_eq!(loud(&call.sound_since(from)), 32_000, "what is said now is said whole");
}

#[test]
fn a_stalled_link_costs_recorded_audio_nothing() {
    let mut call = Script::live();
    call.pass(Duration::from_secs(1));
    call.stall();
    call.audio(400, AudioPolicy::Wait).unwrap();
    call.pass(Duration::from_secs(10));
    call.unstall();
    call.pass(Duration::from_secs(1));
    assert_eq!(loud(&call.sound_since(ms(0))), 400 * 32);
    assert_eq!(call.story(), [""; 0]);
}

#[test]
fn recorded_audio_goes_out_in_real_time() {
    let mut call = Script::live();
    call.audio(3_000, AudioPolicy::Wait).unwrap();
    for second in 1..=2u64 {
        call.pass(Duration::from_secs(1));
        let sent = loud(&call.sound_since(ms(0))) as u64;
        assert!(sent >= second * 32_000 - 8_000 && sent <= second * 32_000 + 8_000, "{sent} bytes after {second} s");
    }
    call.pass(Duration::from_secs(1));
    assert_eq!(loud(&call.sound_since(ms(0))), 96_000);
}

#[test]
fn live_audio_goes_out_at_once() {
    let mut call = Script::live();
    call.pass(Duration::from_secs(1));
    for _ in 0..50 {
        let from = call.now;
        call.audio(20, AudioPolicy::Live).unwrap();
        assert_eq!(loud(&call.sound_since(from)), 640, "at {from:?}");
        call.pass_ms(20);
    }
}

#[test]
fn samples_may_be_cut_anywhere() {
    let mut call = Script::live();
    call.pass(Duration::from_secs(1));
    let from = call.now;
    let whole: Vec<u8> = (0..6_001u32).map(|n| (n % 251) as u8 | 1).collect();
    let mut rest = whole.as_slice();
    for n in [1, 2, 3, 640, 641, 1, 1, 999].into_iter().cycle() {
        let (piece, after) = rest.split_at(n.min(rest.len()));
        let pcm = Bytes::copy_from_slice(piece);
        call.input(Input::Audio { pcm, policy: AudioPolicy::Wait, at: call.now });
        call.pass_ms(5);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    call.pass(Duration::from_secs(1));
    let sent: Vec<u8> = call.sound_since(from).into_iter().flat_map(|(_, pcm)| pcm).filter(|byte| *byte != 0).collect();
    assert_eq!(sent, &whole[..6_000], "the last half of a sample waits for its other half");
    assert!(call.sound_since(from).iter().all(|(_, pcm)| pcm.len() % 2 == 0));
}

#[test]
fn what_waits_has_a_bound() {
    let mut call = Script::live();
    call.stall();
    call.pass_ms(500);
    let room = call.call.audio_room();
    assert_eq!(room, 400 * 32);
    call.audio(200, AudioPolicy::Wait).unwrap();
    assert_eq!(call.call.audio_room(), room - 200 * 32);
    call.audio(300, AudioPolicy::Wait).unwrap();
    assert_eq!(call.call.audio_room(), 0);
    let stats = call.call.stats();
    assert_eq!((stats.audio_waiting, stats.audio_dropped), (ms(500), ms(0)));
    assert_eq!(stats.blocked, ms(320), "since the priming was over, and a little late");
    let refused = call.audio(20, AudioPolicy::Wait).unwrap_err();
    assert_eq!((refused.kind(), refused.is_retryable()), (ErrorKind::Limit, true));
    call.unstall();
    call.pass(Duration::from_secs(1));
    assert_eq!(call.call.audio_room(), room);
    assert_eq!(loud(&call.sound_since(ms(0))), 500 * 32);
}

#[test]
fn live_audio_beyond_half_a_minute_pushes_out_the_oldest_and_all_of_it_is_counted() {
    let mut call = Script::live();
    call.pass(Duration::from_secs(1));
    call.stall();
    for _ in 0..2_000 {
        call.audio(20, AudioPolicy::Live).unwrap();
        call.pass_ms(20);
    }
    call.unstall();
    call.pass(Duration::from_secs(1));
    let sent = loud(&call.sound_since(ms(0))) / 32;
    let dropped: u64 = call
        .events()
        .filter_map(|event| match event {
            Event::InputDropped { duration, .. } => Some(duration.as_millis() as u64),
            _ => None,
        })
        .sum();
    assert_eq!(sent as u64 + dropped, 40_000, "nothing is dropped in silence");
    assert!((9_900..=10_000).contains(&dropped), "{dropped} ms");
    assert_eq!(call.call.stats().audio_dropped, ms(dropped));
}
