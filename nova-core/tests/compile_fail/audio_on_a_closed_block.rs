use bedrock_nova::Result;
use bedrock_nova::sonic::typed::{Live, Session};

fn late(session: Session<Live>) -> Result<()> {
    let mut closed = session.close_audio()?;
    closed.audio(&[0; 640])?;
    Ok(())
}

fn main() {}
