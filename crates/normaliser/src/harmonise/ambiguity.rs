//! Columns whose numbers mostly contradict their declaration: then it is the layout that is another one, and rejecting
//! row after row would hide that.

use model::{Code, Refusal};

/// The fewest ambiguous numbers that say something about their column; below that they are single bad cells.
const FEWEST: u64 = 20;

/// The ambiguous numbers that one thread saw, field by field.
#[derive(Debug, Clone)]
pub(crate) struct Ambiguities {
    /// By the position of the field in the dataset.
    fields: Vec<Count>,
    /// The rows of the current strip in which the current field is ambiguous.
    pending: Vec<usize>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    /// Cells that are not empty.
    values: u64,
    ambiguous: u64,
    first_line: Option<u64>,
}

impl Ambiguities {
    /// Nothing seen yet, of so many fields.
    pub(crate) fn none(fields: usize) -> Self {
        Self { fields: vec![Count::default(); fields], pending: Vec::new() }
    }

    /// Notes that the current field cannot be read for certain in this row of the strip.
    pub(crate) fn note(&mut self, row: usize) {
        self.pending.push(row);
    }

    /// Counts what was noted on a field of a strip that has so many values.
    pub(crate) fn settle(&mut self, field: usize, values: u64, line: impl Fn(usize) -> u64) {
        let first_line = self.pending.iter().map(|row| line(*row)).min();
        let ambiguous = self.pending.len() as u64;
        self.fields[field].add(Count { values, ambiguous, first_line });
        self.pending.clear();
    }

    /// Adds what another thread saw.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (count, other) in self.fields.iter_mut().zip(&other.fields) {
            count.add(*other);
        }
    }

    /// Refuses the delivery if most values of a field are ambiguous; `column` names the vendor's column of a field.
    pub(crate) fn judge(&self, column: impl Fn(usize) -> Option<String>) -> Result<(), Refusal> {
        let mostly = |count: &Count| count.ambiguous >= FEWEST && 2 * count.ambiguous > count.values;
        let Some(field) = self.fields.iter().position(mostly) else { return Ok(()) };
        let Count { values, ambiguous, first_line } = self.fields[field];
        let message = format!("{ambiguous} of the {values} numbers of a column can be read in two ways");
        let mut refusal = Refusal::new(Code::NUMBER_AMBIGUOUS, message)
            .with_help("Compare the column with the decimal and grouping marks that the source declares for it");
        if let Some(line) = first_line {
            refusal = refusal.at_line(line);
        }
        Err(match column(field) {
            Some(column) => refusal.in_column(column),
            None => refusal,
        })
    }
}

impl Count {
    fn add(&mut self, other: Self) {
        self.values += other.values;
        self.ambiguous += other.ambiguous;
        self.first_line = self.first_line.into_iter().chain(other.first_line).min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_a_column_and_not_a_few_cells() {
        for (values, ambiguous, refused) in
            [(19, 19, false), (20, 20, true), (39, 20, true), (40, 20, false), (1000, 400, false), (1000, 501, true)]
        {
            // Two threads share the rows.
            let mut hands = [Ambiguities::none(3), Ambiguities::none(3)];
            for row in 0..ambiguous {
                hands[row % 2].note(row);
            }
            hands[0].settle(1, values, |row| row as u64 + 12);
            hands[1].settle(1, 0, |row| row as u64 + 2);
            let [mut total, other] = hands;
            total.merge(&other);
            let judged = total.judge(|field| Some(format!("column {field}")));
            let found = judged.map_err(|refusal| (refusal.code, refusal.line, refusal.column));
            let expected = (Code::NUMBER_AMBIGUOUS, Some(3), Some("column 1".to_owned()));
            assert_eq!(found, if refused { Err(expected) } else { Ok(()) }, "{ambiguous} of {values}");
        }
    }
}
