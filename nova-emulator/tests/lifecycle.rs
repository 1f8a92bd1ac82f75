//! Starting, stopping, ports and certificates.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use bedrock_nova_emulator::{Emulator, emulator::StartError, server::Ended};
use support::{Heard, Opening, Road, events, soon};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = Emulator::builder().h2c(address).start().await.unwrap_err();
    assert!(matches!(error, StartError::PortTaken(found) if found == address));
    assert!(error.to_string().contains("in use"), "{error}");
    let error = Emulator::builder().tls(address).start().await.unwrap_err();
    assert!(matches!(error, StartError::PortTaken(_)));
}

#[tokio::test]
async fn both_addresses_of_localhost_are_served() {
    if TcpListener::bind("[::1]:0").await.is_err() {
        println!("this machine has no ::1: only 127.0.0.1 is served, and nothing is tested");
        return;
    }
    let emulator = Emulator::start().await.unwrap();
    for port in [emulator.h2c_address().port(), emulator.tls_address().port()] {
        soon("a connection", TcpStream::connect(("::1", port))).await.unwrap();
    }
}

#[tokio::test]
async fn dropping_it_closes_everything() {
    let emulator = Emulator::start().await.unwrap();
    let (address, folder) = (emulator.h2c_address(), emulator.ca_file());
    let mut call = Opening::new(&emulator, Road::H2c).open(&emulator).await;
    call.say_all(&events::opening()).await;
    assert_eq!(call.status().await, 200);
    assert!(folder.exists());
    drop(emulator);
    assert!(matches!(call.last().await, Heard::Broken(_)));
    soon("a closed port", async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(!folder.exists(), "its temporary folder is left");
}

#[tokio::test]
async fn shutting_down_ends_the_streams_first() {
    let emulator = Emulator::start().await.unwrap();
    let address = emulator.tls_address();
    let mut call = Opening::new(&emulator, Road::H2Tls).open(&emulator).await;
    call.say_all(&events::opening()).await;
    assert_eq!(call.status().await, 200);
    soon("the shutdown", emulator.shutdown()).await;
    assert!(matches!(call.last().await, Heard::Broken(_)));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_busy_emulator_says_so() {
    let emulator = Emulator::start().await.unwrap();
    let mut call = Opening::new(&emulator, Road::H2Tls).open(&emulator).await;
    call.say_all(&events::opening()).await;
    assert_eq!(call.status().await, 200);
    let busy = emulator.wait_idle(Duration::from_millis(1)).await.unwrap_err();
    assert_eq!(busy.streams, 1);
    let live = emulator.sessions().pop().unwrap();
    assert_eq!((live.ended, live.events_in), (None, 5));
    drop(call);
    support::idle(&emulator).await;
    assert_eq!(emulator.sessions().pop().unwrap().ended, Some(Ended::Gone));
}

#[tokio::test]
async fn certificates_are_written_where_asked_and_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = Emulator::builder().cert_dir(folder.path()).san("bedrock.test").start().await.unwrap();
    assert_eq!(first.ca_file(), folder.path().join("ca.pem"));
    let ca = first.ca_pem().to_owned();
    first.shutdown().await;
    let second = Emulator::builder().cert_dir(folder.path()).start().await.unwrap();
    assert_eq!(second.ca_pem(), ca);
    let mut call = Opening::new(&second, Road::Http1Tls).open(&second).await;
    call.say_all(&events::opening()).await;
    assert_eq!(call.status().await, 200);
}

#[tokio::test]
async fn a_name_that_is_none_is_named() {
    let error = Emulator::builder().san("not ascii: ä").start().await.unwrap_err();
    assert!(error.to_string().contains("not ascii"), "{error}");
}
