//! Question 7: when a service gives a session up.

use super::answer::{Answer, verdict};
use super::question::Lab;
use super::stream::{Heard, Sound};
use super::wire::{self, Prompt};

/// 7a: a tenth of a second of audio, then nothing.
pub(super) async fn idle(lab: &Lab, id: &str) -> Answer {
    wait(lab, id, Sound::None).await
}

/// 7b: silence in real time; the cut reported at 175–180 s would show here (reference §4.5).
pub(super) async fn silence(lab: &Lab, id: &str) -> Answer {
    wait(lab, id, Sound::SILENCE).await
}

async fn wait(lab: &Lab, id: &str, sound: Sound<'_>) -> Answer {
    let mut stream = match lab.open(id, &wire::up_to_system(&Prompt::default())).await {
        Ok(stream) => stream,
        Err(answer) => return answer,
    };
    stream.send([wire::audio_start(wire::AUDIO), wire::audio(&[0; 1600])]).await;
    let heard = stream.listen(sound, lab.patience, |_, _| false).await;
    let after = stream.elapsed().as_secs_f64();
    lab.done(id, stream).await;
    Answer::new(match heard {
        Heard::TimeUp | Heard::Found(_) => format!("alive after {after:.1} s; no longer was waited"),
        over => format!("after {after:.1} s, {}", verdict(&over)),
    })
}
