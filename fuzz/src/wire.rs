//! Whatever comes from the link, a session reads it without panic, gives out no more than came in, and is dead for good
//! once it is dead.
//!
//! Bytes that begin with `{` are taken as payloads as they are, one a line; others choose real events.

use arbitrary::Unstructured;
use bedrock_nova::audio::SampleRate;
use bedrock_nova::ids::PromptName;
use bedrock_nova::model::{Catalogue, ModelId, Voice};
use bedrock_nova::sonic::session::{Content, Heard, Inference, Input, Output, PromptConfig, Session};
use bedrock_nova::sonic::wire::ServerEvent;

use super::said::Said;

/// Plays the payloads that the bytes stand for.
pub fn run(data: &[u8]) {
    let mut ear = Ear::new();
    if data.starts_with(b"{") {
        data.split(|byte| *byte == b'\n').for_each(|line| ear.hear(line));
        return;
    }
    for said in Unstructured::new(data).arbitrary_iter::<Said>().into_iter().flatten().map_while(Result::ok).take(200) {
        said.payloads().iter().for_each(|payload| ear.hear(payload));
    }
}

/// A live session, and what it has taken and given so far.
struct Ear {
    session: Session,
    payloads: usize,
    bytes_in: usize,
    heard: usize,
    pcm_out: usize,
}

impl Ear {
    fn new() -> Self {
        let model = Catalogue::built_in().model(&ModelId::default());
        let mut session = Session::with_prompt(&model, PromptName::from("p"));
        open(&mut session).expect("the plain opening is in order");
        while session.poll().is_some() {}
        Ear { session, payloads: 0, bytes_in: 0, heard: 0, pcm_out: 0 }
    }

    fn hear(&mut self, payload: &[u8]) {
        let dead = self.session.downstream().is_over();
        self.payloads += 1;
        self.bytes_in += payload.len();
        let readable = ServerEvent::decode(payload).is_ok();
        self.session.handle(Input::Payload(payload));
        while let Some(output) = self.session.poll() {
            assert!(!dead, "{output:?} after the end");
            // Showing it must not panic either.
            let _ = format!("{output:?}");
            match output {
                Output::Heard(heard) => self.note(&heard),
                other => panic!("a session sends nothing by itself, and this is {other:?}"),
            }
        }
        assert!(readable || self.session.downstream().is_over(), "an unreadable payload is the end of a session");
        assert!(self.heard <= 6 * self.payloads, "{} things heard in {} payloads", self.heard, self.payloads);
        assert!(self.pcm_out <= self.bytes_in, "more sound came out than bytes went in");
    }

    fn note(&mut self, heard: &Heard) {
        self.heard += 1;
        if let Heard::Audio { pcm, .. } = heard {
            assert_eq!(pcm.len() % 2, 0, "half a sample");
            self.pcm_out += pcm.len();
        }
    }
}

fn open(session: &mut Session) -> bedrock_nova::Result<()> {
    session.start(&Inference::default(), None)?;
    session.start_prompt(&PromptConfig::new(Voice::Tiffany, SampleRate::Hz24000))?;
    let system = session.open(Content::System)?;
    session.text(&system, "Be brief.")?;
    session.close(&system)?;
    session.open(Content::Audio { rate: SampleRate::Hz16000 })?;
    session.audio(&[0; 3_200])
}
