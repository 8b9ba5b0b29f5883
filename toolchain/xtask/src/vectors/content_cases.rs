//! Chapter `package`, the content: one plain zstd frame each, bounded when unpacked, a component that is what the manifest says.

use super::{
    case::Case,
    component::{self, assemble},
    draft::{Asking, Content, Draft, admission, full},
    frame,
    keys::TestKey,
};
use serde_json::json;

const TWIN: &str = "package/valid";
const FULL_TWIN: &str = "package/valid-full";
const README: &[u8] = b"# Sum\n\nAdds two numbers.\n";

/// The content's part of the chapter.
pub(super) fn cases() -> anyhow::Result<Vec<Case>> {
    Ok([frames(), sizes(), precompiled(), components()?, schemas()].concat())
}

fn refuse(
    asking: &Asking,
    name: &str,
    code: &'static str,
    why: &'static str,
    twin: &'static str,
    draft: &Draft,
) -> Case {
    asking.refuse(&format!("package/{name}"), code, why, twin, draft.signed(&[&TestKey::acme()]).to_bytes())
}

fn with_readme(stored: Vec<u8>) -> Draft {
    Draft::new().add(Content::framed("README.md.zst", stored, README))
}

/// Found at admission, while the bytes are hashed; nothing is unpacked.
fn frames() -> Vec<Case> {
    let twin = "package/frame-plain";
    let plain = frame::plain(README);
    let bad = |name: &str, why, stored: Vec<u8>| {
        refuse(&admission(), name, "pkg.compression", why, twin, &with_readme(stored))
    };
    let widest = "package/frame-window-8-mebibytes";
    let too_wide = with_readme(frame::with_window(README, 24));
    let good = with_readme(plain.clone()).signed(&[&TestKey::acme()]);
    let window = with_readme(frame::with_window(README, 23)).signed(&[&TestKey::acme()]);
    vec![
        admission().accept(twin, "one plain frame", &good),
        admission().accept(widest, "the largest window that is allowed", &window),
        full().accept("package/frame-window-8-mebibytes-full", "the same, unpacked", &window),
        bad(
            "frame-skippable-before",
            "a skippable frame before the content",
            [frame::skippable(b"hidden"), plain.clone()].concat(),
        ),
        bad(
            "frame-skippable-after",
            "a skippable frame after the content",
            [plain.clone(), frame::skippable(b"hidden")].concat(),
        ),
        bad("frame-second", "a second frame", [plain.clone(), frame::plain(b"more")].concat()),
        bad("frame-surplus", "bytes after the frame", [plain.as_slice(), b"hidden"].concat()),
        bad("frame-dictionary", "a frame that names a dictionary", frame::with_dictionary(README)),
        refuse(
            &admission(),
            "frame-window-16-mebibytes",
            "pkg.compression",
            "a frame that demands too large a window",
            widest,
            &too_wide,
        ),
        bad("frame-without-size", "a frame that does not say its content size", frame::without_size(README)),
        bad("frame-not-zstd", "content that is not compressed", README.to_vec()),
        bad("frame-truncated", "a frame that stops early", plain[..plain.len() - 1].to_vec()),
    ]
}

fn sizes() -> Vec<Case> {
    let mebibyte = 1 << 20;
    let zeros = |size: usize| Content::framed("README.md.zst", frame::zeros(size), &vec![0; size]);
    let twin = "package/unpacks-to-one-mebibyte";
    let good = Draft::new().add(zeros(mebibyte)).signed(&[&TestKey::acme()]);
    let bomb = Draft::new().add(zeros(8 * mebibyte));
    let lying = Draft::new().add(Content::framed("README.md.zst", frame::lying_zeros(1024, 8 * mebibyte), &[0; 1024]));
    vec![
        admission().accept(twin, "one mebibyte may come from few bytes", &good),
        full().accept("package/unpacks-to-one-mebibyte-full", "the same, unpacked", &good),
        refuse(&admission(), "bomb", "limit.unpacked", "eight mebibytes from some three hundred bytes", twin, &bomb),
        refuse(
            &full(),
            "bomb-that-lies",
            "pkg.compression",
            "the same, said to be one kibibyte",
            "package/unpacks-to-one-mebibyte-full",
            &lying,
        ),
        refuse(
            &full(),
            "unpacked-other-content",
            "pkg.manifest-mismatch",
            "the frame holds other bytes than listed",
            "package/frame-plain-full",
            &other_content(),
        ),
        full().accept(
            "package/frame-plain-full",
            "one plain frame, unpacked",
            &with_readme(frame::plain(README)).signed(&[&TestKey::acme()]),
        ),
    ]
}

fn other_content() -> Draft {
    let other: Vec<u8> = README.iter().rev().copied().collect();
    with_readme(frame::plain(&other))
}

fn precompiled() -> Vec<Case> {
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0 and so on".as_slice();
    let code = "pkg.precompiled";
    let packed = |bytes: &[u8]| Draft::new().add(Content::packed("extra.bin.zst", bytes));
    let plain = |bytes: &[u8]| Draft::new().add(Content::plain("extra.bin", bytes));
    let (packed_twin, plain_twin) = ("package/extra-content", "package/extra-content-uncompressed");
    let signed = |draft: Draft| draft.signed(&[&TestKey::acme()]);
    vec![
        refuse(
            &full(),
            "precompiled-component",
            code,
            "machine code in place of the component",
            FULL_TWIN,
            &Draft::with_component(elf),
        ),
        full().accept(packed_twin, "other content beside the component", &signed(packed(b"a table of numbers"))),
        full().accept(plain_twin, "other content that is stored as it is", &signed(plain(b"a table of numbers"))),
        refuse(&full(), "precompiled-beside", code, "machine code beside the component", packed_twin, &packed(elf)),
        refuse(
            &full(),
            "precompiled-uncompressed",
            code,
            "machine code that is stored as it is",
            plain_twin,
            &plain(elf),
        ),
    ]
}

fn components() -> anyhow::Result<Vec<Case>> {
    let bad = |name: &str, code, why, bytes: &[u8]| {
        refuse(&full(), name, code, why, FULL_TWIN, &Draft::with_component(bytes))
    };
    let good = assemble(component::ADD)?;
    let with_folders = Draft::with_component(&assemble(component::ADD_WITH_FOLDERS)?);
    let slots = json!({ "folders": { "notes": { "access": "read-only", "reason": "reads your notes" } } });
    let covered = with_folders.clone().set("permissions", slots).set("trust", json!("limited"));
    let twin = "package/import-covered";
    let (invalid, interface) = ("wasm.invalid", "wasm.interface");
    Ok(vec![
        full().accept(twin, "an import that a permission covers", &covered.signed(&[&TestKey::acme()])),
        refuse(&full(), "import-not-covered", interface, "an import that no permission covers", twin, &with_folders),
        bad("core-module", invalid, "a core module is no component", &assemble(component::CORE_MODULE)?),
        bad("component-cut-short", invalid, "a component that stops early", &good[..good.len() - 3]),
        bad(
            "component-garbage",
            invalid,
            "the first bytes of a component and then no component",
            b"\0asm\x0d\0\x01\0\xff\xff\xff",
        ),
        bad("component-empty", invalid, "no bytes at all", b""),
        bad("component-text", invalid, "a component as text", component::ADD.as_bytes()),
        bad("export-missing", interface, "the declared tool is not exported", &assemble(component::SUM)?),
        bad(
            "export-of-other-type",
            interface,
            "the tool is exported with other types",
            &assemble(component::ADD_SIGNED)?,
        ),
    ])
}

fn schemas() -> Vec<Case> {
    let tools = |from: &str, to: &str| {
        let text = component::TOOLS.replacen(from, to, 1);
        Draft::new().replace(Content::packed("tools.json.zst", text.as_bytes()))
    };
    let why = "a schema that allows what the tool does not take";
    vec![
        refuse(&full(), "schema-not-of-the-wit", "tool.schema", why, FULL_TWIN, &tools("4294967295", "4294967296")),
        refuse(
            &full(),
            "tool-not-in-the-wit",
            "tool.schema",
            "a tool that the WIT does not declare",
            FULL_TWIN,
            &tools("\"add\"", "\"sum\""),
        ),
        refuse(
            &admission(),
            "tools-file-missing",
            "manifest.invalid",
            "no entry with the tools",
            TWIN,
            &without_tools(),
        ),
    ]
}

fn without_tools() -> Draft {
    let mut draft = Draft::new();
    draft.content.retain(|content| content.path != "tools.json.zst");
    draft
}
