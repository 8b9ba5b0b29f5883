//! Credentials with a literal in front and a fixed structure, as their issuers publish it.

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// Digits.
    Digits,
    /// Hexadecimal digits in lower case.
    Hex,
    /// Capitals and digits.
    Upper,
    /// The alphabet of base32.
    Base32,
    /// Small letters and digits.
    Lower,
    /// Letters and digits.
    Alnum,
    /// Letters, digits, hyphen, underscore.
    Url,
    /// Letters, digits, plus, slash.
    Base64,
    /// Letters, digits, hyphen, underscore, full stop, tilde.
    Dotted,
    /// Letters, digits, and what percent-encoding makes of base64.
    Percent,
}

impl Set {
    pub(super) fn has(self, byte: u8) -> bool {
        match self {
            Self::Digits => byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            Self::Upper => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            Self::Base32 => byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte),
            Self::Lower => byte.is_ascii_digit() || byte.is_ascii_lowercase(),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_',
            Self::Base64 => byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/',
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'),
            Self::Percent => byte.is_ascii_alphanumeric() || matches!(byte, b'%' | b'+' | b'/' | b'='),
        }
    }

    /// Whether a byte before the literal would make it the middle of something.
    pub(super) fn joins(self, byte: u8) -> bool {
        self.has(byte) && !matches!(byte, b'/' | b'=' | b'%' | b'+')
    }
}

/// One stretch of a credential.
#[derive(Debug)]
pub(super) enum Part {
    /// Bytes of a set: at least, at most.
    Some(Set, usize, usize),
    /// These bytes.
    Text(&'static str),
}

/// One kind of credential.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// What stands in it wherever it is seen.
    pub(super) literal: &'static str,
    /// What stands before the literal and belongs to it.
    pub(super) before: Option<(Set, usize, usize)>,
    /// What follows the literal.
    pub(super) parts: &'static [Part],
    /// The least entropy of what is not the literal, in tenths of a bit for each byte.
    pub(super) entropy: u32,
}

const fn rule(name: &'static str, literal: &'static str, parts: &'static [Part], entropy: u32) -> Rule {
    Rule { name, literal, before: None, parts, entropy }
}

use Part::{Some as Of, Text};
use Set::{Alnum, Base32, Base64, Digits, Dotted, Hex, Lower, Percent, Upper, Url};

/// The table. Several rows have one name where an issuer has several literals.
pub(super) const RULES: &[Rule] = &[
    // Clouds.
    rule("aws-access-key", "AKIA", &[Of(Base32, 16, 16)], 25),
    rule("aws-access-key", "ASIA", &[Of(Base32, 16, 16)], 25),
    rule("aws-access-key", "ABIA", &[Of(Base32, 16, 16)], 25),
    rule("aws-access-key", "ACCA", &[Of(Base32, 16, 16)], 25),
    rule("aws-bedrock-key", "ABSK", &[Of(Base64, 100, 300)], 40),
    rule("google-api-key", "AIza", &[Of(Url, 35, 35)], 35),
    rule("google-oauth-secret", "GOCSPX-", &[Of(Url, 28, 28)], 35),
    rule("google-oauth-token", "ya29.", &[Of(Url, 20, 1024)], 35),
    rule("azure-storage-key", "AccountKey=", &[Of(Base64, 86, 86), Text("==")], 40),
    rule("azure-sas", "sig=", &[Of(Percent, 43, 120)], 40),
    Rule {
        name: "azure-client-secret",
        literal: "Q~",
        before: Some((Dotted, 4, 4)),
        parts: &[Of(Dotted, 31, 34)],
        entropy: 35,
    },
    rule("digitalocean-token", "dop_v1_", &[Of(Hex, 64, 64)], 30),
    rule("digitalocean-token", "doo_v1_", &[Of(Hex, 64, 64)], 30),
    rule("digitalocean-token", "dor_v1_", &[Of(Hex, 64, 64)], 30),
    rule("cloudflare-origin-key", "v1.0-", &[Of(Hex, 24, 24), Text("-"), Of(Hex, 146, 146)], 30),
    rule("heroku-key", "HRKU-AA", &[Of(Url, 58, 58)], 35),
    rule("alibaba-access-key", "LTAI", &[Of(Alnum, 17, 21)], 30),
    rule("databricks-token", "dapi", &[Of(Hex, 32, 32)], 28),
    rule("fly-token", "fm2_", &[Of(Base64, 100, 2048)], 40),
    rule("netlify-token", "nfp_", &[Of(Alnum, 36, 40)], 35),
    rule("scaleway-access-key", "SCW", &[Of(Upper, 17, 17)], 30),
    // Code hosts and package registries.
    rule("github-token", "ghp_", &[Of(Alnum, 36, 255)], 30),
    rule("github-token", "gho_", &[Of(Alnum, 36, 255)], 30),
    rule("github-token", "ghu_", &[Of(Alnum, 36, 255)], 30),
    rule("github-token", "ghs_", &[Of(Alnum, 36, 255)], 30),
    rule("github-token", "ghr_", &[Of(Alnum, 36, 255)], 30),
    rule("github-fine-grained-token", "github_pat_", &[Of(Url, 36, 255)], 35),
    rule("gitlab-token", "glpat-", &[Of(Dotted, 20, 320)], 30),
    rule("gitlab-token", "gldt-", &[Of(Dotted, 20, 320)], 30),
    rule("gitlab-token", "glrt-", &[Of(Dotted, 20, 320)], 30),
    rule("gitlab-token", "glptt-", &[Of(Dotted, 20, 320)], 30),
    rule("gitlab-token", "glcbt-", &[Of(Dotted, 20, 320)], 30),
    rule("bitbucket-app-password", "ATBB", &[Of(Alnum, 32, 32)], 33),
    rule("atlassian-token", "ATATT3", &[Of(Url, 100, 300), Text("="), Of(Upper, 8, 8)], 35),
    rule("npm-token", "npm_", &[Of(Alnum, 36, 36)], 33),
    rule("pypi-token", "pypi-AgEI", &[Of(Url, 50, 400)], 35),
    rule("crates-io-token", "cio", &[Of(Alnum, 32, 32)], 33),
    rule("rubygems-key", "rubygems_", &[Of(Hex, 48, 48)], 30),
    rule("nuget-key", "oy2", &[Of(Lower, 43, 43)], 33),
    rule("docker-token", "dckr_pat_", &[Of(Url, 27, 27)], 33),
    // Models.
    rule("openai-key", "sk-proj-", &[Of(Url, 40, 300)], 35),
    rule("openai-key", "sk-svcacct-", &[Of(Url, 40, 300)], 35),
    rule("openai-key", "sk-admin-", &[Of(Url, 40, 300)], 35),
    rule("openai-key", "sk-", &[Of(Alnum, 32, 64)], 35),
    rule("anthropic-key", "sk-ant-", &[Of(Lower, 3, 12), Text("-"), Of(Url, 32, 200)], 35),
    rule("openrouter-key", "sk-or-v1-", &[Of(Hex, 64, 64)], 30),
    rule("hugging-face-token", "hf_", &[Of(Alnum, 34, 40)], 33),
    rule("replicate-token", "r8_", &[Of(Alnum, 37, 37)], 33),
    rule("groq-key", "gsk_", &[Of(Alnum, 52, 52)], 35),
    rule("xai-key", "xai-", &[Of(Alnum, 80, 80)], 35),
    rule("perplexity-key", "pplx-", &[Of(Alnum, 48, 48)], 35),
    rule("langsmith-key", "lsv2_", &[Of(Lower, 2, 2), Text("_"), Of(Hex, 32, 32), Text("_"), Of(Hex, 10, 10)], 30),
    // Messages and mail.
    rule("slack-token", "xoxb-", &[Of(Digits, 8, 16), Text("-"), Of(Url, 16, 200)], 30),
    rule("slack-token", "xoxp-", &[Of(Digits, 8, 16), Text("-"), Of(Url, 16, 200)], 30),
    rule("slack-token", "xoxa-", &[Of(Digits, 1, 16), Text("-"), Of(Url, 16, 200)], 30),
    rule("slack-app-token", "xapp-", &[Of(Digits, 1, 1), Text("-"), Of(Upper, 8, 16), Text("-"), Of(Url, 24, 200)], 30),
    rule(
        "slack-webhook",
        "hooks.slack.com/services/",
        &[Of(Upper, 8, 14), Text("/"), Of(Upper, 8, 14), Text("/"), Of(Alnum, 20, 32)],
        30,
    ),
    rule("discord-webhook", "discord.com/api/webhooks/", &[Of(Digits, 17, 20), Text("/"), Of(Url, 60, 80)], 35),
    Rule {
        name: "telegram-token",
        literal: ":AA",
        before: Some((Digits, 8, 10)),
        parts: &[Of(Url, 33, 33)],
        entropy: 33,
    },
    rule("sendgrid-key", "SG.", &[Of(Url, 22, 22), Text("."), Of(Url, 43, 43)], 40),
    rule("mailgun-key", "key-", &[Of(Hex, 32, 32)], 30),
    Rule {
        name: "mailchimp-key",
        literal: "-us",
        before: Some((Hex, 32, 32)),
        parts: &[Of(Digits, 1, 2)],
        entropy: 30,
    },
    rule("brevo-key", "xkeysib-", &[Of(Hex, 64, 64), Text("-"), Of(Alnum, 16, 16)], 33),
    rule("twilio-key", "SK", &[Of(Hex, 32, 32)], 30),
    // Money and shops.
    rule("stripe-key", "sk_live_", &[Of(Alnum, 24, 240)], 33),
    rule("stripe-key", "sk_test_", &[Of(Alnum, 24, 240)], 33),
    rule("stripe-key", "rk_live_", &[Of(Alnum, 24, 240)], 33),
    rule("stripe-webhook-secret", "whsec_", &[Of(Base64, 32, 64)], 33),
    rule("square-token", "sq0csp-", &[Of(Url, 43, 43)], 35),
    rule("square-token", "EAAA", &[Of(Url, 60, 60)], 35),
    rule("shopify-token", "shpat_", &[Of(Hex, 32, 32)], 28),
    rule("shopify-token", "shpss_", &[Of(Hex, 32, 32)], 28),
    rule("shopify-token", "shpca_", &[Of(Hex, 32, 32)], 28),
    rule("braintree-token", "access_token$production$", &[Of(Lower, 16, 16), Text("$"), Of(Hex, 32, 32)], 30),
    // Operations.
    rule("vault-token", "hvs.", &[Of(Url, 24, 300)], 33),
    rule("vault-token", "hvb.", &[Of(Url, 24, 300)], 33),
    Rule {
        name: "terraform-token",
        literal: ".atlasv1.",
        before: Some((Alnum, 14, 14)),
        parts: &[Of(Url, 60, 70)],
        entropy: 40,
    },
    rule("pulumi-token", "pul-", &[Of(Hex, 40, 40)], 30),
    rule("doppler-token", "dp.pt.", &[Of(Alnum, 40, 44)], 35),
    rule("grafana-token", "glsa_", &[Of(Alnum, 32, 32), Text("_"), Of(Hex, 8, 8)], 35),
    rule("new-relic-key", "NRAK-", &[Of(Upper, 27, 27)], 33),
    rule("sentry-token", "sntryu_", &[Of(Hex, 64, 64)], 30),
    rule("tailscale-key", "tskey-", &[Of(Lower, 3, 10), Text("-"), Of(Alnum, 8, 20), Text("-"), Of(Alnum, 20, 40)], 33),
    rule("planetscale-token", "pscale_tkn_", &[Of(Dotted, 32, 64)], 35),
    rule("supabase-token", "sbp_", &[Of(Hex, 40, 40)], 30),
    // Work.
    rule("linear-key", "lin_api_", &[Of(Alnum, 40, 40)], 33),
    rule("notion-token", "ntn_", &[Of(Alnum, 40, 50)], 33),
    rule("figma-token", "figd_", &[Of(Url, 40, 44)], 33),
    rule("postman-key", "PMAK-", &[Of(Hex, 24, 24), Text("-"), Of(Hex, 34, 34)], 30),
    Rule {
        name: "airtable-token",
        literal: "pat",
        before: None,
        parts: &[Of(Alnum, 14, 14), Text("."), Of(Hex, 64, 64)],
        entropy: 33,
    },
    // Keys in files.
    rule("age-secret-key", "AGE-SECRET-KEY-1", &[Of(Upper, 58, 58)], 33),
    rule("minisign-secret-key", "RWRTY0Iy", &[Of(Base64, 204, 204)], 33),
    rule("jwt", "eyJ", &[Of(Url, 10, 2048), Text("."), Of(Url, 10, 12288), Text("."), Of(Url, 40, 1024)], 35),
];
