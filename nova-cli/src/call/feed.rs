//! Sending a recording as a microphone would: 20 ms at a time, in real time.

use std::ops::Range;
use std::time::Duration;

use bedrock_nova::sonic::Sender;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::sound::clip::Clip;

/// Length of one piece.
const PIECE: Duration = Duration::from_millis(20);

/// Reports between the feeder and the call. When they are not read, the feeder waits.
const REPORTS: usize = 64;

/// What the feeder reports.
#[derive(Debug)]
pub(crate) enum Fed {
    /// A piece of the recording went out.
    Piece {
        /// When, on the call's clock.
        at: Duration,
        /// Which samples.
        samples: Range<usize>,
    },
    /// The whole recording went out.
    Done,
    /// The call takes no more audio; the reason is in its last event.
    Refused,
}

/// A recording on its way. Dropping it stops sending.
pub(crate) struct Feed {
    reports: mpsc::Receiver<Fed>,
    task: JoinHandle<()>,
}

impl Feed {
    /// Begins to send a recording, which must have the call's input rate.
    pub(crate) fn start(sender: Sender, clip: Clip) -> Self {
        let (tell, reports) = mpsc::channel(REPORTS);
        Feed { reports, task: tokio::spawn(run(sender, clip, tell)) }
    }

    /// Returns the next report. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Fed> {
        self.reports.recv().await
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(sender: Sender, clip: Clip, tell: mpsc::Sender<Fed>) {
    let step = (clip.rate() as usize * PIECE.as_millis() as usize / 1000).max(1);
    let mut clock = tokio::time::interval(PIECE);
    // After a hiccup of this machine the pieces catch up, so that the recording keeps its length.
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for (n, samples) in clip.samples().chunks(step).enumerate() {
        clock.tick().await;
        let at = sender.elapsed();
        let pcm: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let report = match sender.send_audio(&pcm).await {
            Ok(()) => Fed::Piece { at, samples: n * step..n * step + samples.len() },
            Err(_) => Fed::Refused,
        };
        let over = matches!(report, Fed::Refused);
        if tell.send(report).await.is_err() || over {
            return;
        }
    }
    let _ = tell.send(Fed::Done).await;
}
