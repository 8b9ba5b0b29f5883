//! Words beside a number that say what it is (PRIV-3).
//!
//! The words before are looked for lazily, and each byte about once, however many numbers ask.

use super::{Text, literals::Literals};
use std::sync::LazyLock;

/// How far before a number its words may stand.
const BEFORE: usize = 64;
/// How far behind a number its words may stand, at most.
const AFTER: usize = 32;
/// How far is read at once.
const STRIDE: usize = 256;
/// The longest word, and what may stand in front of it.
const WORD_MAX: usize = 32;

pub(super) const PHONE: usize = 0;
pub(super) const SSN: usize = 1;
pub(super) const BIRTH: usize = 2;
pub(super) const PASSPORT: usize = 3;
pub(super) const LICENCE: usize = 4;
pub(super) const VERSION: usize = 5;
pub(super) const ADDRESS: usize = 6;
/// What a number is called that is no telephone number.
pub(super) const OTHER: usize = 7;
/// Where a telephone stands: said behind a number.
pub(super) const PLACE: usize = 8;
/// What pays.
pub(super) const CARD: usize = 9;
const CLASSES: usize = 10;

const WORDS: &[(usize, &[&str])] = &[
    (
        PHONE,
        &[
            "phone",
            "phones",
            "phone_number",
            "phonenumber",
            "telephone",
            "telefon",
            "telefonnummer",
            "téléphone",
            "teléfono",
            "telefono",
            "telefone",
            "tel",
            "tél",
            "tlf",
            "call",
            "calls",
            "called",
            "calling",
            "mobile",
            "mobil",
            "handy",
            "móvil",
            "cell",
            "cellphone",
            "cellular",
            "celular",
            "fax",
            "reach",
            "reached",
            "contact",
            "dial",
            "ring",
            "text",
            "sms",
            "whatsapp",
            "signal",
            "hotline",
            "helpline",
            "landline",
            "voicemail",
            "extension",
            "answering",
            "answer at",
            "pager",
            "switchboard",
            "rufnummer",
            "msisdn",
            "number is",
            "my number",
            "his number",
            "her number",
        ],
    ),
    (
        SSN,
        &[
            "ssn",
            "ssns",
            "social security",
            "social-security",
            "social_security",
            "socialsecurity",
            "social sec",
            "itin",
            "tax id",
            "taxpayer",
            "tax identification",
        ],
    ),
    (
        BIRTH,
        &[
            "born",
            "dob",
            "d.o.b",
            "date of birth",
            "date-of-birth",
            "date_of_birth",
            "dateofbirth",
            "birth date",
            "birth_date",
            "birthdate",
            "birthday",
            "birth day",
            "birth",
            "geboren",
            "geburtsdatum",
            "geburtstag",
            "né le",
            "née le",
            "date de naissance",
            "nacido",
            "nacida",
            "fecha de nacimiento",
            "nascido",
            "data de nascimento",
            "nato il",
            "nata il",
            "data di nascita",
            "geboortedatum",
            "født",
            "född",
        ],
    ),
    (
        PASSPORT,
        &[
            "passport",
            "passports",
            "passport_number",
            "passportnumber",
            "passport_no",
            "reisepass",
            "passeport",
            "pasaporte",
            "passaporto",
            "paspoort",
        ],
    ),
    (
        LICENCE,
        &[
            "driver's license",
            "driver's licence",
            "driver’s license",
            "driver’s licence",
            "drivers license",
            "drivers licence",
            "driver license",
            "driver licence",
            "driver-license",
            "driver_license",
            "driver_licence",
            "drivers_license",
            "driverlicense",
            "driverslicense",
            "driving license",
            "driving licence",
            "driving_license",
            "driving_licence",
            "drivinglicence",
            "dl number",
            "dl no",
            "dl #",
            "dl#",
            "dln",
            "führerschein",
            "führerscheinnummer",
            "permis de conduire",
            "permiso de conducir",
            "patente di guida",
            "rijbewijs",
        ],
    ),
    (
        VERSION,
        &[
            "version",
            "versions",
            "ver",
            "release",
            "releases",
            "released",
            "build",
            "revision",
            "rev",
            "firmware",
            "section",
            "sections",
            "chapter",
            "clause",
            "figure",
            "fig",
            "oid",
            "fileversion",
            "productversion",
            "upgrade",
            "upgraded",
            "downgrade",
            "sdk",
            "driver version",
            "assemblyversion",
        ],
    ),
    (
        ADDRESS,
        &[
            "ip",
            "ips",
            "ipv4",
            "address",
            "addr",
            "host",
            "server",
            "client",
            "peer",
            "gateway",
            "dns",
            "remote_addr",
            "from",
            "ping",
        ],
    ),
    (
        CARD,
        &[
            "card",
            "cards",
            "creditcard",
            "credit",
            "debit",
            "charge",
            "cc",
            "visa",
            "mastercard",
            "maestro",
            "amex",
            "karte",
            "kreditkarte",
            "carte",
            "tarjeta",
        ],
    ),
    (
        PLACE,
        &[
            "phone",
            "tel",
            "telephone",
            "mobile",
            "mobil",
            "cell",
            "cellphone",
            "fax",
            "landline",
            "hotline",
            "office",
            "work",
            "home",
            "desk",
            "direct",
            "voice",
            "main line",
            "emergency",
        ],
    ),
    (
        OTHER,
        &[
            "order",
            "invoice",
            "ticket",
            "case",
            "ref",
            "reference",
            "account",
            "acct",
            "iban",
            "card",
            "ssn",
            "passport",
            "license",
            "licence",
            "zip",
            "postcode",
            "tracking",
            "serial",
            "sku",
            "isbn",
            "issn",
            "version",
            "build",
            "id",
            "pid",
            "uid",
            "commit",
            "port",
            "error",
            "code",
            "line",
            "lines",
            "bytes",
            "size",
            "date",
            "since",
            "time",
            "at time",
            "timestamp",
            "epoch",
            "issue",
            "row",
            "rows",
            "total",
            "amount",
            "price",
            "usd",
            "eur",
            "routing",
            "transaction",
            "tax",
            "vat",
            "batch",
            "when",
        ],
    ),
];

struct Vocabulary {
    words: Literals,
    class_of: Vec<usize>,
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let words = WORDS.iter().flat_map(|(class, words)| words.iter().map(move |word| (*class, *word)));
    let (class_of, words): (Vec<_>, Vec<_>) = words.unzip();
    Vocabulary { words: Literals::new(words), class_of }
});

/// A word and where it stands.
#[derive(Debug, Clone, Copy)]
struct Word {
    class: usize,
    start: usize,
    end: usize,
}

/// What stands beside the places of a text.
pub(super) struct Context<'a> {
    text: Text<'a>,
    /// Up to where the text was read.
    read: usize,
    /// The words near the last place.
    words: Vec<Word>,
    /// The classes of the field's name.
    field: Option<[bool; CLASSES]>,
}

impl<'a> Context<'a> {
    pub(super) fn new(text: Text<'a>) -> Self {
        Self { text, read: 0, words: Vec::new(), field: None }
    }

    /// Whether a word of the class stands before `place`. Places are asked about in rising order.
    pub(super) fn has(&mut self, class: usize, place: usize) -> bool {
        self.distance(class, place).is_some()
    }

    /// Which of the classes has the nearest word within `window` bytes before `place`.
    pub(super) fn nearest(&mut self, classes: &[usize], place: usize, window: usize) -> Option<usize> {
        let distances = classes.iter().filter_map(|class| Some((self.distance(*class, place)?, *class)));
        distances.filter(|(distance, _)| *distance <= window).min().map(|(_, class)| class)
    }

    /// How far before `place` the last word of the class ends, when it is near enough.
    pub(super) fn distance(&mut self, class: usize, place: usize) -> Option<usize> {
        self.read_to(place);
        let before = self.words.iter().rev().filter(|word| word.class == class && word.end <= place);
        let distance = before.map(|word| place - word.end).min().filter(|distance| *distance <= BEFORE);
        let field = self.text.field;
        distance.or_else(|| {
            let said =
                place <= BEFORE && !field.is_empty() && self.field.get_or_insert_with(|| classes_of(field))[class];
            said.then_some(place)
        })
    }

    /// Whether a word of the class stands within `window` bytes after `end`.
    pub(super) fn follows(&mut self, class: usize, end: usize, window: usize) -> bool {
        self.read_to(end);
        self.words.iter().any(|word| word.class == class && word.start >= end && word.end <= end + window)
    }

    /// Reads to well behind a place, in strides, so that few bytes are read twice.
    fn read_to(&mut self, place: usize) {
        let end = self.text.bytes.len();
        if (place + AFTER).min(end) <= self.read {
            return;
        }
        let oldest = place.saturating_sub(BEFORE + WORD_MAX);
        self.words.retain(|word| word.end >= oldest);
        let from = self.read.saturating_sub(WORD_MAX).max(oldest);
        let (read, to) = (self.read, (place + STRIDE).min(end));
        let words = &mut self.words;
        words_in(self.text.bytes, from, to, |class, start, end| {
            // What ends before was found before.
            if end > read || from == oldest {
                words.push(Word { class, start, end });
            }
        });
        self.read = to;
    }
}

fn classes_of(field: &[u8]) -> [bool; CLASSES] {
    let mut classes = [false; CLASSES];
    words_in(field, 0, field.len(), |class, _, _| classes[class] = true);
    classes
}

/// Calls `found` for each whole word that lies in `from..to`.
fn words_in(bytes: &[u8], from: usize, to: usize, mut found: impl FnMut(usize, usize, usize)) {
    let vocabulary = &*VOCABULARY;
    vocabulary.words.find(bytes, from, to, |word, start, end| {
        let left = start.checked_sub(1).is_none_or(|place| !is_letter(bytes[place]) || is_hump(bytes, start));
        let right = bytes.get(end).is_none_or(|byte| !is_letter(*byte) || is_hump(bytes, end));
        if left && right {
            found(vocabulary.class_of[word], start, end);
        }
    });
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic()
}

/// Whether a word begins inside of a name such as `homePhone`.
fn is_hump(bytes: &[u8], start: usize) -> bool {
    bytes[start].is_ascii_uppercase() && bytes[start - 1].is_ascii_lowercase()
}
