//! Each rule for credentials with three of them and three near misses. They are put together here, so that no source holds one.

use crate::masked;
use mpp_privacy::{Filter, Kind, credential_rules};
use std::collections::BTreeSet;

const HEX: &str = "0123456789abcdef";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const DIGITS: &str = "0123456789";
const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A literal, and how many bytes of an alphabet follow it.
type Stretch = (&'static str, &'static str, usize);

/// The shortest form of each kind, as its issuer gives it out: literals, and stretches of an alphabet.
#[rustfmt::skip]
const FORMS: &[(&str, &[Stretch])] = &[
    ("aws-access-key", &[("AKIA", BASE32, 16)]),
    ("aws-access-key", &[("ASIA", BASE32, 16)]),
    ("aws-bedrock-key", &[("ABSK", ALNUM, 100)]),
    ("google-api-key", &[("AIza", ALNUM, 35)]),
    ("google-oauth-secret", &[("GOCSPX-", ALNUM, 28)]),
    ("google-oauth-token", &[("ya29.", ALNUM, 20)]),
    ("azure-storage-key", &[("AccountKey=", ALNUM, 86), ("==", "", 0)]),
    ("azure-sas", &[("?sv=1&sig=", ALNUM, 43)]),
    ("azure-client-secret", &[("", ALNUM, 4), ("Q~", ALNUM, 31)]),
    ("digitalocean-token", &[("dop_v1_", HEX, 64)]),
    ("cloudflare-origin-key", &[("v1.0-", HEX, 24), ("-", HEX, 146)]),
    ("heroku-key", &[("HRKU-AA", ALNUM, 58)]),
    ("alibaba-access-key", &[("LTAI", ALNUM, 17)]),
    ("databricks-token", &[("dapi", HEX, 32)]),
    ("fly-token", &[("fm2_", ALNUM, 100)]),
    ("netlify-token", &[("nfp_", ALNUM, 36)]),
    ("scaleway-access-key", &[("SCW", UPPER, 17)]),
    ("github-token", &[("ghp_", ALNUM, 36)]),
    ("github-token", &[("gho_", ALNUM, 36)]),
    ("github-token", &[("ghs_", ALNUM, 36)]),
    ("github-fine-grained-token", &[("github_pat_", ALNUM, 36)]),
    ("gitlab-token", &[("glpat-", ALNUM, 20)]),
    ("bitbucket-app-password", &[("ATBB", ALNUM, 32)]),
    ("atlassian-token", &[("ATATT3", ALNUM, 100), ("=", UPPER, 8)]),
    ("npm-token", &[("npm_", ALNUM, 36)]),
    ("pypi-token", &[("pypi-AgEI", ALNUM, 50)]),
    ("crates-io-token", &[("cio", ALNUM, 32)]),
    ("rubygems-key", &[("rubygems_", HEX, 48)]),
    ("nuget-key", &[("oy2", LOWER, 43)]),
    ("docker-token", &[("dckr_pat_", ALNUM, 27)]),
    ("openai-key", &[("sk-proj-", ALNUM, 40)]),
    ("openai-key", &[("sk-", ALNUM, 32)]),
    ("anthropic-key", &[("sk-ant-", "ap", 3), ("-", ALNUM, 32)]),
    ("openrouter-key", &[("sk-or-v1-", HEX, 64)]),
    ("hugging-face-token", &[("hf_", ALNUM, 34)]),
    ("replicate-token", &[("r8_", ALNUM, 37)]),
    ("groq-key", &[("gsk_", ALNUM, 52)]),
    ("xai-key", &[("xai-", ALNUM, 80)]),
    ("perplexity-key", &[("pplx-", ALNUM, 48)]),
    ("langsmith-key", &[("lsv2_", "pt", 2), ("_", HEX, 32), ("_", HEX, 10)]),
    ("slack-token", &[("xoxb-", DIGITS, 10), ("-", ALNUM, 16)]),
    ("slack-app-token", &[("xapp-", DIGITS, 1), ("-", UPPER, 11), ("-", ALNUM, 24)]),
    ("slack-webhook", &[("https://hooks.slack.com/services/", UPPER, 9), ("/", UPPER, 9), ("/", ALNUM, 20)]),
    ("discord-webhook", &[("https://discord.com/api/webhooks/", DIGITS, 18), ("/", ALNUM, 60)]),
    ("telegram-token", &[("", DIGITS, 9), (":AA", ALNUM, 33)]),
    ("sendgrid-key", &[("SG.", ALNUM, 22), (".", ALNUM, 43)]),
    ("mailgun-key", &[("key-", HEX, 32)]),
    ("mailchimp-key", &[("", HEX, 32), ("-us", DIGITS, 1)]),
    ("brevo-key", &[("xkeysib-", HEX, 64), ("-", ALNUM, 16)]),
    ("twilio-key", &[("SK", HEX, 32)]),
    ("stripe-key", &[("sk_live_", ALNUM, 24)]),
    ("stripe-webhook-secret", &[("whsec_", ALNUM, 32)]),
    ("square-token", &[("sq0csp-", ALNUM, 43)]),
    ("shopify-token", &[("shpat_", HEX, 32)]),
    ("braintree-token", &[("access_token$production$", LOWER, 16), ("$", HEX, 32)]),
    ("vault-token", &[("hvs.", ALNUM, 24)]),
    ("terraform-token", &[("", ALNUM, 14), (".atlasv1.", ALNUM, 60)]),
    ("pulumi-token", &[("pul-", HEX, 40)]),
    ("doppler-token", &[("dp.pt.", ALNUM, 40)]),
    ("grafana-token", &[("glsa_", ALNUM, 32), ("_", HEX, 8)]),
    ("new-relic-key", &[("NRAK-", UPPER, 27)]),
    ("sentry-token", &[("sntryu_", HEX, 64)]),
    ("tailscale-key", &[("tskey-", "auth", 4), ("-", ALNUM, 8), ("-", ALNUM, 20)]),
    ("planetscale-token", &[("pscale_tkn_", ALNUM, 32)]),
    ("supabase-token", &[("sbp_", HEX, 40)]),
    ("linear-key", &[("lin_api_", ALNUM, 40)]),
    ("notion-token", &[("ntn_", ALNUM, 40)]),
    ("figma-token", &[("figd_", ALNUM, 40)]),
    ("postman-key", &[("PMAK-", HEX, 24), ("-", HEX, 34)]),
    ("airtable-token", &[("pat", ALNUM, 14), (".", HEX, 64)]),
    ("age-secret-key", &[("AGE-SECRET-KEY-1", UPPER, 58)]),
    ("minisign-secret-key", &[("RWRTY0Iy", ALNUM, 204)]),
    ("jwt", &[("eyJ", ALNUM, 20), (".eyJ", ALNUM, 20), (".", ALNUM, 40)]),
];

/// A form filled by a generator of numbers; `shorter` leaves out the last byte of its last stretch, `flat` repeats one byte.
fn fill(form: &[Stretch], seed: u64, shorter: bool, flat: bool) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let last = form.iter().rposition(|(_, _, length)| *length > 0).unwrap();
    let mut text = String::new();
    for (place, (literal, alphabet, length)) in form.iter().enumerate() {
        text.push_str(literal);
        for _ in 0..length - usize::from(shorter && place == last) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = if flat { 0 } else { (state >> 33) as usize };
            text.push(char::from(alphabet.as_bytes()[number % alphabet.len()]));
        }
    }
    text
}

fn rules_in(text: &str) -> Vec<String> {
    let findings = Filter::new().find(text.as_bytes()).unwrap();
    findings.into_iter().filter(|finding| finding.kind == Kind::Credential).map(|finding| finding.rule).collect()
}

#[test]
fn every_rule_has_a_form_here() {
    let mut forms: BTreeSet<_> = FORMS.iter().map(|(name, _)| *name).collect();
    forms.extend(["private-key", "connection-string", "bearer-token", "basic-authorization", "putty-key", "assigned"]);
    let rules: BTreeSet<_> = credential_rules().collect();
    assert_eq!(forms, rules);
    assert!(rules.len() >= 40);
}

#[test]
fn each_form_is_found() {
    for (name, form) in FORMS {
        for seed in 1..=3 {
            let credential = fill(form, seed, false, false);
            for text in [credential.clone(), format!("it is '{credential}', keep it"), format!("a\\n{credential}\\n")] {
                assert_eq!(rules_in(&text), [*name], "{text}");
            }
        }
    }
}

#[test]
fn near_misses_of_each_form_pass() {
    for (name, form) in FORMS {
        for seed in 1..=3 {
            let short = fill(form, seed, true, false);
            let one_digit = form.last().is_some_and(|(_, _, length)| *length == 1);
            if !one_digit {
                assert_eq!(rules_in(&short), [""; 0], "{name}: too short");
            }
            if !form[0].0.starts_with(['?', 'h']) || !form[0].0.contains(['/', '=']) {
                let glued = format!("{}{}", "Z", fill(form, seed, false, false));
                let before_literal = form[0].0.is_empty();
                assert!(before_literal || rules_in(&glued).is_empty(), "{name}: inside of a word");
            }
            assert_eq!(rules_in(&fill(form, seed, false, true)), [""; 0], "{name}: a row of one character");
        }
    }
}

/// A rule that is no form: at least three texts in which it is found, and three that are nearly that.
fn check_rule(rule: &str, found: &[String], near_misses: &[String]) {
    assert!(found.len() >= 3 && near_misses.len() >= 3, "{rule}: {} and {}", found.len(), near_misses.len());
    check(found, &[rule]);
    check(near_misses, &[]);
}

fn check(texts: &[String], expected: &[&str]) {
    for text in texts {
        assert_eq!(rules_in(text), expected, "{text}");
    }
}

#[test]
fn private_keys() {
    let body = fill(&[("", ALNUM, 64)], 1, false, false) + "\n" + &fill(&[("", ALNUM, 64)], 2, false, false);
    let armour = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----");
    let keys = ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"]
        .map(|label| armour(label, &body));
    check_rule(
        "private-key",
        &keys,
        &[armour("PUBLIC KEY", &body), armour("CERTIFICATE", &body), armour("PRIVATE KEY", "...")],
    );
    check(&keys.map(|key| key.replace('\n', "\\n")), &["private-key"]);
    check(&[armour("PRIVATE KEY", &body)[..120].to_owned()], &["private-key"]);
    assert_eq!(masked(&format!("a {} b", armour("EC PRIVATE KEY", &body))), "a [CREDENTIAL#1] b");
    check(&["the line `-----BEGIN PRIVATE KEY-----` begins it".to_owned()], &[]);

    let putty = |body: &str| format!("Private-Lines: 2\n{body}\nPrivate-MAC: 0");
    check_rule(
        "putty-key",
        &[putty(&body), putty(&body.replace('\n', "\r\n")), putty(&fill(&[("", ALNUM, 60)], 3, false, false))],
        &[putty(""), putty("AAAA"), putty(&"A".repeat(64))],
    );
}

#[test]
fn addresses_with_a_password() {
    let address =
        |scheme: &str, user: &str, password: &str| format!("{scheme}://{user}:{password}@db.example.net:5432/app");
    check_rule(
        "connection-string",
        &[
            address("postgres", "app", "s3cr3t-x"),
            address("mongodb+srv", "root", "Kx9!w"),
            address("https", "bot", "a1b2c3d4"),
        ],
        &[address("postgres", "user", "password"), address("https", "u", "<token>"), address("https", "u", "${TOKEN}")],
    );
    assert_eq!(masked(&address("amqp", "app", "s3cr3t-x")), "amqp://[CREDENTIAL#1]:5432/app");
    check(
        &[
            "http://localhost:8080/a@b".to_owned(),
            "ssh://git@example.net/x".to_owned(),
            "see http://a:b and c@d".to_owned(),
        ],
        &[],
    );
}

#[test]
fn headers() {
    let token = |seed: u64| fill(&[("", ALNUM, 32)], seed, false, false);
    check_rule(
        "bearer-token",
        &[1, 2, 3].map(|seed| format!("Authorization: Bearer {}", token(seed))),
        &[
            "Bearer token".to_owned(),
            format!("Bearer {}", "x".repeat(40)),
            "the bearer of this-letter-of-thanks".to_owned(),
        ],
    );
    let basic = |text: &str| {
        use base64::Engine as _;
        format!("Authorization: Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
    };
    check_rule(
        "basic-authorization",
        &[basic("ada:s3cr3t"), basic("bob:Kx9!w"), basic("svc-1:a1b2c3d4")],
        &["Basic principles".to_owned(), basic("no colon here"), basic("user:password")],
    );
}

#[test]
fn assigned_values() {
    let key = |seed: u64| fill(&[("", ALNUM, 40)], seed, false, false);
    let texts = [
        format!("api_key = \"{}\"", key(1)),
        format!("{{\"clientSecret\": \"{}\"}}", key(2)),
        format!("{{\\\"accessKey\\\": \\\"{}\\\"}}", key(4)),
        format!("SECRET_TOKEN={}", key(3)),
        format!("--token={}", key(5)),
        format!("password: {}", ["c0rr3ct", "Horse"].concat()),
        format!("\"password\": \"{}\"", ["c0rr3ct", "-horse"].concat()),
        format!("aws_secret_access_key = {}", key(6)),
    ];
    assert_eq!(masked(&format!("export API_KEY='{}'", key(9))), "export API_KEY='[CREDENTIAL#1]'");
    let misses = [
        "password = std::env::var(\"PASSWORD2\")",
        "let token = parse_token2(text);",
        "token: 550e8400-e29b-41d4-a716-446655440000",
        "password: \"${DB_PASSWORD_1}\"",
        "secret = <your-secret-value-here-1234>",
        "the password must have 8 characters",
        "token == expected_token_12345",
        "passwords: 12345678901234567",
    ];
    check_rule("assigned", &texts, &misses.map(ToOwned::to_owned));
}
