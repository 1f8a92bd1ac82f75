//! What a client says, said to a call.

use super::Command;
use super::fields::wrong;
use crate::error::Result;
use crate::sonic::config::AudioEnd;
use crate::sonic::handle::Sender;

impl Sender {
    /// Does what a client says.
    ///
    /// Audio is taken as live audio. `audioEnd` does what [`Config::audio_end`](crate::sonic::Config::audio_end) says.
    ///
    /// # Errors
    /// `Invalid`, code `command`, for audio of another rate than the call's; those of the method that does the same:
    /// [`try_send_audio`](Sender::try_send_audio), [`send_text`](Sender::send_text), [`greet`](Sender::greet),
    /// [`answer_tool`](Sender::answer_tool).
    pub async fn obey(&self, command: Command) -> Result<()> {
        match command {
            Command::Audio { pcm, sample_rate } => {
                let rate = self.input_rate();
                match sample_rate.filter(|its| *its != rate) {
                    None => self.try_send_audio(pcm),
                    Some(its) => Err(wrong(format!(
                        "This audio has {} samples a second, and the call listens to {}.",
                        its.hz(),
                        rate.hz()
                    ))),
                }
            }
            Command::Text { text } => self.send_text(text).await,
            Command::Greet { text } => self.greet(text).await,
            Command::ToolResult { id, answer } => self.answer_tool(&id, answer.into()).await,
            Command::Interrupt => {
                self.interrupt();
                Ok(())
            }
            Command::Played { turn, position } => {
                self.played(turn, position);
                Ok(())
            }
            Command::Finish => {
                self.finish();
                Ok(())
            }
            Command::AudioEnd => match self.audio_end() {
                AudioEnd::Silence => Ok(()),
                AudioEnd::Close => self.end_audio().await,
            },
        }
    }
}
