//! Question 15a: what may come behind the AUDIO block.

use std::time::Duration;

use super::answer::{Answer, verdict};
use super::question::Lab;
use super::speech::is_answer;
use super::stream::{Heard, Sound};
use super::wire::{self, Interactive, Prompt};

/// Typed text is answered within 1.4 s (reference §3.4); slow regions take longer.
const ANSWER: Duration = Duration::from_secs(6);

/// 15a: primes the AUDIO block, closes it, types.
pub(super) async fn text_after_audio(lab: &Lab, id: &str) -> Answer {
    let mut stream = match lab.open(id, &wire::up_to_system(&Prompt::default())).await {
        Ok(stream) => stream,
        Err(answer) => return answer,
    };
    // 200 ms: text before some 68 ms of audio is never answered (reference §6.4).
    stream.send([wire::audio_start(wire::AUDIO), wire::audio(&[0; 3200]), wire::content_end(wire::AUDIO)]).await;
    stream.send(wire::text_block("probe-text", "USER", Interactive::Yes, "Hello! How are you?")).await;
    let heard = stream.listen(Sound::None, ANSWER, is_answer).await;
    lab.done(id, stream).await;
    Answer::new(match heard {
        Heard::Found(_) => "answered".to_owned(),
        Heard::TimeUp => format!("taken, and not answered within {} s", ANSWER.as_secs()),
        over => verdict(&over),
    })
}
