//! Which tools give something besides plain data: their result is a type of the interface `mpp:tool/content`, or a list of one. Rule `TOOL-22`.

use wit_parser::{Function, Resolve, Type as WitType, TypeDefKind, TypeOwner};

/// What a tool gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A picture.
    Image,
    /// A sound.
    Audio,
    /// A document.
    Resource,
    /// Any of them, or a text.
    Block,
}

const NAMESPACE: &str = "mpp";
const PACKAGE: &str = "tool";
const INTERFACE: &str = "content";
/// The range of versions that means this.
const MAJOR_MINOR: (u64, u64) = (0, 1);

/// What `function` gives when it succeeds; nothing for plain data.
pub(crate) fn of(resolve: &Resolve, function: &Function) -> Option<Content> {
    let mut ty = function.result?;
    let (mut may_fail, mut may_be_several) = (true, true);
    // Each step leads further down, and WIT has no recursion.
    loop {
        let WitType::Id(id) = ty else { return None };
        let definition = &resolve.types[id];
        match &definition.kind {
            TypeDefKind::Type(aliased) => ty = *aliased,
            TypeDefKind::Result(result) if may_fail => (ty, may_fail) = (result.ok?, false),
            TypeDefKind::List(element) if may_be_several => (ty, may_fail, may_be_several) = (*element, false, false),
            TypeDefKind::Record(_) | TypeDefKind::Variant(_) if is_ours(resolve, definition.owner) => {
                return named(definition.name.as_deref()?);
            }
            _ => return None,
        }
    }
}

fn named(name: &str) -> Option<Content> {
    Some(match name {
        "image" => Content::Image,
        "audio" => Content::Audio,
        "resource" => Content::Resource,
        "block" => Content::Block,
        _ => return None,
    })
}

fn is_ours(resolve: &Resolve, owner: TypeOwner) -> bool {
    let TypeOwner::Interface(id) = owner else { return false };
    let interface = &resolve.interfaces[id];
    let Some(package) = interface.package.map(|id| &resolve.packages[id].name) else { return false };
    let version = package.version.as_ref().map(|version| (version.major, version.minor));
    interface.name.as_deref() == Some(INTERFACE)
        && (package.namespace.as_str(), package.name.as_str()) == (NAMESPACE, PACKAGE)
        && version == Some(MAJOR_MINOR)
}

#[cfg(test)]
mod tests {
    use super::Content;
    use crate::{ToolSet, WitFolder};

    #[track_caller]
    fn check(result: &str, expected: Option<Content>) {
        let text = format!(
            "package acme:t; interface t {{ use mpp:tool/content@0.1.0.{{image, audio, %resource, block, body}};
             record mine {{ data: list<u8>, mime: string }} type picture = image; f: func() -> {result}; }}
             world w {{ export t; }}"
        );
        let content = include_str!("../wit/mpp-tool-0.1/content.wit").to_owned();
        let files = [("t.wit".to_owned(), text), ("deps/tool/content.wit".to_owned(), content)].into();
        let set = ToolSet::from_wit(&WitFolder { files }, None).expect("good WIT");
        assert_eq!(set.tools[0].content, expected, "{result}");
        // What is shown as itself is not described as data too.
        assert_eq!(set.tools[0].definition().output.is_none(), expected.is_some(), "{result}");
    }

    /// TOOL-22.
    #[test]
    fn what_is_shown_as_itself() {
        check("image", Some(Content::Image));
        check("picture", Some(Content::Image));
        check("audio", Some(Content::Audio));
        check("%resource", Some(Content::Resource));
        check("list<block>", Some(Content::Block));
        check("result<list<image>, string>", Some(Content::Image));
        for plain in [
            "string",
            "mine",
            "body",
            "option<image>",
            "list<list<image>>",
            "list<result<image>>",
            "tuple<image, image>",
        ] {
            check(plain, None);
        }
    }
}
