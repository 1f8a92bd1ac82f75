//! Reading a recording: what can be sent is taken, what cannot is refused with a sentence that says how to mend it.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec};

use super::clip::Clip;
use super::resample;
use crate::report::Problem;

/// The rates the service takes (reference §5.1).
pub(crate) const SERVICE_RATES: [u32; 3] = [8_000, 16_000, 24_000];

/// What a recording at another rate is resampled to: the rate nearly every client sends (reference §5.1).
const USUAL_RATE: u32 = 16_000;

/// A longer file is refused: a call renews its session every eight minutes, and the whole file is held in memory.
const LONGEST_SECONDS: u32 = 30 * 60;

/// A recording, and what had to be done to it.
#[derive(Debug)]
pub(crate) struct Recording {
    /// The sound, mono, at a rate the service takes.
    pub(crate) clip: Clip,
    /// What to say aloud: "stereo mixed to mono, 44100 Hz resampled to 16000 Hz".
    pub(crate) changes: Option<String>,
}

/// Reads a WAV file with 8, 16, 24 or 32-bit integer samples.
///
/// # Errors
/// A missing, empty, unreadable or too long file, a file that is no WAV, and samples in floating point or in a codec.
pub(crate) fn read(path: &Path) -> Result<Recording, Problem> {
    let mut file = open(path)?;
    refuse_other_kinds(path, &mut file)?;
    let reader = WavReader::new(BufReader::new(file)).map_err(|error| unreadable(path, &error))?;
    let spec = reader.spec();
    refuse_spec(path, spec, reader.duration())?;
    let mono = mix(path, reader, spec)?;
    let rate = if SERVICE_RATES.contains(&spec.sample_rate) { spec.sample_rate } else { USUAL_RATE };
    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
    let clip = Clip::new(&name, rate, resample::mono(&mono, spec.sample_rate, rate));
    Ok(Recording { clip, changes: changes(spec, rate) })
}

fn open(path: &Path) -> Result<std::fs::File, Problem> {
    let shown = path.display();
    let file = std::fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Problem::usage("missing-file", format!("There is no file {shown}."))
            .hint("Check the path; it is taken from the folder you are in."),
        _ => Problem::usage("unreadable-file", format!("{shown} cannot be read: {error}."))
            .hint("Check the permissions of the file."),
    })?;
    match file.metadata() {
        Ok(meta) if meta.is_dir() => Err(Problem::usage("unreadable-file", format!("{shown} is a folder."))
            .hint("Name the WAV files one by one, in the order they should be said.")),
        Ok(meta) if meta.is_file() && meta.len() == 0 => {
            Err(Problem::usage("empty-file", format!("{shown} is empty (0 bytes)."))
                .hint("Record again, or give another file."))
        }
        _ => Ok(file),
    }
}

/// Names what a file is when it is no WAV, so that the advice fits.
fn refuse_other_kinds(path: &Path, file: &mut std::fs::File) -> Result<(), Problem> {
    let mut head = Vec::with_capacity(12);
    let read = file.by_ref().take(12).read_to_end(&mut head).and_then(|_| file.seek(SeekFrom::Start(0)));
    if let Err(error) = read {
        return Err(Problem::usage("unreadable-file", format!("{} cannot be read: {error}.", path.display())));
    }
    if head.starts_with(b"RIFF") && head.get(8..12).is_none_or(|kind| kind == b"WAVE") {
        return Ok(());
    }
    let is_mp3 = head.starts_with(b"ID3") || (head.len() > 1 && head[0] == 0xff && head[1] & 0xe0 == 0xe0);
    let kind = match () {
        () if is_mp3 => "an MP3",
        () if head.starts_with(b"OggS") => "an Ogg file",
        () if head.starts_with(b"fLaC") => "a FLAC file",
        () if head.get(4..8) == Some(b"ftyp") => "an MP4 or M4A",
        () if head.starts_with(b"RF64") || head.starts_with(b"RIFX") => "a rare kind of WAV (RF64 or RIFX)",
        () if head.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) => "text",
        () => "something else",
    };
    Err(Problem::usage("not-wav", format!("{} is not a WAV file: it looks like {kind}.", path.display()))
        .hint(format!("Convert it: {}", convert_command(path))))
}

fn refuse_spec(path: &Path, spec: WavSpec, frames: u32) -> Result<(), Problem> {
    let shown = path.display();
    if spec.sample_format == SampleFormat::Float {
        return Err(Problem::usage("float-wav", format!("{shown} has floating-point samples, which are not taken."))
            .hint(format!("Convert it to 16-bit integers: {}", convert_command(path))));
    }
    if !(1_000..=768_000).contains(&spec.sample_rate) || spec.channels == 0 {
        let what = format!("{} Hz, {} channels", spec.sample_rate, spec.channels);
        return Err(Problem::usage("odd-wav", format!("{shown} says it has {what}, which no recording has."))
            .hint(format!("Convert it: {}", convert_command(path))));
    }
    if frames == 0 {
        return Err(Problem::usage("empty-wav", format!("{shown} is a WAV file without any sound in it."))
            .hint("Record again, or give another file."));
    }
    if frames / spec.sample_rate >= LONGEST_SECONDS {
        let minutes = frames / spec.sample_rate / 60;
        return Err(Problem::usage("long-wav", format!("{shown} lasts {minutes} minutes; the limit is 30."))
            .hint("Cut it into one file per turn."));
    }
    Ok(())
}

/// Mixes all channels down to one and scales any width to 16 bits.
fn mix<R: Read>(path: &Path, reader: WavReader<R>, spec: WavSpec) -> Result<Vec<i16>, Problem> {
    let channels = i64::from(spec.channels);
    let mut mono = Vec::with_capacity(reader.duration() as usize);
    let (mut sum, mut channel) = (0_i64, 0);
    for sample in reader.into_samples::<i32>() {
        sum += i64::from(sample.map_err(|error| unreadable(path, &error))?);
        channel += 1;
        if channel == channels {
            mono.push(to_16_bits(sum / channels, spec.bits_per_sample));
            (sum, channel) = (0, 0);
        }
    }
    Ok(mono)
}

fn to_16_bits(sample: i64, bits: u16) -> i16 {
    let scaled = if bits > 16 { sample >> (bits - 16) } else { sample << (16 - bits) };
    scaled.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16
}

fn changes(spec: WavSpec, rate: u32) -> Option<String> {
    let mut said = Vec::new();
    match spec.channels {
        1 => {}
        2 => said.push("stereo mixed to mono".to_owned()),
        n => said.push(format!("{n} channels mixed to mono")),
    }
    if spec.sample_rate != rate {
        said.push(format!("{} Hz resampled to {rate} Hz", spec.sample_rate));
    }
    if spec.bits_per_sample != 16 {
        said.push(format!("{} bits turned into 16", spec.bits_per_sample));
    }
    (!said.is_empty()).then(|| said.join(", "))
}

fn unreadable(path: &Path, error: &hound::Error) -> Problem {
    let why = match error {
        hound::Error::FormatError(why) => (*why).trim_end_matches('.').to_owned(),
        hound::Error::IoError(error) if ends_early(error) => "it ends too early".to_owned(),
        other => other.to_string().trim_end_matches('.').to_owned(),
    };
    Problem::usage("broken-wav", format!("{} cannot be read as WAV: {why}.", path.display()))
        .hint(format!("If other programs play it, convert it: {}", convert_command(path)))
}

/// The reader has a sentence of its own for a file that was cut, under the kind `Other`.
fn ends_early(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::UnexpectedEof || error.to_string().contains("enough bytes")
}

/// The command that turns nearly anything into what the service likes.
fn convert_command(path: &Path) -> String {
    let stem = path.file_stem().map_or_else(|| "out".into(), |stem| stem.to_string_lossy());
    format!("ffmpeg -i '{}' -ac 1 -ar 16000 -c:a pcm_s16le '{stem}-16k.wav'", path.display())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn write(spec: WavSpec, samples: &[i32]) -> tempfile::NamedTempFile {
        let file = tempfile::Builder::new().suffix(".wav").tempfile().unwrap();
        let mut writer = hound::WavWriter::create(file.path(), spec).unwrap();
        for sample in samples {
            writer.write_sample(*sample).unwrap();
        }
        writer.finalize().unwrap();
        file
    }

    fn spec(channels: u16, sample_rate: u32, bits_per_sample: u16) -> WavSpec {
        WavSpec { channels, sample_rate, bits_per_sample, sample_format: SampleFormat::Int }
    }

    #[test]
    fn what_fits_is_untouched() {
        for rate in SERVICE_RATES {
            let recording = read(write(spec(1, rate, 16), &[1, -2, 32767, -32768]).path()).unwrap();
            assert_eq!(recording.clip.samples(), [1, -2, 32767, -32768]);
            assert_eq!((recording.clip.rate(), recording.changes), (rate, None));
        }
    }

    #[test]
    fn every_width_is_scaled_to_sixteen_bits() {
        for (bits, full) in [(8, 127), (24, 8_388_607), (32, i32::MAX)] {
            let recording = read(write(spec(1, 16_000, bits), &[full, -full, 0]).path()).unwrap();
            let samples = recording.clip.samples();
            assert!(samples[0] >= 32_512 && samples[1] <= -32_512 && samples[2] == 0, "{bits} bits: {samples:?}");
            assert_eq!(recording.changes.unwrap(), format!("{bits} bits turned into 16"));
        }
    }

    #[test]
    fn stereo_is_mixed_and_said_aloud() {
        let recording = read(write(spec(2, 16_000, 16), &[100, 300, -100, -300]).path()).unwrap();
        assert_eq!(recording.clip.samples(), [200, -200]);
        assert_eq!(recording.changes.unwrap(), "stereo mixed to mono");
        let recording = read(write(spec(2, 44_100, 16), &vec![0; 88_200]).path()).unwrap();
        assert!(recording.clip.samples().len().abs_diff(16_000) <= 2);
        assert_eq!(recording.changes.unwrap(), "stereo mixed to mono, 44100 Hz resampled to 16000 Hz");
    }

    #[test]
    fn what_is_no_wav_is_named() {
        for (content, said) in [
            (b"Dear diary, this is text.".as_slice(), "looks like text"),
            (b"ID3\x04\0\0\0\0\0\0abc", "an MP3"),
            (b"\xff\xfb\x90\x64\0\0\0\0\0\0\0\0", "an MP3"),
            (b"OggS\0\x02\0\0\0\0\0\0", "an Ogg file"),
            (b"", "is empty"),
            (b"RIFF\x10\0\0\0WAVE", "cannot be read as WAV"),
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), content).unwrap();
            let problem = read(file.path()).unwrap_err().to_string();
            assert!(problem.contains(said), "{problem}");
        }
    }

    #[test]
    fn a_wav_without_sound_is_refused() {
        let problem = read(write(spec(1, 16_000, 16), &[]).path()).unwrap_err();
        assert!(problem.to_string().ends_with("code: empty-wav"), "{problem}");
    }
}
