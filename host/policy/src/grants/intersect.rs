//! What two packages were both granted: what a tool gets that another tool calls.

use super::{DeviceGrant, FolderGrant, Grants, HttpGrant};
use std::collections::BTreeMap;

impl Grants {
    /// What of these grants is granted by `other` as well. Names of slots stay those of `self`; what they stand for is compared.
    pub fn intersect(&self, other: &Self) -> Self {
        Self {
            folders: only(&self.folders, |folder| folder_in(folder, other)),
            http: self.http.iter().flat_map(|one| other.http.iter().filter_map(|two| http(one, two))).collect(),
            secrets: only_equal(&self.secrets, &other.secrets),
            kv_bytes: self.kv_bytes.zip(other.kv_bytes).map(|(one, two)| one.min(two)),
            env: self.env.intersection(&other.env).cloned().collect(),
            config: only_equal(&self.config, &other.config),
            clock: self.clock && other.clock,
            devices: only(&self.devices, |device| device_in(device, other)),
            logging: self.logging && other.logging,
            progress: self.progress && other.progress,
            tools: self.tools.intersection(&other.tools).cloned().collect(),
        }
    }
}

fn only<K: Ord + Clone, V>(map: &BTreeMap<K, V>, keep: impl Fn(&V) -> Option<V>) -> BTreeMap<K, V> {
    map.iter().filter_map(|(name, value)| Some((name.clone(), keep(value)?))).collect()
}

fn only_equal<K: Ord + Clone, V: PartialEq + Clone>(one: &BTreeMap<K, V>, two: &BTreeMap<K, V>) -> BTreeMap<K, V> {
    let equal = one.iter().filter(|(name, value)| two.get(*name) == Some(*value));
    equal.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The folder as far as one of the other's folders, itself or one above it, reaches.
fn folder_in(folder: &FolderGrant, other: &Grants) -> Option<FolderGrant> {
    let around = other.folders.values().filter(|around| folder.path.starts_with(&around.path));
    let access = around.map(|around| around.access).max()?.min(folder.access);
    Some(FolderGrant { path: folder.path.clone(), access })
}

fn device_in(device: &DeviceGrant, other: &Grants) -> Option<DeviceGrant> {
    other.devices.values().any(|granted| granted == device).then(|| device.clone())
}

/// What both grants allow: the narrower origin, the common methods, the longer ones of nested paths.
fn http(one: &HttpGrant, two: &HttpGrant) -> Option<HttpGrant> {
    let origin = match (one.origin.covers(&two.origin), two.origin.covers(&one.origin)) {
        (_, true) => one.origin.clone(),
        (true, false) => two.origin.clone(),
        (false, false) => return None,
    };
    let methods: Vec<_> = one.methods.iter().filter(|method| two.methods.contains(method)).cloned().collect();
    let nested = |one: &String| two.paths.iter().filter_map(|two| narrower(one, two).cloned()).collect::<Vec<_>>();
    let mut paths: Vec<_> = one.paths.iter().flat_map(nested).collect();
    paths.sort();
    paths.dedup();
    (!methods.is_empty() && !paths.is_empty()).then_some(HttpGrant { origin, methods, paths })
}

/// Paths are prefixes that end where a segment ends: the longer one, where it is inside of the other.
fn narrower<'a>(one: &'a String, two: &'a String) -> Option<&'a String> {
    if is_inside(one, two) {
        return Some(one);
    }
    is_inside(two, one).then_some(two)
}

/// Whether every path below `inner` is below `outer`. A path that a server could read in another way is inside of itself alone.
fn is_inside(inner: &str, outer: &str) -> bool {
    let Some(rest) = inner.strip_prefix(outer) else { return false };
    let ends_well = rest.is_empty() || outer.ends_with('/') || rest.starts_with('/');
    let is_plain = rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_~./".contains(&b));
    let stays = rest.split('/').all(|segment| segment != "." && segment != "..");
    ends_well && is_plain && stays
}

#[cfg(test)]
mod tests {
    use crate::{Allowance, FolderBinding, Grants, Origin};
    use mpp_schema::ByteSize;
    use mpp_schema::permissions::Access;
    use serde_json::{Value as Json, json};
    use std::path::PathBuf;

    /// Grants of everything that is asked for, with folders and devices at these paths.
    fn granted(asked: Json, paths: &[(&str, &str)]) -> Grants {
        let asked: mpp_schema::permissions::Permissions = serde_json::from_value(asked).expect("permissions");
        let slots = || paths.iter().map(|(slot, path)| (slot.parse().expect("a slot"), PathBuf::from(path)));
        let binding = |path| FolderBinding { path, access: Access::ReadWrite };
        let allowed = Allowance {
            folders: slots().map(|(slot, path)| (slot, binding(path))).collect(),
            devices: slots().collect(),
            http: asked.http.iter().filter_map(|http| Origin::parse(&http.origin)).collect(),
            secrets: asked.secrets.keys().cloned().collect(),
            kv: Some(ByteSize(u64::MAX)),
            env: asked.env.iter().cloned().collect(),
            config: asked.config.iter().map(|name| (name.clone(), format!("value of {name}"))).collect(),
            clock: true,
            logging: true,
            progress: true,
            tools: asked.tools.keys().cloned().collect(),
        };
        Grants::cut(&asked, &allowed)
    }

    fn everything() -> Grants {
        let asked = json!({
            "folders": { "notes": { "access": "read-write" } },
            "http": [{ "origin": "https://a.example", "methods": ["GET", "POST"], "paths": ["/v1/"] }],
            "secrets": { "token": { "origin": "https://a.example", "header": "authorization" } },
            "kv": { "quota": "1MiB" }, "env": ["LANG"], "config": ["unit"], "clock": {}, "logging": {}, "progress": {},
            "devices": { "scale": { "class": "serial" } }, "tools": { "acme:md": {} },
        });
        granted(asked, &[("notes", "/home/me/notes"), ("scale", "/dev/scale")])
    }

    #[test]
    fn nothing_comes_of_nothing_and_everything_of_the_same() {
        assert!(everything().intersect(&Grants::default()).is_empty());
        assert!(Grants::default().intersect(&everything()).is_empty());
        assert_eq!(everything().intersect(&everything()), everything());
    }

    #[track_caller]
    fn check_folder(one: (&str, &str), two: (&str, &str), expected: Option<Access>) {
        let folder = |(path, access): (&str, &str), slot: &str| {
            granted(json!({ "folders": { slot: { "access": access } } }), &[(slot, path)])
        };
        let both = folder(one, "mine").intersect(&folder(two, "theirs"));
        assert_eq!(both.folders().values().next().map(|it| it.access), expected, "{one:?} and {two:?}");
        assert!(both.folders().values().all(|it| it.path.as_path() == std::path::Path::new(one.0)));
    }

    #[test]
    fn a_folder_is_shared_when_the_other_has_it_or_one_above_it() {
        let (read, write) = (Some(Access::ReadOnly), Some(Access::ReadWrite));
        check_folder(("/a/b", "read-write"), ("/a/b", "read-write"), write);
        check_folder(("/a/b", "read-write"), ("/a", "read-only"), read);
        check_folder(("/a/b", "read-only"), ("/a", "read-write"), read);
        check_folder(("/a", "read-write"), ("/a/b", "read-write"), None);
        check_folder(("/a/bc", "read-only"), ("/a/b", "read-only"), None);
    }

    #[track_caller]
    fn check_http(one: Json, two: Json, expected: &[&str]) {
        let http = |http: &Json| granted(json!({ "http": [http] }), &[]);
        let both = http(&one).intersect(&http(&two));
        let found: Vec<_> =
            both.http().iter().map(|it| format!("{} {:?} {:?}", it.origin, it.methods, it.paths)).collect();
        assert_eq!(found, expected, "{one} and {two}");
        // It does not matter who calls whom.
        assert_eq!(http(&two).intersect(&http(&one)).http().len(), expected.len());
    }

    #[test]
    fn requests_are_shared_as_far_as_both_reach() {
        let to = |origin: &str, methods: &[&str], paths: &[&str]| json!({ "origin": origin, "methods": methods, "paths": paths });
        let wide = to("https://*.example", &["GET", "POST"], &["/"]);
        let narrow = to("https://a.example", &["GET", "PUT"], &["/v1/", "/v2/"]);
        check_http(wide.clone(), narrow.clone(), &[r#"https://a.example ["GET"] ["/v1/", "/v2/"]"#]);
        check_http(
            narrow.clone(),
            to("https://a.example", &["GET"], &["/v1/x/", "/v3/"]),
            &[r#"https://a.example ["GET"] ["/v1/x/"]"#],
        );
        check_http(narrow.clone(), to("https://b.example", &["GET"], &["/"]), &[]);
        check_http(narrow.clone(), to("https://a.example", &["POST"], &["/"]), &[]);
        check_http(narrow, to("https://a.example", &["GET"], &["/v3/"]), &[]);
        let below = |path: &str| to("https://a.example", &["GET"], &[path]);
        for (one, two, expected) in [
            ("/v1", "/v1/x", Some("/v1/x")),
            ("/v1", "/v10", None),
            ("/v1/", "/v1/../x", None),
            ("/v1/", "/v1/%2e%2e/x", None),
            ("/v1/", "/v1/..;/x", None),
            ("/v1/%20", "/v1/%20", Some("/v1/%20")),
        ] {
            let expected = expected.map(|path| format!(r#"https://a.example ["GET"] ["{path}"]"#));
            check_http(below(one), below(two), &expected.iter().map(String::as_str).collect::<Vec<_>>());
        }
        check_http(wide, to("https://127.0.0.1", &["GET"], &["/"]), &[]);
    }

    #[test]
    fn what_stands_for_something_else_is_not_shared() {
        let device = |path| granted(json!({ "devices": { "scale": { "class": "serial" } } }), &[("scale", path)]);
        assert!(device("/dev/one").intersect(&device("/dev/two")).is_empty());
        let secret = |origin: &str| {
            granted(json!({ "secrets": { "token": { "origin": origin, "header": "authorization" } } }), &[])
        };
        assert!(secret("https://a.example").intersect(&secret("https://b.example")).is_empty());
        let kv = |quota: &str| granted(json!({ "kv": { "quota": quota } }), &[]);
        assert_eq!(kv("1MiB").intersect(&kv("2MiB")).kv_bytes(), Some(1 << 20));
    }
}
