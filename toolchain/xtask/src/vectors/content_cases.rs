//! Chapter `package`, the content: one plain zstd frame each, bounded when unpacked, a component that is what the manifest says.

use super::{
    case::{Case, under},
    component::{self, assemble},
    draft::{Asking, COMMENT, Content, Draft, admission, full},
    frame,
    keys::TestKey,
};
use serde_json::json;

const TWIN: &str = "package/valid";
const FULL_TWIN: &str = "package/valid-full";
const README: &[u8] = b"# Sum\n\nAdds two numbers.\n";

/// The content's part of the chapter.
pub(super) fn cases() -> anyhow::Result<Vec<Case>> {
    Ok([
        under("PKG-24", frames()),
        under("PKG-25", unpacking()),
        under("PKG-35", sizes()),
        under("PKG-37", limits()),
        under("PKG-26", precompiled()),
        under("PKG-68", texts()),
        under("PKG-68", components()?),
        under("PKG-68", schemas()),
    ]
    .concat())
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
    // Byte 4 is the descriptor; a size of one byte follows it, then the header of the only block.
    let changed = |at: usize, bits: u8| {
        let mut stored = plain.clone();
        stored[at] ^= bits;
        stored
    };
    let with_bits = |bits: u8| changed(4, bits);
    let with_block_bits = |bits: u8| changed(6, bits);
    let without_last = changed(6, 0x01);
    let old = [&[0x27, 0xb5, 0x2f, 0xfd], &plain[4..]].concat();
    let mut window_of_an_eighth_more = frame::with_window(README, 23);
    window_of_an_eighth_more[5] |= 1;
    let large = text_over_8_mebibytes();
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
            "a frame that demands too large a window (PKG-23)",
            widest,
            &too_wide,
        ),
        bad("frame-without-size", "a frame that does not say its content size", frame::without_size(README)),
        bad("frame-not-zstd", "content that is not compressed (PKG-20)", README.to_vec()),
        bad("frame-empty", "no bytes at all (PKG-20)", Vec::new()),
        bad("frame-of-an-old-version", "the mark of a format before the standard (PKG-20)", old),
        bad("frame-other-size", "a frame that says another size than the manifest (PKG-21)", frame::plain(b"# Sum\n")),
        bad("frame-unused-bit", "the unused bit of the descriptor is set (PKG-22)", with_bits(0x10)),
        bad("frame-reserved-bit", "the reserved bit of the descriptor is set (PKG-22)", with_bits(0x08)),
        bad("frame-reserved-block", "a block of the reserved type", with_block_bits(0x06)),
        bad("frame-without-last-block", "no block is marked as the last", without_last),
        bad("frame-checksum-missing", "the descriptor promises a checksum that is not there", with_bits(0x04)),
        refuse(
            &admission(),
            "frame-window-9-mebibytes",
            "pkg.compression",
            "a window that is an eighth too large (PKG-23)",
            widest,
            &with_readme(window_of_an_eighth_more),
        ),
        refuse(
            &admission(),
            "frame-single-segment-over-8-mebibytes",
            "pkg.compression",
            "one segment of content that is larger than a window may be (PKG-23)",
            "package/frame-content-over-8-mebibytes",
            &Draft::new().add(Content::framed("README.md.zst", frame::short(&large), &large)),
        ),
        full().accept(
            "package/frame-content-over-8-mebibytes",
            "content that is larger than its window (PKG-23)",
            &Draft::new()
                .add(Content::framed("README.md.zst", frame::windowed(&large), &large))
                .signed(&[&TestKey::acme()]),
        ),
        bad("frame-truncated", "a frame that stops early", plain[..plain.len() - 1].to_vec()),
    ]
}

/// So large that one segment is more than a window may be; a mebibyte of it is stored as it is.
fn text_over_8_mebibytes() -> Vec<u8> {
    let mut text: Vec<u8> = (0..1 << 17).map(|n: u32| b' ' + (n % 64) as u8).collect();
    text.resize((8 << 20) + 1, b' ');
    text
}

/// Frames that only unpacking can judge.
fn unpacking() -> Vec<Case> {
    let twin = "package/frame-of-the-stock-program";
    let checked_twin = "package/frame-with-checksum";
    let content = README.repeat(8);
    let with = |stored: &[u8]| Draft::new().add(Content::framed("README.md.zst", stored.to_vec(), &content));
    let accept = |name, why, stored: &[u8]| full().accept(name, why, &with(stored).signed(&[&TestKey::acme()]));
    let spoilt = |frame: &[u8], at: usize| {
        let mut frame = frame.to_vec();
        frame[at] ^= 0x80;
        with(&frame)
    };
    let checked = frame::OF_THE_STOCK_PROGRAM_CHECKED;
    let plain = frame::OF_THE_STOCK_PROGRAM;
    let bad = |name: &str, why, twin, draft: Draft| refuse(&full(), name, "pkg.compression", why, twin, &draft);
    let shorter = [&frame::plain(&content)[..6], &frame::plain(&content[..199])[6..]].concat();
    let nothing = Draft::new().add(Content::packed("README.md.zst", b""));
    vec![
        accept(twin, "a compressed block, as the stock program writes it", plain),
        accept(checked_twin, "the same with the content's checksum (PKG-24)", checked),
        bad("frame-checksum-wrong", "a checksum of other content", checked_twin, spoilt(checked, checked.len() - 1)),
        bad("frame-damaged", "a compressed block that makes no sense", twin, spoilt(plain, plain.len() - 2)),
        bad("frame-shorter-than-it-says", "blocks that hold a byte less than the header says", twin, with(&shorter)),
        full().accept("package/frame-of-nothing", "content of no bytes", &nothing.signed(&[&TestKey::acme()])),
    ]
}

fn sizes() -> Vec<Case> {
    let mebibyte = 1 << 20;
    let zeros = |size: usize| Content::framed("README.md.zst", frame::zeros(size), &vec![0; size]);
    let twin = "package/unpacks-to-one-mebibyte";
    let good = Draft::new().add(zeros(mebibyte)).signed(&[&TestKey::acme()]);
    let stored_in =
        |stored, size| Content::framed("README.md.zst", frame::zeros_stored_in(stored, size), &vec![0; size]);
    let bomb = Draft::new().add(zeros(8 * mebibyte));
    let lying = Draft::new().add(Content::framed("README.md.zst", frame::lying_zeros(1024, 8 * mebibyte), &[0; 1024]));
    vec![
        admission().accept(twin, "one mebibyte may come from few bytes", &good),
        full().accept("package/unpacks-to-one-mebibyte-full", "the same, unpacked", &good),
        refuse(&admission(), "bomb", "limit.unpacked", "eight mebibytes from some three hundred bytes", twin, &bomb),
        admission().accept(
            "package/unpacks-to-a-hundred-times",
            "beyond one mebibyte, a hundred times the stored size",
            &Draft::new().add(stored_in(20_000, 2_000_000)).signed(&[&TestKey::acme()]),
        ),
        refuse(
            &admission(),
            "unpacks-to-more-than-a-hundred-times",
            "limit.unpacked",
            "one byte more than a hundred times the stored size",
            "package/unpacks-to-a-hundred-times",
            &Draft::new().add(stored_in(20_000, 2_000_001)),
        ),
        refuse(
            &admission(),
            "unpacks-to-more-than-one-mebibyte",
            "limit.unpacked",
            "one byte more than one mebibyte from few bytes",
            twin,
            &Draft::new().add(zeros(mebibyte + 1)),
        ),
        refuse(
            &full(),
            "bomb-that-lies",
            "pkg.compression",
            "the same, said to be one kibibyte (PKG-25)",
            "package/unpacks-to-one-mebibyte-full",
            &lying,
        ),
        refuse(
            &full(),
            "unpacked-other-content",
            "pkg.manifest-mismatch",
            "the frame holds other bytes than listed (PKG-68)",
            "package/frame-plain-full",
            &other_content(),
        ),
        full().accept(
            "package/frame-plain-full",
            "one plain frame, unpacked (PKG-68)",
            &with_readme(frame::plain(README)).signed(&[&TestKey::acme()]),
        ),
    ]
}

/// What the manifest states is enough to refuse; nothing of it is unpacked or held.
fn limits() -> Vec<Case> {
    let signed = |draft: &Draft| draft.signed(&[&TestKey::acme()]);
    let component = |size: usize| {
        // Four blocks that are not one byte, so that the rest may be a hundred times as large.
        let mut content: Vec<u8> = (0..4 << 17).map(|n: u32| (n % 251) as u8).collect();
        content.resize(size, 0);
        Draft::new().replace(Content::framed("component.wasm.zst", frame::windowed(&content), &content))
    };
    let tools = |size: usize| {
        let mut text = component::TOOLS.as_bytes().to_vec();
        text.resize(size, b'\n');
        Draft::new().replace(Content::framed("tools.json.zst", frame::short(&text), &text))
    };
    let (component_twin, tools_twin) = ("package/component-of-32-mebibytes", "package/tools-of-one-mebibyte");
    let (total_twin, manifest_twin) = ("package/unpacks-to-128-mebibytes", "package/manifest-of-one-mebibyte");
    let manifest = Draft::new().manifest_text();
    let padded = format!("{manifest}{}", "\n".repeat((1 << 20) - manifest.len()));
    let longer = Draft::new().sealed(&format!("{padded}\n"), &[&TestKey::acme()], COMMENT).to_bytes();
    let padded = Draft::new().sealed(&padded, &[&TestKey::acme()], COMMENT);
    vec![
        admission().accept(component_twin, "a component as large as it may be (PKG-36)", &signed(&component(32 << 20))),
        refuse(
            &admission(),
            "component-over-32-mebibytes",
            "limit.component",
            "a component that is one byte larger (PKG-36)",
            component_twin,
            &component((32 << 20) + 1),
        ),
        full().accept(tools_twin, "definitions as long as they may be (PKG-39)", &signed(&tools(1 << 20))),
        refuse(
            &admission(),
            "tools-over-one-mebibyte",
            "limit.unpacked",
            "definitions that are one byte longer, which a reader would hold as a tree (PKG-39)",
            tools_twin,
            &tools((1 << 20) + 1),
        ),
        admission().accept(total_twin, "as much content as there may be (PKG-34)", &signed(&in_total(128 << 20))),
        refuse(
            &admission(),
            "unpacks-to-more-than-128-mebibytes",
            "limit.unpacked",
            "one byte more content than there may be, in small entries (PKG-34)",
            total_twin,
            &in_total((128 << 20) + 1),
        ),
        admission().accept(manifest_twin, "a manifest as long as it may be (PKG-31)", &padded),
        admission().refuse(
            "package/manifest-over-one-mebibyte-by-one",
            "limit.manifest",
            "a manifest that is one byte longer, and all there (PKG-31)",
            manifest_twin,
            longer,
        ),
    ]
}

/// A package whose content unpacks to so many bytes, a mebibyte each beside the good ones.
fn in_total(size: u64) -> Draft {
    let mebibyte = Content::framed("", frame::zeros(1 << 20), &vec![0; 1 << 20]);
    let mut draft = Draft::new();
    let held = |content: &Content| content.unpacked.as_ref().map_or(content.stored.len() as u64, |(size, _)| *size);
    let mut left = size - draft.content.iter().map(held).sum::<u64>();
    let mut more = Vec::new();
    while left > 0 {
        let path = format!("extra/{:03}.zst", more.len());
        more.push(match left >> 20 {
            0 => Content::framed(&path, frame::zeros(left as usize), &vec![0; left as usize]),
            _ => Content { path, ..mebibyte.clone() },
        });
        left -= left.min(1 << 20);
    }
    draft.content.splice(2..2, more);
    draft
}

/// What is no text, and what is compressed that may not be.
fn texts() -> Vec<Case> {
    let other_wit = |wit: Content| {
        let mut draft = Draft::new();
        draft.content.truncate(2);
        draft.add(wit)
    };
    vec![
        refuse(
            &full(),
            "wit-not-utf8",
            "manifest.text",
            "a WIT text that is no text",
            FULL_TWIN,
            &other_wit(Content::plain("wit/sum.wit", [component::WIT.as_bytes(), b"// \xff\n"].concat())),
        ),
        refuse(
            &full(),
            "readme-not-utf8",
            "manifest.text",
            "a README that is no text",
            "package/frame-plain-full",
            &Draft::new().add(Content::packed("README.md.zst", b"# Sum \xff\n")),
        ),
        refuse(
            &admission(),
            "wit-compressed",
            "manifest.invalid",
            "a WIT text that is compressed (PKG-44)",
            TWIN,
            &other_wit(Content::packed("wit/sum.wit.zst", component::WIT.as_bytes())),
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
    let far = windows(70_000);
    let beginnings: [(&str, &str, &[u8]); 6] = [
        ("precompiled-stored-elf", "machine code that is stored as it is, at admission", elf),
        ("precompiled-stored-mach-o", "the same, of macOS", b"\xcf\xfa\xed\xfe\x0c\0\0\x01"),
        ("precompiled-stored-mach-o-for-many", "the same, for several processors", b"\xca\xfe\xba\xbe\0\0\0\x02"),
        ("precompiled-stored-object-archive", "an archive of machine code", b"!<arch>\nx.o/            "),
        ("precompiled-stored-windows", "machine code of Windows", &windows(128)),
        ("precompiled-stored-windows-far", "the same, with its signature far behind", &far),
    ];
    let packed = |bytes: &[u8]| Draft::new().add(Content::packed("extra.bin.zst", bytes));
    let plain = |bytes: &[u8]| Draft::new().add(Content::plain("extra.bin", bytes));
    let (packed_twin, plain_twin) = ("package/extra-content", "package/extra-content-uncompressed");
    let signed = |draft: Draft| draft.signed(&[&TestKey::acme()]);
    let stored = |(name, why, bytes): &(&str, &'static str, &[u8])| {
        refuse(&admission(), name, code, why, plain_twin, &plain(bytes))
    };
    let mut cases: Vec<Case> = beginnings.iter().map(stored).collect();
    cases.extend([
        refuse(
            &full(),
            "precompiled-unpacked-windows-far",
            code,
            "machine code of Windows, compressed, with its signature far behind",
            packed_twin,
            &packed(&far),
        ),
        full().accept(
            "package/text-that-begins-as-a-program",
            "a text whose first two letters are those of a Windows program",
            &signed(plain(format!("MZ{}", " is no program".repeat(10)).as_bytes())),
        ),
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
    ]);
    cases
}

/// The beginning of a Windows program whose signature stands at `at`.
fn windows(at: usize) -> Vec<u8> {
    let mut program = b"MZ".to_vec();
    program.resize(60, 0);
    program.extend((at as u32).to_le_bytes());
    program.resize(at, 0);
    program.extend(b"PE\0\0");
    program
}

fn components() -> anyhow::Result<Vec<Case>> {
    let bad = |name: &str, code, why, bytes: &[u8]| {
        refuse(&full(), name, code, why, FULL_TWIN, &Draft::with_component(bytes))
    };
    let good = assemble(component::ADD)?;
    let older = [b"\0asm\x0c\0\x01\0", &good[8..]].concat();
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
        bad("component-other-version", invalid, "wasm of a version before components were settled", &older),
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
            "no entry with the tools (PKG-42)",
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
