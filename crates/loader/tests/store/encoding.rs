//! The encoding of canonical parts: whatever the values, they come back; whatever the cuts and the order in which row
//! groups are encoded, the bytes are the same; and what the footer says is true.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use model::{
    Column, ColumnData, ColumnKind, DatasetId, Fingerprint, PageCompression, RecordBatch, RecordSchema, WorkUnit,
};
use musketer_loader::{BatchPool, CanonicalWriter, EncodeScratch, PartScope, part_path, rows_with_records};
use polars_parquet_format::FileMetaData;
use polars_parquet_format::thrift::protocol::TCompactInputProtocol;
use proptest::prelude::*;

use crate::fixtures::{delivery, folder, municipality, period, source};

/// How the values of a column come about.
#[derive(Debug, Clone, Copy)]
enum Spread {
    Constant,
    /// So many distinct values.
    Few(u64),
    Ascending,
    /// Anything, extremes included.
    Wild,
}

/// A column: its kind, its values and how many rows in a hundred have none.
#[derive(Debug, Clone)]
struct Recipe {
    kind: ColumnKind,
    spread: Spread,
    gaps: u64,
    seed: u64,
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.roll() % count as u64).expect("less than a length")
    }
}

impl Recipe {
    fn column(&self, rows: u64) -> Column {
        let mut dice = Dice(self.seed);
        let mut column = Column::new(&self.kind);
        for row in 0..rows {
            let number = match self.spread {
                Spread::Constant => self.seed,
                Spread::Few(distinct) => self.seed.wrapping_add(dice.roll() % distinct),
                Spread::Ascending => (self.seed >> 8) + row * 3,
                Spread::Wild => dice.roll(),
            };
            if dice.roll() % 100 < self.gaps {
                column.push_missing();
            } else {
                self.push(&mut column, number);
            }
        }
        column
    }

    fn push(&self, column: &mut Column, number: u64) {
        let low = u32::try_from(number & 0xffff_ffff).expect("32 bits");
        match (&mut column.data, &self.kind) {
            (ColumnData::Number(values), _) => values.push(number.cast_signed()),
            (ColumnData::Date(values), _) => values.push(low.cast_signed()),
            (ColumnData::Boolean(values), _) => values.push(number.is_multiple_of(2)),
            (ColumnData::Code(values), ColumnKind::Code(codes)) => {
                values.push(low % u32::try_from(codes.len()).expect("few"));
            }
            (ColumnData::Text(values), _) => values.push(&text(self.spread, number)),
            _ => unreachable!("the column is of that kind"),
        }
        column.valid.push(true);
    }
}

/// Texts of all lengths: numbers as sorted documents have them, or stretches of a longer text.
fn text(spread: Spread, number: u64) -> String {
    const LONG: &str = "Blåbærgrød på Ærø, øl og kød; 1.234,56 kr. efter regning nr. 17 fra 2024 ";
    match spread {
        Spread::Ascending => format!("{number:020}"),
        _ => LONG.chars().cycle().skip((number >> 40) as usize % 70).take((number % 40) as usize).collect(),
    }
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let codes: Arc<[String]> = (0..700).map(|code| format!("{}.{code:02}", code % 9)).collect();
    let kind = prop_oneof![
        Just(ColumnKind::Integer),
        Just(ColumnKind::Date),
        Just(ColumnKind::Boolean),
        Just(ColumnKind::Code(codes)),
        Just(ColumnKind::Text),
        Just(ColumnKind::Text),
    ];
    let spread = prop_oneof![
        Just(Spread::Constant),
        (1_u64..3_000).prop_map(Spread::Few),
        Just(Spread::Ascending),
        Just(Spread::Wild),
    ];
    let gaps = prop_oneof![Just(0_u64), Just(0), 1_u64..100, Just(100)];
    (kind, spread, gaps, any::<u64>()).prop_map(|(kind, spread, gaps, seed)| Recipe { kind, spread, gaps, seed })
}

fn batch(recipes: &[Recipe], rows: u64) -> RecordBatch {
    let columns = recipes.iter().enumerate().map(|(at, recipe)| (format!("column_{at}"), recipe.kind.clone()));
    let schema = RecordSchema { dataset: DatasetId::new("rows").expect("an id"), columns: columns.collect() };
    let mut batch = RecordBatch::new(Arc::new(schema));
    batch.columns = recipes.iter().map(|recipe| recipe.column(rows)).collect();
    batch.line = (0..rows).map(|row| row + 2 + row / 100).collect();
    batch.record = (1..=rows).collect();
    batch
}

fn scope() -> PartScope {
    PartScope {
        unit: WorkUnit { source: source(), municipality: municipality("0751"), period: period("2024-05") },
        dataset: DatasetId::new("rows").expect("an id"),
        delivery: delivery("a").id,
        reading: Fingerprint::of(b"definitions"),
    }
}

/// Writes the rows, with a row group's end after each of these rows; returns the file.
fn write(root: &Path, batch: &RecordBatch, ends: &[usize], compression: PageCompression) -> Vec<u8> {
    let mut writer = CanonicalWriter::create_with(root, &scope(), &batch.schema, compression, &BatchPool::default());
    let mut start = 0;
    for end in ends.iter().copied().chain([batch.len()]) {
        let rows: Vec<u32> = (start..end).map(|row| u32::try_from(row).expect("few")).collect();
        writer.write(batch, Some(&rows)).expect("rows");
        writer.flush().expect("a row group");
        start = end;
    }
    let part = writer.finish().expect("a part").expect("rows");
    fs::read(part_path(root, &part.path)).expect("the file")
}

/// The same column with codes as texts and fillers in the gaps: what comes back from a part.
fn as_read(column: &Column, kind: &ColumnKind) -> Column {
    let mut found = Column::new(&if matches!(kind, ColumnKind::Code(_)) { ColumnKind::Text } else { kind.clone() });
    for (row, valid) in column.valid.iter().enumerate() {
        if !valid {
            found.push_missing();
            continue;
        }
        match (&mut found.data, &column.data, kind) {
            (ColumnData::Text(texts), ColumnData::Code(values), ColumnKind::Code(codes)) => {
                texts.push(&codes[values[row] as usize]);
                found.valid.push(true);
            }
            _ => found.append_range(column, row..row + 1),
        }
    }
    found
}

fn footer(bytes: &[u8]) -> FileMetaData {
    let (rest, end) = bytes.split_last_chunk::<8>().expect("an end");
    assert_eq!((&bytes[..4], &end[4..]), (&b"PAR1"[..], &b"PAR1"[..]));
    let length = u32::from_le_bytes([end[0], end[1], end[2], end[3]]) as usize;
    let mut protocol = TCompactInputProtocol::new(&rest[rest.len() - length..], 1 << 24);
    FileMetaData::read_from_in_protocol(&mut protocol).expect("a footer")
}

/// The plain bytes of a value.
fn plain(column: &Column, row: usize) -> Vec<u8> {
    match &column.data {
        ColumnData::Number(values) => values[row].to_le_bytes().to_vec(),
        ColumnData::Date(values) => values[row].to_le_bytes().to_vec(),
        ColumnData::Boolean(values) => vec![u8::from(values[row])],
        ColumnData::Text(values) => values.get(row).as_bytes().to_vec(),
        ColumnData::Code(_) => unreachable!("codes are read as texts"),
    }
}

/// The least and the greatest value, in the order of the values.
fn bounds(column: &Column) -> Option<(Vec<u8>, Vec<u8>)> {
    let rows: Vec<usize> = (0..column.len()).filter(|row| column.valid[*row]).collect();
    let by = |row: &usize| match &column.data {
        ColumnData::Number(values) => (values[*row], Vec::new()),
        ColumnData::Date(values) => (values[*row].into(), Vec::new()),
        _ => (0, plain(column, *row)),
    };
    let least = *rows.iter().min_by_key(|row| by(row))?;
    let greatest = *rows.iter().max_by_key(|row| by(row))?;
    Some((plain(column, least), plain(column, greatest)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_come_back_and_the_footer_is_true(
        recipes in prop::collection::vec(recipe(), 1..6),
        rows in prop_oneof![1_u64..130, 1_u64..4_000],
        compression in prop_oneof![Just(PageCompression::Zstd), Just(PageCompression::Snappy), Just(PageCompression::None)],
    ) {
        let folder = folder();
        let batch = batch(&recipes, rows);
        let bytes = write(folder.path(), &batch, &[], compression);
        let path = part_path(folder.path(), &scope().relative_path());
        let found = rows_with_records(&path, &(1..=rows).collect()).expect("rows");
        prop_assert_eq!((&found.line, &found.record), (&batch.line, &batch.record));
        let group = &footer(&bytes).row_groups[0];
        for (at, recipe) in recipes.iter().enumerate() {
            let expected = as_read(&batch.columns[at], &recipe.kind);
            prop_assert!(found.columns[at] == expected, "column {} {:?}", at, recipe);
            let metadata = group.columns[at].meta_data.as_ref().expect("metadata");
            let statistics = metadata.statistics.as_ref().expect("statistics");
            let missing = expected.valid.iter().filter(|valid| !**valid).count();
            prop_assert_eq!(statistics.null_count, i64::try_from(missing).ok());
            let said = statistics.min_value.clone().zip(statistics.max_value.clone());
            let true_bounds = bounds(&expected).filter(|(least, greatest)| least.len().max(greatest.len()) <= 64);
            prop_assert_eq!(said, true_bounds);
        }
    }

    #[test]
    fn neither_cuts_nor_the_order_of_the_encoding_show(
        recipes in prop::collection::vec(recipe(), 1..4),
        rows in 1_u64..2_000,
        ends in prop::collection::btree_set(1_usize..2_000, 0..6),
        cuts in prop::collection::btree_set(1_usize..2_000, 0..6),
        order in any::<u64>(),
    ) {
        let (one, other) = (folder(), folder());
        let batch = batch(&recipes, rows);
        let ends: Vec<usize> = ends.into_iter().filter(|end| *end < batch.len()).collect();
        let expected = write(one.path(), &batch, &ends, PageCompression::Zstd);

        let mut writer = CanonicalWriter::create(other.path(), &scope(), &batch.schema);
        let mut groups = Vec::new();
        let mut stops: Vec<usize> = cuts.into_iter().filter(|cut| *cut < batch.len()).collect();
        stops.extend(ends.iter().copied().chain([batch.len()]));
        stops.sort_unstable();
        let mut start = 0;
        for stop in stops {
            let mut piece = RecordBatch::new(Arc::clone(&batch.schema));
            piece.append_range(&batch, start..stop);
            groups.extend(writer.append(&piece, None));
            if ends.contains(&stop) || stop == batch.len() {
                groups.extend(writer.cut());
            }
            start = stop;
        }
        let mut dice = Dice(order);
        let mut scratches = [EncodeScratch::default(), EncodeScratch::default()];
        while !groups.is_empty() {
            let group = groups.swap_remove(dice.below(groups.len()));
            let scratch = &mut scratches[dice.below(2)];
            writer.put(group.encode(scratch).expect("pages")).expect("a place");
        }
        let part = writer.finish().expect("a part").expect("rows");
        let found = fs::read(part_path(other.path(), &part.path)).expect("the file");
        prop_assert!(found == expected);
    }
}

#[test]
fn long_texts_fill_several_pages() {
    let folder = folder();
    let recipe = Recipe { kind: ColumnKind::Text, spread: Spread::Wild, gaps: 10, seed: 1 };
    let mut batch = batch(&[recipe], 3_000);
    let short = std::mem::replace(&mut batch.columns[0], Column::new(&ColumnKind::Text));
    let ColumnData::Text(texts) = &short.data else { unreachable!("a column of texts") };
    for (row, text) in texts.iter().enumerate() {
        if !short.valid[row] {
            batch.columns[0].push_missing();
            continue;
        }
        if let ColumnData::Text(texts) = &mut batch.columns[0].data {
            texts.push(&format!("{row}{}", text.repeat(60)));
        }
        batch.columns[0].valid.push(true);
    }
    let bytes = write(folder.path(), &batch, &[1_000, 1_001], PageCompression::Zstd);
    let path = part_path(folder.path(), &scope().relative_path());
    let found = rows_with_records(&path, &(1..=3_000).collect()).expect("rows");
    assert!(found.columns == batch.columns);
    let rows: Vec<i64> = footer(&bytes).row_groups.iter().map(|group| group.num_rows).collect();
    assert_eq!(rows, [1_000, 1, 1_999]);
}

#[test]
fn rows_are_found_by_their_record_numbers() {
    let folder = folder();
    let recipe = Recipe { kind: ColumnKind::Text, spread: Spread::Wild, gaps: 0, seed: 7 };
    let batch = batch(&[recipe], 1_000);
    write(folder.path(), &batch, &[300, 600], PageCompression::Zstd);
    let path = part_path(folder.path(), &scope().relative_path());
    let found = rows_with_records(&path, &[1, 299, 300, 301, 900, 5_000].into()).expect("rows");
    assert_eq!(found.record, [1, 299, 300, 301, 900]);
    let mut expected = RecordBatch::new(Arc::clone(&batch.schema));
    expected.append_rows(&batch, &[0, 298, 299, 300, 899]);
    assert!(found.columns == expected.columns && found.line == expected.line);
    assert!(rows_with_records(&path, &[2_000].into()).expect("none").is_empty());
}

#[test]
fn rows_that_are_not_in_order_are_not_said_to_be() {
    let folder = folder();
    let recipe = Recipe { kind: ColumnKind::Integer, spread: Spread::Ascending, gaps: 0, seed: 0 };
    let mut batch = batch(&[recipe], 100);
    let sorted = |bytes: &[u8]| footer(bytes).row_groups[0].sorting_columns.is_some();
    assert!(sorted(&write(folder.path(), &batch, &[], PageCompression::Zstd)));
    batch.record.swap(3, 4);
    assert!(!sorted(&write(folder.path(), &batch, &[], PageCompression::Zstd)));
}

#[test]
fn row_groups_are_encoded_on_other_threads() {
    let (one, other) = (folder(), folder());
    let recipe = Recipe { kind: ColumnKind::Text, spread: Spread::Few(9), gaps: 5, seed: 3 };
    let batch = batch(&[recipe], 900);
    let expected = write(one.path(), &batch, &[300, 600], PageCompression::Zstd);
    let mut writer = CanonicalWriter::create(other.path(), &scope(), &batch.schema);
    let groups = [0..300, 300..600, 600..900].map(|rows| {
        let rows: Vec<u32> = rows.collect();
        writer.append(&batch, Some(&rows));
        writer.cut().expect("rows")
    });
    let encoded = std::thread::scope(|scope| {
        let threads = groups.map(|group| scope.spawn(move || group.encode(&mut EncodeScratch::default())));
        threads.map(|thread| thread.join().expect("no panic").expect("pages"))
    });
    encoded.into_iter().rev().for_each(|group| writer.put(group).expect("a place"));
    let part = writer.finish().expect("a part").expect("rows");
    assert!(fs::read(part_path(other.path(), &part.path)).expect("the file") == expected);
}
