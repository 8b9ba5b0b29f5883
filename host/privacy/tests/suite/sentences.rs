//! How good the filter is on labelled sentences of somebody else. A small sample; `quality::measure` takes larger ones.

use mpp_privacy::{
    Filter, Kind,
    quality::{measure, read},
};

#[test]
fn nothing_is_missed_in_the_sample_and_little_is_wrong() {
    let texts = read(include_str!("../data/sentences.jsonl")).unwrap();
    let quality = measure(&Filter::new(), &texts).unwrap();
    for kind in [Kind::Card, Kind::Iban, Kind::UsSsn, Kind::Email, Kind::Ip] {
        let score = quality.scores[&kind];
        assert!(score.found >= 3, "{kind}");
        assert_eq!((score.missed, score.wrong), (0, 0), "{kind}: {:?}", quality.mistakes);
    }
    let phone = quality.scores[&Kind::Phone];
    assert!(phone.found >= 14 && phone.recall() >= Some(0.75) && phone.precision() >= Some(0.9), "{phone:?}");
}
