//! Lines of a transcript, as announced, repeated, cut and told.

use super::*;
use crate::model::{Catalogue, ModelId};

const SECOND: Duration = Duration::from_secs(1);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn shown(change: Option<Transcript>) -> (String, TranscriptStage) {
    let line = change.expect("something changed");
    (line.text, line.stage)
}

fn finally(change: Option<Transcript>) -> String {
    let (text, stage) = shown(change);
    assert_eq!(stage, TranscriptStage::Final);
    text
}

/// What a session would be told, one line each; the user said a dot at first.
fn told(lines: &Transcripts) -> Vec<String> {
    told_without(lines, 0)
}

fn told_without(lines: &Transcripts, turn: TurnId) -> Vec<String> {
    let model = Catalogue::built_in().model(&ModelId::default());
    lines.shaped(&model, &[turn]).messages.into_iter().map(|message| message.text).collect()
}

fn two_sentences() -> Transcripts {
    let mut lines = Transcripts::new(&[Message::user(".")]);
    for sentence in ["It is sunny. ", " Take a hat."] {
        lines.begin_sentence(1);
        lines.announce(1, sentence);
        lines.sounds(1, SECOND);
        lines.sound_ended(1);
    }
    lines
}

fn ended() -> Transcripts {
    let mut lines = two_sentences();
    lines.turn_ended(1, Duration::ZERO);
    lines
}

fn cut(heard: u64, error: u64) -> Cut {
    Cut { heard: ms(heard), error: ms(error) }
}

#[test]
fn finals_replace_what_was_announced() {
    let mut lines = ended();
    assert_eq!(lines.spoken(0, 1, "It is sunny."), None, "nothing that the application does not see already");
    assert_eq!(finally(lines.spoken(0, 2, "Take a hat.")), "It is sunny. Take a hat.");
    assert_eq!(lines.settle(None), [], "settled once");
}

#[test]
fn a_final_may_hold_several_sentences_and_be_cut_short() {
    assert_eq!(shown(ended().spoken(0, 1, "It is sunny. Take")).0, "It is sunny. Take");
    assert_eq!(shown(ended().spoken(0, 1, "It is")).0, "It is", "what comes behind a cut was not heard");
}

#[test]
fn a_repeat_of_a_repeat_changes_nothing() {
    let mut lines = ended();
    lines.spoken(0, 1, "It is sunny. Take a hat.");
    assert_eq!(lines.spoken(0, 2, "It is sunny. Take a hat."), None);
    assert_eq!(lines.spoken(0, 2, "Take a hat."), None);
}

#[test]
fn a_repeat_goes_where_it_is_waited_for_though_it_was_said_before() {
    let mut lines = ended();
    lines.spoken(0, 1, "It is sunny. Take a hat.");
    lines.begin_sentence(2);
    lines.announce(2, "Take a hat.");
    lines.sounds(2, SECOND);
    lines.turn_ended(2, Duration::ZERO);
    assert_eq!(lines.spoken(0, 2, "Take a hat.").map(|line| line.turn), Some(2));
}

#[test]
fn a_repeat_may_be_widened() {
    let mut lines = ended();
    assert_eq!(shown(lines.spoken(0, 1, "It is")).0, "It is");
    assert_eq!(shown(lines.spoken(0, 1, "It is sunny.")).0, "It is sunny.");
}

#[test]
fn a_late_final_finds_its_turn_and_a_missing_one_is_settled_by_time() {
    let mut lines = ended();
    lines.begin_sentence(2);
    lines.announce(2, "Next answer.");
    lines.spoken(0, 2, "It is sunny.");
    assert_eq!(lines.wake(), Some(SETTLE));
    let settled = lines.settle(Some(SETTLE));
    assert_eq!(settled.len(), 1, "the second turn still goes on");
    assert_eq!(finally(settled.into_iter().next()), "It is sunny. Take a hat.");
    assert_eq!(lines.spoken(0, 2, "Take a hat."), None, "later still, it is known to be a repeat");
}

#[test]
fn what_was_announced_and_never_sounded_does_not_stay() {
    let mut lines = two_sentences();
    lines.begin_sentence(1);
    lines.announce(1, "And an umbrella.");
    assert_eq!(told(&lines)[1], "It is sunny. Take a hat. And an umbrella.", "while it goes on, it counts as said");
    assert_eq!(told_without(&lines, 1)[1], "It is sunny. Take a hat.", "unless it will be asked again");
    assert_eq!(finally(lines.settle(None).pop()), "It is sunny. Take a hat.");
    assert_eq!(told(&lines)[1], "It is sunny. Take a hat.");
}

#[test]
fn sentences_announced_together_sound_together() {
    let mut lines = Transcripts::new(&[Message::user(".")]);
    for sentence in ["It is sunny.", "Take a hat."] {
        lines.begin_sentence(1);
        lines.announce(1, sentence);
    }
    lines.sounds(1, SECOND);
    assert_eq!(told(&lines), [".", "It is sunny. Take a hat."]);
}

#[test]
fn a_turn_that_begins_again_keeps_its_lines_and_replaces_its_words() {
    let mut lines = Transcripts::default();
    lines.user(1, "Will it");
    assert_eq!(shown(lines.user(1, "rain?")).0, "Will it rain?");
    lines.begin_sentence(1);
    lines.announce(1, "No.");
    assert_eq!(lines.settle_all_but(&[1]), [], "its words are not certain");
    lines.begin_again(1);
    let user = lines.user(1, "Will it rain today?").expect("the user is heard again");
    assert_eq!((user.item, user.text.as_str()), (1, "Will it rain today?"));
    assert_eq!(shown(lines.user(1, "Or not?")).0, "Will it rain today? Or not?", "and goes on");
    lines.begin_sentence(1);
    let answer = lines.announce(1, "Yes.").expect("the answer is announced again");
    assert_eq!((answer.item, answer.text.as_str()), (2, "Yes."));
}

#[test]
fn a_turn_that_begins_again_and_is_not_heard_again_keeps_what_is_certain() {
    let mut lines = two_sentences();
    lines.user(1, "Will it rain?");
    lines.begin_sentence(1);
    lines.announce(1, "And an umbrella.");
    lines.begin_again(1);
    lines.turn_ended(1, Duration::ZERO);
    lines.settle(None);
    assert_eq!(told(&lines), [". Will it rain?", "It is sunny. Take a hat."]);
}

#[test]
fn an_announcement_that_is_taken_back_disappears() {
    let mut lines = Transcripts::new(&[Message::user(".")]);
    lines.begin_sentence(1);
    lines.announce(1, "No.");
    lines.begin_again(1);
    lines.turn_ended(1, Duration::ZERO);
    assert_eq!(finally(lines.settle(None).pop()), "", "shown as empty");
    assert_eq!(told(&lines), ["."], "and not told");
}

#[test]
fn an_interrupted_line_is_cut_at_once_and_told_like_that() {
    let mut lines = two_sentences();
    let line = lines.interrupted(ms(0), 1, cut(1_700, 100)).expect("it was shown whole");
    assert_eq!((line.text.as_str(), line.stage), ("It is sunny. Take a", TranscriptStage::Final));
    assert_eq!(line.cut, Some(cut(1_700, 175)), "a quarter of the way to the end of the sentence may be wrong too");
    assert_eq!(told(&lines), [".", "It is sunny. Take a"]);
    lines.turn_ended(1, ms(0));
    assert_eq!(lines.settle(Some(SETTLE)), [], "and no FINAL is needed");
    assert_eq!(told(&lines), [".", "It is sunny. Take a"]);
}

#[test]
fn a_later_final_confirms_or_shortens_and_never_lengthens() {
    for (text, line, error) in [
        ("It is sunny. Take a", "It is sunny. Take a", 0),
        ("It is sunny. Take", "It is sunny. Take", 0),
        ("It is", "It is", 0),
        ("It is sunny.", "It is sunny.", 0),
        ("It is sunny. Take a hat.", "It is sunny. Take a", 175),
    ] {
        let mut lines = two_sentences();
        lines.interrupted(ms(0), 1, cut(1_700, 100));
        lines.spoken(0, 1, text);
        lines.settle(Some(SETTLE));
        assert_eq!(told(&lines), [".", line], "after FINAL {text:?}");
        let shown = lines.lines[0].as_said();
        assert_eq!((shown.text.as_str(), shown.cut), (line, Some(cut(1_700, error))), "after FINAL {text:?}");
    }
}

#[test]
fn a_final_is_believed_as_far_as_the_clock_may_be_wrong() {
    for (error, line) in [(100, "It is sunny. Take a"), (500, "It is sunny. Take a hat.")] {
        let mut lines = two_sentences();
        lines.interrupted(ms(0), 1, cut(1_700, error));
        lines.spoken(0, 1, "It is sunny. Take a hat.");
        assert_eq!(told(&lines), [".", line], "± {error} ms");
    }
}

#[test]
fn sentences_that_are_repeated_one_by_one_are_waited_for() {
    let mut lines = two_sentences();
    lines.interrupted(ms(0), 1, cut(1_700, 100));
    assert_eq!(lines.spoken(0, 1, "It is sunny."), None, "more may come");
    assert_eq!(lines.spoken(0, 1, "Take a").and_then(|line| line.cut), Some(cut(1_700, 0)), "now it is certain");
}

#[test]
fn what_was_repeated_before_the_interruption_is_no_proof_that_it_was_heard() {
    let mut lines = ended();
    lines.spoken(0, 1, "It is sunny.");
    lines.spoken(0, 1, "Take a hat.");
    lines.settle(Some(ms(0)));
    assert_eq!(finally(lines.interrupted(ms(0), 1, cut(900, 0))), "It is");
    lines.spoken(0, 1, "Take a hat.");
    assert_eq!(told(&lines), [".", "It is"]);
    assert_eq!(lines.spoken(0, 1, "It").map(|line| line.text), Some("It".into()), "a shorter one is news");
    assert_eq!(told(&lines), [".", "It"]);
}

#[test]
fn what_nobody_heard_is_taken_off_the_page_and_stays_off() {
    let mut lines = two_sentences();
    assert_eq!(finally(lines.interrupted(ms(0), 1, Cut::default())), "");
    assert_eq!(told(&lines), ["."]);
    assert_eq!(lines.spoken(0, 1, "It is sunny. Take a hat."), None);
    assert_eq!(lines.settle(None), []);
    assert_eq!(told(&lines), ["."]);
    let mut never_announced = Transcripts::new(&[Message::user(".")]);
    assert_eq!(never_announced.interrupted(ms(0), 1, Cut::default()), None);
    assert_eq!(never_announced.spoken(0, 1, "It is sunny."), None);
    assert_eq!(told(&never_announced), ["."]);
}

#[test]
fn sound_whose_words_come_later_is_cut_too() {
    let mut lines = Transcripts::new(&[Message::user(".")]);
    lines.sounds(1, SECOND);
    lines.sound_ended(1);
    lines.interrupted(ms(0), 1, cut(700, 0));
    lines.spoken(0, 1, "It is sunny.");
    assert_eq!(told(&lines), [".", "It is"]);
}

#[test]
fn the_words_of_many_turns_are_told_and_only_the_newest_lines_may_change() {
    let mut lines = Transcripts::default();
    for turn in 1..=40 {
        lines.user(turn, "Well?");
        lines.begin_sentence(turn);
        lines.announce(turn, "Yes.");
        lines.sounds(turn, SECOND);
        if turn > 1 {
            lines.turn_ended(turn, Duration::ZERO);
        }
        lines.settle(Some(Duration::ZERO));
    }
    assert_eq!(lines.lines.len(), REMEMBERED);
    assert!(lines.lines.iter().any(|line| line.turn == 1), "its turn still goes on");
    assert_eq!(told(&lines), ["Well?", "Yes."].repeat(40));
    lines.shrink();
    assert_eq!(told(&lines), ["Well?", "Yes."].repeat(20));
}
