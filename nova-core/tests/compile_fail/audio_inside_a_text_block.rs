use bedrock_nova::Result;
use bedrock_nova::sonic::typed::{Live, Session};

fn between(mut session: Session<Live>) -> Result<()> {
    let text = session.typed_text()?.text("Hello")?;
    session.audio(&[0; 640])?;
    text.close()?;
    Ok(())
}

fn main() {}
