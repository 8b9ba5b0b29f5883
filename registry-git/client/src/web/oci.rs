//! Package files as blobs of an OCI registry: the few requests of its distribution protocol that this takes (spec/index.md IDX-53, IDX-57).
//!
//! A file is found by its digest, so tags and manifests are never believed: a manifest is written only so that the registry keeps the blob.

use super::{Ask, Web, WebError, shown};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mpp_schema::{Digest, PackageName, Version};
use serde::Deserialize;
use serde_json::json;
use ureq::http::{HeaderMap, HeaderValue, Method, header};
use url::Url;

/// How much a server may say about a token.
const TOKEN_BYTES_MAX: u64 = 1 << 20;
const PACKAGE: &str = "application/vnd.mpp.package.v1+tar";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// The longest tag that a registry takes.
const TAG_BYTES_MAX: usize = 128;

/// What is wanted of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Pull,
    Push,
}

/// One repository of an OCI registry, and the right to use it where that had to be asked for.
pub(crate) struct Oci<'a> {
    web: &'a Web,
    server: Url,
    repository: String,
    rights: HeaderMap,
}

/// A file to bring to a repository.
pub(crate) struct Push<'a> {
    pub(crate) name: &'a PackageName,
    pub(crate) version: &'a Version,
    pub(crate) file: &'a [u8],
}

impl<'a> Oci<'a> {
    /// Asks the server whether it wants to know who comes, and tells it.
    pub(crate) fn open(web: &'a Web, server: &Url, repository: &str, access: Access) -> Result<Self, WebError> {
        let mut oci = Self { web, server: server.clone(), repository: repository.to_owned(), rights: HeaderMap::new() };
        let ask = Ask::get(oci.at("")?);
        let answer = web.send(&ask, &[])?;
        match answer.status.as_u16() {
            200 => Ok(oci),
            401 => {
                let challenge = answer.header(header::WWW_AUTHENTICATE).unwrap_or_default().to_owned();
                oci.rights.insert(header::AUTHORIZATION, oci.answer_to(&challenge, access)?);
                Ok(oci)
            }
            status => Err(WebError::answer(&ask.url, format!("expected an OCI registry, found the status {status}"))),
        }
    }

    /// Where a blob is.
    pub(crate) fn blob(&self, digest: Digest) -> Result<Url, WebError> {
        self.at(&format!("{}/blobs/sha256:{digest}", self.repository))
    }

    /// What goes along with a request.
    pub(crate) fn rights(&self) -> HeaderMap {
        self.rights.clone()
    }

    fn at(&self, path: &str) -> Result<Url, WebError> {
        self.server.join(&format!("/v2/{path}")).map_err(|_| WebError::answer(&self.server, "it is no address"))
    }

    fn answer_to(&self, challenge: &str, access: Access) -> Result<HeaderValue, WebError> {
        let url = &self.server;
        let refused = |detail: &str| WebError::Credentials { url: shown(url), detail: detail.to_owned() };
        let (scheme, parameters) = challenge.split_once(' ').unwrap_or((challenge, ""));
        let value = match scheme.to_ascii_lowercase().as_str() {
            "basic" => basic(self.credentials().ok_or_else(|| refused("and nobody was named"))?),
            "bearer" => format!("Bearer {}", self.token(parameters, access)?),
            _ => return Err(refused("in a way that is not known here")),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| refused("and what it gives cannot be sent back"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Who the user is, for a server that the user named.
    fn credentials(&self) -> Option<&(String, String)> {
        self.web.credentials().filter(|_| self.web.is_named(&self.server))
    }

    /// A token for this repository, which the server's own service gives.
    fn token(&self, parameters: &str, access: Access) -> Result<String, WebError> {
        #[derive(Deserialize)]
        struct Given {
            token: Option<String>,
            access_token: Option<String>,
        }
        let refused = |detail: &str| WebError::Credentials { url: shown(&self.server), detail: detail.to_owned() };
        let realm = parameter(parameters, "realm").and_then(|realm| Url::parse(&realm).ok());
        let mut realm = realm.ok_or_else(|| refused("and names no service that could tell it"))?;
        let actions = if access == Access::Push { "pull,push" } else { "pull" };
        let scope = format!("repository:{}:{actions}", self.repository);
        if let Some(service) = parameter(parameters, "service") {
            realm.query_pairs_mut().append_pair("service", &service);
        }
        realm.query_pairs_mut().append_pair("scope", &scope);
        // Who the user is, is told to the server that the user named and to no other that this one names.
        let told = self.credentials().filter(|_| realm.origin() == self.server.origin() || self.web.is_named(&realm));
        let mut ask = Ask::get(realm);
        if let Some(told) = told {
            ask = ask.with(header::AUTHORIZATION, &basic(told))?;
        }
        let answer = self.web.send(&ask, &[])?;
        match answer.status.as_u16() {
            200 => {
                let bytes = answer.bytes(TOKEN_BYTES_MAX)?;
                let given: Option<Given> = serde_json::from_slice(&bytes).ok();
                let token = given.and_then(|given| given.token.or(given.access_token));
                token.ok_or_else(|| WebError::answer(&ask.url, "expected a token, found something else"))
            }
            status => Err(WebError::status(&ask.url, status)),
        }
    }

    /// Brings a file to the repository, with a manifest that keeps it there. A file that is there already is left.
    pub(crate) fn push(&self, push: &Push<'_>) -> Result<(), WebError> {
        let digest = self.push_blob(push.file)?;
        let empty = self.push_blob(b"{}")?;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": PACKAGE,
            "config": { "mediaType": EMPTY, "digest": format!("sha256:{empty}"), "size": 2 },
            "layers": [{
                "mediaType": PACKAGE,
                "digest": format!("sha256:{digest}"),
                "size": push.file.len(),
                "annotations": {
                    "org.opencontainers.image.title": format!("{}-{}.mpp", push.name.name(), push.version)
                }
            }],
            "annotations": { "org.opencontainers.image.version": push.version.to_string() }
        });
        let url = self.at(&format!("{}/manifests/{}", self.repository, tag(push, digest)))?;
        let ask = self.ask(Method::PUT, url).with(header::CONTENT_TYPE, MANIFEST)?;
        self.expect(&ask, manifest.to_string().as_bytes(), 201).map(drop)
    }

    fn push_blob(&self, bytes: &[u8]) -> Result<Digest, WebError> {
        let digest = Digest::of(bytes);
        let there = self.web.send(&self.ask(Method::HEAD, self.blob(digest)?), &[])?;
        if there.status == 200 {
            return Ok(digest);
        }
        let start = self.ask(Method::POST, self.at(&format!("{}/blobs/uploads/", self.repository))?);
        let started = self.expect(&start, &[], 202)?;
        let place = started.header(header::LOCATION).and_then(|place| started.url.join(place).ok());
        let mut place = place.filter(|place| place.origin() == self.server.origin()).ok_or_else(|| {
            WebError::Redirect { url: shown(&start.url), reason: "to another server for an upload".to_owned() }
        })?;
        place.query_pairs_mut().append_pair("digest", &format!("sha256:{digest}"));
        let ask = self.ask(Method::PUT, place).with(header::CONTENT_TYPE, "application/octet-stream")?;
        self.expect(&ask, bytes, 201).map(|_| digest)
    }

    fn ask(&self, method: Method, url: Url) -> Ask {
        Ask { method, url, headers: self.rights() }
    }

    fn expect(&self, ask: &Ask, body: &[u8], expected: u16) -> Result<super::Answer, WebError> {
        let answer = self.web.send(ask, body)?;
        match answer.status.as_u16() {
            status if status == expected => Ok(answer),
            status @ (401 | 403) => Err(WebError::status(&ask.url, status)),
            status => {
                let detail = format!("{} was answered with the status {status}, not {expected}", ask.method);
                Err(WebError::answer(&ask.url, detail))
            }
        }
    }
}

/// What keeps a file from being collected: unlike those of all other files in the repository, whoever else uses it.
fn tag(push: &Push<'_>, digest: Digest) -> String {
    let name = push.name;
    let tag = format!("{}.{}.{}", name.namespace(), name.name(), push.version).replace('+', "_");
    if tag.len() <= TAG_BYTES_MAX { tag } else { digest.to_string() }
}

fn basic((user, password): &(String, String)) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A parameter of a challenge: `realm="…",service="…"`.
fn parameter(parameters: &str, wanted: &str) -> Option<String> {
    let mut rest = parameters.trim();
    loop {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim().trim_start_matches(',').trim();
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value.trim().to_owned());
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::{Push, parameter, tag};
    use mpp_schema::Digest;

    #[test]
    fn the_parameters_of_a_challenge() {
        let text = r#"realm="https://auth.example/token?a=b,c",service="registry.example", scope=repository:x:pull"#;
        let check =
            |name: &str, expected: Option<&str>| assert_eq!(parameter(text, name).as_deref(), expected, "{name}");
        check("realm", Some("https://auth.example/token?a=b,c"));
        check("Service", Some("registry.example"));
        check("scope", Some("repository:x:pull"));
        check("other", None);
        assert_eq!(parameter("realm=\"open", "realm"), None);
    }

    #[test]
    fn idx_57_a_tag_is_of_one_release_only() {
        let name = "acme:notes".parse().unwrap();
        let of = |version: &str| {
            let version = version.parse().unwrap();
            tag(&Push { name: &name, version: &version, file: b"" }, Digest::of(b""))
        };
        assert_eq!(of("1.0.0-rc.1+b"), "acme.notes.1.0.0-rc.1_b");
        assert_eq!(of(&format!("1.0.0-{}", "a".repeat(120))), Digest::of(b"").to_string());
    }
}
