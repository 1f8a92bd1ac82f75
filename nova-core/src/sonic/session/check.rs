//! A session's rules for who writes the events by themselves: each is looked at before it is sent.
//!
//! It keeps a [`Session`] beside the real one and does in it what each event says. The session is the judge, and there is no
//! second set of rules; what is added is what its own commands cannot get wrong: the names.

use std::collections::BTreeMap;
use std::fmt;

use super::{Move, Rule, Session, Upstream, fits};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{ContentName, PromptName};
use crate::model::Model;
use crate::sonic::content::Content;
use crate::sonic::wire::{Place, Said, ServerEvent};

/// Looks at the events of a client before they are sent, and refuses what the service would end the session for.
///
/// ```
/// use bedrock_nova::model::{Catalogue, ModelId};
/// use bedrock_nova::sonic::session::Check;
///
/// let mut check = Check::new(&Catalogue::built_in().model(&ModelId::default()));
/// check.check(br#"{"event":{"sessionStart":{"inferenceConfiguration":{"maxTokens":1024}}}}"#)?;
/// let refused = check.check(br#"{"event":{"promptEnd":{"promptName":"p-1"}}}"#).unwrap_err();
/// assert_eq!(refused.message(), "end_prompt is refused in state Started: promptStart comes before it.");
/// # Ok::<(), bedrock_nova::Error>(())
/// ```
pub struct Check {
    session: Session,
    prompt: Option<String>,
    /// Every block so far, by the client's name for it: a session has a few, and ends after minutes.
    blocks: BTreeMap<String, ContentName>,
}

impl Check {
    /// Begins with a session in which nothing was sent.
    #[must_use]
    pub fn new(model: &Model) -> Check {
        let session = Session::with_prompt(model, PromptName::from("checked"));
        Check { session, prompt: None, blocks: BTreeMap::new() }
    }

    /// Takes one event, `{"event":{…}}` as it would be sent. One that is refused must not be sent, and changes nothing.
    ///
    /// # Errors
    /// `Misuse` out of order, with the rule's code and sentence and what is allowed instead; code `prompt-name` for
    /// another prompt than the session's, `content-name` for a name that a block has had before. `Invalid` for values
    /// that the service or the model does not take: `E-PARSE` for what is no event or lacks something, `E-TOOLPARSE`,
    /// `too-large`, `unknown-event`, and those of [`Session`]'s commands.
    pub fn check(&mut self, payload: &[u8]) -> Result<()> {
        fits("This event", payload)?;
        let checked = self.take(Said::read(payload)?);
        // What the judge would send, the client sends by itself.
        while self.session.poll().is_some() {}
        checked
    }

    /// Takes one event of the service's: only so is it known which results of tools may be sent.
    ///
    /// # Errors
    /// `Wire` for what is no event; it is as if it had not come.
    pub fn heard(&mut self, payload: &[u8]) -> Result<()> {
        self.session.read(ServerEvent::decode(payload)?);
        while self.session.poll().is_some() {}
        Ok(())
    }

    /// Returns what has been sent so far, if all that passed was sent.
    #[must_use]
    pub fn upstream(&self) -> &Upstream {
        self.session.upstream()
    }

    fn take(&mut self, said: Said) -> Result<()> {
        match said {
            Said::SessionStart { inference, turn_detection } => self.session.start(&inference, turn_detection),
            Said::PromptStart { prompt, config } => {
                self.session.start_prompt(&config)?;
                self.prompt = Some(prompt);
                Ok(())
            }
            Said::ContentStart { at, start } => self.open(at, start),
            Said::Text { at, text } => {
                let block = self.block(&at, Move::Text)?;
                self.session.text(&block, &text)
            }
            Said::Audio { at, pcm } => {
                let block = self.block(&at, Move::Audio)?;
                if self.session.open_audio() != Some(&block) {
                    return Err(self.session.refuse(Rule::NoSuchBlock, Move::Audio));
                }
                self.session.audio(&pcm)
            }
            Said::ToolResult { at, json } => {
                let block = self.block(&at, Move::ToolResult)?;
                self.session.tool_result(&block, &json)
            }
            Said::ContentEnd { at } => {
                let content = self.blocks.get(&at.content).and_then(|name| self.session.blocks.get(name));
                let attempt = content.map_or(Move::CloseText, |block| block.content.closing());
                let block = self.block(&at, attempt)?;
                self.session.close(&block)
            }
            Said::PromptEnd { prompt } => {
                self.session.permit(Move::EndPrompt)?;
                self.own_prompt(&prompt)?;
                self.session.end_prompt()
            }
            Said::SessionEnd => self.session.end(),
        }
    }

    fn open(&mut self, at: Place, start: Content) -> Result<()> {
        if let Some(attempt) = start.opening() {
            self.session.permit(attempt)?;
        }
        self.own_prompt(&at.prompt)?;
        if self.blocks.contains_key(&at.content) {
            return Err(Error::new(ErrorKind::Misuse, "A block of this contentName was there before.")
                .with_code("content-name")
                .with_hint("Give each block a name of its own."));
        }
        let block = self.session.open(start)?;
        self.blocks.insert(at.content, block);
        Ok(())
    }

    /// Returns the judge's name for a block. What the order forbids is said first: it is worth more than a name.
    fn block(&self, at: &Place, attempt: Move) -> Result<ContentName> {
        self.session.permit(attempt)?;
        self.own_prompt(&at.prompt)?;
        let block = self.blocks.get(&at.content).cloned();
        block.ok_or_else(|| self.session.refuse(Rule::NoSuchBlock, attempt))
    }

    fn own_prompt(&self, prompt: &str) -> Result<()> {
        if self.prompt.as_deref() == Some(prompt) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Misuse, "This session's prompt has another promptName.")
            .with_code("prompt-name")
            .with_hint("Every event of a prompt has the name that promptStart gave it."))
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("session", &self.session).field("blocks", &self.blocks.len()).finish()
    }
}
