//! The scenario file, version 1.

use std::{collections::BTreeMap, fmt, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use crate::{
    faults::Fault,
    switches::{SwitchSyntax, Switches},
};

/// A scripted conversation.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Scenario {
    /// The version of the format: 1.
    #[serde(deserialize_with = "version_one")]
    pub version: u32,
    /// A short name.
    pub name: String,
    /// What it shows, for people.
    #[serde(default)]
    pub about: String,
    /// The language of the sentences, e.g. `en-US`; chooses the voice.
    #[serde(default = "english")]
    pub language: String,
    /// The turns, in order.
    pub turns: Vec<Turn>,
    /// What follows when the turns are used up, for ever round; built-in small phrases where it is left out.
    #[serde(default)]
    pub afterwards: Option<Vec<Turn>>,
    /// What goes wrong, in the text form of [`Fault`].
    #[serde(default, deserialize_with = "faults")]
    pub faults: Vec<Fault>,
    /// Positions of switches, by name.
    #[serde(default, deserialize_with = "switches")]
    pub switches: BTreeMap<String, String>,
}

/// One turn: what the user says and what becomes of it.
#[derive(Clone, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Turn {
    /// The transcript of the user's speech; several blocks if there are several sentences in the list.
    #[serde(deserialize_with = "one_or_many")]
    pub heard: Vec<String>,
    /// Typed text that leads to this turn, besides what is heard; letters' case and punctuation do not matter.
    #[serde(default)]
    pub typed: Option<String>,
    /// Milliseconds from the end of speech to the answer; 600 where it is left out.
    #[serde(default)]
    pub delay_ms: Option<u64>,
    /// The language of this turn, where it differs from the scenario's.
    #[serde(default)]
    pub language: Option<String>,
    /// The answer, step by step; empty for no answer.
    #[serde(default)]
    pub answer: Vec<Step>,
}

/// One step of an answer.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// Says a sentence.
    Say(String),
    /// Calls a tool, if the prompt has it.
    Call {
        /// The tool.
        tool: String,
        /// Its arguments, a JSON object.
        arguments: Value,
    },
    /// Is silent for some milliseconds.
    Pause(u64),
    /// Waits for the results of all calls before, then goes on.
    AfterResults {
        /// What follows; `{field}` and `{tool.field}` quote the results.
        then: Vec<Step>,
        /// What follows where a quoted field is missing, or the prompt has no such tool.
        otherwise: Vec<Step>,
    },
}

// A scenario may be made of what real people said: its words are as private as theirs.

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("heard", &self.heard.len())
            .field("typed", &self.typed.is_some())
            .field("delay_ms", &self.delay_ms)
            .field("language", &self.language)
            .field("answer", &self.answer)
            .finish()
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Say(sentence) => write!(f, "Say({} bytes)", sentence.len()),
            Step::Call { tool, .. } => write!(f, "Call({tool})"),
            Step::Pause(ms) => write!(f, "Pause({ms} ms)"),
            Step::AfterResults { then, otherwise } => write!(f, "AfterResults({then:?}, otherwise {otherwise:?})"),
        }
    }
}

/// A scenario that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("cannot read the scenario {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The text is no scenario; the sentence names the line.
    #[error("not a scenario: {0}")]
    Format(#[from] serde_json::Error),
}

impl Scenario {
    /// Reads a scenario from its JSON text.
    ///
    /// # Errors
    /// The text is no scenario of version 1; unknown members are refused, with their line.
    pub fn parse(json: &str) -> Result<Self, ScenarioError> {
        Ok(serde_json::from_str(json)?)
    }

    /// Reads a scenario from a file.
    ///
    /// # Errors
    /// The file cannot be read, or is no scenario of version 1.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ScenarioError> {
        let path = path.as_ref();
        let json = std::fs::read_to_string(path)
            .map_err(|source| ScenarioError::File { path: path.display().to_string(), source })?;
        Self::parse(&json)
    }

    /// Applies the scenario's switches where `chosen` leaves them in their default position.
    pub(crate) fn switches_under(&self, chosen: &Switches) -> Switches {
        let mut switches = Switches::default();
        let wanted = self.switches.clone().into_iter().chain(chosen.changed());
        for (name, position) in wanted {
            // Both lists were checked when they were read.
            let _ = switches.put(&name, &position);
        }
        switches
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StepVisitor)
    }
}

/// Reads a step by hand, so that a mistake is told with its line (an untagged enum would only say that nothing fits).
struct StepVisitor;

impl<'de> Visitor<'de> for StepVisitor {
    type Value = Step;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sentence, or an object with one of `call`, `pause_ms`, `after_results`")
    }

    fn visit_str<E: de::Error>(self, sentence: &str) -> Result<Step, E> {
        Ok(Step::Say(sentence.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Step, A::Error> {
        let fields = StepFields::deserialize(MapAccessDeserializer::new(map))?;
        fields.step().ok_or_else(|| {
            de::Error::custom(
                "a step has one of `call` (with `arguments`), `pause_ms`, `after_results` (with `otherwise`)",
            )
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepFields {
    call: Option<String>,
    arguments: Option<Value>,
    pause_ms: Option<u64>,
    after_results: Option<Vec<Step>>,
    otherwise: Option<Vec<Step>>,
}

impl StepFields {
    fn step(self) -> Option<Step> {
        match self {
            Self { call: Some(tool), arguments, pause_ms: None, after_results: None, otherwise: None } => {
                let arguments = arguments.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
                arguments.is_object().then_some(Step::Call { tool, arguments })
            }
            Self { call: None, arguments: None, pause_ms: Some(ms), after_results: None, otherwise: None } => {
                Some(Step::Pause(ms))
            }
            Self { call: None, arguments: None, pause_ms: None, after_results: Some(then), otherwise } => {
                Some(Step::AfterResults { then, otherwise: otherwise.unwrap_or_default() })
            }
            _ => None,
        }
    }
}

fn version_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        1 => Ok(1),
        other => Err(de::Error::custom(format!("scenario version {other} is unknown; this emulator reads version 1"))),
    }
}

fn english() -> String {
    "en-US".to_owned()
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "`heard` is a sentence or a list of sentences")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(sentence) => vec![sentence],
        OneOrMany::Many(sentences) => sentences,
    })
}

fn faults<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Fault>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(de::Error::custom)).collect()
}

fn switches<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let table = BTreeMap::<String, String>::deserialize(deserializer)?;
    let mut probe = Switches::default();
    let checked: Result<(), SwitchSyntax> = table.iter().try_for_each(|(name, position)| probe.put(name, position));
    checked.map_err(de::Error::custom)?;
    Ok(table)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_unknown_member_is_named_with_its_line() {
        let wrong = |json: &str| Scenario::parse(json).unwrap_err().to_string();
        let message = wrong("{\"version\":1,\n\"name\":\"x\",\n\"turns\":[{\"heard\":\"hi\",\n\"answr\":[]}]}");
        assert!(message.contains("answr") && message.contains("line 4"), "{message}");
        let message =
            wrong("{\"version\":1,\"name\":\"x\",\"turns\":[{\"heard\":\"hi\",\n\"answer\":[{\"cal\":\"t\"}]}]}");
        assert!(message.contains("cal") && message.contains("line 2"), "{message}");
        assert!(wrong("{\"version\":2,\"name\":\"x\",\"turns\":[]}").contains("version 2"));
        assert!(
            wrong("{\"version\":1,\"name\":\"x\",\"turns\":[],\"switches\":{\"headers\":\"soon\"}}")
                .contains("after-system")
        );
        assert!(
            wrong("{\"version\":1,\"name\":\"x\",\"turns\":[],\"faults\":[\"x\"]}").contains("cannot read the fault")
        );
    }

    #[test]
    fn a_chosen_switch_beats_the_scenario() {
        let scenario = Scenario::parse(
            "{\"version\":1,\"name\":\"x\",\"turns\":[],\"switches\":{\"final-text\":\"late\",\"idle\":\"295\"}}",
        )
        .unwrap();
        let mut chosen = Switches::default();
        chosen.set("final-text=never").unwrap();
        let switches = scenario.switches_under(&chosen);
        assert_eq!(switches.get("final-text").as_deref(), Some("never"));
        assert_eq!(switches.get("idle").as_deref(), Some("295"));
    }
}
