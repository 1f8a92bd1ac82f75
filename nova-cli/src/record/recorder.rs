//! Writes a call down while it happens: sound, events, transcript and picture stay on one time line.

use std::time::Duration;

use bedrock_nova::sonic::{Event, Role, Stamped, TurnId};

use super::events::EventLog;
use super::folder::{self, Folder};
use super::loudspeaker::Loudspeaker;
use super::story::{Opening, Story, Tone, end_in_words};
use super::tape::{Channel, Tape};
use super::transcript::{self, About, Peer};
use crate::report::Problem;
use crate::sound::resample;
use crate::timeline::page;
use crate::timeline::sketch::{Caption, Mark, MarkKind, Sketch, Span, TurnBand};

/// Frames a second of the sound file: the rate that the command asks answers in, the service's highest.
pub(crate) const RATE: u32 = 24_000;

/// How much later than its due time a piece of the user's may be sent before the time line shows a pause.
const JITTER: Duration = Duration::from_millis(120);

/// The recorder of one call.
pub(crate) struct Recorder {
    folder: Folder,
    about: About,
    tape: Tape,
    log: EventLog,
    story: Story,
    speaker: Loudspeaker,
    said_until: Duration,
    hushed: Option<Duration>,
}

impl Recorder {
    /// Opens all files of a run in its folder.
    ///
    /// # Errors
    /// One of them cannot be written.
    pub(crate) fn create(folder: &Folder, about: About) -> Result<Self, Problem> {
        let mut recorder = Recorder {
            tape: Tape::create(&folder.file(folder::SOUND), RATE)?,
            log: EventLog::create(&folder.file(folder::EVENTS))?,
            folder: folder.clone(),
            about,
            story: Story::default(),
            speaker: Loudspeaker::default(),
            said_until: Duration::ZERO,
            hushed: None,
        };
        // All four files are of this call from its first moment on.
        recorder.save()?;
        Ok(recorder)
    }

    /// Writes down that samples at [`RATE`] of a recording were sent at `at`.
    pub(crate) fn say(&mut self, name: &str, at: Duration, samples: &[i16], opening: Opening) {
        let due = self.said_until;
        let steady = opening == Opening::Continued && at < due + JITTER;
        let from = self.tape.place(Channel::User, if steady { due } else { at }, samples);
        self.said_until = from + duration(samples.len());
        self.story.say(name, from, self.said_until, opening);
    }

    /// Writes down an event.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn hear(&mut self, stamped: &Stamped) -> Result<(), Problem> {
        self.log.write(stamped)?;
        self.story.hear(stamped);
        match &stamped.event {
            Event::Audio(audio) if self.hushed.is_none() => {
                let samples: Vec<i16> = audio.samples().collect();
                self.play(audio.turn, stamped.at, &resample::mono(&samples, audio.rate.hz(), RATE));
                Ok(())
            }
            Event::Interrupted { turn, .. } => {
                self.silence(stamped.at);
                self.story.silence(*turn, stamped.at);
                Ok(())
            }
            Event::TurnEnded { .. } => self.save(),
            _ => Ok(()),
        }
    }

    /// Lets the sound file follow the time.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn tick(&mut self, now: Duration) -> Result<(), Problem> {
        self.tape.settle(now)
    }

    /// Switches the loudspeaker off for good at a Ctrl-C: whatever else arrives is not played.
    pub(crate) fn hush(&mut self, now: Duration) {
        self.hushed.get_or_insert(now);
        self.silence(now);
        if let Some(turn) = self.story.turns.last().map(|turn| turn.id) {
            self.story.silence(turn, now);
        }
    }

    /// Closes all files at the end of the call, or at a Ctrl-C; what the loudspeaker had still to play is kept.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn finish(&mut self, now: Duration) -> Result<(), Problem> {
        self.tape.finish(now)?;
        self.save()
    }

    /// Returns when the loudspeaker falls silent.
    pub(crate) fn silent_at(&self) -> Duration {
        self.speaker.silent_at()
    }

    /// Returns what has happened so far.
    pub(crate) fn story(&self) -> &Story {
        &self.story
    }

    /// Returns how much of the answers found no room on the tape.
    pub(crate) fn lost(&self) -> Duration {
        self.tape.lost()
    }

    fn play(&mut self, turn: TurnId, at: Duration, samples: &[i16]) {
        let length = duration(samples.len());
        let from = self.speaker.play(at, length);
        let from = self.tape.place(Channel::Nova, from, samples);
        self.story.play(turn, from, from + length);
    }

    fn silence(&mut self, at: Duration) {
        self.speaker.flush(at);
        self.tape.cut(Channel::Nova, at);
    }

    fn save(&mut self) -> Result<(), Problem> {
        let transcript = transcript::render(&self.about, &self.story, self.tape.length());
        self.folder.replace(folder::TRANSCRIPT, &transcript)?;
        let picture = page::render(&sketch(&self.about, &self.story, &self.tape));
        self.folder.replace(folder::TIMELINE, picture.as_bytes())
    }
}

/// Turns what happened into what the picture shows.
fn sketch(about: &About, story: &Story, tape: &Tape) -> Sketch {
    Sketch {
        title: about.title.clone(),
        facts: facts(about, story, tape.length()),
        badge: (about.peer == Peer::Emulator).then(|| "local emulator, transcripts are scripted".to_owned()),
        length: tape.length().as_secs_f64(),
        user: tape.envelope(Channel::User).clone(),
        nova: tape.envelope(Channel::Nova).clone(),
        turns: turn_bands(story, tape.length()),
        captions: captions(story),
        waits: waits(story),
        tools: tools(story, tape.length()),
        marks: marks(story),
    }
}

fn facts(about: &About, story: &Story, length: Duration) -> Vec<String> {
    let turns = match story.turns.len() {
        1 => "1 turn".to_owned(),
        n => format!("{n} turns"),
    };
    let mut facts = vec![
        about.target.clone(),
        about.model.clone(),
        format!("voice {}", about.voice),
        format!("{:.1} s, {turns}", length.as_secs_f64()),
    ];
    if let Some(tokens) = story.usage {
        let speech = tokens.speech_in + tokens.speech_out;
        facts.push(format!("{speech} speech and {} text tokens", tokens.text_in + tokens.text_out));
    }
    facts
}

/// A turn lasts from the user's first sound to the end of the answer, at most to the next turn.
fn turn_bands(story: &Story, length: Duration) -> Vec<TurnBand> {
    let begins: Vec<Duration> = story.turns.iter().map(|turn| user_began(story, turn.id).unwrap_or(turn.at)).collect();
    let mut bands = Vec::with_capacity(begins.len());
    for (n, turn) in story.turns.iter().enumerate() {
        let ended = turn.end.map_or(length, |(at, _, _)| at);
        let to = turn.played.map_or(ended, |(_, end)| end.max(ended));
        let to = begins.get(n + 1).map_or(to, |next| to.min(*next));
        let how = turn.end.map_or("open", |(_, end, _)| end_in_words(end));
        let label = format!("turn {} · {how}", turn.id);
        bands.push(TurnBand { from: begins[n].as_secs_f64(), to: to.as_secs_f64(), label });
    }
    bands
}

fn captions(story: &Story) -> Vec<Caption> {
    let mut captions: Vec<Caption> = Vec::new();
    for line in &story.lines {
        let turn = story.turns.iter().find(|turn| turn.id == line.turn);
        let (who, at) = match line.role {
            Role::User => (Channel::User, user_began(story, line.turn)),
            _ => (Channel::Nova, turn.and_then(|turn| turn.played).map(|(from, _)| from)),
        };
        let at = at.unwrap_or(line.at).as_secs_f64();
        match captions.iter_mut().find(|caption| caption.who == who && caption.at == at) {
            // Two lines of one side in one turn are one paragraph.
            Some(caption) => caption.text = format!("{} {}", caption.text, line.text),
            None => captions.push(Caption { who, at, text: line.text.clone() }),
        }
    }
    captions.sort_by(|a, b| a.at.total_cmp(&b.at));
    captions
}

/// The recording during or after which a turn's first event came is the one that the turn answers. A second turn out of
/// the same recording begins where the service noticed speech again.
fn user_began(story: &Story, turn: TurnId) -> Option<Duration> {
    let index = story.turns.iter().position(|known| known.id == turn)?;
    let at = story.turns[index].at;
    let spoken = story.spoken.iter().rev().find(|spoken| spoken.from <= at)?;
    match index.checked_sub(1).map(|before| story.turns[before].at) {
        Some(before) if before >= spoken.from => {
            story.speech_starts.iter().copied().find(|start| *start > before && *start <= at)
        }
        _ => Some(spoken.from),
    }
}

/// From the end of speech, as far as the latency tells it, to the first piece of audio.
fn waits(story: &Story) -> Vec<Span> {
    let mut spans = Vec::new();
    for turn in &story.turns {
        let latency = turn.end.and_then(|(_, _, latency)| latency.first_audio);
        if let (Some(arrived), Some(latency)) = (turn.first_audio, latency) {
            spans.push(Span {
                from: arrived.saturating_sub(latency).as_secs_f64(),
                to: arrived.as_secs_f64(),
                label: format!("{:.2} s", latency.as_secs_f64()),
            });
        }
    }
    spans
}

fn tools(story: &Story, length: Duration) -> Vec<Span> {
    let span = |tool: &super::story::ToolUse| Span {
        from: tool.from.as_secs_f64(),
        to: tool.to.map_or(length, |(to, _)| to).as_secs_f64(),
        label: tool.name.clone(),
    };
    story.tools.iter().map(span).collect()
}

fn marks(story: &Story) -> Vec<Mark> {
    let kind = |tone| if tone == Tone::Trouble { MarkKind::Trouble } else { MarkKind::Link };
    let mut marks: Vec<Mark> = story
        .moments
        .iter()
        .map(|moment| Mark { at: moment.at.as_secs_f64(), kind: kind(moment.tone), label: moment.what.clone() })
        .collect();
    for (at, _) in story.turns.iter().filter_map(|turn| turn.cut) {
        marks.push(Mark { at: at.as_secs_f64(), kind: MarkKind::Cut, label: "interrupted".to_owned() });
    }
    marks.sort_by(|a, b| a.at.total_cmp(&b.at));
    marks
}

fn duration(samples: usize) -> Duration {
    Duration::from_secs_f64(samples as f64 / f64::from(RATE))
}
