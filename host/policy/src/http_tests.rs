//! Requests in every spelling that we know, against grants.

use super::{HttpRefusal, Reach, Target};
use crate::{Allowance, Grants, Origin};
use http::Uri;
use mpp_schema::permissions::Permissions;
use mpp_schema::{Code, Coded, codes};
use serde_json::json;

fn grants(http: serde_json::Value, allowed: &[&str]) -> Grants {
    let asked: Permissions = serde_json::from_value(json!({ "http": http })).expect("permissions");
    let http = allowed.iter().map(|origin| Origin::parse(origin).expect(origin)).collect();
    Grants::cut(&asked, &Allowance { http, ..Default::default() })
}

/// Every name on both schemes and the ports that tests use, and no address.
fn every_name() -> Grants {
    let origins = ["http://*", "https://*", "http://*:8080"];
    grants(json!(origins.map(|origin| json!({ "origin": origin }))), &origins)
}

/// What becomes of `GET uri`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judged {
    /// A tool has no way to say it: one of the readers refuses it.
    Unsayable,
    Refused(Code),
    /// It depends on what the name leads to.
    ByName,
    ToTheAddress,
}

fn judge(grants: &Grants, method: &str, uri: &str) -> Judged {
    let Ok(uri) = uri.parse::<Uri>() else { return Judged::Unsayable };
    if uri.authority().is_none() {
        return Judged::Unsayable;
    }
    match Target::read(&uri).and_then(|target| grants.permit(method, &target)) {
        Ok(Reach::Public) => Judged::ByName,
        Ok(Reach::Address(_)) => Judged::ToTheAddress,
        Err(refusal) => Judged::Refused(refusal.code()),
    }
}

#[track_caller]
fn check(grants: &Grants, expected: Judged, uris: &[&str]) {
    for uri in uris {
        assert_eq!(judge(grants, "GET", uri), expected, "{uri}");
    }
}

#[test]
fn no_spelling_of_a_private_address_passes() {
    check(
        &every_name(),
        Judged::Refused(codes::NET_PRIVATE),
        &[
            "http://127.0.0.1/",
            "http://127.0.0.1:8080/",
            "https://127.0.0.1/",
            "http://127.1/",
            "http://127.0.1/",
            "http://127.000.000.001/",
            "http://0177.0.0.1/",
            "http://0177.0.0.01/",
            "http://0x7f.0.0.1/",
            "http://0x7f.1/",
            "http://0X7F.0x0.0x0.0x1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://017700000001/",
            "http://127.0.0.1./",
            "http://0/",
            "http://0.0.0.0/",
            "http://0x0/",
            "http://00000000000/",
            "http://10.0.0.1/",
            "http://10.1/",
            "http://167772161/",
            "http://0xa.0.0.1/",
            "http://012.0.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://0xa9fea9fe/",
            "http://2852039166/",
            "http://0251.0376.0251.0376/",
            "http://0xa9.0xfe.0xa9.0xfe/",
            "http://169.254.43518/",
            "http://169.16689662/",
            "http://100.100.100.200/",
            "http://168.63.129.16/",
            "http://172.16.0.1/",
            "http://172.31.255.255/",
            "http://192.168.0.1/",
            "http://192.168.1/",
            "http://3232235521/",
            "http://192.0.0.192/",
            "http://198.18.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://0xffffffff/",
            "http://[::]/",
            "http://[::1]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[0000:0000:0000:0000:0000:0000:0000:0001]/",
            "http://[::127.0.0.1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[::FFFF:7F00:0001]/",
            "http://[0:0:0:0:0:ffff:127.0.0.1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::127.0.0.1]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:7f00:1::]/",
            "http://[2002:a9fe:a9fe::1]/",
            "http://[fd00:ec2::254]/",
            "http://[fc00::1]/",
            "http://[fe80::1]/",
            "http://[fec0::1]/",
            "http://[ff02::1]/",
            "http://[2001:db8::1]/",
            "http://[2001::1]/",
            "http:127.0.0.1",
            "http://user@127.0.0.1/",
            "http://a.example@127.0.0.1/",
            "http://a.example:80@2130706433/",
        ],
    );
}

#[test]
fn what_two_readers_read_differently_is_refused() {
    check(
        &every_name(),
        Judged::Refused(codes::NET_DENIED),
        &[
            "http://user@a.example/",
            "http://user:secret@a.example/",
            "http://127.0.0.1@a.example/",
            "http://a.example./",
            "http://localhost./",
            "http://localhost../",
            "http://a..example/",
            "http://a.example:0/",
            "http://a.example:8443/",
            "http://0x08080808/",
            "http://8.8.8.8./",
            "http://8.8.8.8/",
            "ftp://a.example/",
            "ws://a.example/",
            "file://a.example/etc/passwd",
            "http://[::1%25lo]/",
            "http://a.example:99999999/",
            "http://256.256.256.256/",
            "http://1.2.3.4.5/",
            "http://0x100000000/",
            "http://xn--a/",
        ],
    );
    check(
        &every_name(),
        Judged::Unsayable,
        &[
            "http://１２７.0.0.1/",
            "http://①②⑦.0.0.1/",
            "http://ｌｏｃａｌｈｏｓｔ/",
            "http://127。0。0。1/",
            "http://bücher.example/",
            "http://[::1/",
            "http://a.example\\@127.0.0.1/",
            "http:/127.0.0.1/",
            "//127.0.0.1/",
            "http://a.example\t/",
            "http://a.example\r\nhost: b.example/",
            "http:///127.0.0.1/",
            "http://%31%32%37.0.0.1/",
            "http://127%2e0%2e0%2e1/",
        ],
    );
}

#[test]
fn names_are_judged_by_what_they_lead_to() {
    let names = [
        "http://localhost/",
        "http://LOCALHOST:8080/",
        "http://localhost.localdomain/",
        "http://127.0.0.1.nip.example/",
        "http://metadata.google.internal/",
        "https://A.example/",
        "http://a.example:80/",
        "http://xn--bcher-kva.example/",
        "http://a.example#@127.0.0.1/",
        "http://_dmarc.a.example/",
    ];
    check(&every_name(), Judged::ByName, &names);
    let target = Target::read(&"http://localhost/".parse().expect("a URI")).expect("a target");
    let found = |addresses: &[&str]| {
        let addresses = addresses.iter().map(|address| address.parse().expect("an address")).collect();
        Reach::admit(&target, addresses).map_err(|refusal| refusal.code()).map(|addresses| addresses.len())
    };
    assert_eq!(found(&["93.184.216.34", "2606:4700::1111"]), Ok(2));
    for private in ["127.0.0.1", "::1", "::ffff:10.0.0.1", "169.254.169.254"] {
        assert_eq!(found(&[private]), Err(codes::NET_PRIVATE), "{private}");
        assert_eq!(found(&["93.184.216.34", private]), Err(codes::NET_PRIVATE), "one of two is {private}");
    }
}

#[test]
fn an_address_is_reached_by_granting_it() {
    let origins = ["http://127.0.0.1:8080", "http://[::1]", "http://8.8.8.8"];
    let grants = grants(json!(origins.map(|origin| json!({ "origin": origin }))), &origins);
    check(
        &grants,
        Judged::ToTheAddress,
        &["http://127.0.0.1:8080/", "http://[::1]/", "http://[0:0:0:0:0:0:0:1]:80/", "http://8.8.8.8/"],
    );
    check(
        &grants,
        Judged::Refused(codes::NET_PRIVATE),
        &[
            "http://127.0.0.1/",
            "https://127.0.0.1:8080/",
            "http://127.0.0.2:8080/",
            "http://127.1:8080/",
            "http://2130706433:8080/",
            "http://[::ffff:127.0.0.1]:8080/",
            "http://user@127.0.0.1:8080/",
        ],
    );
    check(&grants, Judged::Refused(codes::NET_DENIED), &["http://localhost:8080/", "http://8.8.4.4/"]);
}

#[test]
fn origin_method_and_path_are_granted_together() {
    let asked = json!([
        { "origin": "https://api.example", "methods": ["GET"], "paths": ["/repos/"] },
        { "origin": "https://api.example", "methods": ["POST"], "paths": ["/issues"] },
        { "origin": "https://*.b.example", "methods": ["GET", "PUT", "CONNECT", "TRACE"] }
    ]);
    let grants = grants(asked, &["https://api.example", "https://*.b.example"]);
    let (denied, passes) = (Judged::Refused(codes::NET_DENIED), Judged::ByName);
    for (method, uri, expected) in [
        ("GET", "https://api.example/repos/x?q=/../", passes),
        ("GET", "https://API.example:443/repos/x", passes),
        ("GET", "https://api.example/repos/a/../b", passes),
        ("POST", "https://api.example/issues", passes),
        ("PUT", "https://x.b.example/any", passes),
        ("get", "https://api.example/repos/x", denied),
        ("POST", "https://api.example/repos/x", denied),
        ("GET", "https://api.example/issues", denied),
        ("GET", "https://api.example/repos/../issues", denied),
        ("GET", "https://api.example/repos/%2e%2e%2fissues", denied),
        ("GET", "http://api.example/repos/x", denied),
        ("GET", "https://api.example:8443/repos/x", denied),
        ("GET", "https://www.api.example/repos/x", denied),
        ("GET", "https://api.example.evil.example/repos/x", denied),
        ("GET", "https://b.example/", denied),
        ("GET", "https://evilb.example/", denied),
        ("CONNECT", "https://x.b.example/", denied),
        ("TRACE", "https://x.b.example/", denied),
    ] {
        assert_eq!(judge(&grants, method, uri), expected, "{method} {uri}");
    }
}

#[test]
fn without_any_grant_everything_is_refused() {
    check(&Grants::default(), Judged::Refused(codes::CAP_DENIED), &["https://a.example/", "http://localhost/"]);
}

#[test]
fn what_is_judged_is_what_is_sent() {
    let read = |uri: &str| Target::read(&uri.parse().expect("a URI")).expect("a target");
    for (uri, authority, path) in [
        ("https://A.example:443/a/../b?c=%2e%2e", "a.example", "/b?c=%2e%2e"),
        ("http://a.example:8080", "a.example:8080", "/"),
        ("http://[0::1]:8080/%2e%2E/x", "[::1]:8080", "/x"),
        ("https://a.example/a%2Fb//c?", "a.example", "/a%2Fb//c?"),
    ] {
        let target = read(uri);
        assert_eq!((target.authority().as_str(), target.path_and_query().as_str()), (authority, path), "{uri}");
    }
}

#[test]
fn a_secret_goes_to_exactly_its_origin() {
    let secret = |origin: &str| json!({ "origin": origin, "header": "authorization" });
    let asked: Permissions = serde_json::from_value(json!({
        "secrets": { "one": secret("https://api.example"), "two": secret("https://*.example"), "three": secret("https://api.example:8443") }
    }))
    .expect("permissions");
    let names = ["one", "two", "three"].map(|name| name.parse().expect("a name"));
    let grants = Grants::cut(&asked, &Allowance { secrets: names.into(), ..Default::default() });
    let sent = |uri: &str| {
        let target = Target::read(&uri.parse().expect("a URI")).expect("a target");
        grants.secrets_for(&target).map(|(name, _)| name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(sent("https://API.example/x"), ["one"]);
    assert_eq!(sent("https://api.example:8443/x"), ["three"]);
    for other in ["http://api.example/", "https://www.api.example/", "https://api.example:444/", "https://b.example/"] {
        assert!(sent(other).is_empty(), "{other}");
    }
}

#[test]
fn a_refusal_says_what_was_asked() {
    let refusal = HttpRefusal::Origin(Origin::parse("https://a.example").expect("an origin"));
    assert_eq!(refusal.to_string(), "the origin `https://a.example` was not granted");
}
