//! The chapters of the guide, as they travel with the program.

/// A chapter: its name in addresses, its title, its Markdown.
#[derive(Debug, Clone, Copy)]
pub struct Chapter {
    /// The name of its file, without `.md`.
    pub name: &'static str,
    /// Its first heading.
    pub title: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! chapters {
    ($($name:literal => $title:literal),* $(,)?) => {
        /// All chapters in reading order; the first is the table of contents.
        pub const CHAPTERS: &[Chapter] = &[
            $(Chapter { name: $name, title: $title, text: include_str!(concat!("../guide/", $name, ".md")) }),*
        ];
    };
}

chapters! {
    "index" => "Guide",
    "first-tool" => "Your first tool in five minutes",
    "grants" => "Grants: what a tool may do",
    "threats" => "Threats in plain words",
    "from-an-mcp-server" => "Coming from an MCP server",
    "registry" => "Running a registry",
    "embedding" => "Embedding the host",
    "plugins-and-filters" => "Plugins and filters",
    "reference" => "Every command",
}

/// The chapter of this name; none for the table of contents, which has no name of its own.
pub fn chapter(name: &str) -> Option<&'static Chapter> {
    match name {
        "index" => None,
        "" => CHAPTERS.first(),
        name => CHAPTERS.iter().find(|chapter| chapter.name == name),
    }
}

#[cfg(test)]
mod tests {
    use super::CHAPTERS;

    #[test]
    fn every_chapter_is_there_under_its_own_title() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("guide");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        let mut names: Vec<_> = CHAPTERS.iter().map(|chapter| format!("{}.md", chapter.name)).collect();
        names.sort();
        assert_eq!(files, names, "a chapter is missing in this list");
        for chapter in CHAPTERS {
            let heading = chapter.text.lines().find_map(|line| line.strip_prefix("# "));
            assert_eq!(heading, Some(chapter.title), "{}", chapter.name);
        }
    }
}
