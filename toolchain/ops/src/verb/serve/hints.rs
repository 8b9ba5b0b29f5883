//! What a call can do, read from what it was granted: agents ask their users by it, so nobody's word counts but the sandbox's (MCP-13).

use mpp_mcp::Hints;
use mpp_policy::Grants;
use mpp_schema::{manifest::Risk, permissions::Access};

/// The hints of a tool with these grants; its author may say that it is worse, and never that it is better.
pub(super) fn of(grants: &Grants, declared: Option<Risk>) -> Hints {
    let declared = declared.unwrap_or(Risk::None);
    let writes_folders = grants.folders().values().any(|folder| folder.access != Access::ReadOnly);
    let is_safe = |method: &String| matches!(method.as_str(), "GET" | "HEAD");
    let sends = grants.http().iter().any(|http| !http.methods.iter().all(is_safe));
    let calls = !grants.tools().is_empty();
    let uses_devices = !grants.devices().is_empty();
    let destroys = writes_folders || sends || calls || uses_devices;
    let read_only = !destroys && grants.kv_bytes().is_none() && declared <= Risk::Read;
    Hints {
        read_only,
        destructive: destroys || declared >= Risk::External,
        idempotent: read_only,
        open_world: !grants.http().is_empty() || calls || uses_devices || declared == Risk::External,
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use mpp_mcp::Hints;
    use mpp_policy::Grants;
    use mpp_schema::manifest::Risk;

    const HARMLESS: Hints = Hints { read_only: true, destructive: false, idempotent: true, open_world: false };

    #[test]
    fn nothing_granted_is_harmless_unless_the_author_says_otherwise() {
        assert_eq!(of(&Grants::default(), None), HARMLESS);
        assert_eq!(of(&Grants::default(), Some(Risk::Read)), HARMLESS);
        let written = of(&Grants::default(), Some(Risk::Write));
        assert!(!written.read_only && !written.destructive && !written.idempotent);
        assert!(of(&Grants::default(), Some(Risk::Irreversible)).destructive);
        assert!(of(&Grants::default(), Some(Risk::External)).open_world);
    }
}
