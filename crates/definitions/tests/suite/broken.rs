//! Hundreds of ways to get a definition wrong, each with what is said about it: `fixtures/definitions/broken`, whose
//! README says how a case is written. `BLESS=1` writes the answers; a person reads them as the author of the mistake.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use musketer_definitions::{load, load_project};

use crate::diagnostics::blessing;
use crate::example;
use crate::tree;

/// One mistake and what is said about it.
#[derive(Debug, Default)]
struct Case {
    name: String,
    /// The lines between name and answer, as they stand in the fixture.
    question: Vec<String>,
    file: String,
    old: Option<String>,
    new: Option<String>,
    answer: String,
}

impl Case {
    fn take(&mut self, line: &str) {
        if let Some(answer) = line.strip_prefix("! ") {
            writeln!(self.answer, "{answer}").expect("a text grows");
            return;
        }
        self.question.push(line.to_owned());
        let add = |text: &mut Option<String>, line: &str| match text {
            Some(text) => *text = format!("{text}\n{line}"),
            None => *text = Some(line.to_owned()),
        };
        match line.split_at_checked(2) {
            Some(("@ ", file)) => file.clone_into(&mut self.file),
            Some(("- ", old)) => add(&mut self.old, old),
            Some(("+ ", new)) => add(&mut self.new, new),
            _ => panic!("{}: `{line}` is no line of a case", self.name),
        }
    }

    /// What is said about the example project with this mistake in it.
    fn said(&self) -> String {
        let mut files = example::files();
        let new = bytes(self.new.as_deref().unwrap_or_default());
        let broken = match &self.old {
            None => new,
            Some(old) => {
                let whole = files.get(&self.file).unwrap_or_else(|| panic!("{}: there is no {}", self.name, self.file));
                replaced(whole, &bytes(old)).unwrap_or_else(|| panic!("{}: `{old}` is not there once", self.name))(&new)
            }
        };
        if self.file == "musketer.yaml" {
            return tree::plainly(&load_project("musketer.yaml", &broken).1);
        }
        files.insert(self.file.clone(), broken);
        tree::plainly(&load(&files).1)
    }
}

fn replaced<'b>(whole: &'b [u8], old: &'b [u8]) -> Option<impl Fn(&[u8]) -> Vec<u8> + 'b> {
    let mut places = (0..whole.len()).filter(|at| whole[*at..].starts_with(old));
    let at = places.next().filter(|_| places.next().is_none())?;
    Some(move |new: &[u8]| [&whole[..at], new, &whole[at + old.len()..]].concat())
}

/// The bytes that a line of a case means: `\xHH` is a byte, `\t`, `\r`, `\n` and `\\` as everywhere, and
/// `\{1000*text}` is the text a thousand times.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let after = &rest[at + 1..];
        let taken = match after.as_bytes().first() {
            Some(b't') => Some((b"\t".to_vec(), 1)),
            Some(b'r') => Some((b"\r".to_vec(), 1)),
            Some(b'n') => Some((b"\n".to_vec(), 1)),
            Some(b'\\') => Some((b"\\".to_vec(), 1)),
            Some(b'x') => u8::from_str_radix(&after[1..3], 16).ok().map(|byte| (vec![byte], 3)),
            Some(b'{') => after.find('}').and_then(|end| {
                let (times, text) = after[1..end].split_once('*')?;
                Some((self::bytes(text).repeat(times.parse().ok()?), end + 1))
            }),
            _ => None,
        };
        let (meant, length) = taken.unwrap_or_else(|| panic!("`\\{after}` means nothing"));
        bytes.extend(meant);
        rest = &after[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn folder() -> PathBuf {
    tree::repository().join("fixtures/definitions/broken")
}

/// The comment at the head of a file, and its cases. A case takes the file of the one before it unless it says otherwise.
fn cases(path: &Path) -> (String, Vec<Case>) {
    let text = fs::read_to_string(path).expect("a file of cases");
    let (mut head, mut cases) = (String::new(), Vec::<Case>::new());
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix("== ") {
            let file = cases.last().map_or(String::new(), |case| case.file.clone());
            cases.push(Case { name: name.to_owned(), file, ..Case::default() });
        } else if let Some(case) = cases.last_mut() {
            case.take(line);
        } else {
            writeln!(head, "{line}").expect("a text grows");
        }
    }
    (head, cases)
}

fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the fixtures").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "cases")).collect();
    files.sort();
    files
}

#[test]
fn every_mistake_is_said_where_it_is() {
    let (mut names, mut wrong) = (BTreeSet::new(), Vec::new());
    for path in files() {
        let (head, cases) = cases(&path);
        let mut blessed = head;
        for case in &cases {
            assert!(names.insert(case.name.clone()), "two cases are called `{}`", case.name);
            let said = case.said();
            if said.is_empty() {
                wrong.push(format!("== {}\n-- accepted in silence", case.name));
            } else if said != case.answer && !blessing() {
                wrong.push(format!("== {}\n-- expected\n{}-- found\n{said}", case.name, case.answer));
            }
            writeln!(blessed, "\n== {}\n{}", case.name, case.question.join("\n")).expect("a text grows");
            said.lines().for_each(|line| writeln!(blessed, "! {line}").expect("a text grows"));
        }
        if blessing() {
            fs::write(&path, blessed).expect("the answers are written");
        }
    }
    assert!(wrong.is_empty(), "set BLESS=1 to accept new answers\n{}", wrong.join("\n"));
    assert!(names.len() >= 200, "{} cases", names.len());
}
