use bedrock_nova::Result;
use bedrock_nova::sonic::typed::{Session, Started};

fn early(session: Session<Started>) -> Result<()> {
    session.system()?;
    Ok(())
}

fn main() {}
