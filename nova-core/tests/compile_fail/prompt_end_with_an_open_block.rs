use bedrock_nova::Result;
use bedrock_nova::sonic::typed::{Live, Session};

fn open(session: Session<Live>) -> Result<()> {
    session.end_prompt()?;
    Ok(())
}

fn main() {}
