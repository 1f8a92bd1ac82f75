//! A peer that speaks HTTP/2 frame by frame, so that a test can do on the wire what no proper server would.

pub mod engine;
pub mod panics;
pub mod speech;

use std::time::Duration;

use bedrock_nova::transport::{Bedrock, Failure, Link, Opened, Target};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Every wait of these tests ends here at the latest.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GO_AWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const END_STREAM: u8 = 1;
const ACK: u8 = 1;

/// Waits for a future, but not for ever.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    panics::watch_tasks();
    tokio::time::timeout(DEADLINE, what).await.expect("nothing happened within the deadline")
}

pub fn target() -> Target {
    Target { model: "amazon.nova-2-sonic-v1:0".into(), region: None }
}

pub async fn receive(link: &mut dyn Link) -> Option<Result<Bytes, Failure>> {
    soon(std::future::poll_fn(|cx| link.poll_receive(cx))).await
}

pub async fn send(link: &mut dyn Link, payload: impl Into<Bytes>) -> Result<(), Failure> {
    soon(std::future::poll_fn(|cx| link.poll_ready(cx))).await?;
    link.send(payload.into());
    Ok(())
}

/// Begins a transport with the emulator's credentials.
pub fn bedrock_with(
    url: &str,
    emulator: &bedrock_nova_emulator::Emulator,
) -> bedrock_nova::transport::bedrock::Builder {
    Bedrock::builder().endpoint_url(url).region("us-east-1").credentials(
        emulator.access_key(),
        emulator.secret_key(),
        None,
    )
}

/// Makes a transport with fixed credentials, whatever the environment says.
pub async fn bedrock(url: &str) -> Bedrock {
    Bedrock::builder()
        .endpoint_url(url)
        .region("us-east-1")
        .credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)
        .build()
        .await
        .unwrap()
}

pub struct RawPeer {
    listener: TcpListener,
}

pub struct RawConnection {
    tcp: TcpStream,
}

/// One HTTP/2 frame.
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl RawPeer {
    pub async fn bind() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (RawPeer { listener }, url)
    }

    /// Takes the next connection without a word.
    pub async fn accept_silent(&self) -> RawConnection {
        RawConnection { tcp: soon(self.listener.accept()).await.unwrap().0 }
    }

    /// Takes the next connection and sends these settings.
    pub async fn accept(&self, settings: &[(u16, u32)]) -> RawConnection {
        let mut connection = self.accept_silent().await;
        let mut preface = [0; 24];
        soon(connection.tcp.read_exact(&mut preface)).await.unwrap();
        assert_eq!(&preface[..14], b"PRI * HTTP/2.0");
        let body: Vec<u8> =
            settings.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
        connection.send(SETTINGS, 0, 0, &body).await;
        connection
    }

    /// Opens a link through `bedrock` while this peer accepts it; returns the link, the connection and the stream.
    pub async fn open(&self, bedrock: &Bedrock, opening: Vec<Bytes>) -> (Opened, RawConnection, u32) {
        use bedrock_nova::transport::Transport;
        let (opened, (connection, stream)) = tokio::join!(soon(bedrock.open(target(), opening)), async {
            let mut connection = self.accept(&[]).await;
            let stream = connection.until(HEADERS).await.stream;
            connection.accept_stream(stream).await;
            (connection, stream)
        });
        (opened.unwrap(), connection, stream)
    }
}

impl RawConnection {
    pub async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        soon(self.tcp.write_all(&frame)).await.unwrap();
    }

    /// Answers a stream with `:status 200` and nothing else.
    pub async fn accept_stream(&mut self, stream: u32) {
        self.send(HEADERS, 4, stream, &[0x88]).await;
    }

    /// Reads the next frame; `None` when the client closed.
    pub async fn frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        soon(self.tcp.read_exact(&mut head)).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        soon(self.tcp.read_exact(&mut payload)).await.ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// Reads up to the next frame of a kind; answers settings and pings on the way.
    pub async fn until(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.frame().await.expect("the client closed the connection");
            if frame.kind == kind {
                return frame;
            }
            if matches!(frame.kind, SETTINGS | PING) && frame.flags & ACK == 0 {
                let answer: &[u8] = if frame.kind == PING { &frame.payload } else { &[] };
                self.send(frame.kind, ACK, 0, answer).await;
            }
        }
    }

    /// Reads and counts what the client still sends as DATA, until it has been silent for `quiet`.
    pub async fn drain_data(&mut self, quiet: Duration) -> usize {
        let mut bytes = 0;
        while let Ok(Some(frame)) = tokio::time::timeout(quiet, self.frame()).await {
            bytes += if frame.kind == DATA { frame.payload.len() } else { 0 };
        }
        bytes
    }
}
