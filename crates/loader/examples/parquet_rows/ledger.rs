//! Rows as a ledger has them, made up from a fixed seed: 13 columns, delivered in the order of the vouchers.

use std::sync::Arc;

use model::{ColumnData, ColumnKind, DatasetId, RecordBatch, RecordSchema};

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % count
    }

    /// A number below `count`; small ones are much more frequent.
    fn skewed(&mut self, count: u64) -> u64 {
        let first = self.below(count);
        self.below(first + 1)
    }
}

const WORDS: [&str; 12] = [
    "Løn",
    "Faktura",
    "Rengøring",
    "Leje af lokaler",
    "Tilskud",
    "Dagpenge",
    "El og varme",
    "Kørsel",
    "Forplejning",
    "Inventar",
    "Undervisningsmidler",
    "Afskrivning, anlæg",
];

/// The columns of a ledger.
pub(crate) fn schema() -> Arc<RecordSchema> {
    let list = |count: u64, text: &dyn Fn(u64) -> String| ColumnKind::Code((0..count).map(text).collect());
    let columns = [
        ("municipality", list(98, &|at| format!("{:04}", 101 + 8 * at))),
        ("period", ColumnKind::Date),
        ("document", ColumnKind::Text),
        ("line", ColumnKind::Integer),
        ("posted", ColumnKind::Date),
        ("function", list(400, &|at| format!("{}.{:02}.{:02}", at % 9, at % 61, at % 97))),
        ("dranst", list(7, &|at| (at + 1).to_string())),
        ("owner", list(5, &|at| (at + 1).to_string())),
        ("cost_centre", ColumnKind::Text),
        ("grouping", ColumnKind::Text),
        ("art", ColumnKind::Text),
        ("text", ColumnKind::Text),
        ("amount", ColumnKind::Decimal { scale: 2 }),
    ];
    let columns = columns.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
    Arc::new(RecordSchema { dataset: DatasetId::new("finance_postings").expect("an id"), columns })
}

/// `rows` rows of one municipality and one month.
pub(crate) fn batch(schema: &Arc<RecordSchema>, rows: usize) -> RecordBatch {
    let mut dice = Dice(0x5eed_0000_0001);
    let mut batch = RecordBatch::new(Arc::clone(schema));
    let (mut document, mut line) = (10_000_000, 0);
    for row in 0..rows as u64 {
        if line == 0 || dice.below(3) == 0 {
            (document, line) = (document + 1 + dice.below(3), 0);
        }
        line += 1;
        for (at, column) in batch.columns.iter_mut().enumerate() {
            if (at == 7 && dice.below(5) == 0) || (at == 9 && dice.below(10) < 3) {
                column.push_missing();
                continue;
            }
            match &mut column.data {
                ColumnData::Number(values) if at == 3 => values.push(line),
                ColumnData::Number(values) => values.push(amount(&mut dice)),
                ColumnData::Date(values) if at == 1 => values.push(19_844),
                ColumnData::Date(values) => values.push(19_844 + small(dice.below(31)).cast_signed()),
                ColumnData::Code(values) => values.push(match at {
                    0 => 42,
                    5 => small(dice.skewed(400)),
                    6 => small(dice.skewed(7)),
                    _ => small(dice.skewed(5)),
                }),
                ColumnData::Text(values) => values.push(&match at {
                    2 => document.to_string(),
                    8 => format!("{:04}", 1000 + dice.skewed(900)),
                    9 => format!("{:03}", dice.skewed(120)),
                    10 => format!("{:02}", 10 + dice.skewed(60)),
                    _ => text(&mut dice),
                }),
                ColumnData::Boolean(_) => unreachable!("a ledger has no truth values"),
            }
            column.valid.push(true);
        }
        batch.line.push(row + 2);
        batch.record.push(row + 1);
    }
    batch
}

fn small(number: u64) -> u32 {
    u32::try_from(number).expect("a small number")
}

/// Øre: mostly hundreds or thousands of kroner, now and then millions.
fn amount(dice: &mut Dice) -> i64 {
    let digits = 3 + small(dice.skewed(6));
    let amount = dice.below(10_u64.pow(digits + 1)).cast_signed() + 1;
    if dice.below(6) == 0 { -amount } else { amount }
}

fn text(dice: &mut Dice) -> String {
    let word = WORDS[usize::try_from(dice.skewed(WORDS.len() as u64)).expect("a small number")];
    match dice.below(4) {
        0 => word.to_owned(),
        1 => format!("{word}, {:02}/2024", 1 + dice.below(12)),
        _ => format!("{word} {}", 100_000 + dice.below(900_000)),
    }
}
