use bedrock_nova::Result;
use bedrock_nova::sonic::typed::{Prompted, Session};

fn twice(session: Session<Prompted>) -> Result<()> {
    let primed = session.system()?.text("Be brief.")?.close()?;
    primed.system()?;
    Ok(())
}

fn main() {}
