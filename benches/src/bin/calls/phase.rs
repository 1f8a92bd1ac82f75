//! One measurement: a client, a number of calls, a time.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::clock::{self, Usage};
use crate::peer::Peer;
use crate::tally::{SharedTally, Tally};
use crate::{Failure, bare, caller};

/// Who speaks to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// A `Conversation` of this library over its `Bedrock` transport.
    Library,
    /// The least that one can write by hand on the AWS SDK and its own HTTP client.
    BareSdk,
}

/// Where the peer is.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) url: String,
    /// The file with its authority.
    pub(crate) ca: String,
}

/// How the calls of this library speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Speech {
    /// 20 ms 50 times a second, each call by a timer of its own, with `try_send_audio`.
    Live,
    /// Each call has 1 KiB after 1 KiB to say without end, and waits in `send_audio` until the next is taken.
    File,
    /// One task hands 4 KiB over for every call 50 times a second, 1 KiB at a time, with `try_send_audio`: six times
    /// real time, and nobody waits.
    Flood,
    /// Nobody says anything: what a call takes that is only open.
    Silent,
}

/// What is to be measured.
pub(crate) struct Phase {
    pub(crate) client: Client,
    pub(crate) calls: u32,
    /// How long, once every call is open and has run for a moment.
    pub(crate) seconds: Duration,
}

/// What came out.
pub(crate) struct Row {
    pub(crate) client: Client,
    pub(crate) calls: u32,
    pub(crate) seconds: Duration,
    /// What the peer saw.
    pub(crate) up: Tally,
    /// What the application saw.
    pub(crate) down: Tally,
    /// What this process used.
    pub(crate) ours: Usage,
    /// What the peer used: a measurement in which it is the busier one is of the peer.
    pub(crate) theirs: Usage,
}

/// The tasks of all calls; none of them ends by itself, so one that ends has failed.
pub(crate) type Tasks = JoinSet<Result<(), Failure>>;

impl Phase {
    /// Opens the calls, lets them run, and drops them.
    ///
    /// # Errors
    /// A call could not be opened, or ended before its time.
    pub(crate) async fn run(&self, peer: &mut Peer) -> Result<Row, Failure> {
        let tally = SharedTally::default();
        let mut tasks = Tasks::new();
        let open = async {
            match self.client {
                Client::Library => {
                    let mut caller = caller::Caller::new(&peer.address, Speech::Live).await?;
                    caller.open(self.calls, &tally, &mut tasks).await
                }
                Client::BareSdk => bare::open(&peer.address, self.calls, &tally, &mut tasks).await,
            }
        };
        timeout(OPENING, open).await.map_err(|_| "the calls do not open in time")??;
        sleep(SETTLING).await;
        let (_settling, before) = (tally.take(), peer.take().await?);
        let (begin, used) = (Instant::now(), clock::usage());
        sleep(self.seconds).await;
        let (seconds, ours) = (begin.elapsed(), clock::usage().since(used));
        let (down, after) = (tally.take(), peer.take().await?);
        if let Some(ended) = tasks.try_join_next() {
            return Err(format!("a call ended before its time: {ended:?}").into());
        }
        tasks.shutdown().await;
        sleep(SETTLING).await;
        let theirs = after.usage.since(before.usage);
        Ok(Row { client: self.client, calls: self.calls, seconds, up: after.tally, down, ours, theirs })
    }
}

/// The beat of a live source: 50 pieces a second from now on, each call's at its own moment within the 20 ms.
pub(crate) struct Pulse {
    begin: Instant,
    due: Duration,
    seq: u32,
}

impl Pulse {
    /// Begins the beat of a call.
    pub(crate) fn new(call: u32) -> Self {
        // The golden section spreads any number of calls evenly.
        let offset = BEAT.mul_f64((f64::from(call) * 0.618_033_988_749_894_9).fract());
        Pulse { begin: Instant::now() + offset, due: clock::now() + offset, seq: 0 }
    }

    /// Waits for the next piece; returns its number and when it was due. What is overdue comes at once.
    pub(crate) async fn next(&mut self) -> (u32, Duration) {
        let (seq, passed) = (self.seq, BEAT * self.seq);
        self.seq += 1;
        sleep_until(self.begin + passed).await;
        (seq, self.due + passed)
    }
}

/// How long 1,000 calls may take to open.
const OPENING: Duration = Duration::from_secs(30);
/// Until the first seconds of all calls are over.
const SETTLING: Duration = Duration::from_secs(2);
/// The length of a piece of audio.
const BEAT: Duration = Duration::from_millis(20);
