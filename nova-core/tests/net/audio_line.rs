//! Several who hand over recorded audio at once take turns: one whole buffer after the other.

use std::sync::Arc;
use std::time::Duration;

use bedrock_nova::sonic::Conversation;
use bedrock_nova::transport::{Transport, memory};
use bedrock_nova_emulator::{InputAudio, Settings};

use crate::support::engine::serve;

/// So quiet that nobody takes it for speech.
fn recording(sample: u8, length: Duration) -> Vec<u8> {
    [sample, 0].repeat(16 * length.as_millis() as usize)
}

#[tokio::test(start_paused = true)]
async fn whole_buffers_go_out_one_after_the_other() {
    let (transport, mut peer) = memory::pair();
    let settings = Settings { input_audio: InputAudio::Kept, ..Settings::default() };
    let served = tokio::spawn(async move { serve(peer.accept().await.unwrap(), settings).await });
    let transport = Arc::new(transport) as Arc<dyn Transport>;
    let talk = Conversation::builder().transport(transport).connect().await.unwrap();
    let [first, second, third] = [1, 2, 3].map(|sample| recording(sample, Duration::from_secs(3)));
    let sent = async {
        tokio::try_join!(talk.send_audio(&first), talk.send_audio(&second), talk.end_audio(), talk.send_audio(&third))
    };
    sent.await.unwrap();
    talk.close().await.unwrap();

    let engine = served.await.unwrap();
    let heard: Vec<u8> = engine.ledger().audio_in.chunks(2).map(|sample| sample[0]).filter(|low| *low != 0).collect();
    let mut runs: Vec<(u8, usize)> = Vec::new();
    for sample in heard {
        match runs.last_mut() {
            Some((last, count)) if *last == sample => *count += 1,
            _ => runs.push((sample, 1)),
        }
    }
    assert_eq!(runs, [(1, 48_000), (2, 48_000), (3, 48_000)]);
}
