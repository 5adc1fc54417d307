//! Measures what canonical Parquet costs: CPU time and bytes for each row, here and with the writer of polars, on made
//! up ledger rows; and the time of a part of 15 rows.
//!
//! `cargo run --release -p musketer-loader --example parquet_rows [ROUNDS]`

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

mod ledger;
mod polars_writer;

use std::path::Path;
use std::sync::Arc;
use std::{env, fs};

use model::{DatasetId, DeliveryId, Fingerprint, MunicipalityCode, PageCompression, RecordBatch, SourceId, WorkUnit};
use musketer_loader::{BatchPool, CanonicalWriter, EncodeScratch, PartScope, ROW_GROUP_ROWS};

const ROW_GROUPS: usize = 4;
/// The rows that come together.
const TOGETHER: usize = 30_000;
const SMALL_PARTS: usize = 2_000;

fn main() {
    let rounds: usize = env::args().nth(1).map_or(5, |rounds| rounds.parse().expect("a number of rounds"));
    let folder = tempfile::tempdir().expect("a folder");
    let batch = ledger::batch(&ledger::schema(), ROW_GROUPS * ROW_GROUP_ROWS);
    let mut ours = [PageCompression::Zstd, PageCompression::Snappy, PageCompression::None]
        .map(|compression| (compression, Best::default()));
    let mut polars = Best::default();
    // In turns, so that a busy machine is unfair to nobody.
    for round in 0..rounds {
        for (compression, best) in &mut ours {
            best.note(|| write(folder.path(), &batch, *compression, round));
        }
        polars.note(|| polars_writer::write(&folder.path().join("polars.parquet"), &batch, TOGETHER));
    }
    for (compression, best) in &ours {
        best.print(&format!("here, {compression:?}"), batch.len());
    }
    polars.print("polars, Zstd(1)", batch.len());
    let small = ledger::batch(&batch.schema, 15);
    println!("a part of 15 rows: {:.0} µs CPU here", small_parts(folder.path(), &small));
}

/// The shortest of several rounds.
struct Best {
    nanoseconds: u64,
    bytes: u64,
}

impl Default for Best {
    fn default() -> Self {
        Self { nanoseconds: u64::MAX, bytes: 0 }
    }
}

impl Best {
    fn note(&mut self, write: impl FnOnce() -> u64) {
        let start = cpu_nanoseconds();
        self.bytes = write();
        self.nanoseconds = self.nanoseconds.min(cpu_nanoseconds() - start);
    }

    #[expect(clippy::cast_precision_loss, reason = "a measurement is not exact")]
    fn print(&self, name: &str, rows: usize) {
        let each = |count: u64| count as f64 / rows as f64;
        println!("{name:16} {:6.0} ns CPU a row, {:5.2} bytes a row", each(self.nanoseconds), each(self.bytes));
    }
}

/// The CPU time of all threads of the process, from the scheduler's books.
fn cpu_nanoseconds() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let spent = |path: &Path| {
        let text = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or_default()
    };
    tasks.flatten().map(|task| spent(&task.path())).sum()
}

fn scope(number: usize) -> PartScope {
    PartScope {
        unit: WorkUnit {
            source: SourceId::new("ledger").expect("an id"),
            municipality: MunicipalityCode::new("0751").expect("a code"),
            period: "2024-05".parse().expect("a period"),
        },
        dataset: DatasetId::new("finance_postings").expect("an id"),
        delivery: DeliveryId::stored("0123456789abcdef"),
        reading: Fingerprint::of(number.to_string().as_bytes()),
    }
}

fn write(root: &Path, batch: &RecordBatch, compression: PageCompression, number: usize) -> u64 {
    let pool = BatchPool::default();
    let mut scratch = EncodeScratch::default();
    let mut writer = CanonicalWriter::create_with(root, &scope(number), &batch.schema, compression, &pool);
    let rows: Vec<u32> = (0..u32::try_from(batch.len()).expect("few")).collect();
    for rows in rows.chunks(TOGETHER) {
        for group in writer.append(batch, Some(rows)) {
            writer.put(group.encode(&mut scratch).expect("pages")).expect("a place");
        }
    }
    writer.finish().expect("a part").expect("rows").bytes
}

/// The microseconds of a small part, its file included.
fn small_parts(root: &Path, batch: &RecordBatch) -> f64 {
    let (pool, mut scratch) = (BatchPool::default(), EncodeScratch::default());
    let start = cpu_nanoseconds();
    for number in 0..SMALL_PARTS {
        let schema = Arc::clone(&batch.schema);
        let mut writer =
            CanonicalWriter::create_with(root, &scope(1_000 + number), &schema, PageCompression::default(), &pool);
        writer.append(batch, None);
        if let Some(group) = writer.cut() {
            writer.put(group.encode(&mut scratch).expect("pages")).expect("a place");
        }
        writer.finish().expect("a part");
    }
    let parts = u32::try_from(SMALL_PARTS).expect("few");
    #[expect(clippy::cast_precision_loss, reason = "a measurement is not exact")]
    let microseconds = (cpu_nanoseconds() - start) as f64 / 1_000.0;
    microseconds / f64::from(parts)
}
