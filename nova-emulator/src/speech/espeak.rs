//! The voice of an installed espeak-ng.

use std::{
    collections::BTreeMap,
    fmt,
    io::Read,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

use super::{Voice, resample::resample};

/// Speaks anything through the program `espeak-ng`. It does IO: a sentence that it has not said before starts a process
/// and waits two seconds at most. It remembers 256 sentences, then forgets them all and begins anew.
pub struct Espeak {
    program: PathBuf,
    said: Mutex<Remembered>,
}

/// Sound by sentence and rate.
type Remembered = BTreeMap<(String, u32), Arc<[i16]>>;

impl Espeak {
    /// Looks for `espeak-ng` on the path.
    pub fn find() -> Option<Self> {
        let path = std::env::var_os("PATH")?;
        let program =
            std::env::split_paths(&path).map(|folder| folder.join("espeak-ng")).find(|file| file.is_file())?;
        Some(Self { program, said: Mutex::default() })
    }

    /// The WAV file that the program writes, if it does so in time.
    fn wav(&self, sentence: &str, language: &str) -> Option<Vec<u8>> {
        let mut child = Command::new(&self.program)
            .args(["-v", language_voice(language), "-s", "165", "--stdout", "--", sentence])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut stdout = child.stdout.take()?;
        let (sender, receiver) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let mut wav = Vec::new();
            let read = stdout.by_ref().take(MAX_WAV).read_to_end(&mut wav);
            let _ = sender.send(read.map(|_| wav));
        });
        let wav = receiver.recv_timeout(DEADLINE);
        // Done or late, the process must not be left behind.
        let _ = child.kill();
        let _ = child.wait();
        wav.ok()?.ok()
    }
}

impl Voice for Espeak {
    fn speak(&self, sentence: &str, language: &str, rate: u32) -> Option<Arc<[i16]>> {
        let key = (sentence.to_owned(), rate);
        if let Some(known) = self.said.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some(Arc::clone(known));
        }
        let (from, samples) = samples(&self.wav(sentence, language)?)?;
        let sound: Arc<[i16]> = resample(&samples, from, rate).into();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= MOST_REMEMBERED {
            said.clear();
        }
        said.insert(key, Arc::clone(&sound));
        Some(sound).filter(|sound| !sound.is_empty())
    }
}

impl fmt::Debug for Espeak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Espeak")
    }
}

/// The program writes the plain 44-byte header, with a length that it does not know yet.
fn samples(wav: &[u8]) -> Option<(u32, Vec<i16>)> {
    let header = wav.get(..44).filter(|header| header.starts_with(b"RIFF"))?;
    let rate = u32::from_le_bytes(header.get(24..28)?.try_into().ok()?);
    let samples = wav.get(44..)?.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    (rate > 0).then_some((rate, samples))
}

fn language_voice(language: &str) -> &str {
    match language {
        "en-GB" => "en-gb",
        "es-US" => "es",
        "pt-BR" => "pt-br",
        other if other.starts_with("en") => "en-us",
        other => other.split('-').next().unwrap_or("en-us"),
    }
}

const DEADLINE: Duration = Duration::from_secs(2);
const MAX_WAV: u64 = 4 << 20;
const MOST_REMEMBERED: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::{Tone, voice_with_espeak};

    #[test]
    fn what_was_never_recorded_is_spoken_where_the_program_is_and_hummed_where_it_is_not() {
        let sentence = "Nobody ever recorded this.";
        let sound = voice_with_espeak().speak(sentence, "en-US", 16_000);
        let tone = Tone.speak(sentence, "en-US", 16_000);
        assert!(sound.as_ref().is_some_and(|sound| sound.len() > 8000));
        assert_eq!(sound == tone, Espeak::find().is_none());
    }

    #[test]
    fn a_wav_gives_its_rate_and_samples_and_rubbish_gives_nothing() {
        let mut wav = b"RIFF".to_vec();
        wav.resize(44, 0);
        wav[24..28].copy_from_slice(&22_050u32.to_le_bytes());
        wav.extend([1, 0, 0xFF, 0xFF, 9]);
        assert_eq!(samples(&wav), Some((22_050, vec![1, -1])));
        assert_eq!(samples(b"RIFF"), None);
        assert_eq!(samples(&[0; 60]), None);
    }
}
