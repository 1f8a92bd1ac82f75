use bedrock_nova::Result;
use bedrock_nova::audio::SampleRate;
use bedrock_nova::sonic::typed::{PromptClosed, Session};

fn after(session: Session<PromptClosed>) -> Result<()> {
    let closed = session.end()?;
    closed.audio_block(SampleRate::Hz16000)?;
    Ok(())
}

fn twice(session: Session<PromptClosed>) -> Result<()> {
    session.end()?;
    session.end()?;
    Ok(())
}

fn main() {}
