//! Every error code of MPP: the stable reason that a refusal gives, whose turn it is, and what it means.
//!
//! `spec/errors.md` carries this table; a test compares the two. A code is never renamed, and never reused for another reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A stable reason such as `sig.malformed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The code as text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
    /// Whose turn it is.
    pub fn turn(self) -> Turn {
        CODES.iter().find(|entry| entry.code == self).map_or(Turn::Bug, |entry| entry.turn)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Who can do something about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The person at the command line.
    User,
    /// The author of the package.
    Author,
    /// Whoever runs the registry, or stands between it and us.
    Registry,
    /// The machine: disk, permissions, network.
    Host,
    /// The tool that ran.
    Tool,
    /// Us: an error that should not exist.
    Bug,
}

/// One row of the table.
#[derive(Debug)]
pub struct CodeEntry {
    /// The code.
    pub code: Code,
    /// Whose turn it is.
    pub turn: Turn,
    /// What it means, in one line.
    pub meaning: &'static str,
}

/// What every library error of MPP can say about itself.
pub trait Coded: std::error::Error {
    /// The stable reason.
    fn code(&self) -> Code;
    /// Commands or steps that would help, most useful first.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}

/// An error as `--json` prints it: `{"error": …}`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The stable reason.
    pub code: String,
    /// What was tried, on which thing, expected and found.
    pub message: String,
    /// What can be done about it: a command or a step a line; empty when nothing is known to help.
    pub help: String,
}

macro_rules! codes {
    ($($name:ident $text:literal $turn:ident $meaning:literal;)*) => {
        /// A constant for each code.
        pub mod codes {
            use super::Code;
            $(#[doc = $meaning] pub const $name: Code = Code($text);)*
        }
        /// The whole table, in the order of `spec/errors.md`.
        pub const CODES: &[CodeEntry] = &[
            $(CodeEntry { code: codes::$name, turn: Turn::$turn, meaning: $meaning },)*
        ];
    };
}

codes! {
    FORMAT_NEWER "format.newer" User "the document was written for a newer major version of MPP";
    FORMAT_MALFORMED "format.malformed" User "a file of this home or project does not have the shape of its format";

    PKG_MAGIC "pkg.magic" Author "the file is not a package: it does not begin with the entry `mpp.json`";
    PKG_LENGTH "pkg.length" Author "a stated length does not fit the file";
    PKG_TRAILING "pkg.trailing" Author "bytes follow the end of the package";
    PKG_HEADER "pkg.header" Author "a header block is not the canonical one for its name and size";
    PKG_PATH "pkg.path" Author "an entry has a name that a package may not hold";
    PKG_ENTRY_TYPE "pkg.entry-type" Author "an entry is not a plain file";
    PKG_DUPLICATE "pkg.duplicate" Author "two entries have one name, or names that differ only in case, or a file is used as a folder";
    PKG_ORDER "pkg.order" Author "the entries are not in the order of the manifest";
    PKG_MANIFEST_MISMATCH "pkg.manifest-mismatch" Author "an entry is not the one that the manifest lists";
    PKG_COMPRESSION "pkg.compression" Author "an entry is not one plain zstd frame with its content size";
    PKG_PRECOMPILED "pkg.precompiled" Author "the package holds compiled machine code";
    PKG_BLOCKED "pkg.blocked" User "the package was blocked by its publisher or its registry";
    PKG_KIND "pkg.kind" User "the package is of another kind than it is used for";

    MANIFEST_INVALID "manifest.invalid" Author "the manifest does not have the shape of its format";
    MANIFEST_TEXT "manifest.text" Author "a text that a model or a person reads holds hidden or forbidden characters, or is too long";
    MANIFEST_TRUST "manifest.trust" Author "the declared trust level does not cover the declared permissions";

    SIG_MISSING "sig.missing" Author "the package has no signature";
    SIG_MALFORMED "sig.malformed" Author "a signature text is not in the one accepted form";
    SIG_LEGACY "sig.legacy" Author "the signature uses the legacy algorithm without prehashing";
    SIG_INVALID "sig.invalid" Author "the signature does not belong to these bytes and this key";
    SIG_BINDING "sig.binding" Author "the signature was made for another purpose, package or version";
    SIG_THRESHOLD "sig.threshold" Author "fewer distinct keys signed than are required";
    KEY_WEAK "key.weak" User "the public key is of small order, not canonical or not in the prime-order group";
    KEY_MALFORMED "key.malformed" User "the text is not a key in the form that is expected here";
    KEY_PASSWORD "key.password" User "the key file is locked and the password is missing or wrong";
    KEY_NOT_FOUND "key.not-found" User "no key of that name is in this home";
    KEY_EXISTS "key.exists" User "a key of that name is already in this home";
    KEY_REVOKED "key.revoked" Registry "the key was revoked before this was logged";
    KEY_PERMISSIONS "key.permissions" User "the key file can be read by others";

    TRUST_UNKNOWN_KEY "trust.unknown-key" User "none of the signatures is by a key that this home trusts";
    TRUST_DEV_KEY "trust.dev-key" Author "the package was signed with a development key, which only the home that made it accepts";
    TRUST_NAMESPACE "trust.namespace" Registry "the key does not own the namespace";
    TRUST_PIN "trust.pin" Registry "what the registry says contradicts a pin of this home";
    TRUST_CHANGED "trust.changed" User "the publisher key is not the one that was trusted on first use";
    TRUST_EXISTS "trust.exists" User "that name is already pinned to another key";

    WASM_INVALID "wasm.invalid" Author "the bytes are not a valid component";
    WASM_INTERFACE "wasm.interface" Author "the component imports or exports other things than its manifest and WIT say";
    WIT_INVALID "wit.invalid" Author "the WIT text does not parse, or the declared world is not in it";
    WIT_UNSUPPORTED "wit.unsupported" Author "a tool function uses a type that cannot be a tool's parameter or result";
    WIT_INCOMPATIBLE "wit.incompatible" Author "the tools of a new version cannot stand in for those of an earlier one, and its number says that they can";
    TOOL_SCHEMA "tool.schema" Author "the schemas in the package are not those of its WIT";

    LIMIT_SIGNATURES "limit.signatures" Author "too many or too large signatures";
    LIMIT_MANIFEST "limit.manifest" Author "the manifest is larger than 1 MiB";
    LIMIT_ENTRIES "limit.entries" Author "the package holds too many entries";
    LIMIT_FILE "limit.file" Author "the package file is too large";
    LIMIT_UNPACKED "limit.unpacked" Author "the unpacked content is too large, or too large for its compressed size";
    LIMIT_COMPONENT "limit.component" Author "the component is too large";
    LIMIT_COMPILE "limit.compile" Author "compiling the component took too much time or memory";
    LIMIT_MEMORY "limit.memory" Tool "the tool asked for more memory than its limit";
    LIMIT_TABLE "limit.table" Tool "the tool asked for more table elements, memories, tables or instances than its limit";
    LIMIT_TIME "limit.time" Tool "the call took longer than its limit";
    LIMIT_STACK "limit.stack" Tool "the tool used up its stack";
    LIMIT_OUTPUT "limit.output" Tool "the tool wrote more to stdout or stderr than its limit";
    LIMIT_RESULT "limit.result" Tool "the result of the tool is larger than its limit";
    LIMIT_HOST_DATA "limit.host-data" Tool "the tool passed more data to one host call, or held more handles, than its limit";
    LIMIT_MESSAGE "limit.message" User "a signed message is larger than a reader accepts";
    LIMIT_KV "limit.kv" Tool "the tool would keep more, or longer keys or values, than its store may hold";
    LIMIT_HTTP "limit.http" Tool "the tool used more of HTTP than its limit: requests, connections, bytes or headers";
    LIMIT_HTTP_TIME "limit.http-time" Host "a server did not answer in time";
    LIMIT_DEPTH "limit.depth" Tool "tools called each other more deeply than is allowed";
    LIMIT_CALLS "limit.calls" Host "a tool called another while every place of the host was taken";
    LIMIT_INDEX "limit.index" Registry "a file of the index is larger than a reader accepts";

    TOOL_UNKNOWN "tool.unknown" User "the package has no tool of that name";
    TOOL_ARGUMENTS "tool.arguments" User "the arguments do not fit the parameters of the tool";
    TOOL_RESULT "tool.result" Tool "the tool returned a value that has no JSON form";
    TOOL_ERROR "tool.error" Tool "the tool ran and returned an error of its own";
    TOOL_TRAP "tool.trap" Tool "the tool stopped with a trap";
    CALL_CANCELLED "call.cancelled" User "the call was cancelled by whoever made it";
    CAP_DENIED "cap.denied" User "the tool needs something that was not granted to it";
    CAP_DEVICE "cap.device" Host "the device that is bound to a slot cannot be opened, or is none that a tool may have";
    CAP_FS "cap.fs" Tool "the tool used a granted folder in a way that is refused, or the folder is not there";
    NET_DENIED "net.denied" Tool "the tool asked for an address, a method or a path that was not granted to it";
    NET_PRIVATE "net.private" Tool "the tool asked for a private or special address that was not granted as such";
    PII_BLOCKED "pii.blocked" Tool "personal data or a secret would leave here, or nobody can tell whether it would";
    NET_HEADER "net.header" Tool "the tool set a header that only the host may set";
    SECRET_MISSING "secret.missing" User "a secret that was granted is not stored";
    SECRET_UNASKED "secret.unasked" User "an installed package does not ask for the secret that is to be stored for it";
    SECRET_STORE "secret.store" Host "the store of secrets could not be read or written";

    GRANT_MISSING "grant.missing" User "the package was not granted what it asks for";
    GRANT_MALFORMED "grant.malformed" User "a permission token is not in the one accepted form";
    GRANT_UNSIGNED "grant.unsigned" User "a permission token has no signature";
    GRANT_SIGNATURE "grant.signature" User "the signature of a permission token does not hold, or is for something else";
    GRANT_OWNER "grant.owner" User "a permission token is signed by a key that does not count in this home";
    GRANT_HOST "grant.host" User "a permission token was made for another home";
    GRANT_PACKAGE "grant.package" User "a permission token was made for another package";
    GRANT_PUBLISHER "grant.publisher" User "a permission token was made for a package of another publisher";
    GRANT_REQUEST "grant.request" User "a permission token was made for another request: the package asks for other things now";
    GRANT_WIDER "grant.wider" User "more would be granted than the package asks for";
    GRANT_EXPIRED "grant.expired" User "the time of a permission token is over";
    GRANT_FUTURE "grant.future" User "a permission token was issued in the future";
    GRANT_USED "grant.used" User "a permission token for one call was used before";
    GRANT_SESSION "grant.session" User "a permission token was made for another session";
    GRANT_REVOKED "grant.revoked" User "the permission token was revoked";
    GRANT_FUNCTION "grant.function" User "a permission token was made for other tools of the package";
    GRANT_TRUST "grant.trust" User "the publisher may not have what the package asks for";
    GRANT_FOLDER "grant.folder" User "the folder may not be granted, or is not the one that was granted";
    GRANT_DENIED "grant.denied" User "the policy of this home denies it";
    GRANT_DECLINED "grant.declined" User "the person who was asked said no, or nobody answered";
    GRANT_HEADLESS "grant.headless" User "there is no terminal to ask on, and the policy of this home does not allow grants without one";
    GRANT_NOT_FOUND "grant.not-found" User "no permission token of that id, or for that package, is in this home";
    APPROVAL_NOT_FOUND "approval.not-found" User "no question of that name waits for an answer";
    APPROVAL_CHANGED "approval.changed" User "the package or its grants are not those that were confirmed";
    ATT_MALFORMED "att.malformed" User "an approval is not in the one accepted form";
    ATT_KEY "att.key" User "an approval is not signed by an approver of this home";
    ATT_AUDIENCE "att.audience" User "an approval was made for another home, or for another ledger of this one";
    ATT_TIME "att.time" User "an approval is expired, from the future, or counts for too long";
    ATT_BINDING "att.binding" User "an approval was made for another call";
    ATT_REPLAYED "att.replayed" User "an approval was used before";
    ATT_STORE "att.store" Host "the ledger of used approvals could not be read or written";
    HITL_DENIED "hitl.denied" User "the person who was asked said no, or did not answer as asked";
    HITL_UNAVAILABLE "hitl.unavailable" User "nobody could be asked: there is no terminal, and nobody approved elsewhere";
    HITL_BUDGET "hitl.budget" User "too many questions were asked in a short time";
    AGENT_UNKNOWN "agent.unknown" User "the agent is not known here, was revoked, or may not call this";
    AGENT_MALFORMED "agent.malformed" User "a request of an agent is not in the one accepted form";
    AGENT_SIGNATURE "agent.signature" User "the signature of a request of an agent does not hold";
    AGENT_AUDIENCE "agent.audience" User "a request of an agent was made for another home";
    AGENT_TIME "agent.time" User "a request of an agent is expired, from the future, or counts for too long";
    AGENT_BINDING "agent.binding" User "a request of an agent is for another call";
    AGENT_REPLAYED "agent.replayed" User "a request of an agent was used before";
    AGENT_DELEGATION "agent.delegation" User "a delegation between agents is broken, too long, or allows more than it may";
    AUDIT_BROKEN "audit.broken" Host "the audit log was changed after it was written";
    AUDIT_TRUNCATED "audit.truncated" Host "the audit log is shorter than a checkpoint says";
    AUDIT_UNWRITABLE "audit.unwritable" Host "the audit log cannot be written, and what is asked must not happen unrecorded";
    KV_DENIED "kv.denied" User "the tool asked for a store that it was not granted, or that is not its own";
    KV_NOT_FOUND "kv.not-found" User "the package keeps nothing, or not under that key";
    KV_NUMBER "kv.number" Tool "the tool counted a value up that is not a number, or beyond the range of numbers";
    KV_FAILED "kv.failed" Host "the store of a package could not be opened, read or written";

    INDEX_MALFORMED "index.malformed" Registry "a file of the index does not have the shape of its format";
    INDEX_ROLLBACK "index.rollback" Registry "the head is older than the one that was seen before";
    INDEX_FORK "index.fork" Registry "two different heads carry one sequence number";
    INDEX_STALE "index.stale" Registry "the head has expired";
    INDEX_LOG_BROKEN "index.log-broken" Registry "the log does not continue the one that was seen before";
    INDEX_UNLOGGED "index.unlogged" Registry "a file of the index differs from its last log record";
    INDEX_MISMATCH "index.mismatch" Registry "a file of the index does not have the digest that the signed head gives";
    INDEX_REMOVED "index.removed" Registry "a file that the log names, or a statement that was there before, is gone";
    INDEX_BINDING "index.binding" Registry "the file behind a statement is not the package that the statement names";
    INDEX_DUPLICATE_VERSION "index.duplicate-version" Registry "that version was published before";
    INDEX_GIT "index.git" Registry "the git repository is damaged or holds what an index may not hold";
    ROOT_INVALID "root.invalid" Registry "the root is not signed by the keys that it must be signed by";
    ROOT_EXPIRED "root.expired" Registry "the root has expired";
    ROOT_PIN "root.pin" Registry "the root is not the one that was pinned";
    CLOCK_BACKWARDS "clock.backwards" Host "the clock shows a time before one that was seen earlier";
    NAME_COLLISION "name.collision" User "the name is too close to one that exists";
    NAME_INVALID "name.invalid" User "the text is not a package name, tool name or version";

    REGISTRY_UNKNOWN "registry.unknown" User "no registry of that name is known to this home";
    REGISTRY_EXISTS "registry.exists" User "a registry of that name is already known to this home";
    REGISTRY_AMBIGUOUS "registry.ambiguous" User "more than one registry could be meant";
    REGISTRY_NO_HEAD_KEY "registry.no-head-key" User "this home does not hold a head key of the registry";
    REGISTRY_NO_ROOT_KEY "registry.no-root-key" User "no key at hand may sign this root of the registry";
    REGISTRY_UNREACHABLE "registry.unreachable" Host "the registry could not be reached";
    REGISTRY_FILE_MISSING "registry.file-missing" Registry "a package file is not where its registry says";
    REGISTRY_ANSWER "registry.answer" Registry "a server answered with something else than what was asked for";
    REGISTRY_REDIRECT "registry.redirect" Registry "a server sent a request to where it may not go";
    REGISTRY_PRIVATE "registry.private" User "a registry names an address that only the user may name: a private one, or one without TLS";
    REGISTRY_READ_ONLY "registry.read-only" User "the registry is read as a copy, which cannot be changed";
    REGISTRY_CREDENTIALS "registry.credentials" User "a server asks who this is, and does not take the answer";
    REGISTRY_RACE "registry.race" Registry "others published at the same time, again and again";
    REGISTRY_DECLINED "registry.declined" Registry "the registry looked at what was pushed and refused it";
    PACKAGE_NOT_FOUND "package.not-found" User "the package, or a version that fits, was not found";
    PACKAGE_NOT_INSTALLED "package.not-installed" User "the package is not installed";

    PACKAGE_TOO_YOUNG "package.too-young" User "every version that fits was signed more recently than the minimum age allows";
    LOCK_OUTDATED "lock.outdated" User "what would be installed is not exactly what `mpp.lock` says";
    UPDATE_DECLINED "update.declined" User "the person who was asked about a change of what is installed said no, or there was nobody to ask";
    HISTORY_EMPTY "history.empty" User "there is nothing earlier to go back to";

    BUILD_METADATA "build.metadata" Author "the project does not say what a package needs to know";
    BUILD_TARGET "build.target" Host "the compiler for the wasm target is missing and could not be installed";
    BUILD_FAILED "build.failed" Author "the compiler did not succeed";
    BUILD_PLUGIN "build.plugin" Author "a plugin of the build failed, found a mistake, or gave what cannot be taken";
    BUILD_DIRTY "build.dirty" User "the git work tree holds changes that are not committed";
    BUILD_TEMPLATE "build.template" User "the template or the target folder cannot be used";
    TEST_CASE "test.case" User "a case of a project's tests cannot be run as it is written";
    TEST_FAILED "test.failed" User "a case of a project's tests did not come out as it expects";

    CLIENT_SETTINGS "client.settings" User "the settings of a client cannot be read, or not be changed without touching the rest of them";
    CLIENT_TAKEN "client.taken" User "the settings of a client have another server under the name of this program";

    CACHE_INVALID "cache.invalid" Host "a cached file is not what was stored";
    IO_FAILED "io.failed" Host "a file or folder could not be read or written";
    USAGE "usage" User "the command line cannot be understood";
    BUG "bug" Bug "an error in MPP itself";
}

#[cfg(test)]
mod tests {
    use super::CODES;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let unique: BTreeSet<_> = CODES.iter().map(|entry| entry.code).collect();
        assert_eq!(unique.len(), CODES.len());
        for entry in CODES {
            let well_formed = entry.code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'-');
            assert!(well_formed && !entry.meaning.is_empty(), "{}", entry.code);
        }
    }
}
