//! Questions 1 to 4, and 14d: how a stream begins.

use bytes::Bytes;

use super::answer::{Answer, refused, verdict};
use super::question::{Lab, OBJECTION, OPENING};
use super::stream::{self, Heard, Opened, Over, Sound};
use super::wire::{self, Interactive, Prompt};

/// The account-wide limit reported for v1 is 20 (reference §4.5); a few more show it.
const MOST_STREAMS: usize = 24;

/// 1a: opens with ever more events until the headers come.
pub(super) async fn headers(lab: &Lab, id: &str) -> Answer {
    let steps = [("no event at all", 0), ("sessionStart", 1), ("promptStart", 2), ("the closed SYSTEM block", 5)];
    let mut opening = wire::up_to_system(&Prompt::default());
    opening.push(wire::audio_start(wire::AUDIO));
    let last = ("the AUDIO contentStart", opening.len());
    for (after, count) in steps.into_iter().chain([last]) {
        let (opened, trace) = stream::open(lab.transport.as_ref(), &lab.model, &opening[..count], OBJECTION).await;
        match opened {
            Opened::Stream(stream) => {
                lab.done(id, stream).await;
                return Answer::new(format!("{after} releases them"));
            }
            Opened::Refused(failure) => {
                lab.keep(id, &trace);
                return Answer::new(refused(&failure));
            }
            Opened::Nothing => lab.keep(id, &trace),
        }
    }
    Answer::new("nothing up to the AUDIO contentStart releases them")
}

/// 1b: sends something that is no event.
pub(super) async fn early_fault(lab: &Lab, id: &str) -> Answer {
    let broken = Bytes::from_static(b"{\"event\":{\"sessionStart\":");
    let (opened, trace) = stream::open(lab.transport.as_ref(), &lab.model, &[broken], OPENING).await;
    let stream = match opened {
        Opened::Stream(stream) => stream,
        Opened::Refused(failure) => {
            lab.keep(id, &trace);
            let status = match &failure {
                stream::Failure::Service { status: Some(status), .. } => format!("HTTP {status}, "),
                _ => String::new(),
            };
            return Answer::new(format!("{status}{}", refused(&failure)));
        }
        Opened::Nothing => {
            lab.keep(id, &trace);
            return Answer::new(format!("nothing came within {} s", OPENING.as_secs()));
        }
    };
    let mut stream = stream;
    let heard = stream.listen(Sound::None, OBJECTION, |_, _| false).await;
    lab.done(id, stream).await;
    Answer::new(match heard {
        Heard::Over(Over::Failed(failure)) => format!("in the stream behind a status 200, {}", refused(&failure)),
        other => verdict(&other),
    })
}

/// 2: opens everything, sends silence, listens.
pub(super) async fn first_message(lab: &Lab, id: &str) -> Answer {
    let mut stream = match lab.open(id, &wire::up_to_system(&Prompt::default())).await {
        Ok(stream) => stream,
        Err(answer) => return answer,
    };
    stream.send([wire::audio_start(wire::AUDIO)]).await;
    let mut first = None;
    let heard = stream
        .listen(Sound::SILENCE, OBJECTION, |name, _| {
            first = Some(name.to_owned());
            true
        })
        .await;
    lab.done(id, stream).await;
    Answer::new(match (heard, first) {
        (_, Some(name)) => format!("yes: {name}"),
        (Heard::TimeUp, None) => format!("nothing within {} s of silence", OBJECTION.as_secs()),
        (heard, None) => verdict(&heard),
    })
}

/// 3a.
pub(super) async fn two_session_starts(lab: &Lab, id: &str) -> Answer {
    objection(lab, id, vec![wire::session_start(1024)]).await
}

/// 3b.
pub(super) async fn two_prompt_starts(lab: &Lab, id: &str) -> Answer {
    objection(lab, id, vec![Prompt { name: "probe-prompt-2", ..Prompt::default() }.start()]).await
}

/// 3c: two blocks of history with one name.
pub(super) async fn duplicate_content(lab: &Lab, id: &str) -> Answer {
    let mut events = wire::text_block("probe-twice", "USER", Interactive::No, "Hello.");
    events.extend(wire::text_block("probe-twice", "ASSISTANT", Interactive::No, "Hello to you."));
    objection(lab, id, events).await
}

/// 3d: closes a prompt in order and opens another one.
pub(super) async fn second_prompt(lab: &Lab, id: &str) -> Answer {
    let mut events = vec![wire::audio_start(wire::AUDIO), wire::audio(&[0; 1600])];
    events.extend([wire::content_end(wire::AUDIO), wire::prompt_end()]);
    events.push(Prompt { name: "probe-prompt-2", ..Prompt::default() }.start());
    objection(lab, id, events).await
}

/// 4: a user's block comes first.
pub(super) async fn no_system(lab: &Lab, id: &str) -> Answer {
    let mut opening = vec![wire::session_start(1024), Prompt::default().start()];
    opening.extend(wire::text_block("probe-first", "USER", Interactive::No, "Hello."));
    let mut stream = match lab.open(id, &opening).await {
        Ok(stream) => stream,
        Err(answer) => return answer,
    };
    let heard = stream.listen(Sound::None, OBJECTION, |_, _| false).await;
    lab.done(id, stream).await;
    Answer::new(verdict(&heard))
}

/// 14d: opens streams until one is refused.
pub(super) async fn streams(lab: &Lab, id: &str) -> Answer {
    let opening = wire::up_to_system(&Prompt::default());
    let mut open = Vec::new();
    let mut answer = Answer::new(format!("at least {MOST_STREAMS}; no more were tried"));
    for _ in 0..MOST_STREAMS {
        match lab.open(id, &opening).await {
            Ok(stream) => open.push(stream),
            Err(Answer(why)) => {
                answer = Answer::new(format!("{}, then {why}", open.len()));
                break;
            }
        }
    }
    let closing = open.into_iter().map(|stream| async { drop(stream.close().await) });
    futures::future::join_all(closing).await;
    answer
}

/// Sends events behind a proper opening and waits for an objection.
async fn objection(lab: &Lab, id: &str, events: Vec<Bytes>) -> Answer {
    let mut stream = match lab.open(id, &wire::up_to_system(&Prompt::default())).await {
        Ok(stream) => stream,
        Err(answer) => return answer,
    };
    stream.send(events).await;
    let heard = stream.listen(Sound::None, OBJECTION, |_, _| false).await;
    lab.done(id, stream).await;
    Answer::new(verdict(&heard))
}
