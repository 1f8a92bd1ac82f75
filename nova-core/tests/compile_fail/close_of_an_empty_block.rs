use bedrock_nova::Result;
use bedrock_nova::sonic::typed::{Prompted, Session};

fn empty(session: Session<Prompted>) -> Result<()> {
    session.system()?.close()?;
    Ok(())
}

fn main() {}
