use proptest::prelude::*;

use super::super::frame::{DOWN_HEADER, Down, UP_HEADER, Up};
use super::*;

#[test]
fn a_frame_is_laid_out_as_documented() {
    let down = Down::of(&stamped(258, audio(3, ms(10)))).unwrap().encode();
    assert_eq!(
        down[..DOWN_HEADER],
        *b"\x01\x01\0\0\xc0\x5d\0\0\x02\x01\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\xf0\0\0\0\0\0\0\0"
    );
    assert_eq!(down[DOWN_HEADER..], [1, 2, 255, 254]);
    let up = Up { rate: SampleRate::Hz16000, pcm: Bytes::from_static(&[5, 6]) }.encode();
    assert_eq!(up[..], *b"\x01\x02\0\0\x80\x3e\0\0\x05\x06");
    assert_eq!(Down::of(&stamped(1, ended(1))), None);
}

#[test]
fn offsets_are_whole_samples_however_many_times_were_added_up() {
    let rate = SampleRate::Hz24000;
    let mut offset = Duration::ZERO;
    for n in 0..10_000 {
        let piece = Audio { turn: 1, pcm: Bytes::new(), rate, offset };
        assert_eq!(Down::of(&stamped(1, Event::Audio(piece))).unwrap().offset, n * 1_001);
        offset += rate.duration(1_001);
    }
}

#[test]
fn a_wrong_frame_is_refused_with_its_reason() {
    let good = Up { rate: SampleRate::Hz16000, pcm: Bytes::from_static(&[5, 6]) }.encode();
    let with = |at: usize, byte: u8| {
        let mut frame = good.to_vec();
        frame[at] = byte;
        Bytes::from(frame)
    };
    for (frame, reason) in [
        (good.slice(..UP_HEADER - 1), "shorter"),
        (good.slice(..UP_HEADER + 1), "sample"),
        (with(0, 2), "version 1, this one is of 2"),
        (with(1, 1), "kind 2 was expected, this one is 1"),
        (with(2, 1), "zero"),
        (with(5, 0), "128 Hz"),
    ] {
        let error = Up::decode(frame).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, "frame"));
        assert!(error.message().contains(reason), "{reason}: {}", error.message());
    }
}

fn rate() -> impl Strategy<Value = SampleRate> {
    prop::sample::select(SampleRate::ALL.to_vec())
}

fn pcm() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<[u8; 2]>(), 0..200).prop_map(|samples| Bytes::from(samples.concat()))
}

proptest! {
    #[test]
    fn frames_read_as_they_were_written(seq: u64, turn: u64, offset: u64, rate in rate(), pcm in pcm()) {
        let down = Down { seq, turn, rate, offset, pcm: pcm.clone() };
        prop_assert_eq!(Down::decode(down.encode()).unwrap(), down);
        let up = Up { rate, pcm };
        prop_assert_eq!(Up::decode(up.encode()).unwrap(), up);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), kind in 0..4_u8) {
        let mut bytes = bytes;
        for start in [vec![], vec![1, kind, 0, 0], vec![1, kind, 0, 0, 0x80, 0x3e, 0, 0]] {
            bytes.splice(..start.len().min(bytes.len()), start);
            let _ = (Down::decode(bytes.clone().into()), Up::decode(bytes.clone().into()));
        }
    }
}
