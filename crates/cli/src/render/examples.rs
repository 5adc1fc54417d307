//! An example for each code, for `musketer explain`. The program does not need its repository: the examples are written
//! from the fixtures into `examples.txt`, which is compiled in, and a test keeps it as they are.

use model::Code;

/// Sections that begin with `== ` and a code.
const EXAMPLES: &str = include_str!("examples.txt");

/// The example for a code, if there is one.
pub(crate) fn of(code: Code) -> Option<&'static str> {
    let (_, section) = EXAMPLES.split_once(&format!("== {code}\n"))?;
    Some(section.split_once("\n== ").map_or(section, |(section, _)| section).trim_end())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt::Write;
    use std::fs;
    use std::path::{Path, PathBuf};

    use model::{CodeInfo, Diagnostic};

    use super::*;
    use crate::render::findings::{Finding, Findings, text};

    /// Line and column of a rejected row, by its code.
    type Rejected = BTreeMap<String, (usize, String)>;

    /// Lines that are shown before and behind the one that is meant.
    const AROUND: usize = 2;
    /// A delivery that is an example can be taken in at a glance.
    const MOST_LINES: usize = 12;

    fn fixtures() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
    }

    fn folders(below: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(fixtures().join(below)).expect("the fixtures");
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        folders.sort();
        folders
    }

    fn name(folder: &Path) -> String {
        folder.file_name().expect("a name").to_string_lossy().into_owned()
    }

    fn gather(root: &Path, below: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(below).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                gather(root, &path, files);
            } else {
                let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
                files.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }

    /// The first finding of a project of `fixtures/diagnostics` that can be shown: what is written there, and what is
    /// said about it.
    fn of_definitions(folder: &Path) -> String {
        let mut files = BTreeMap::new();
        for below in ["definitions", "pipelines"] {
            gather(folder, &folder.join(below), &mut files);
        }
        let (_, found) = definitions::load(&files);
        // A long line is a poor example.
        let length = |finding: &&Diagnostic| finding.place.as_ref().map_or(0, |place| usize::from(place.length > 60));
        let finding = found.iter().min_by_key(length).expect("a finding");
        let place = finding.place.as_ref().expect("a place");
        let shown = files.get(&place.file).map(|bytes| crate::render::printable_text(bytes)).unwrap_or_default();
        let (line, mut example) = (place.line as usize, format!("An example, in {}:\n\n", place.file));
        let from = line.saturating_sub(AROUND + 1);
        for text in shown.lines().skip(from).take(2 * AROUND + 1) {
            example += format!("    {text}").trim_end();
            example.push('\n');
        }
        let findings = Findings::new("check", vec![Finding::from(finding)], &files);
        let said = text::plain(&findings);
        let said = said.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        example + "\nmusketer check says:\n\n" + said.trim_end() + "\n"
    }

    /// The rejected rows of a nasty delivery, if it is short and plain: line, column and code of each.
    fn of_delivery(folder: &Path) -> Option<(String, Rejected)> {
        let input = String::from_utf8(fs::read(folder.join("input")).ok()?).ok()?;
        if input.chars().any(|c| c.is_control() && c != '\n') || input.lines().count() > MOST_LINES {
            return None;
        }
        let expected = fs::read_to_string(folder.join("expected.txt")).ok()?;
        let (_, rejected) = expected.split_once("rejected line;column;code\n")?;
        let mut rows = BTreeMap::new();
        for row in rejected.lines() {
            if let [line, column, said] = row.split(';').collect::<Vec<_>>()[..] {
                let code = said.split(' ').next()?.to_owned();
                rows.entry(code).or_insert((line.parse().ok()?, column.to_owned()));
            }
        }
        Some((input, rows))
    }

    /// For each code of rows the delivery with the fewest lines, and the lines before and behind the rejected one.
    fn of_rows() -> BTreeMap<String, String> {
        let mut best = BTreeMap::<String, (usize, String)>::new();
        for folder in folders("nasty/cases") {
            let Some((input, rows)) = of_delivery(&folder) else { continue };
            let lines: Vec<&str> = input.lines().collect();
            for (code, (line, column)) in rows {
                let Some(said) = lines.get(line - 1).filter(|text| !text.is_empty() && text.chars().count() < 100)
                else {
                    continue;
                };
                let header = if line > 1 { format!("    {}\n", lines[0]) } else { String::new() };
                let gap = if line > 2 { "    ...\n" } else { "" };
                let column = if column.is_empty() { column } else { format!(", column `{column}`") };
                let example = format!(
                    "An example, in a delivery:\n\n{header}{gap}    {said}\n\nRejected: line {line}{column}.\n"
                );
                if best.get(&code).is_none_or(|(fewest, _)| lines.len() < *fewest) {
                    best.insert(code, (lines.len(), example));
                }
            }
        }
        best.into_iter().map(|(code, (_, example))| (code, example)).collect()
    }

    #[expect(clippy::disallowed_methods, reason = "BLESS is how a person asks for new answers")]
    fn blessing() -> bool {
        std::env::var_os("BLESS").is_some()
    }

    #[test]
    fn examples_are_what_the_fixtures_show() {
        let mut examples = of_rows();
        examples.extend(folders("diagnostics").iter().map(|folder| (name(folder), of_definitions(folder))));
        let mut text = "Written by `BLESS=1 cargo test -p musketer-cli examples` from fixtures/.\n".to_owned();
        for (code, example) in &examples {
            write!(text, "\n== {code}\n{example}").expect("a text grows");
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/render/examples.txt");
        if blessing() {
            fs::write(&path, &text).expect("written");
        }
        assert_eq!(fs::read_to_string(&path).expect("the examples"), text, "set BLESS=1 to write them anew");
    }

    #[test]
    fn every_code_of_definitions_is_explained_by_an_example() {
        let codes = CodeInfo::all().iter().map(|info| info.code);
        let of_definitions = |code: &Code| matches!(&code.to_string()[..2], "M1" | "M2" | "M3" | "M4");
        let (definitions, others): (Vec<Code>, Vec<Code>) = codes.partition(of_definitions);
        let folders: BTreeSet<String> = folders("diagnostics").iter().map(|folder| name(folder)).collect();
        assert_eq!(folders, definitions.iter().map(ToString::to_string).collect());
        for code in definitions {
            let example = of(code).unwrap_or_else(|| panic!("{code} has no example"));
            assert!(example.contains(&format!("error[{code}]")), "{code}: {example}");
        }
        assert!(others.iter().filter(|code| of(**code).is_some()).count() >= 12, "codes of rows have examples too");
        let known: BTreeSet<String> = CodeInfo::all().iter().map(|info| info.code.to_string()).collect();
        for code in EXAMPLES.lines().filter_map(|line| line.strip_prefix("== ")) {
            assert!(known.contains(code), "{code} is no code");
        }
    }
}
