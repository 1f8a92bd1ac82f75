//! One call of the operation, event by event.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bedrock_nova_emulator::{
    Emulator,
    frame::{Decoder, FrameError, Message},
};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, request};
use serde_json::Value;

use super::{
    pipe::{self, Down, Http2, Pending, Road, Up},
    signer::Signer,
    soon,
};

/// How a call is opened.
pub struct Opening {
    pub model: String,
    pub road: Road,
    pub signer: Signer,
    pub headers: Vec<(&'static str, String)>,
}

impl Opening {
    pub fn new(emulator: &Emulator, road: Road) -> Self {
        let signer = Signer::new(emulator.access_key(), emulator.secret_key());
        Self { model: "amazon.nova-2-sonic-v1:0".to_owned(), road, signer, headers: Vec::new() }
    }

    pub fn model(mut self, model: &str) -> Self {
        self.model = model.to_owned();
        self
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn fault(self, fault: &str) -> Self {
        self.header("x-bedrock-nova-fault", fault)
    }

    pub fn switch(self, switch: &str) -> Self {
        self.header("x-bedrock-nova-switch", switch)
    }

    pub async fn open(mut self, emulator: &Emulator) -> Call {
        let head = self.head(emulator);
        let (up, pending, http2) = soon("a connection", pipe::request(emulator, self.road, head)).await;
        Call::new(self.signer, up, pending, http2)
    }

    /// Opens it on a connection that exists.
    pub async fn open_on(mut self, emulator: &Emulator, connection: &Http2) -> Call {
        let head = self.head(emulator);
        let (up, pending) = soon("a stream", pipe::on(connection, head)).await;
        Call::new(self.signer, up, pending, None)
    }

    fn head(&mut self, emulator: &Emulator) -> request::Builder {
        let base = self.road.base(emulator);
        let host = base.split_once("://").unwrap().1;
        let path = format!("/model/{}/invoke-with-bidirectional-stream", self.model.replace(':', "%3A"));
        let mut head = if self.road.is_http2() {
            Request::post(format!("{base}{path}"))
        } else {
            Request::post(path.clone()).header("host", host)
        };
        head = head.header("content-type", "application/vnd.amazon.eventstream");
        for (name, value) in self.signer.request(host, &path) {
            head = head.header(name, value);
        }
        for (name, value) in &self.headers {
            head = head.header(*name, value);
        }
        head
    }
}

/// A call under way.
pub struct Call {
    pub signer: Signer,
    pub up: Up,
    pub http2: Option<Http2>,
    pending: Pending,
    answer: Option<(StatusCode, HeaderMap, Down)>,
    frames: Decoder,
    /// How many pieces the answer came in.
    pub pieces: usize,
    /// The longest of them.
    pub longest: usize,
}

/// What comes back.
#[derive(Debug, PartialEq)]
pub enum Heard {
    Event(Value),
    Exception {
        name: String,
        message: String,
    },
    Error {
        code: String,
        message: String,
    },
    Other(String),
    /// The body ended in order, and not inside a frame.
    End,
    /// The body ended in order, inside a frame.
    Cut,
    Unreadable(FrameError),
    Broken(String),
}

impl Call {
    fn new(signer: Signer, up: Up, pending: Pending, http2: Option<Http2>) -> Self {
        Self { signer, up, http2, pending, answer: None, frames: Decoder::default(), pieces: 0, longest: 0 }
    }

    /// Sends one event; false if the server takes no more.
    pub async fn say(&mut self, event: &Value) -> bool {
        let frame = self.signer.event(event.to_string().as_bytes());
        soon("room to send", self.up.send(frame)).await
    }

    pub async fn say_all(&mut self, events: &[Value]) {
        for event in events {
            self.say(event).await;
        }
    }

    /// Ends the input as an SDK does: the empty message, then the end of the body.
    pub async fn end(&mut self) {
        let frame = self.signer.end();
        soon("room to send", self.up.send(frame)).await;
        self.up.end();
    }

    /// Waits for the response headers.
    pub async fn status(&mut self) -> StatusCode {
        self.try_status().await.unwrap()
    }

    pub async fn try_status(&mut self) -> Result<StatusCode, String> {
        if self.answer.is_none() {
            let (head, body) = soon("response headers", self.pending.response()).await?.into_parts();
            self.answer = Some((head.status, head.headers, body));
        }
        Ok(self.answer.as_ref().unwrap().0)
    }

    /// Whether the headers have come, without waiting for them.
    pub async fn has_headers(&mut self) -> bool {
        self.http2.as_mut().unwrap().ping().await;
        if self.answer.is_none() {
            tokio::select! {
                biased;
                response = self.pending.response() => {
                    let (head, body) = response.unwrap().into_parts();
                    self.answer = Some((head.status, head.headers, body));
                }
                () = std::future::ready(()) => {}
            }
        }
        self.answer.is_some()
    }

    pub async fn headers(&mut self) -> HeaderMap {
        self.status().await;
        self.answer.as_ref().unwrap().1.clone()
    }

    /// Reads the body of an HTTP error as `(x-amzn-errortype, message)`.
    pub async fn error(&mut self) -> (String, String) {
        let headers = self.headers().await;
        let mut body = Vec::new();
        while let Some(Ok(piece)) = soon("an error's body", self.piece()).await {
            body.extend(piece);
        }
        let body: Value = serde_json::from_slice(&body).unwrap();
        let kind = headers["x-amzn-errortype"].to_str().unwrap().to_owned();
        (kind, body["message"].as_str().unwrap().to_owned())
    }

    /// Waits for the next thing that the server says.
    pub async fn hear(&mut self) -> Heard {
        if let Err(error) = self.try_status().await {
            return Heard::Broken(error);
        }
        soon("something to hear", async {
            loop {
                match self.frames.next_message() {
                    Ok(Some(message)) => return heard(&message),
                    Ok(None) => {}
                    Err(error) => return Heard::Unreadable(error),
                }
                match self.piece().await {
                    Some(Ok(piece)) => self.frames.push(&piece),
                    Some(Err(error)) => return Heard::Broken(error),
                    None if self.frames.is_inside_frame() => return Heard::Cut,
                    None => return Heard::End,
                }
            }
        })
        .await
    }

    /// Waits for the next event that is no usageEvent, as its name and body.
    pub async fn event(&mut self) -> (String, Value) {
        loop {
            match self.hear().await {
                Heard::Event(event) => {
                    let (name, body) = event["event"].as_object().unwrap().iter().next().unwrap();
                    if name != "usageEvent" {
                        return (name.clone(), body.clone());
                    }
                }
                other => panic!("an event was to come, not {other:?}"),
            }
        }
    }

    /// Reads on until something comes that is no event.
    pub async fn last(&mut self) -> Heard {
        loop {
            match self.hear().await {
                Heard::Event(_) => {}
                other => return other,
            }
        }
    }

    async fn piece(&mut self) -> Option<Result<Bytes, String>> {
        let piece = self.answer.as_mut().unwrap().2.next().await;
        if let Some(Ok(piece)) = &piece {
            self.pieces += 1;
            self.longest = self.longest.max(piece.len());
        }
        piece
    }
}

fn heard(message: &Message) -> Heard {
    let text = |name: &str| message.text(name).unwrap_or_default().to_owned();
    match text(":message-type").as_str() {
        "event" if text(":event-type") == "chunk" => {
            let body: Value = serde_json::from_slice(message.payload()).unwrap();
            let payload = BASE64_STANDARD.decode(body["bytes"].as_str().unwrap()).unwrap();
            Heard::Event(serde_json::from_slice(&payload).unwrap())
        }
        "event" => Heard::Other(text(":event-type")),
        "exception" => {
            let body: Value = serde_json::from_slice(message.payload()).unwrap();
            Heard::Exception {
                name: text(":exception-type"),
                message: body["message"].as_str().unwrap_or_default().to_owned(),
            }
        }
        _ => Heard::Error { code: text(":error-code"), message: text(":error-message") },
    }
}
