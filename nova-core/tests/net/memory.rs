//! The memory transport with the emulator's engine behind it, in virtual time.

use crate::support::engine::serve;
use crate::support::speech::{audio_start, closing, name, opening, speech, stop_reason};
use crate::support::{receive, send, soon, target};
use bedrock_nova::transport::memory::{self, FromClient};
use bedrock_nova::transport::{Failure, Transport};
use bedrock_nova_emulator::Settings;
use bytes::Bytes;

#[tokio::test(start_paused = true)]
async fn a_whole_turn_runs_against_the_engine_in_no_time() {
    let (transport, mut peer) = memory::pair();
    let served = tokio::spawn(async move { serve(peer.accept().await.unwrap(), Settings::default()).await });
    let mut opened = soon(transport.open(target(), opening())).await.unwrap();
    assert_eq!(opened.request_id.as_deref(), Some("engine"));
    send(&mut *opened.link, audio_start()).await.unwrap();
    for piece in speech() {
        send(&mut *opened.link, piece).await.unwrap();
    }
    while stop_reason(&receive(&mut *opened.link).await.unwrap().unwrap()) != "END_TURN" {}
    for payload in closing() {
        send(&mut *opened.link, payload).await.unwrap();
    }
    opened.link.finish();
    let mut last = String::new();
    while let Some(next) = receive(&mut *opened.link).await {
        last = name(&next.unwrap());
    }
    assert_eq!(last, "completionEnd");
    assert_eq!(soon(served).await.unwrap().breaches(), []);
}

#[tokio::test]
async fn a_refusal_and_every_kind_of_end_reach_the_client() {
    let (transport, mut peer) = memory::pair();
    let refusal = Failure::lost("not today");
    let (refused, ()) = tokio::join!(transport.open(target(), opening()), async {
        let mut incoming = peer.accept().await.unwrap();
        assert_eq!(incoming.target(), &target());
        assert_eq!(incoming.next().await, FromClient::Payload(opening()[0].clone()));
        incoming.refuse(refusal.clone());
    });
    assert_eq!(refused.unwrap_err(), refusal);

    let accept = async |peer: &mut memory::MemoryPeer| {
        let (opened, stream) =
            tokio::join!(transport.open(target(), Vec::new()), async { peer.accept().await.unwrap().accept("r") });
        (opened.unwrap(), stream)
    };
    let (mut opened, stream) = accept(&mut peer).await;
    stream.send(Bytes::from_static(b"1")).unwrap();
    stream.fail(refusal.clone());
    assert_eq!(receive(&mut *opened.link).await, Some(Ok(Bytes::from_static(b"1"))));
    assert_eq!(receive(&mut *opened.link).await, Some(Err(refusal)));

    let (mut opened, stream) = accept(&mut peer).await;
    drop(stream);
    assert!(matches!(receive(&mut *opened.link).await, Some(Err(Failure::Lost { .. }))));
    assert!(send(&mut *opened.link, "late").await.is_err());

    let (opened, mut stream) = accept(&mut peer).await;
    assert_eq!(stream.try_next(), None);
    drop(opened);
    assert_eq!(stream.next().await, FromClient::Aborted);
    assert!(stream.send(Bytes::new()).is_err());

    let (mut opened, mut stream) = accept(&mut peer).await;
    send(&mut *opened.link, "last").await.unwrap();
    opened.link.finish();
    drop(opened);
    assert_eq!(stream.next().await, FromClient::Payload("last".into()));
    assert_eq!(stream.try_next(), Some(FromClient::Finished));
}

#[tokio::test]
async fn without_a_peer_nothing_opens() {
    let (transport, peer) = memory::pair();
    drop(peer);
    let failure = transport.open(target(), Vec::new()).await.unwrap_err();
    assert!(matches!(failure, Failure::Unreachable { .. }));
}
