//! Any cells in any number format: nothing panics, every row is accepted or rejected, and an accepted number is what a
//! plain reading of its digits gives.
//!
//! The first byte chooses the number format, the rest is the file: amount, day, text, document, settled, municipality.

#![no_main]

use std::cell::RefCell;
use std::collections::BTreeMap;

use extractor::{Limits, Reader};
use libfuzzer_sys::fuzz_target;
use model::{Catalogue, ColumnData, DeliveryScope, RawBatch, RecordBatch};
use musketer_fuzz::casting::{Harmoniser, PersonKeys};
use musketer_fuzz::catalogue;

/// A way to write numbers: the definition, the decimal mark, and the decimals without one.
const FORMATS: [(&str, Option<char>, u32); 8] = [
    ("{decimal: ',', group: '.', negative: trailing}", Some(','), 0),
    ("{decimal: ',', group: '.', negative: leading}", Some(','), 0),
    ("{decimal: '.', group: ',', negative: parentheses}", Some('.'), 0),
    ("{decimal: ',', group: ' '}", Some(','), 0),
    ("{decimal: '.'}", Some('.'), 0),
    ("{implied_decimals: 2, negative: trailing}", None, 2),
    ("{negative: never}", None, 0),
    ("{decimal: '.', group: \"'\"}", Some('.'), 0),
];

thread_local! {
    static CATALOGUES: RefCell<BTreeMap<usize, Catalogue>> = const { RefCell::new(BTreeMap::new()) };
}

fn definition(format: usize) -> Catalogue {
    catalogue(&format!(
        "format: {{type: delimited, encoding: utf-8, delimiter: tab, quote: none, columns: [c, b, t, d, s, a]}}
fields:
  municipality: {{column: a, width: 4}}
  day: {{column: b, date: dd-mm-yyyy}}
  amount: {{column: c, number: {}}}
  text: {{column: t}}
  document: {{column: d, width: 8}}
  settled: {{column: s, boolean: {{yes: [J], no: [N]}}}}
",
        FORMATS[format].0
    ))
}

/// The number in minor units, by its digits alone; `None` if that does not fit.
fn plainly(cell: &str, decimal: Option<char>, implied: u32) -> Option<i128> {
    let (whole, fraction) = decimal.and_then(|mark| cell.split_once(mark)).unwrap_or((cell, ""));
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (whole, fraction) = (digits(whole), digits(fraction));
    let places = u32::try_from(fraction.len()).ok()? + implied;
    let all: i128 = format!("0{whole}{fraction}").parse().ok()?;
    // Two decimals are kept; what lies behind them is nothing but zeros.
    let minor = if places <= 2 { all * 10i128.pow(2 - places) } else { all / 10i128.checked_pow(places - 2)? };
    let negative = cell.contains(['-', '(']);
    Some(if negative { -minor } else { minor })
}

fn check(catalogue: &Catalogue, format: usize, file: &[u8]) {
    let source = &catalogue.sources["fuzzed"];
    let dataset = &catalogue.datasets["fuzzed"];
    let Ok(mut reader) = Reader::open(source, file, Limits::default()).expect("memory can be read") else { return };
    let scope = DeliveryScope { source: source.id.clone(), municipality: None, period: None, version: 1 };
    let keys = PersonKeys::new(&[7; 32]);
    let harmoniser = Harmoniser::new(source, dataset, &catalogue.codelists, &scope, reader.header(), Some(&keys))
        .expect("the columns are declared");
    let mut hand = harmoniser.hand();
    let mut raw = RawBatch::default();
    let mut accepted = RecordBatch::new(harmoniser.schema().clone());
    let mut rejected = Vec::new();
    while let Ok(Ok(true)) = reader.next_batch(&mut raw) {
        accepted.clear();
        rejected.clear();
        harmoniser.harmonise(&mut hand, &raw, &mut accepted, &mut rejected).expect("no rule stops a delivery");
        assert_eq!(accepted.len() + rejected.len(), raw.len() + raw.broken.len(), "every row is one or the other");
        let amount = harmoniser.schema().columns.iter().position(|(name, _)| name == "amount").expect("the amount");
        let column = &accepted.columns[amount];
        let ColumnData::Number(values) = &column.data else { panic!("amounts are numbers") };
        let mut row = 0;
        for (at, value) in values.iter().enumerate().filter(|(at, _)| column.valid[*at]) {
            while raw.rows[row].record != accepted.record[at] {
                row += 1;
            }
            let cell = std::str::from_utf8(raw.cell(row, 0)).expect("a number is text");
            let (_, decimal, implied) = FORMATS[format];
            assert_eq!(plainly(cell, decimal, implied), Some(i128::from(*value)), "{cell:?}");
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let [format, file @ ..] = input else { return };
    let format = usize::from(*format) % FORMATS.len();
    CATALOGUES.with_borrow_mut(|known| {
        let catalogue = known.entry(format).or_insert_with(|| definition(format));
        check(catalogue, format, file);
    });
});
