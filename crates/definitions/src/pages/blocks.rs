//! The examples of a page of documentation, and what they are.
//!
//! It depends on nothing, because the tests of whole runs take it in by its path to carry out the same examples.

use std::collections::BTreeMap;

/// An example of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// Where it begins: `docs/definitions.md:61`.
    pub(crate) at: String,
    /// The word behind the opening fence: `yaml`, or nothing.
    pub(crate) language: String,
    /// What the comment in the line above says: `<!-- into PATH -->` gives `into PATH`.
    pub(crate) mark: Option<String>,
    /// The text between the fences.
    pub(crate) text: String,
}

/// What a block is to the definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning<'b> {
    /// A complete file: its first line is `# PATH`, or the comment above is `<!-- PATH -->`.
    File(&'b str),
    /// A part of a file, marked `<!-- into PATH -->`.
    Part(&'b str),
    /// Something else: a command, or what a command says.
    Other,
    /// YAML of which nothing says where it belongs.
    Homeless,
}

impl Block {
    /// What it is to the definitions.
    pub(crate) fn meaning(&self) -> Meaning<'_> {
        let is_path = |text: &&str| text.contains('.') && !text.contains(' ');
        let first = self.text.lines().next().and_then(|line| line.strip_prefix("# "));
        let mark = self.mark.as_deref();
        match mark.and_then(|mark| mark.strip_prefix("into ")) {
            Some(path) => Meaning::Part(path),
            None => match mark.filter(is_path).or(first.filter(is_path)) {
                Some(path) => Meaning::File(path),
                None if self.language == "yaml" => Meaning::Homeless,
                None => Meaning::Other,
            },
        }
    }
}

/// The fenced blocks of a page.
pub(crate) fn blocks(page: &str, markdown: &str) -> Vec<Block> {
    let (mut found, mut open, mut above) = (Vec::new(), None::<Block>, "");
    for (at, line) in markdown.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(language)) => {
                let mark = above.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
                open = Some(Block {
                    at: format!("{page}:{}", at + 1),
                    language: language.to_owned(),
                    mark: mark.map(str::to_owned),
                    text: String::new(),
                });
            }
            (None, None) => above = line,
        }
    }
    found
}

/// The complete files of pages, by their paths.
pub(crate) fn files(blocks: &[Block]) -> BTreeMap<String, Vec<u8>> {
    let file = |block: &Block| match block.meaning() {
        Meaning::File(path) => Some((path.to_owned(), block.text.clone().into_bytes())),
        _ => None,
    };
    blocks.iter().filter_map(file).collect()
}

/// A file with a part put in: keys of the part take the place of those that the file has; mappings and lists in several
/// lines are joined.
pub(crate) fn with_part(file: &str, part: &str) -> String {
    let (mut entries, parts) = (entries(file), entries(part));
    for (key, lines) in parts {
        match entries.iter_mut().find(|(known, _)| *known == key && !key.is_empty()) {
            Some((_, there)) => *there = joined(there, &lines),
            None => entries.push((key, lines)),
        }
    }
    entries.into_iter().flat_map(|(_, lines)| lines).map(|line| line + "\n").collect()
}

/// The entries of a mapping in several lines, each with its key and its lines. What stands before the first key, or is
/// an item of a list, has an empty key.
fn entries(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        let begins = !line.starts_with([' ', '#']) && !line.is_empty();
        match found.last_mut() {
            Some((_, lines)) if !begins => lines.push(line.to_owned()),
            _ => {
                let key = line.split_once(':').map_or("", |(key, _)| key);
                let key = if line.starts_with(['-', '#']) { "" } else { key };
                found.push((key.to_owned(), vec![line.to_owned()]));
            }
        }
    }
    found
}

/// Two values of one key, where both are mappings or lists in several lines; otherwise the new one.
fn joined(there: &[String], new: &[String]) -> Vec<String> {
    let is_open = |lines: &[String]| lines.len() > 1 && lines[0].trim_end().ends_with(':');
    if !is_open(there) || !is_open(new) {
        return new.to_vec();
    }
    let body = |lines: &[String]| {
        let lines: Vec<&str> = lines[1..].iter().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
        lines.join("\n")
    };
    let inner = with_part(&body(there), &body(new));
    let indented = inner.lines().map(|line| if line.is_empty() { String::new() } else { format!("  {line}") });
    std::iter::once(there[0].clone()).chain(indented).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_places_marks_and_meanings() {
        let page = "text\n```yaml\n# a/b.yaml\nkind: x\n```\n<!-- into c.yaml -->\n```yaml\nk: 1\n```\n\n```yaml\nk: 1\n```\n```\nout\n```\n";
        let found = blocks("p.md", page);
        let shown: Vec<(&str, Meaning<'_>)> = found.iter().map(|block| (block.at.as_str(), block.meaning())).collect();
        assert_eq!(
            shown,
            [
                ("p.md:2", Meaning::File("a/b.yaml")),
                ("p.md:7", Meaning::Part("c.yaml")),
                ("p.md:11", Meaning::Homeless),
                ("p.md:14", Meaning::Other),
            ]
        );
        assert_eq!(found[0].text, "# a/b.yaml\nkind: x\n");
    }

    #[test]
    fn parts_are_put_in_by_key() {
        let file = "# a comment\nkind: x\nmeasures:\n  a:\n    from: d\n    value: count(*)\n  b: {from: d}\nlist:\n  - {id: a}\nunit: '%'\n";
        let part = "measures:\n  a:\n    value: sum(x)\n  c: {from: e}\nlist:\n  - {id: b}\nunit: DKK\nnew: 1\n";
        let expected = "# a comment\nkind: x\nmeasures:\n  a:\n    from: d\n    value: sum(x)\n  b: {from: d}\n  c: {from: e}\nlist:\n  - {id: a}\n  - {id: b}\nunit: DKK\nnew: 1\n";
        assert_eq!(with_part(file, part), expected);
    }
}
