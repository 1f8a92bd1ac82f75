//! Calls by this library, as an application makes them: one task speaks, one listens.

use std::sync::Arc;

use bedrock_nova::sonic::{Conversation, Event, Events, Sender};
use bedrock_nova::transport::{Bedrock, Transport};
use bedrock_nova_benches::{ACCESS_KEY, SECRET_KEY, pcm};

use crate::peer::Peer;
use crate::phase::{Pulse, Tasks};
use crate::stamp::Stamp;
use crate::tally::{Ear, SharedTally};
use crate::{Failure, clock};

/// Opens calls over one transport.
pub(crate) async fn open(peer: &Peer, calls: u32, tally: &SharedTally, tasks: &mut Tasks) -> Result<(), Failure> {
    let bedrock = Bedrock::builder().endpoint_url(&peer.url).ca_bundle(&peer.ca).region("us-east-1");
    let transport: Arc<dyn Transport> = Arc::new(bedrock.credentials(ACCESS_KEY, SECRET_KEY, None).build().await?);
    for call in 0..calls {
        let talk = Conversation::builder().transport(Arc::clone(&transport)).connect().await?;
        let (sender, events) = talk.split();
        tasks.spawn(speak(sender, call));
        tasks.spawn(listen(events, tally.ear()));
    }
    Ok(())
}

async fn speak(sender: Sender, call: u32) -> Result<(), Failure> {
    let mut chunk = pcm(16_000, 20);
    let mut pulse = Pulse::new(call);
    loop {
        let (seq, due) = pulse.next().await;
        Stamp { seq, due, sent: clock::now() }.write(&mut chunk);
        // A chunk that is not taken is missed at the other side.
        match sender.try_send_audio(&chunk) {
            Err(error) if error.kind() != bedrock_nova::ErrorKind::Limit => return Err(error.into()),
            _ => {}
        }
    }
}

async fn listen(mut events: Events, mut ear: Ear) -> Result<(), Failure> {
    while let Some(event) = events.next().await {
        match event {
            Event::Audio(audio) => ear.hear(&audio.pcm),
            Event::Closed { reason, error, .. } => return Err(format!("{reason:?}: {error:?}").into()),
            _ => {}
        }
    }
    Ok(())
}
