//! Several readers of one call: each for itself, at its own pace, and again from where it was.
//!
//! A call that is [shared](super::Conversation::share) keeps what happened of late, so that a page that was reloaded goes
//! on where it stopped, and one that comes late finds what was said to it. Its events are numbered, and a reader is such a number:
//!
//! ```no_run
//! use bedrock_nova::sonic::{Conversation, Event, ReadFrom};
//!
//! # async fn run(last_event_id: Option<&str>) -> bedrock_nova::Result<()> {
//! let call = Conversation::builder().connect().await?.share();
//! let mut page = call.player(ReadFrom::last_event_id(last_event_id));
//! let mut lines = call.transcripts(ReadFrom::Oldest);
//! while let Some(entry) = page.next().await {
//!     match &entry.event {
//!         Event::Gap { events, .. } => eprintln!("{events} events are too long ago"),
//!         _ => { /* send entry.json() with the id entry.seq */ }
//!     }
//! }
//! # drop(lines.next().await);
//! # Ok(())
//! # }
//! ```
//!
//! # What is kept
//!
//! Sound for a minute after it was heard (who that is, see below); of sound that nobody has heard yet the last two minutes,
//! however old; and eight megabytes in all. When room is needed, sound that was heard goes first, then the oldest sound,
//! then the oldest of everything else, which may have a quarter of the room; so the lines of a long call stay for hours.
//! So a minute of question may be handed over at once and its answers be read when all is over: nothing of them is lost.
//! The JSON that was made of events has two megabytes more, and is made anew when it is asked for again later. A reader is told of what it misses by one [`Event::Gap`](super::Event::Gap) at
//! the place where it is missing, and goes on. A gap has the number of the last event that is missing: who comes back
//! after it goes on behind it, and is not told again.
//!
//! What another process told of a call that [goes on](super::Conversation::resume) here is not here, nor its number known:
//! the numbers jump, and [`Event::Renewed`](super::Event::Renewed) says why.
//!
//! # Sound that is void
//!
//! When an answer is cut, its sound is taken out for everybody who has not read it: nobody should hear it any more. The
//! numbers of those pieces are missing then, and that is no gap: the [`Event::Interrupted`](super::Event::Interrupted)
//! behind them says what happened.
//!
//! # Who plays
//!
//! What was heard of an answer decides what an interruption means (see [`Sender::played`](super::Sender::played)), and
//! with several readers the call cannot guess which of them has the loudspeaker. So say it: the sound that the
//! [player](SharedConversation::player) takes counts as taken, once for each piece, also when it reads it again. Without
//! a player say `played`; every piece that begins before that position counts as taken then. A call of which neither is
//! ever said believes that nobody hears its answers: each of them is still waiting to be played when the user speaks
//! next, and is cut as unheard.

mod reader;
mod shared;
mod sse;

pub use reader::{ReadFrom, Reader};
pub use shared::{Ending, SharedConversation};
pub use sse::SseStream;
