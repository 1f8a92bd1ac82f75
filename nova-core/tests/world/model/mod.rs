//! The reference model: what a call must look like from outside, whatever happens to it.
//!
//! While the call runs, it follows every event; when the call is over, it holds what was said, sent and told against
//! what the sessions heard. It knows nothing of how the call does it.

mod sessions;
mod sound;
mod turns;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use bedrock_nova::ErrorKind;
use bedrock_nova::sonic::conversation::{LinkKey, Output};
use bedrock_nova::sonic::failure::{self, Recovery};
use bedrock_nova::sonic::{
    CloseReason, Config, DropReason, Event, RenewReason, Stamped, Timeouts, Tokens, ToolOutcome, ToolUseId,
};
use bedrock_nova::usage::Money;

use super::World;
use super::service::Service;
use turns::Turns;

pub use sound::Sound;

/// Whether the call renews its sessions and tells the new one again what the old one did not answer.
pub const RENEWS: bool = true;

/// The session in use is never without sound for longer: what runs ahead of real time is bounded (the queue's own lead),
/// and a fault of the menu stalls a link for three seconds.
const SOUND_FLOWS: Duration = Duration::from_secs(6);
/// A session that is kept ready hears nothing, and AWS's own samples count on half a minute for such a one.
const SPARE_LIFE: Duration = Duration::from_secs(30);
/// A session that was in use for so long was a good one, and the longest pause between attempts.
const GOOD: Duration = Duration::from_secs(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(12);
/// What a fault makes a session say of the service's grammar: an event nobody knows, and an end out of the blue.
const EXCUSED: [&str; 2] = ["experimentalEvent", "The service ended the stream"];
/// An utterance may last as long as a session.
const LONGEST: Duration = Duration::from_secs(480);

pub struct Model {
    pub turns: Turns,
    pub tools: BTreeMap<ToolUseId, Vec<ToolOutcome>>,
    pub renewals: Vec<Renewal>,
    /// From each loss of a session to the next one.
    pub recoveries: Vec<Duration>,
    pub dropped: BTreeMap<u8, Duration>,
    pub drops: u64,
    /// Texts that the call took.
    pub texts: Vec<String>,
    pub trimmed: usize,
    pub idle: usize,
    pub usage: Option<Tokens>,
    /// What the call says that all of it cost, and the sum of what it said was new.
    pub cost: Option<Money>,
    pub news: Tokens,
    pub closed: Option<Closed>,
    /// What was wrong already while the call ran.
    pub wrong: Vec<String>,
    /// Whether the application said that it is done.
    pub finishing: bool,
    /// What the call did not understand. Some manners of the service are such.
    pub grammar: Vec<String>,
    /// Whether the filter refused a session, and the next one, with the account of what was lost, has not come yet.
    pub account_due: bool,
    /// The session that took over last.
    in_use: LinkKey,
    lost_since: Option<Duration>,
    attempts: u32,
    longest_wait: Duration,
    pub timeouts: Timeouts,
    seq: u64,
}

/// How the call ended.
#[derive(Clone, Debug)]
pub struct Closed {
    pub at: Duration,
    pub reason: CloseReason,
    pub error: Option<bedrock_nova::Error>,
    pub unsent: Duration,
    pub texts: Vec<String>,
}

/// A session that took over.
#[derive(Clone, Copy, Debug)]
pub struct Renewal {
    pub at: Duration,
    pub link: LinkKey,
    pub reason: RenewReason,
    pub replayed: Duration,
    pub lost: Duration,
}

impl Model {
    pub fn new(config: &Config) -> Self {
        Model {
            turns: Turns::default(),
            tools: BTreeMap::new(),
            renewals: Vec::new(),
            recoveries: Vec::new(),
            dropped: BTreeMap::new(),
            drops: 0,
            texts: Vec::new(),
            trimmed: 0,
            idle: 0,
            usage: None,
            cost: Some(Money::default()),
            news: Tokens::default(),
            closed: None,
            wrong: Vec::new(),
            finishing: false,
            grammar: Vec::new(),
            account_due: false,
            in_use: LinkKey::default(),
            lost_since: None,
            attempts: 0,
            longest_wait: Duration::ZERO,
            timeouts: config.timeouts,
            seq: 0,
        }
    }

    /// The application typed something, and the call took it.
    pub fn typed(&mut self, text: String) {
        self.texts.push(text);
    }

    pub fn output(&mut self, now: Duration, output: &Output) {
        match output {
            Output::Event(event) => self.event(now, event),
            Output::RunTool(call) if self.turns.ran.insert(call.id.clone(), call.turn).is_some() => {
                self.wrong(now, format!("tool call {} was run twice", call.id));
            }
            _ => {}
        }
    }

    fn event(&mut self, now: Duration, stamped: &Stamped) {
        self.seq += 1;
        if stamped.seq != self.seq || stamped.at != now {
            self.wrong(now, format!("event {} at {:?} stands where {} should", stamped.seq, stamped.at, self.seq));
        }
        if self.closed.is_some() {
            self.wrong(now, "an event came after the last".to_owned());
        }
        if let Some(wrong) = self.turns.event(&stamped.event) {
            self.wrong(now, wrong);
        }
        match &stamped.event {
            Event::ToolCall(call) if self.tools.insert(call.id.clone(), Vec::new()).is_some() => {
                self.wrong(now, format!("tool call {} was told twice", call.id));
            }
            Event::ToolDone { id, outcome, .. } => match self.tools.get_mut(id) {
                Some(done) if done.is_empty() => done.push(*outcome),
                _ => self.wrong(now, format!("tool call {id} ended twice, or was never told")),
            },
            Event::Reconnecting { attempt, reason } => {
                self.account_due |= reason.kind() == ErrorKind::Filtered;
                // The count begins anew after a session that was a good one.
                if *attempt != 1 && *attempt != self.attempts + 1 {
                    self.wrong(now, format!("attempt {attempt} follows attempt {}", self.attempts));
                }
                self.attempts = *attempt;
                self.lost_since.get_or_insert(now);
            }
            Event::Connected { request_id } => {
                self.in_use = link_of(request_id.as_deref());
                self.lost_since = None;
            }
            Event::Renewed { request_id, reason, replayed, lost, .. } => {
                let link = link_of(request_id.as_deref());
                self.in_use = link;
                self.account_due = false;
                if let Some(since) = self.lost_since.take() {
                    self.recoveries.push(now - since);
                }
                self.renewals.push(Renewal { at: now, link, reason: *reason, replayed: *replayed, lost: *lost });
            }
            Event::InputDropped { duration, why } => {
                let why = match why {
                    DropReason::Closed => 1,
                    _ => 0,
                };
                self.drops += 1;
                *self.dropped.entry(why).or_default() += *duration;
            }
            Event::HistoryTrimmed { lines, .. } => self.trimmed += lines,
            Event::UserIdle { .. } => self.idle += 1,
            Event::Usage { total, delta, cost } => {
                self.usage = Some(*total);
                self.news += *delta;
                self.cost = *cost;
            }
            Event::Unknown { name, .. } if !EXCUSED.iter().any(|excused| name.starts_with(excused)) => {
                self.grammar.push(format!("{:.3} s: {name}", now.as_secs_f64()));
            }
            Event::Closed { reason, error, unsent } => {
                let (reason, error, texts) = (*reason, error.clone(), unsent.texts.clone());
                self.closed = Some(Closed { at: now, reason, error, unsent: unsent.audio, texts });
            }
            _ => {}
        }
    }

    /// No wait without a deadline, and none that is longer than what is owed allows.
    pub fn waits(&mut self, now: Duration, until: Option<Duration>, service: &Service) {
        if self.closed.is_some() {
            return;
        }
        let mut most = LONGEST;
        let tools = self.tools.values().any(Vec::is_empty);
        if tools {
            most = most.min(self.timeouts.tool);
        }
        if self.lost_since.is_some() {
            most = most.min(self.timeouts.recover);
        }
        for link in service.open_links() {
            let session = &service.sessions[link];
            let this = match (session.accepted, link.cmp(&self.in_use)) {
                (None, _) => self.timeouts.connect,
                (Some(_), _) if !session.takes_sound() => continue,
                // What made room takes no sound any more: it goes on with its answer, or is closed.
                (Some(_), Ordering::Less) => self.timeouts.answer,
                (Some(_), Ordering::Equal) if tools => continue,
                (Some(_), Ordering::Equal) => SOUND_FLOWS,
                (Some(accepted), Ordering::Greater) => (accepted + SPARE_LIFE).saturating_sub(now),
            };
            most = most.min(this);
        }
        let Some(until) = until else {
            if self.turns.is_owed() || self.lost_since.is_some() || tools || most < LONGEST {
                self.wrong(now, "something is owed, and nobody waits for it with a deadline".to_owned());
            }
            return;
        };
        let wait = until.saturating_sub(now);
        self.longest_wait = self.longest_wait.max(wait);
        if wait > most {
            self.wrong(now, format!("a wait of {wait:?} where {most:?} is the most"));
        }
    }

    fn wrong(&mut self, now: Duration, what: impl std::fmt::Display) {
        // One cause may show ten thousand times.
        if self.wrong.len() < 20 {
            self.wrong.push(format!("{:.3} s: {what}", now.as_secs_f64()));
        }
    }
}

/// Reads which link a session has out of the request id that the service gave it.
fn link_of(request_id: Option<&str>) -> LinkKey {
    let link = request_id.and_then(|id| id.strip_prefix("r-")?.parse().ok());
    LinkKey(link.unwrap_or_default())
}

/// Holds a call that is over against what its sessions heard.
pub fn verdict(world: &World) -> Vec<String> {
    let mut wrong = world.model.wrong.clone();
    if world.model.closed.is_none() {
        wrong.push(format!("the call was not over at {:?}", world.now));
    }
    wrong.extend(world.model.turns.verdict());
    for (id, done) in &world.model.tools {
        if done.is_empty() {
            wrong.push(format!("tool call {id} never came to an end"));
        }
    }
    wrong.extend(gave_up(world));
    wrong.extend(Sound::of(world).verdict(world));
    wrong.extend(sessions::verdict(world));
    wrong
}

/// A call that a passing failure ended has tried for as long as it was told to, since it last had a good session.
fn gave_up(world: &World) -> Option<String> {
    let closed = world.model.closed.as_ref().filter(|closed| closed.reason == CloseReason::Failed)?;
    let error = closed.error.as_ref().filter(|error| failure::recovery(error) == Recovery::Reconnect)?;
    let first = world.service.sessions.values().find(|session| session.accepted.is_some())?;
    let taken: Vec<(Duration, LinkKey)> = std::iter::once((first.accepted?, first.link))
        .chain(world.model.renewals.iter().map(|renewal| (renewal.at, renewal.link)))
        .collect();
    let left = taken.iter().skip(1).map(|(at, _)| *at).chain([closed.at]);
    let gone = |link: &LinkKey| world.service.sessions.get(link).and_then(|session| session.gone).unwrap_or(closed.at);
    let good = taken.iter().zip(left).map(|((at, link), left)| (*at, left.min(gone(link))));
    let well_until = good.filter(|(at, left)| *left - *at >= GOOD).map(|(_, left)| left).last()?;
    let tried = closed.at - well_until;
    let too_soon = tried + LONGEST_PAUSE < world.model.timeouts.recover && !world.model.finishing;
    too_soon.then(|| format!("the call gave up {tried:?} after a good session, for {error}"))
}
