//! The rows of a batch by municipality and period, the unit in which canonical rows are stored and replaced.

use std::collections::BTreeMap;

use model::{Column, ColumnData, ColumnKind, Dataset, Date, MunicipalityCode, Period, RecordBatch};

/// The rows of each unit, by their position in the batch: units in order, rows as they stand in the batch.
pub fn partition(dataset: &Dataset, batch: &RecordBatch) -> Vec<((MunicipalityCode, Period), Vec<u32>)> {
    let (Column { data: ColumnData::Code(codes), .. }, ColumnKind::Code(texts)) =
        (&batch.columns[dataset.municipality.0], &batch.schema.columns[dataset.municipality.0].1)
    else {
        unreachable!("the municipality is a code")
    };
    let ColumnData::Date(days) = &batch.columns[dataset.time.0].data else { unreachable!("the time field is a day") };
    let mut units: BTreeMap<(u32, Period), Vec<u32>> = BTreeMap::new();
    for stretch in stretches(codes, days) {
        let (code, day) = (codes[stretch.start], days[stretch.start]);
        let date = Date::from_days(day).unwrap_or_else(|| unreachable!("canonical days are checked"));
        let rows = units.entry((code, Period::containing(dataset.partition, date))).or_default();
        rows.extend(stretch.map(|row| u32::try_from(row).expect("a batch has fewer than 4 billion rows")));
    }
    let municipality = |code: u32| {
        // The definitions admit four digits alone.
        MunicipalityCode::new(&texts[code as usize])
            .unwrap_or_else(|| panic!("`{}` is no municipality", texts[code as usize]))
    };
    units.into_iter().map(|((code, period), rows)| ((municipality(code), period), rows)).collect()
}

/// Neighbouring rows of one municipality and day: whole files often are one single stretch.
fn stretches(codes: &[u32], days: &[i32]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let (code, day) = (*codes.get(start)?, days[start]);
        let length = codes[start..].iter().zip(&days[start..]).take_while(|next| *next == (&code, &day)).count();
        let stretch = start..start + length;
        start += length;
        Some(stretch)
    })
}
