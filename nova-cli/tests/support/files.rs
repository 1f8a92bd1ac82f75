//! Reading what a run leaves behind, and checking that every file is whole.

use std::path::Path;

use serde_json::Value;

/// The files of a run.
pub(crate) struct Files {
    pub(crate) left: Vec<i16>,
    pub(crate) right: Vec<i16>,
    pub(crate) transcript: Value,
    pub(crate) events: Vec<Value>,
    pub(crate) svg: String,
}

pub(crate) const RATE: usize = 24_000;

impl Files {
    /// Reads all four; a file that is not valid fails the test.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut wav = hound::WavReader::open(folder.join("conversation.wav")).unwrap();
        let spec = wav.spec();
        assert_eq!((spec.channels, spec.sample_rate as usize, spec.bits_per_sample), (2, RATE, 16));
        let samples: Vec<i16> = wav.samples().map(Result::unwrap).collect();
        let side = |offset: usize| samples.iter().copied().skip(offset).step_by(2).collect::<Vec<_>>();
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let files = Files {
            left: side(0),
            right: side(1),
            transcript: serde_json::from_str(&read("transcript.json")).unwrap(),
            events: read("events.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            svg: read("timeline.svg"),
        };
        files.check();
        files
    }

    fn check(&self) {
        for (place, event) in self.events.iter().enumerate() {
            assert_eq!(event["seq"], place as u64 + 1, "events have no gaps");
        }
        assert!(self.svg.starts_with("<svg ") && self.svg.ends_with("</svg>\n"));
        for tag in ["g", "text", "style", "title"] {
            let opened = self.svg.matches(&format!("<{tag}>")).count() + self.svg.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, self.svg.matches(&format!("</{tag}>")).count(), "<{tag}> in the picture");
        }
        let length = self.left.len() as u64 * 1000 / RATE as u64;
        assert!(self.transcript["lengthMs"].as_u64().unwrap().abs_diff(length) <= 1);
    }

    pub(crate) fn turns(&self) -> &[Value] {
        self.transcript["turns"].as_array().unwrap()
    }

    /// Returns the text of one side's lines in a turn.
    pub(crate) fn said(&self, turn: usize, side: &str) -> String {
        let lines = self.turns()[turn][side].as_array().unwrap();
        lines.iter().map(|line| line["text"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    /// Checks that a whole answer sounds on the right channel: as long as what came, loud, and without a hole.
    pub(crate) fn check_answer(&self, turn: usize) {
        let facts = &self.turns()[turn];
        let [from, to] = [0, 1].map(|n| facts["playedMs"][n].as_u64().unwrap() as usize);
        let came = facts["audioMs"].as_u64().unwrap() as usize;
        assert!((to - from).abs_diff(came) <= 2, "turn {turn}: {came} ms came, {} ms sound", to - from);
        let at = |ms: usize| (ms * RATE / 1000).min(self.right.len());
        let answer = &self.right[at(from)..at(to)];
        assert!(rms(answer) > 1000.0, "turn {turn} is as quiet as {}", rms(answer));
        // Sentences end with a breath; half a second of nothing is a hole.
        let hole = longest_silence(answer) * 1000 / RATE;
        assert!(hole < 500, "turn {turn} has a hole of {hole} ms");
    }

    /// Checks that nothing sounds on the right channel but the answers.
    pub(crate) fn check_nothing_else(&self) {
        let mut rest = self.right.clone();
        for turn in self.turns() {
            let [from, to] = [0, 1].map(|n| turn["playedMs"][n].as_u64().unwrap() as usize * RATE / 1000);
            // The transcript rounds to milliseconds.
            rest[from..(to + RATE / 500).min(self.right.len())].fill(0);
        }
        assert_eq!(rest.iter().position(|sample| *sample != 0), None, "something sounds outside the answers");
    }

    /// Returns how many milliseconds of the right channel lie inside answers that were to be played.
    pub(crate) fn answered_ms(&self) -> usize {
        self.turns().iter().filter_map(|turn| turn["audioMs"].as_u64()).sum::<u64>() as usize
    }

    /// Returns how long the right channel is not silent, leaving out pauses of less than half a second.
    pub(crate) fn sounding_ms(samples: &[i16]) -> usize {
        let mut sounding = 0;
        let mut pause = RATE;
        for sample in samples {
            pause += 1;
            if sample.unsigned_abs() > 50 {
                sounding += if pause < RATE / 2 { pause } else { 1 };
                pause = 0;
            }
        }
        sounding * 1000 / RATE
    }
}

pub(crate) fn rms(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (sum / samples.len().max(1) as f64).sqrt()
}

fn longest_silence(samples: &[i16]) -> usize {
    samples.split(|sample| sample.unsigned_abs() > 50).map(<[i16]>::len).max().unwrap_or(0)
}
