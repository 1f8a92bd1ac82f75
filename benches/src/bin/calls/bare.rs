//! Calls by hand: the least that sends and hears audio on the AWS SDK. What this costs is not ours to save.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::primitives::event_stream::{EventReceiver, EventStreamSender};
use aws_sdk_bedrockruntime::types::error::{
    InvokeModelWithBidirectionalStreamInputError as InputError,
    InvokeModelWithBidirectionalStreamOutputError as OutputError,
};
use aws_sdk_bedrockruntime::types::{
    BidirectionalInputPayloadPart, InvokeModelWithBidirectionalStreamInput as Input,
    InvokeModelWithBidirectionalStreamOutput as Output,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_nova_benches::{ACCESS_KEY, CONTENT, PROMPT, SECRET_KEY, pcm};
use futures::stream::poll_fn;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::phase::{Address, Pulse, Tasks};
use crate::stamp::Stamp;
use crate::tally::{Ear, SharedTally};
use crate::{Failure, clock};

/// Opens streams over one client.
pub(crate) async fn open(peer: &Address, calls: u32, tally: &SharedTally, tasks: &mut Tasks) -> Result<(), Failure> {
    let client = client(peer)?;
    for call in 0..calls {
        let (sender, mut receiver) = mpsc::channel(4);
        sender.send(chunk(br#"{"event":{"sessionStart":{}}}"#.to_vec())).await?;
        let body = poll_fn(move |cx| receiver.poll_recv(cx).map(|input| input.map(Ok::<Input, InputError>)));
        let stream = client
            .invoke_model_with_bidirectional_stream()
            .model_id("amazon.nova-2-5-sonic")
            .body(EventStreamSender::from(body))
            .send()
            .await?;
        tasks.spawn(speak(sender, call));
        tasks.spawn(listen(stream.body, tally.ear()));
    }
    Ok(())
}

fn client(peer: &Address) -> Result<Client, Failure> {
    let store = TrustStore::empty().with_pem_certificate(std::fs::read(&peer.ca)?);
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(TlsContext::builder().with_trust_store(store).build()?)
        .build_https();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "bench"))
        .endpoint_url(&peer.url)
        .http_client(http)
        .build();
    Ok(Client::from_conf(config))
}

async fn speak(sender: mpsc::Sender<Input>, call: u32) -> Result<(), Failure> {
    let mut piece = pcm(16_000, 20);
    let mut pulse = Pulse::new(call);
    loop {
        let (seq, due) = pulse.next().await;
        Stamp { seq, due, sent: clock::now() }.write(&mut piece);
        let content = STANDARD.encode(&piece);
        let event = format!(
            r#"{{"event":{{"audioInput":{{"promptName":"{PROMPT}","contentName":"{CONTENT}","content":"{content}"}}}}}}"#
        );
        sender.send(chunk(event.into_bytes())).await?;
    }
}

async fn listen(mut stream: EventReceiver<Output, OutputError>, mut ear: Ear) -> Result<(), Failure> {
    while let Some(Output::Chunk(part)) = stream.recv().await? {
        let payload = part.bytes.map(Blob::into_inner).unwrap_or_default();
        let event: Value = serde_json::from_slice(&payload)?;
        if let Some(content) = event["event"]["audioOutput"]["content"].as_str() {
            ear.hear(&STANDARD.decode(content)?);
        }
    }
    Ok(())
}

fn chunk(payload: Vec<u8>) -> Input {
    Input::Chunk(BidirectionalInputPayloadPart::builder().bytes(Blob::new(payload)).build())
}
