//! Tools with handlers, and greetings, through the async handle: the driver on tokio, the emulator's engine behind the
//! memory transport, in virtual time.

#![cfg(feature = "runtime")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, read clocks and start tasks"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::api::Command;
use bedrock_nova::sonic::{
    AudioEnd, Builder, Config, Conversation, Event, OfferedTool, OnInterrupt, Role, RunBy, Tool, ToolOutcome, ToolSpec,
    TurnEnd,
};
use bedrock_nova::transport::Transport;
use bedrock_nova::transport::memory::{self, FromClient, Incoming, MemoryPeer};
use bedrock_nova_emulator::{Engine, Input, Output, Scenario, Settings, Strictness};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

/// Far beyond what any of these takes, in virtual time.
const DEADLINE: Duration = Duration::from_secs(120);

fn schema() -> Value {
    json!({ "type": "object", "properties": { "city": { "type": "string" } } })
}

fn scenario() -> Scenario {
    let ask = |city: &str| json!({ "call": "get_weather", "arguments": { "city": city } });
    let after = json!({ "after_results": ["It is {temperature} degrees."], "otherwise": ["I cannot tell."] });
    let turns = json!([
        { "heard": "-", "typed": "Greet the caller.", "answer": ["Good morning, how can I help?"] },
        { "heard": "-", "typed": "Weather?", "answer": [ask("Oslo"), ask("Rome"), after] },
    ]);
    Scenario::parse(&json!({ "version": 1, "name": "handlers", "turns": turns }).to_string()).unwrap()
}

/// A conversation with a strict engine behind it; what the service noted is checked when it is gone.
fn with_engine() -> Builder {
    let (transport, peer) = memory::pair();
    tokio::spawn(serve_all(peer));
    Conversation::builder().transport(Arc::new(transport) as Arc<dyn Transport>)
}

async fn serve_all(mut peer: MemoryPeer) {
    while let Some(incoming) = peer.accept().await {
        tokio::spawn(serve(incoming));
    }
}

async fn serve(mut incoming: Incoming) {
    let (scenario, strictness) = (Arc::new(scenario()), Strictness::Strict);
    let mut engine = Engine::new(Settings { scenario, strictness, ..Settings::default() });
    let started = Instant::now();
    let mut accepted = false;
    while !accepted {
        if let FromClient::Payload(payload) = incoming.next().await {
            engine.handle(started.elapsed(), Input::Payload(&payload));
        }
        while let Some(output) = engine.poll() {
            assert!(matches!(output, Output::Accept), "a healthy opening does no {output:?}");
            accepted = true;
        }
    }
    let mut stream = incoming.accept("engine");
    loop {
        while let Some(output) = engine.poll() {
            match output {
                // A client that is gone hears nothing more.
                Output::Event(payload) => drop(stream.send(payload)),
                Output::End => {
                    assert!(engine.breaches().is_empty(), "{:?}", engine.breaches());
                    return stream.finish();
                }
                output => panic!("a healthy session does no {output:?}"),
            }
        }
        let wake = started + engine.wake().unwrap_or(DEADLINE);
        let step = tokio::select! {
            step = stream.next() => Some(step),
            () = tokio::time::sleep_until(wake) => None,
        };
        let now = started.elapsed();
        match &step {
            None => engine.handle(now, Input::Tick),
            Some(FromClient::Payload(payload)) => engine.handle(now, Input::Payload(payload)),
            Some(FromClient::Finished) => engine.handle(now, Input::InputEnded),
            Some(_) => return,
        }
    }
}

/// Reads until an event comes that is wanted; returns all up to it.
async fn until(talk: &mut Conversation, mut wanted: impl FnMut(&Event) -> bool) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let event = timeout(DEADLINE, talk.next()).await.expect("in time").expect("the call goes on");
        let found = wanted(&event);
        events.push(event);
        if found {
            return events;
        }
    }
}

fn is_end(event: &Event) -> bool {
    matches!(event, Event::TurnEnded { .. })
}

/// Counts the handlers that are at work.
struct AtWork(Arc<AtomicUsize>);

impl AtWork {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        AtWork(Arc::clone(count))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn the_builder_makes_the_assistant_speak_first_and_the_handle_again() {
    let mut talk = with_engine().greet("Greet the caller.").connect().await.unwrap();
    let first = until(&mut talk, is_end).await;
    let said = |role: Role| {
        let lines = first.iter().filter_map(|event| match event {
            Event::Transcript(line) if line.role == role => Some(line.text.clone()),
            _ => None,
        });
        lines.last()
    };
    assert_eq!(said(Role::Assistant).as_deref(), Some("Good morning, how can I help?"));
    assert_eq!(said(Role::User), None, "nobody sees the instruction");
    talk.greet("Greet again.").await.unwrap();
    let again = until(&mut talk, is_end).await;
    assert!(matches!(again.last(), Some(Event::TurnEnded { turn: 2, end: TurnEnd::Answered, .. })));
    timeout(DEADLINE, talk.close()).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_model_that_cannot_speak_first_is_refused_before_anything_is_sent() {
    let (transport, mut peer) = memory::pair();
    let builder = Conversation::builder().transport(Arc::new(transport) as Arc<dyn Transport>);
    let refused = builder.model("amazon.nova-sonic-v1:0").greet("Hello.").connect().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert!(peer.accept().await.is_none(), "nothing was opened");
}

#[tokio::test(start_paused = true)]
async fn handlers_run_one_after_another_where_their_contract_says_so() {
    let (at_work, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let weather = Tool::new("get_weather", "Tells the temperature.", schema(), move |_| {
        let (at_work, seen) = (Arc::clone(&at_work), Arc::clone(&seen));
        async move {
            let _at_work = AtWork::begin(&at_work);
            seen.fetch_max(at_work.load(Ordering::SeqCst), Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, String>(json!({ "temperature": 11 }))
        }
    });
    for (places, together) in [(1, 1), (2, 2)] {
        most.store(0, Ordering::SeqCst);
        let mut talk = with_engine().tool(weather.clone().at_once(places)).connect().await.unwrap();
        talk.send_text("Weather?").await.unwrap();
        let events = until(&mut talk, is_end).await;
        let done = |event: &&Event| matches!(event, Event::ToolDone { outcome: ToolOutcome::Answered, .. });
        assert_eq!(events.iter().filter(done).count(), 2);
        assert_eq!(most.load(Ordering::SeqCst), together);
        timeout(DEADLINE, talk.close()).await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_is_cancelled_is_dropped() {
    let at_work = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&at_work);
    let endless = Tool::new("get_weather", "Tells the temperature.", schema(), move |_| {
        let count = Arc::clone(&count);
        async move {
            let _at_work = AtWork::begin(&count);
            std::future::pending::<Result<Value, String>>().await
        }
    });
    let mut talk = with_engine().tool(endless.on_interrupt(OnInterrupt::Cancel)).connect().await.unwrap();
    talk.send_text("Weather?").await.unwrap();
    // The clock is the test's: a sleep lets it go on only when nobody has anything to do.
    let reaches = async |wanted: usize| {
        while at_work.load(Ordering::SeqCst) != wanted {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(DEADLINE, reaches(2)).await.expect("both run");
    talk.interrupt();
    let mut cancelled = 0;
    until(&mut talk, |event| {
        cancelled += usize::from(matches!(event, Event::ToolDone { outcome: ToolOutcome::Cancelled, .. }));
        cancelled == 2
    })
    .await;
    timeout(DEADLINE, reaches(0)).await.expect("both are dropped");
    timeout(DEADLINE, talk.close()).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_tool_without_a_handler_is_answered_by_the_application() {
    let offer: OfferedTool = ToolSpec::new("get_weather", "Tells the temperature.", schema()).into();
    let mut talk = with_engine().offer_tool(offer).connect().await.unwrap();
    talk.send_text("Weather?").await.unwrap();
    for _ in 0..2 {
        let events = until(&mut talk, |event| matches!(event, Event::ToolCall(_))).await;
        let Some(Event::ToolCall(call)) = events.last() else { unreachable!() };
        talk.answer_tool(&call.id, Ok(json!({ "temperature": 11 }))).await.unwrap();
        let again = talk.answer_tool(&call.id, Ok(json!({}))).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Misuse);
    }
    let events = until(&mut talk, is_end).await;
    assert!(matches!(events.last(), Some(Event::TurnEnded { end: TurnEnd::Answered, .. })));
    timeout(DEADLINE, talk.close()).await.unwrap().unwrap();
}

/// A tool that is stopped leaves the driver nothing to hand in; its clock goes on all the same.
#[tokio::test(start_paused = true)]
async fn a_tool_whose_handler_is_missing_is_refused_and_whoever_was_offered_last_answers() {
    let tool = Tool::new("get_weather", "Tells it.", schema(), |_| async { Ok::<_, String>(json!({})) });
    let mut config = Config::default();
    config
        .tools
        .push(OfferedTool { run_by: RunBy::Handler, ..ToolSpec::new("get_weather", "Tells it.", schema()).into() });
    let refused = with_engine().config(config).connect().await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Misuse, "tool-handler"));
    // The application takes the tool over from its handler.
    let spec = ToolSpec::new("get_weather", "Tells it.", schema());
    let mut talk = with_engine().tool(tool).offer_tool(spec).connect().await.unwrap();
    talk.send_text("Weather?").await.unwrap();
    let asked = until(&mut talk, |event| matches!(event, Event::ToolCall(_))).await;
    let Some(Event::ToolCall(call)) = asked.last() else { panic!("{asked:?}") };
    talk.answer_tool(&call.id, Ok(json!({ "temperature": 3 }))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_client_says_in_json_is_done() {
    let (speak, mut talk) =
        with_engine().offer_tool(ToolSpec::new("get_weather", "Tells it.", schema())).connect().await.unwrap().split();
    let say = |json: Value| {
        let speak = speak.clone();
        async move { speak.obey(Command::try_from(json)?).await }
    };
    let audio = |rate: u32| json!({ "type": "audio", "pcm": "AAAAAA==", "sampleRate": rate });
    say(audio(16_000)).await.unwrap();
    let refused = say(audio(8_000)).await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Invalid, "command"));
    assert!(refused.to_string().contains("8000") && refused.to_string().contains("16000"), "{refused}");
    say(json!({ "type": "audioEnd" })).await.unwrap();
    say(json!({ "type": "text", "text": "Weather?" })).await.unwrap();
    let mut answered = Vec::new();
    while answered.len() < 2 {
        match timeout(DEADLINE, talk.next()).await.unwrap().unwrap() {
            Event::ToolCall(call) => {
                say(json!({ "type": "toolResult", "id": call.id, "result": { "temperature": 3 } })).await.unwrap();
            }
            Event::ToolDone { outcome, .. } => answered.push(outcome),
            _ => {}
        }
    }
    assert_eq!(answered, [ToolOutcome::Answered; 2]);
    let unknown = say(json!({ "type": "toolResult", "id": "none", "error": "no" })).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Misuse);
    say(json!({ "type": "finish" })).await.unwrap();
    let closed = timeout(DEADLINE, async {
        let mut last = None;
        while let Some(event) = talk.next().await {
            last = Some(event);
        }
        last
    });
    assert!(matches!(closed.await.unwrap(), Some(Event::Closed { error: None, .. })));
}

#[tokio::test(start_paused = true)]
async fn what_the_end_of_audio_means_is_said_when_the_call_is_opened() {
    for (choice, closed) in [(AudioEnd::Silence, false), (AudioEnd::Close, true)] {
        let (transport, mut peer) = memory::pair();
        let transport = Arc::new(transport) as Arc<dyn Transport>;
        let talk = tokio::spawn(Conversation::builder().transport(transport).audio_end(choice).connect());
        let mut incoming = peer.accept().await.unwrap();
        for _ in 0..5 {
            incoming.next().await;
        }
        let mut stream = incoming.accept("peer");
        let (speak, _talk) = talk.await.unwrap().unwrap().split();
        speak.obey(Command::AudioEnd).await.unwrap();
        let until = Instant::now() + Duration::from_secs(3);
        let mut ended = false;
        while let Ok(FromClient::Payload(payload)) = tokio::time::timeout_at(until, stream.next()).await {
            ended |= std::str::from_utf8(&payload).unwrap().contains("contentEnd");
        }
        assert_eq!(ended, closed, "{choice:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_flows_on_after_a_tool_was_stopped() {
    let stuck =
        Tool::new("look_up", "Looks something up.", schema(), |_| std::future::pending::<Result<Value, String>>())
            .deadline(Duration::from_secs(1));
    let (transport, mut peer) = memory::pair();
    let transport = Arc::new(transport) as Arc<dyn Transport>;
    let talk = tokio::spawn(Conversation::builder().transport(transport).tool(stuck).connect());
    let mut incoming = peer.accept().await.unwrap();
    for _ in 0..5 {
        incoming.next().await;
    }
    let mut stream = incoming.accept("peer");
    let _talk = talk.await.unwrap().unwrap();
    for (name, more) in [
        ("contentStart", json!({ "type": "TOOL", "role": "TOOL" })),
        ("toolUse", json!({ "toolName": "look_up", "toolUseId": "u-1", "content": "{}" })),
        ("contentEnd", json!({ "type": "TOOL", "stopReason": "TOOL_USE" })),
    ] {
        let mut body = json!({ "sessionId": "s", "promptName": "p", "completionId": "c", "contentId": "t" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        stream.send(json!({ "event": { name: body } }).to_string().into()).unwrap();
    }
    let (stopped, until) = (Instant::now() + Duration::from_secs(2), Instant::now() + Duration::from_secs(7));
    let mut pieces = 0;
    while let Ok(FromClient::Payload(payload)) = tokio::time::timeout_at(until, stream.next()).await {
        let is_audio = std::str::from_utf8(&payload).unwrap().contains("audioInput");
        pieces += u32::from(is_audio && Instant::now() > stopped);
    }
    assert!((140..=170).contains(&pieces), "{pieces} pieces of silence in five seconds");
}
