//! The small CSV of a test: `;` between cells, a header, and the place of every cell.

use model::{Code, Diagnostic, Place};

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its text, without the blanks around it.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its line in the table; the header is line 1.
    pub line: u64,
    /// Its cells, as many as the header has.
    pub cells: Vec<Cell>,
}

/// A table with a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The column names.
    pub header: Vec<Cell>,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Table {
    /// The table in a file.
    pub fn of_file(path: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Self::parse(text, &|line, column, length| Place {
            file: path.to_owned(),
            line: number(line + 1),
            column: number(column + 1),
            length: number(length.max(1)),
        })
    }

    /// Reads a table. `place` gives the place of so many characters from a line and column on, both from 0.
    pub(super) fn parse(text: &str, place: &dyn Fn(usize, usize, usize) -> Place) -> Result<Self, Vec<Diagnostic>> {
        let mut findings = Vec::new();
        let mut header: Option<Vec<Cell>> = None;
        let mut rows = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let Some(cells) = split(line, number, place) else {
                let message = "a quotation mark is not closed, or stands inside a cell";
                findings.push(Diagnostic::error(Code::TEST_TABLE, message).at(place(number, 0, line.chars().count())));
                continue;
            };
            let Some(header) = &header else {
                header = Some(cells);
                continue;
            };
            if cells.len() != header.len() {
                let message = format!("the row has {} cells, the header has {}", cells.len(), header.len());
                let finding = Diagnostic::error(Code::TEST_TABLE, message).at(place(number, 0, line.chars().count()));
                let whole = [&cells[..], &header[..]].into_iter().find(|cells| cells.len() == 1);
                let foreign = whole.is_some_and(|cells| cells[0].text.contains([',', '\t', '|']));
                findings.push(if foreign { finding.with_help("put `;` between cells") } else { finding });
                continue;
            }
            rows.push(Row { line: number as u64 + 1, cells });
        }
        match header {
            None => {
                let finding = Diagnostic::error(Code::TEST_TABLE, "the table has no header").at(place(0, 0, 1));
                Err(vec![finding.with_help("the first line names the columns, with `;` between them")])
            }
            Some(_) if !findings.is_empty() => Err(findings),
            Some(header) => Ok(Self { header, rows }),
        }
    }

    /// The number of the column with a name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|cell| cell.text == name)
    }
}

/// The cells of a line; `None` if its quotation marks are not in order.
fn split(line: &str, number: usize, place: &dyn Fn(usize, usize, usize) -> Place) -> Option<Vec<Cell>> {
    let characters: Vec<char> = line.chars().collect();
    let mut cells = Vec::new();
    let mut at = 0;
    loop {
        while characters.get(at).is_some_and(|c| *c == ' ' || *c == '\t') {
            at += 1;
        }
        let start = at;
        let mut text = String::new();
        if characters.get(at) == Some(&'"') {
            at += 1;
            loop {
                match (characters.get(at)?, characters.get(at + 1)) {
                    ('"', Some('"')) => {
                        text.push('"');
                        at += 2;
                    }
                    ('"', _) => break,
                    (other, _) => {
                        text.push(*other);
                        at += 1;
                    }
                }
            }
            at += 1;
            while characters.get(at).is_some_and(|c| c.is_whitespace()) {
                at += 1;
            }
            if characters.get(at).is_some_and(|c| *c != ';') {
                return None;
            }
        } else {
            while characters.get(at).is_some_and(|c| *c != ';') {
                text.push(characters[at]);
                at += 1;
            }
            if text.contains('"') {
                return None;
            }
            text.truncate(text.trim_end().len());
        }
        cells.push(Cell { place: place(number, start, at - start), text });
        if at >= characters.len() {
            return Some(cells);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_their_text_and_place() {
        let table = Table::of_file("a.csv", "a; b;c\n\n1;\"x;\"\"y\"; \n").expect("a table");
        assert_eq!(table.column("b"), Some(1));
        let [row] = table.rows.as_slice() else { panic!("one row") };
        let texts: Vec<&str> = row.cells.iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!((row.line, texts), (3, vec!["1", "x;\"y", ""]));
        assert_eq!((row.cells[1].place.line, row.cells[1].place.column), (3, 3));
    }

    #[test]
    fn damaged_tables_are_refused_where_they_are() {
        for (text, line) in [("", 1), ("a;b\n1\n", 2), ("a\n1\n\"x\n", 3), ("a\nx\"y\n", 2), ("a\n\"x\"y\n", 2)] {
            let findings = Table::of_file("a.csv", text).expect_err(text);
            assert_eq!(findings[0].code, Code::TEST_TABLE);
            assert_eq!(findings[0].place.as_ref().map(|place| place.line), Some(line), "{text:?}");
        }
    }
}
