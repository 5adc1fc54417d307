//! How fast a delimited file is taken apart: `cargo run --release -p musketer-extractor --example rows_per_second FILE`.
//!
//! The file is read as an Opus-like ledger (Windows-1252, `;`, a header row). Only the reader is measured: the cells
//! are found and not looked at.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use model::{
    Control, DatasetId, DelimitedFormat, Encoding, FieldName, FileName, Fingerprint, Format, InputForm, Load, NamePart,
    RawBatch, Scope, SkipMatch, SkipRule, Source, SourceId, Text,
};
use musketer_extractor::{Limits, Reader};

fn ledger() -> Result<Source, Box<dyn Error>> {
    let totals = SkipMatch::CellStartsWith { column: "Kommunenr".to_owned(), texts: vec!["I alt".to_owned()] };
    Ok(Source {
        id: SourceId::new("opus_finance")?,
        title: Text::default(),
        description: Text::default(),
        vendor: String::new(),
        system: String::new(),
        interface: None,
        dataset: DatasetId::new("finance_postings")?,
        valid_from: None,
        valid_to: None,
        file: FileName { pattern: "*".to_owned(), parts: vec![NamePart::Any] },
        scope: Scope { one_municipality: true, period: None },
        load: Load::Period,
        due_days: None,
        min_rows: Some(0),
        budget: model::Budget::default(),
        input: InputForm::plain(Encoding::Windows1252.into()),
        format: Format::Delimited(DelimitedFormat::new(Encoding::Windows1252, b';')),
        fields: Vec::new(),
        skip: vec![SkipRule { id: FieldName::new("totals")?, rule: totals }],
        control: Control::default(),
        fingerprint: Fingerprint::of(b""),
        canonical: String::new(),
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let path: PathBuf = std::env::args_os().nth(1).ok_or("name a file")?.into();
    let bytes = File::open(&path)?.metadata()?.len();
    let started = Instant::now();
    let mut reader = Reader::open(&ledger()?, File::open(&path)?, Limits::default())?.map_err(|r| r.message)?;
    let mut batch = RawBatch::default();
    let (mut rows, mut cells, mut broken) = (0, 0, 0);
    while reader.next_batch(&mut batch)?.map_err(|refusal| refusal.message)? {
        rows += batch.len();
        cells += batch.cells.len();
        broken += batch.broken.len();
    }
    let seconds = started.elapsed().as_secs_f64();
    let summary = reader.finish();
    #[expect(clippy::cast_precision_loss, reason = "a measurement for people")]
    let (rows_rate, bytes_rate) = (rows as f64 / seconds / 1e6, bytes as f64 / seconds / 1e6);
    writeln!(
        std::io::stdout(),
        "{rows} rows, {cells} cells, {broken} broken, {} read, {seconds:.3} s: {rows_rate:.2} million rows/s, {bytes_rate:.0} MB/s",
        summary.read
    )?;
    Ok(())
}
