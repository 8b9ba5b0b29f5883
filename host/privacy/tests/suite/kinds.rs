//! Each kind in its usual spellings, and what looks like it and is not (PRIV-1, PRIV-2, PRIV-3).

use crate::{check, masked_by, passes};
use mpp_privacy::Filter;

#[test]
fn cards() {
    for card in [
        "4242424242424242",
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "3782 822463 10005",
        "378282246310005",
        "3056 930902 0004",
        "060461042115",
        "350100000000000016",
        "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
    ] {
        check(&format!("card {card}, thanks"), "card [CARD#1], thanks");
        check(&format!("{{\"n\":\"{card}\"}}"), "{\"n\":\"[CARD#1]\"}");
        check(&format!("first\\n{card}\\nlast"), "first\\n[CARD#1]\\nlast");
    }
    passes("4242424242424241 4242 4242 4242 4243"); // Luhn does not hold
    passes("0.4242424242424242 x4242424242424242 4242424242424242x 42424242424242424242424242");
    check("visa 4139593326368", "visa [CARD#1]");
    passes("4139593326368"); // goods have numbers of this length too
    passes("9242424242424241 0000 0000 0000 0000");
}

#[test]
fn account_numbers() {
    check("to GB33BUKB20201555555555 and DE89 3704 0044 0532 0130 00.", "to [IBAN#1] and [IBAN#2].");
    check("my iban is gb33bukb20201555555555", "my iban is [IBAN#1]");
    passes("GB33BUKB20201555555556 DE88 3704 0044 0532 0130 00 XX33BUKB20201555555555");
}

#[test]
fn social_security_numbers() {
    check("it is 536-90-4399.", "it is [SSN#1].");
    check("SSN 536 90 4399 or 536904399, ITIN 936-90-4399", "SSN [SSN#1] or [SSN#1], ITIN [SSN#2]");
    passes("000-12-3456 666-12-3456 936-90-4399 536-00-4399 536-90-0000 536-90-43990 1-536-90-4399");
    passes("536 90 4399 and 536904399 say nothing");
}

#[test]
fn mail_addresses() {
    for address in [
        "ada@example.org",
        "a.b+c_d-e@mail.example.co.uk",
        "ADA@EXAMPLE.ORG",
        "x@xn--bcher-kva.example",
        "müller@bücher.example",
    ] {
        check(&format!("to {address}."), "to [EMAIL#1].");
        check(&format!("<{address}>;mailto:{address}"), "<[EMAIL#1]>;mailto:[EMAIL#1]");
    }
    check("a\\nada@example.org", "a\\n[EMAIL#1]");
    check("to=ada@example.org&x", "to=[EMAIL#1]&x");
    passes(
        "@example.org ada@ ada@localhost ada@1.2.3 icon@2x.png git@github.com:a/b @media ada@-x.org ada @example .org",
    );
}

#[test]
fn machine_addresses() {
    check("from 192.0.2.44:8080, [2001:db8::7]:443 and fe80::1.", "from [IP#1]:8080, [[IP#2]]:443 and [IP#3].");
    check("http://203.0.113.9/x and 10.0.0.0/8", "http://[IP#1]/x and [IP#2]/8");
    check("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "[IP#1]");
    passes(
        "127.0.0.1 0.0.0.0 ::1 :: version 1.2.3.4 v1.2.3.4 Chrome/120.0.0.0 app-1.2.3.4 1.2.3.4-beta 1.2.3 1.2.3.4.5",
    );
    passes("256.1.1.1 01.2.3.4 12:34:56 aa:bb:cc:dd:ee:ff std::fmt a::b C::1 1::2 key:value ratio 16:9");
}

#[test]
fn telephone_numbers() {
    for number in [
        "+49 30 1234567",
        "+14155550134",
        "+1 (415) 555-0134",
        "(415) 555-0134",
        "(415)555-0134x123",
        "415-555-0134",
        "415.555.0134 ext. 12",
        "001-415-555-0134",
        "1-800-555-0134",
        "(+358) 144876038",
        "+31(0)78-1191129",
        "01 23 45 67 89",
    ] {
        check(&format!("it is {number}, or so"), "it is [PHONE#1], or so");
    }
    for number in ["555 0134", "5550134", "4155550134", "06-12345678", "089 72 63 41", "30/1234567", "25-62-29-72"] {
        check(&format!("call me at {number}."), "call me at [PHONE#1].");
        check(&format!("{number} office"), "[PHONE#1] office");
        passes(&format!("there are {number} of them"));
    }
    passes("2024-05-17 12.05.2024 1715941351 20240517 3.14159265358979 12-34 550e8400-e29b-41d4-a716-446655440000");
    passes(
        "phone order 5550134; call at 2024-05-17 10:22; call 12:30; the call took 5550134 ns; error 5550134, call us",
    );
}

#[test]
fn dates_of_birth() {
    for date in [
        "3/23/1940",
        "23.03.1940",
        "1940-03-23",
        "23. 3. 1940",
        "March 23, 1940",
        "23rd of March 1940",
        "23-Mar-1940",
        "19400323",
    ] {
        check(&format!("born on {date}."), "born on [BIRTH-DATE#1].");
        check(&format!("{date} is my birthday"), "[BIRTH-DATE#1] is my birthday");
        check(&format!("{{\"date_of_birth\": \"{date}\"}}"), "{\"date_of_birth\": \"[BIRTH-DATE#1]\"}");
        passes(&format!("released on {date}."));
    }
    passes("born in 1940, DOB unknown, born 40/40/1940");
}

#[test]
fn documents() {
    check("passport no. C01X00T47 (Germany)", "passport no. [PASSPORT#1] (Germany)");
    check("Passport: 963545637", "Passport: [PASSPORT#1]");
    check("my driver's license number is D123-4567-8901", "my driver's license number is [LICENCE#1]");
    check("driver’s licence MORGA657054SM9IJ", "driver’s licence [LICENCE#1]");
    passes("part C01X00T47 and 963545637, passport office, room 12, driving licence from 2011");
}

#[test]
fn versions_identifiers_and_digests_pass() {
    // PRIV-2
    passes("550e8400-e29b-41d4-a716-446655440000 urn:uuid:12345678-1234-4234-8234-123456789012");
    passes("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    passes("mpp 1.2.3-rc.1+build.5 10.0.19041.1 v2.0.0 rustc 1.95.0 (59807616e 2026-04-14)");
    passes("2024-05-17T10:22:31.123456Z 1715941351123 1715941351123456789");
    passes("3.14159265358979323846 1,234,567,890.12 0x7fffffffffffffff 1e308");
}

#[test]
fn patterns_of_the_user() {
    let filter = Filter::builder().pattern("STAFF-ID", r"\bE-[0-9]{6}\b").unwrap().build().unwrap();
    let masked = masked_by(&filter, "E-123456 wrote to E-654321; XE-123456 and E-1234567 did not");
    assert_eq!(masked, "[STAFF-ID#1] wrote to [STAFF-ID#2]; XE-123456 and E-1234567 did not");
}
