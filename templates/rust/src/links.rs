//! Links and images, and what they lead to.

use crate::{
    document::Document,
    markdown::{Link, Target},
    outline::outline,
};
use pulldown_cmark::{Event, LinkType, Tag, TagEnd};
use std::collections::BTreeSet;

/// All links and images in the order in which they begin.
pub fn links(document: &Document) -> Vec<Link> {
    let anchors = anchors(document);
    let mut found: Vec<Link> = Vec::new();
    // An image can stand inside a link, so more than one may be open.
    let mut open: Vec<usize> = Vec::new();
    for (event, place) in document.events() {
        match event {
            Event::Start(
                Tag::Link {
                    link_type,
                    dest_url,
                    ..
                }
                | Tag::Image {
                    link_type,
                    dest_url,
                    ..
                },
            ) => {
                open.push(found.len());
                let target = target(link_type, &dest_url, &anchors);
                let line = document.line(place.start);
                found.push(Link {
                    label: String::new(),
                    address: dest_url.into_string(),
                    target,
                    image: false,
                    line,
                });
            }
            Event::End(TagEnd::Link) => drop(open.pop()),
            Event::End(TagEnd::Image) => {
                if let Some(image) = open.pop() {
                    found[image].image = true;
                }
            }
            Event::Text(part) | Event::Code(part) => open
                .iter()
                .for_each(|&link| found[link].label.push_str(&part)),
            Event::SoftBreak | Event::HardBreak => {
                open.iter().for_each(|&link| found[link].label.push(' '))
            }
            _ => {}
        }
    }
    found
}

fn target(link_type: LinkType, address: &str, anchors: &BTreeSet<String>) -> Target {
    if let Some(anchor) = address.strip_prefix('#') {
        let exists = anchor.is_empty() || anchors.contains(&anchor.to_lowercase());
        return if exists {
            Target::Heading
        } else {
            Target::MissingHeading
        };
    }
    match scheme(address) {
        _ if link_type == LinkType::Email => Target::Mail,
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto") => Target::Mail,
        Some(_) => Target::External,
        None if address.starts_with("//") => Target::External,
        None => Target::File,
    }
}

/// The scheme of an address: at least two letters, so that `C:` stays a file.
fn scheme(address: &str) -> Option<&str> {
    let (scheme, _) = address.split_once(':')?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    (scheme.len() >= 2 && scheme.bytes().all(allowed)).then_some(scheme)
}

/// Everything a link inside the document can lead to: headings, and elements of HTML that have a name.
fn anchors(document: &Document) -> BTreeSet<String> {
    let mut anchors: BTreeSet<String> = outline(document)
        .into_iter()
        .map(|heading| heading.anchor)
        .collect();
    for (event, _) in document.events() {
        if let Event::Html(html) | Event::InlineHtml(html) = event {
            anchors.extend(names(&html));
        }
    }
    anchors
}

fn names(html: &str) -> impl Iterator<Item = String> {
    let attributes = html.split([' ', '\t', '\n', '>', '/']);
    attributes.filter_map(|attribute| {
        let value = attribute
            .strip_prefix("id=")
            .or_else(|| attribute.strip_prefix("name="))?;
        Some(value.trim_matches(['"', '\'']).to_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::{Target, links};
    use crate::document::Document;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str, Target)]) {
        let found = links(&Document::new(text));
        let found: Vec<_> = found
            .iter()
            .map(|link| (link.label.as_str(), link.address.as_str(), link.target))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn where_links_lead_to() {
        check(
            "[a](https://example.org/x)",
            &[("a", "https://example.org/x", Target::External)],
        );
        check(
            "<https://example.org>",
            &[(
                "https://example.org",
                "https://example.org",
                Target::External,
            )],
        );
        check(
            "[a](docs/a.md#part)",
            &[("a", "docs/a.md#part", Target::File)],
        );
        check("[a](C:/x.md)", &[("a", "C:/x.md", Target::File)]);
        check(
            "<me@example.org>",
            &[("me@example.org", "me@example.org", Target::Mail)],
        );
        check(
            "[*a* `b`][r]\n\n[r]: mailto:me@example.org",
            &[("a b", "mailto:me@example.org", Target::Mail)],
        );
    }

    #[test]
    fn links_inside_the_document_are_checked() {
        let text =
            "# My title\n\n<a id=\"end\"></a>\n\n[x](#my-title) [y](#End) [z](#nowhere) [top](#)";
        let (here, gone) = (Target::Heading, Target::MissingHeading);
        check(
            text,
            &[
                ("x", "#my-title", here),
                ("y", "#End", here),
                ("z", "#nowhere", gone),
                ("top", "#", here),
            ],
        );
    }

    #[test]
    fn an_image_in_a_link_is_both() {
        let found = links(&Document::new(
            "text\n\n[![build](b.svg)](https://ci.example.org)",
        ));
        let found: Vec<_> = found
            .iter()
            .map(|l| (l.label.as_str(), l.address.as_str(), l.image, l.line))
            .collect();
        assert_eq!(
            found,
            [
                ("build", "https://ci.example.org", false, 3),
                ("build", "b.svg", true, 3)
            ]
        );
    }

    #[test]
    fn code_holds_no_links() {
        check("`[a](b)`\n\n```\n[a](b)\n```", &[]);
    }
}
