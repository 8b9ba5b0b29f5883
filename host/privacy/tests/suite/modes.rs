//! What is done about a finding (PRIV-20, PRIV-21, PRIV-31, PRIV-33), and that overlapping ones are one (PRIV-5).

use crate::check;
use mpp_privacy::{Blocked, Detector, Direction, Filter, Kind, Masker, Mode, Modes, Sealer, Spotted};
use mpp_schema::{Coded as _, codes};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

const TEXT: &str = "ada@example.org, 192.0.2.44";

fn run(change: impl Fn(&mut Modes)) -> (Result<String, Blocked>, u64, u64) {
    let mut modes = Modes::default();
    change(&mut modes);
    let mut masker = Masker::new(Filter::new(), modes);
    let text = masker.text(Direction::Result, TEXT).map(Into::into);
    (text, masker.masked().total(), masker.reported().total())
}

#[test]
fn each_mode_does_its_own() {
    let mode = |mode: Mode| run(move |modes| modes.set(Direction::Result, Kind::Email, mode));
    assert_eq!(mode(Mode::Off), (Ok("ada@example.org, [IP#1]".to_owned()), 1, 0));
    assert_eq!(mode(Mode::Report), (Ok("ada@example.org, [IP#1]".to_owned()), 1, 1));
    assert_eq!(mode(Mode::Mask), (Ok("[EMAIL#1], [IP#1]".to_owned()), 2, 0));
    let blocked = Blocked::Policy { kind: Kind::Email };
    assert_eq!(blocked.code(), codes::PII_BLOCKED);
    assert_eq!(mode(Mode::Block), (Err(blocked), 0, 0));
}

#[test]
fn directions_have_modes_of_their_own() {
    let mut masker = Masker::new(Filter::new(), Modes::default());
    for direction in Direction::ALL {
        let left_alone = matches!(direction, Direction::Arguments | Direction::Storage);
        assert_eq!(masker.text(*direction, TEXT).unwrap() == TEXT, left_alone, "{direction:?}");
    }
}

#[test]
fn reports_hold_no_values() {
    let mut masker = Masker::new(Filter::new(), Modes::default());
    let masked = masker.text(Direction::Result, TEXT).unwrap().into_owned();
    let counts: Vec<_> = masker.masked().iter().collect();
    assert_eq!(counts, [(Kind::Email, 1), (Kind::Ip, 1)]);
    assert!(!format!("{masker:?}{masked}").contains("example.org"));
}

/// An address with a password in it, which has the form of a mail address too.
fn login() -> String {
    ["sftp://ada:", "s3cr3t-x@example.org/"].concat()
}

#[test]
fn overlapping_findings_are_one_of_the_stronger_kind() {
    check(&login(), "sftp://[CREDENTIAL#1]/");
    check("::ffff:192.0.2.44", "[IP#1]");
}

#[test]
fn credentials_are_never_sealed() {
    let sealer = Sealer::new(&[3; 64], b"");
    let filter = Filter::builder().secret(b"hunter 22").unwrap().build().unwrap();
    let mut masker = Masker::new(filter, Modes::default()).sealed_by(sealer.clone());
    let text = format!("hunter 22, {}, ada@example.org", login());
    let masked = masker.text(Direction::Result, &text).unwrap().into_owned();
    assert!(masked.starts_with("[SECRET#1], sftp://[CREDENTIAL#1]/, [EMAIL~"), "{masked}");
    assert!(sealer.open(masked.as_bytes()).ends_with(b", ada@example.org"));
    // A token is no finding itself.
    assert_eq!(masker.text(Direction::Result, &masked).unwrap(), masked);
}

/// Finds one span in one text.
struct Fixed(Result<Range<usize>, String>);

impl Detector for Fixed {
    fn name(&self) -> &str {
        "FIXED"
    }
    fn detect(&self, texts: &[&[u8]]) -> Result<Vec<Spotted>, String> {
        if texts[0] != TEXT.as_bytes() {
            return Ok(Vec::new());
        }
        self.0.clone().map(|span| vec![Spotted { text: 0, span }])
    }
}

fn with(found: Result<Range<usize>, String>) -> Result<String, Blocked> {
    let filter = Filter::builder().detector(Box::new(Fixed(found))).unwrap().build().unwrap();
    Masker::new(filter, Modes::default()).text(Direction::Result, TEXT).map(Into::into)
}

#[test]
fn a_detector_of_the_embedder_masks_or_blocks() {
    // PRIV-40
    assert_eq!(with(Ok(0..3)).unwrap(), "[EMAIL#1], [IP#1]");
    assert_eq!(with(Ok(15..17)).unwrap(), "[EMAIL#1][FIXED#1][IP#1]");
    for wrong in [Err("out of memory".to_owned()), Ok(20..2000), Ok(3..3)] {
        let blocked = with(wrong).unwrap_err();
        assert!(matches!(&blocked, Blocked::Detector { detector, .. } if detector == "FIXED"));
        assert_eq!(blocked.code().as_str(), "pii.blocked");
    }
}

/// Finds a word in every text that it is given, and says how often it was asked.
struct Word(&'static str, AtomicUsize);

impl Detector for &'static Word {
    fn name(&self) -> &str {
        "WORD"
    }
    fn detect(&self, texts: &[&[u8]]) -> Result<Vec<Spotted>, String> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let word = self.0.as_bytes();
        let in_text = |(number, text): (usize, &&[u8])| {
            let places = text.windows(word.len()).enumerate().filter(|(_, part)| *part == word);
            places.map(|(start, _)| Spotted { text: number, span: start..start + word.len() }).collect::<Vec<_>>()
        };
        Ok(texts.iter().enumerate().flat_map(in_text).collect())
    }
}

#[test]
fn a_detector_of_the_embedder_is_asked_once_about_all_forms_of_a_text() {
    // PRIV-60: as it is, full-width, with zero-width characters, percent-encoded, in base64, in hexadecimal.
    static WORD: Word = Word("Projekt-Blaumeise", AtomicUsize::new(0));
    let filter = Filter::builder().detector(Box::new(&WORD)).unwrap().build().unwrap();
    let text = "Projekt-Blaumeise; Ｐｒｏｊｅｋｔ－Ｂｌａｕｍｅｉｓｅ; Pro\u{200b}jekt-Blaumeise; Projekt%2DBlaumeise; \
                VGhpcyBpcyBQcm9qZWt0LUJsYXVtZWlzZSwgdGhlcmU=; 50726f6a656b742d426c61756d65697365";
    let mut masker = Masker::new(filter, Modes::default());
    let masked = masker.text(Direction::Result, text).unwrap().into_owned();
    assert_eq!(masked, "[WORD#1]; [WORD#1]; [WORD#1]; [WORD#1]; VGhpcyBp[WORD#1]dGhlcmU=; [WORD#1]");
    assert_eq!(WORD.1.load(Ordering::Relaxed), 1);
}
