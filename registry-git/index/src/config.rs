//! How a registry says that it is to be used: where package files are, and which registries it follows (spec/index.md IDX-53, IDX-54, IDX-92).

use crate::{Files, IndexError, document, layout, shards, state::TrustedState};
use mpp_schema::{
    PackageName,
    index::{Blobs, Config, Release},
};
use url::Url;

/// Where the file of a release is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this commit of the registry's own repository.
    Git(String),
    /// At this address.
    Address(Url),
    /// The blob of its digest in a repository of an OCI registry.
    Oci {
        /// The server: the origin that everything in it begins with.
        server: Url,
        /// The repository.
        repository: String,
    },
}

/// The configuration of a registry, as the trusted head fixes it.
///
/// # Errors
/// When a file is not what the trusted head says.
pub fn config(files: &dyn Files, state: &TrustedState) -> Result<Config, IndexError> {
    let table = shards::table(files, state.head())?;
    let gone = || IndexError::Removed { path: layout::CONFIG.to_owned(), what: "the file" };
    let digest = shards::digest_of(files, &table, layout::CONFIG)?.ok_or_else(gone)?;
    document::parse(layout::CONFIG, &shards::read_exact(files, layout::CONFIG, digest)?)
}

/// Where the file of a release is.
///
/// # Errors
/// When the configuration's template is none.
pub fn place(config: &Config, name: &PackageName, release: &Release) -> Result<Place, IndexError> {
    if let Some(commit) = &release.commit {
        return Ok(Place::Git(commit.clone()));
    }
    match &config.blobs {
        Blobs::GitRefs => {
            let found = format!("no commit in {name}@{}", release.version);
            Err(IndexError::malformed(&layout::package(name), "the commit that holds the file", found))
        }
        Blobs::Template { url } => filled(url, name, release, true).map(Place::Address),
        Blobs::Oci { url } => {
            let mut server = filled(url, name, release, false)?;
            let repository = server.path().trim_matches('/').to_ascii_lowercase();
            server.set_path("/");
            Ok(Place::Oci { server, repository })
        }
    }
}

/// Refuses a configuration that nobody could follow.
pub(crate) fn check(config: &Config) -> Result<(), IndexError> {
    let (name, version) = ("a:b".parse::<PackageName>(), "1.0.0".parse());
    let (Ok(name), Ok(version)) = (name, version) else { return Ok(()) };
    let digest = mpp_schema::Digest::of(b"");
    let (kind, description) = (mpp_schema::manifest::Kind::Tool, String::new());
    let release =
        Release { version, package: digest, file: digest, size: 0, kind, description, tools: Vec::new(), commit: None };
    match &config.blobs {
        Blobs::GitRefs => Ok(()),
        _ => place(config, &name, &release).map(drop),
    }
}

/// A template with what stands for its placeholders.
fn filled(template: &str, name: &PackageName, release: &Release, with_digest: bool) -> Result<Url, IndexError> {
    let refuse = |expected: &'static str| IndexError::malformed(layout::CONFIG, expected, format!("{template:?}"));
    let after_scheme = template.split_once("://").map_or("", |(_, rest)| rest);
    let host = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || host.contains(['{', '}']) || !template.starts_with("http") {
        return Err(refuse("a template of an http or https address, with its placeholders after the host"));
    }
    if with_digest && !after_scheme.contains("{digest}") {
        return Err(refuse("a template that holds {digest}"));
    }
    if !template.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') || template.contains("..") {
        return Err(refuse("a template of printable ASCII without spaces, backslashes and `..`"));
    }
    let text = template
        .replace("{digest}", &release.file.to_string())
        .replace("{namespace}", name.namespace().as_str())
        .replace("{name}", name.name().as_str())
        .replace("{version}", &release.version.to_string().replace('+', "%2B"));
    let url = Url::parse(&text).map_err(|_| refuse("a template of an address"))?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let known = matches!(url.scheme(), "http" | "https") && !text.contains(['{', '}']);
    match plain && known && url.fragment().is_none() && url.path().len() > 1 {
        true => Ok(url),
        false => Err(refuse("a template of an address without user, query, fragment and other placeholders")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, place};
    use mpp_schema::{
        Coded as _, Digest, FormatVersion, codes,
        index::{Blobs, Config, Release},
        manifest::Kind,
    };

    fn release(commit: Option<&str>) -> Release {
        Release {
            version: "1.2.0+b".parse().unwrap(),
            package: Digest::of(b"p"),
            file: Digest::of(b"f"),
            size: 1,
            kind: Kind::Tool,
            description: String::new(),
            tools: Vec::new(),
            commit: commit.map(str::to_owned),
        }
    }

    fn config(blobs: Blobs) -> Config {
        Config { mpp: FormatVersion::CURRENT, blobs, follows: Vec::new() }
    }

    #[track_caller]
    fn check(blobs: Blobs, expected: Result<&str, ()>) {
        let place = place(&config(blobs.clone()), &"acme:notes".parse().unwrap(), &release(None));
        let found = place.map(|place| match place {
            Place::Git(commit) => commit,
            Place::Address(url) => url.to_string(),
            Place::Oci { server, repository } => format!("{server} {repository}"),
        });
        match expected {
            Ok(expected) => assert_eq!(found.unwrap(), expected),
            Err(()) => assert_eq!(found.unwrap_err().code(), codes::INDEX_MALFORMED, "{blobs:?}"),
        }
    }

    fn template(url: &str) -> Blobs {
        Blobs::Template { url: url.to_owned() }
    }

    #[test]
    fn idx_53_a_template_gives_an_address() {
        let digest = Digest::of(b"f");
        check(template("https://a.example/{digest}.mpp"), Ok(&format!("https://a.example/{digest}.mpp")));
        let all = format!("http://a.example:81/acme/notes/1.2.0%2Bb/{digest}");
        check(template("http://a.example:81/{namespace}/{name}/{version}/{digest}"), Ok(&all));
        let oci = |url: &str| Blobs::Oci { url: url.to_owned() };
        check(oci("https://r.example/Tools/{namespace}/{name}"), Ok("https://r.example/ tools/acme/notes"));
        check(oci("https://r.example:5000/all"), Ok("https://r.example:5000/ all"));
        for bad in ["https://r.example/", "https://r.example", "ftp://r.example/x", "https://{name}/x", "oci://r/x"] {
            check(oci(bad), Err(()));
        }
    }

    #[test]
    fn idx_53_what_is_no_template_is_refused() {
        for bad in [
            "",
            "https://a.example/file.mpp",
            "https://{digest}/x",
            "https://{digest}.example/x",
            "file:///srv/{digest}",
            concat!("https://user:", "word@a.example/{digest}"),
            "https://a.example/?q={digest}",
            "https://a.example/{digest}#x",
            "https://a.example/{other}/{digest}",
            "https://a.example/../{digest}",
            "https://a.example\\@b.example/{digest}",
            "https://a.example/ {digest}",
            "https:///{digest}",
            "http{digest}://a.example/{digest}",
        ] {
            check(template(bad), Err(()));
        }
    }

    #[test]
    fn idx_54_a_commit_stays_where_it_is() {
        let name = "acme:notes".parse().unwrap();
        let found = place(&config(template("https://a.example/{digest}")), &name, &release(Some("ab"))).unwrap();
        assert_eq!(found, Place::Git("ab".to_owned()));
        check(Blobs::GitRefs, Err(()));
    }
}
