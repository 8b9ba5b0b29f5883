//! Markdown to markup. A stranger's text may bring no script, style, image, form or frame, and no address but of the web and of mail.

use ammonia::Builder;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use std::collections::HashSet;

/// What a stranger wrote. Headings are below those of the page.
pub fn strangers(text: &str) -> String {
    let events = Parser::new_ext(text, options()).map(|event| match event {
        Event::Start(Tag::Heading { level, id, classes, attrs }) => {
            Event::Start(Tag::Heading { level: lower(level), id, classes, attrs })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        other => other,
    });
    let mut written = String::new();
    html::push_html(&mut written, events);
    without_empty_headings(sanitiser().clean(&written).to_string())
}

/// A heading of which nothing was left would be read out as a heading without words.
fn without_empty_headings(text: String) -> String {
    (3..=6).fold(text, |text, level| text.replace(&format!("<h{level}></h{level}>\n"), ""))
}

/// What this project wrote: a chapter of the guide, whose links to other chapters become links to their pages.
pub fn ours(text: &str) -> String {
    let events = Parser::new_ext(text, options()).map(|event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: chapter(&dest_url).into(), title, id })
        }
        other => other,
    });
    let mut written = String::new();
    html::push_html(&mut written, events);
    let mut builder = Builder::default();
    reached_by_keyboard(&mut builder).add_generic_attributes(["id"]).link_rel(None).clean(&written).to_string()
}

/// What may be wider than the page is scrolled with the keyboard too.
fn reached_by_keyboard<'a, 'b>(builder: &'b mut Builder<'a>) -> &'b mut Builder<'a> {
    builder.set_tag_attribute_value("pre", "tabindex", "0")
}

/// `grants.md#x` is `../grants/#x`, seen from the page of another chapter.
fn chapter(address: &str) -> String {
    let (path, place) = address.split_once('#').map_or((address, None), |(path, place)| (path, Some(place)));
    match path.strip_suffix(".md") {
        Some(name) if !path.contains('/') => {
            let page = if name == "index" { "../".to_owned() } else { format!("../{name}/") };
            place.map_or(page.clone(), |place| format!("{page}#{place}"))
        }
        _ => address.to_owned(),
    }
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH
}

/// Two levels down: the page has the first, its sections the second.
fn lower(level: pulldown_cmark::HeadingLevel) -> pulldown_cmark::HeadingLevel {
    use pulldown_cmark::HeadingLevel::{H3, H4, H5, H6};
    match level {
        pulldown_cmark::HeadingLevel::H1 => H3,
        pulldown_cmark::HeadingLevel::H2 => H4,
        H3 => H5,
        H4 | H5 | H6 => H6,
    }
}

fn sanitiser() -> Builder<'static> {
    let mut builder = Builder::default();
    reached_by_keyboard(&mut builder)
        .rm_tags(["img", "map", "area", "details", "summary"])
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .rm_tag_attributes("a", ["target"]);
    builder
}

#[cfg(test)]
mod tests {
    use super::{ours, strangers};

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(strangers(text).trim(), expected);
    }

    #[test]
    fn what_a_stranger_writes_stays_text() {
        check("# Notes\n", "<h3>Notes</h3>");
        check("# <script>alert(1)</script>\n", "");
        check("```\n<b>\n```\n", "<pre tabindex=\"0\"><code>&lt;b&gt;\n</code></pre>");
        check("a <script>alert(1)</script> b", "<p>a  b</p>");
        check("<img src=x onerror=alert(1)>", "");
        check("<iframe src=https://evil.example></iframe>", "");
        check("<b onclick=alert(1) style=color:red>x</b>", "<p><b>x</b></p>");
        check("![x](https://evil.example/pixel.png)", "<p></p>");
        check("<form action=https://evil.example><input></form>", "");
        check("# <script>alert(1)</script>\n\nx", "<p>x</p>");
        check("<svg onload=alert(1)></svg>", "<p></p>");
    }

    #[test]
    fn links_go_to_the_web_and_say_nothing() {
        check("[x](javascript:alert(1))", "<p><a rel=\"noopener noreferrer nofollow\">x</a></p>");
        check("[x](data:text/html,x)", "<p><a rel=\"noopener noreferrer nofollow\">x</a></p>");
        check("[x](/login)", "<p><a rel=\"noopener noreferrer nofollow\">x</a></p>");
        check("[x](//evil.example)", "<p><a rel=\"noopener noreferrer nofollow\">x</a></p>");
        check(
            "[x](https://example.com/)",
            "<p><a href=\"https://example.com/\" rel=\"noopener noreferrer nofollow\">x</a></p>",
        );
    }

    #[test]
    fn chapters_find_each_other() {
        assert_eq!(ours("[g](grants.md#a)").trim(), "<p><a href=\"../grants/#a\">g</a></p>");
        assert_eq!(ours("[g](index.md)").trim(), "<p><a href=\"../\">g</a></p>");
        assert_eq!(ours("[g](https://a.example/b.md)").trim(), "<p><a href=\"https://a.example/b.md\">g</a></p>");
    }
}
