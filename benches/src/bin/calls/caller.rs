//! Calls by this library, as an application makes them: one task speaks, one listens.

use std::sync::Arc;

use bedrock_nova::sonic::{Conversation, Event, Events, Sender};
use bedrock_nova::transport::{Bedrock, Transport};
use bedrock_nova_benches::{ACCESS_KEY, SECRET_KEY, pcm};

use crate::phase::{Address, Pulse, Speech, Tasks};
use crate::stamp::Stamp;
use crate::tally::{Ear, SharedTally};
use crate::{Failure, clock};

/// Opens calls over one transport.
pub(crate) struct Caller {
    transport: Arc<dyn Transport>,
    speech: Speech,
    calls: u32,
}

impl Caller {
    pub(crate) async fn new(peer: &Address, speech: Speech) -> Result<Self, Failure> {
        let bedrock = Bedrock::builder().endpoint_url(&peer.url).ca_bundle(&peer.ca).region("us-east-1");
        let transport = Arc::new(bedrock.credentials(ACCESS_KEY, SECRET_KEY, None).build().await?);
        Ok(Caller { transport, speech, calls: 0 })
    }

    /// Opens so many more calls.
    pub(crate) async fn open(&mut self, calls: u32, tally: &SharedTally, tasks: &mut Tasks) -> Result<(), Failure> {
        let mut senders = Vec::new();
        for _ in 0..calls {
            let talk = Conversation::builder().transport(Arc::clone(&self.transport)).connect().await?;
            let (sender, events) = talk.split();
            match self.speech {
                Speech::Live => drop(tasks.spawn(speak(sender, self.calls))),
                Speech::File => drop(tasks.spawn(read_out(sender))),
                Speech::Flood => senders.push(sender),
                Speech::Silent => drop(tasks.spawn(hold(sender))),
            }
            tasks.spawn(listen(events, tally.ear()));
            self.calls += 1;
        }
        if !senders.is_empty() {
            tasks.spawn(flood(senders));
        }
        Ok(())
    }
}

async fn speak(sender: Sender, call: u32) -> Result<(), Failure> {
    let mut chunk = pcm(16_000, 20);
    let mut pulse = Pulse::new(call);
    loop {
        let (seq, due) = pulse.next().await;
        Stamp { seq, due, sent: clock::now() }.write(&mut chunk);
        offer(&sender, &chunk)?;
    }
}

async fn read_out(sender: Sender) -> Result<(), Failure> {
    let mut chunk = pcm(16_000, 32);
    for seq in 0.. {
        let now = clock::now();
        Stamp { seq, due: now, sent: now }.write(&mut chunk);
        sender.send_audio(&chunk).await?;
    }
    Ok(())
}

/// Holds a call open.
async fn hold(_sender: Sender) -> Result<(), Failure> {
    std::future::pending().await
}

async fn flood(senders: Vec<Sender>) -> Result<(), Failure> {
    let mut chunk = pcm(16_000, 32);
    let mut pulse = Pulse::new(0);
    loop {
        let (beat, due) = pulse.next().await;
        for sender in &senders {
            for part in 0..FLOOD {
                Stamp { seq: beat * FLOOD + part, due, sent: clock::now() }.write(&mut chunk);
                offer(sender, &chunk)?;
            }
        }
    }
}

/// A chunk that is not taken is missed at the other side.
fn offer(sender: &Sender, chunk: &[u8]) -> Result<(), Failure> {
    match sender.try_send_audio(chunk) {
        Err(error) if error.kind() != bedrock_nova::ErrorKind::Limit => Err(error.into()),
        _ => Ok(()),
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

/// Chunks of a beat.
const FLOOD: u32 = 4;
