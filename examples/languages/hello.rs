//! Asks a question and prints both sides.

use bedrock_nova::sonic::{Conversation, Event, TranscriptStage::Final, Voice};

#[tokio::main]
async fn main() -> bedrock_nova::Result<()> {
    let mut talk = Conversation::builder().system("Answer shortly.").voice(Voice::Tiffany).connect().await?;
    talk.send_text("What can you do for me?").await?;
    while let Some(event) = talk.next().await {
        match event {
            Event::Audio(audio) => drop(audio.pcm), // play it: 24 kHz, 16 bit, mono
            Event::Transcript(line) if line.stage == Final => println!("{}: {}", line.role, line.text),
            Event::TurnEnded { .. } => talk.finish(),
            _ => {}
        }
    }
    Ok(())
}
