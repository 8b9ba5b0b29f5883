//! The files of the site itself: one style sheet, one script that pages work without, one picture.

/// A file of the site: its name, its media type, its content.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Its name below `assets/`.
    pub name: &'static str,
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub text: &'static str,
}

/// All of them.
pub const ASSETS: &[Asset] = &[
    Asset { name: "style.css", media_type: "text/css; charset=utf-8", text: include_str!("../assets/style.css") },
    Asset { name: "site.js", media_type: "text/javascript; charset=utf-8", text: include_str!("../assets/site.js") },
    Asset { name: "mark.svg", media_type: "image/svg+xml", text: include_str!("../assets/mark.svg") },
];

/// The file of this name.
pub fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}
