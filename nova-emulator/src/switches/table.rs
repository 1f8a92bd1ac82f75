//! The table of switches.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::positions::*;

/// One row of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SwitchRow {
    /// The name, as written.
    pub name: String,
    /// What it decides, with its section of the reference.
    pub about: &'static str,
    /// Every position, as written.
    pub positions: &'static [&'static str],
    /// The default position.
    pub default: String,
}

/// A switch text that names no switch or no position of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SwitchSyntax {
    /// The text is not `name=position`.
    #[error("a switch is written name=position, not {0:?}")]
    Shape(String),
    /// No switch has this name.
    #[error("there is no switch {0:?}; the switches are: {1}")]
    Name(String, String),
    /// The switch has no such position.
    #[error("switch {name} has no position {position:?}; it has: {positions}")]
    Position {
        /// The switch.
        name: String,
        /// What was asked for.
        position: String,
        /// What there is.
        positions: String,
    },
}

/// Declares the struct, its defaults and its catalogue from one list.
macro_rules! switches {
    ($($(#[doc = $about:literal])+ $name:ident: $kind:ident = $default:ident,)+) => {
        /// The position of every switch.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        #[non_exhaustive]
        pub struct Switches {
            $($(#[doc = $about])+ pub $name: $kind,)+
        }

        impl Default for Switches {
            fn default() -> Self {
                Self { $($name: $kind::$default,)+ }
            }
        }

        impl Switches {
            /// Lists every switch with its meaning and positions.
            pub fn catalogue() -> Vec<SwitchRow> {
                let defaults = Self::default();
                vec![$(SwitchRow {
                    name: stringify!($name).replace('_', "-"),
                    about: concat!($($about),+).trim_ascii(),
                    positions: $kind::POSITIONS,
                    default: written(&defaults.$name),
                },)+]
            }
        }
    };
}

switches! {
    /// When the response headers are released (§1.7, question 1).
    headers: Headers = AfterSystem,
    /// How an error before the response headers travels (§1.8, question 1).
    early_fault: EarlyFault = HttpError,
    /// Whether a usageEvent follows the response headers before anybody speaks (§1.7, question 2).
    early_usage: Toggle = Off,
    /// AUDIO opened while the response headers are unsent: refused as HISTLATE (§4.2 note 5); headers then take 100 ms.
    early_audio: Verdict = Accepted,
    /// Whether configured secrets are checked against signatures (§6.6); the server's switch.
    signatures: Signatures = Verified,
    /// Bearer tokens instead of signatures (§1.1, question 13); the server's switch.
    bearer: Verdict = Refused,
    /// Random-length member `p` beside `bytes` (§1.6, question 13); the server's switch.
    padding: Toggle = Off,
    /// An event nobody knows after every block (§2, §6.6).
    unknown_events: Toggle = Off,
    /// A member nobody knows in every event (§3, §6.6).
    unknown_fields: Toggle = Off,
    /// The sentence for a missing SYSTEM block (§2.3.1, question 4).
    missing_system: MissingSystem = Named,
    /// A promptName or contentName used twice (§2.0, question 3).
    duplicate_names: Verdict = Refused,
    /// A second promptStart behind promptEnd (§2.2, question 3).
    second_prompt: Verdict = Refused,
    /// A toolResult for a call that was never made (§4.2 note 2, question 12).
    unknown_tool_use: UnknownToolUse = Fatal,
    /// toolChoice at all (§2.2, question 5): refused as PARSE.
    tool_choice: Verdict = Accepted,
    /// The keywords anyOf, default, additionalProperties and title in a tool's schema (§2.2, question 5).
    schema_keywords: Verdict = Accepted,
    /// audioInput while a tool result is pending (§4.2 note 3, question 6).
    audio_while_tool_pending: Verdict = Accepted,
    /// Interactive text behind the AUDIO block (§4.2, question 15).
    text_after_audio: TextAfterAudio = Answered,
    /// A tool result behind the AUDIO block (§4.2, question 15).
    tool_result_after_audio: Verdict = Accepted,
    /// The voices camila, aditi and rohan (§5.3, question 16).
    extra_voices: Verdict = Refused,
    /// maxTokens above 10,000 (§2.1, question 14).
    large_max_tokens: Verdict = Accepted,
    /// A textInput above 1 KB (§2.4, question 14).
    large_text_input: Verdict = Accepted,
    /// The size of the history (§4.5).
    history_limit: HistoryLimit = ByModel,
    /// When completionStart comes (§1.9a, §3.4).
    completion_start: CompletionStart = AtSpeechStart,
    /// What a completion spans (§3.3, §7.2).
    completion_scope: CompletionScope = Prompt,
    /// userSpeechStart and userSpeechEnd (§3.2, question 9).
    boundary_events: BoundaryEvents = ByModel,
    /// A completionId on the boundary events (§3.2, question 9).
    boundary_completion_id: Toggle = Off,
    /// Where userSpeechEnd stands (§3.2).
    speech_end_order: SpeechEndOrder = BeforeTranscript,
    /// The silence that ends an utterance (§2.1, §6.6).
    endpointing: Endpointing = Measured,
    /// Closing the AUDIO block ends the utterance at once (§6.2).
    audio_end_commits: Toggle = Off,
    /// What promptEnd does to an unfinished utterance (question 11).
    prompt_end: PromptEnd = DropsPending,
    /// When FINAL text comes (§3.3).
    final_text: FinalText = After,
    /// How a barge-in ends the AUDIO block (§6.1, question 10).
    barge_in_audio_end: BargeInAudioEnd = EndTurn,
    /// How a barge-in shows (§3.2, §6.1).
    barge_in_signal: BargeInSignal = TextBlock,
    /// What a barge-in sends first (question 10).
    barge_in_order: BargeInOrder = AudioEndFirst,
    /// How the interruption is written (§6.1).
    barge_in_json: BargeInJson = Spaced,
    /// Interactive text behind an answer (§6.4, v2.5).
    text_after_answer: TextAfterAnswer = Answered,
    /// How tool arguments are written (§3.1).
    tool_content: ToolContent = Plain,
    /// How long the input may be idle (§4.5, question 7).
    idle: Idle = ByModel,
    /// Whether silence counts as input (§4.5, question 7).
    idle_silence: IdleSilence = Counts,
    /// The cut with code 531 after 175 s without speech (§4.5, question 7).
    silence_cut: Toggle = On,
    /// Whether v1 is past its end of life (§0.3).
    model_v1: ModelV1 = Alive,
}

impl Switches {
    /// Sets one switch from its written form, `name=position`.
    ///
    /// # Errors
    /// The text has another shape, or names no switch or position; says what there is.
    pub fn set(&mut self, text: &str) -> Result<(), SwitchSyntax> {
        let (name, position) = text.split_once('=').ok_or_else(|| SwitchSyntax::Shape(text.to_owned()))?;
        self.put(name.trim(), position.trim())
    }

    /// Sets one switch by name.
    ///
    /// # Errors
    /// There is no such switch or position; says what there is.
    pub fn put(&mut self, name: &str, position: &str) -> Result<(), SwitchSyntax> {
        let rows = Self::catalogue();
        let row = rows.iter().find(|row| row.name == name).ok_or_else(|| {
            let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
            SwitchSyntax::Name(name.to_owned(), names.join(", "))
        })?;
        let unknown = || SwitchSyntax::Position {
            name: name.to_owned(),
            position: position.to_owned(),
            positions: row.positions.join(", "),
        };
        let mut table = serde_json::to_value(&*self).map_err(|_| unknown())?;
        table[name] = Value::from(position);
        *self = serde_json::from_value(table).map_err(|_| unknown())?;
        Ok(())
    }

    /// The written position of one switch, if there is such a switch.
    pub fn get(&self, name: &str) -> Option<String> {
        let table = serde_json::to_value(self).ok()?;
        table.get(name)?.as_str().map(str::to_owned)
    }

    /// The switches that are not in their default position, as `(name, position)`.
    pub fn changed(&self) -> Vec<(String, String)> {
        let table = serde_json::to_value(self).unwrap_or_default();
        let rows = Self::catalogue().into_iter();
        rows.filter_map(|row| {
            let position = table.get(&row.name)?.as_str()?;
            (position != row.default).then(|| (row.name, position.to_owned()))
        })
        .collect()
    }
}

fn written(position: &impl Serialize) -> String {
    serde_json::to_value(position).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn every_position_of_every_switch_can_be_written_and_read() {
        for row in Switches::catalogue() {
            assert!(row.positions.len() >= 2, "{} decides nothing", row.name);
            assert!(row.positions.contains(&row.default.as_str()));
            for position in row.positions {
                let mut switches = Switches::default();
                switches.set(&format!("{}={position}", row.name)).unwrap();
                assert_eq!(switches.get(&row.name).as_deref(), Some(*position));
                assert_eq!(switches.changed().is_empty(), row.default == *position);
            }
        }
    }

    #[test]
    fn a_wrong_text_is_told_what_there_is() {
        let mut switches = Switches::default();
        let wrong = |text: &str, switches: &mut Switches| switches.set(text).unwrap_err().to_string();
        assert!(wrong("headers", &mut switches).contains("name=position"));
        assert!(wrong("header=never", &mut switches).contains("early-usage"));
        assert!(wrong("headers=later", &mut switches).contains("after-session-start"));
        assert_eq!(switches, Switches::default());
    }
}
