//! All of one file, from its bytes to rows in another format.
//!
//! One batch at a time is in memory. What the whole file alone can tell (its last record, its control totals) is known
//! when the rows are written already: a refusal then says that they must not be used, and a file that was to be
//! written is taken away.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use extractor::{Limits, ReadSummary, Reader};
use loader::TableWriter;
use model::{
    Catalogue, Code, Dataset, Header, Layout, MunicipalityCode, Period, RawBatch, RecordBatch, RecordSchema, Refusal,
    RejectedRow, RowTally, Source,
};
use normaliser::{Harmoniser, PersonKeys};

use super::output::Pending;
use super::scope::{Said, scope};
use super::text::TextBatch;
use super::{Dialect, Input, Output, ReadReport, ReportFile, csv, json, parquet};
use crate::{Project, RefusalReport, RunError};

/// How a file is read.
#[derive(Debug)]
pub enum Reading<'a> {
    /// By a stated dialect; every column is text.
    Dialect(&'a Dialect),
    /// By a source definition; the columns are those of its dataset.
    Source(SourceReading<'a>),
}

/// A source, and what else is needed to read one of its files.
#[derive(Debug)]
pub struct SourceReading<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) source: &'a Source,
    pub(super) dataset: &'a Dataset,
    pub(super) keys: Option<&'a PersonKeys>,
    pub(super) said: Said,
}

impl<'a> SourceReading<'a> {
    /// A source of the project. `municipality` and `period` hold against what the file's name says.
    pub fn new(
        project: &'a Project,
        source: &str,
        keys: Option<&'a PersonKeys>,
        municipality: Option<MunicipalityCode>,
        period: Option<Period>,
    ) -> Result<Self, RunError> {
        let catalogue = &project.catalogue;
        let found = catalogue.sources.get(source);
        let Some(source) = found else {
            // What is wrong may be the definition itself.
            if project.diagnostics.iter().any(model::Diagnostic::is_error) {
                return Err(RunError::Definitions(project.diagnostics.clone()));
            }
            let known: Vec<String> = catalogue.sources.keys().map(|id| format!("`{id}`")).collect();
            let message = format!("there is no source `{source}`; there are {}", known.join(", "));
            return Err(RunError::usage(Code::UNKNOWN_REFERENCE, message));
        };
        let dataset = catalogue.datasets.get(&source.dataset);
        let dataset = dataset.ok_or_else(|| RunError::Internal(format!("`{}` has no dataset", source.id)))?;
        Ok(Self { catalogue, source, dataset, keys, said: Said { municipality, period } })
    }

    /// Whether its rows are about persons, so that the project's key is needed.
    pub fn is_personal(project: &Project, source: &str) -> bool {
        let source = project.catalogue.sources.get(source);
        let dataset = source.and_then(|source| project.catalogue.datasets.get(&source.dataset));
        dataset.is_some_and(|dataset| dataset.is_personal())
    }
}

/// The format that rows are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// CSV.
    Csv,
    /// A JSON object a row.
    JsonLines,
    /// Parquet.
    Parquet,
}

/// How it ended.
#[derive(Debug)]
pub enum Ended {
    /// With this report.
    Report(Box<ReadReport>),
    /// Whoever read the output has gone away.
    NobodyListens,
}

/// Why reading stops early.
pub(super) enum Stop {
    Refused(Refusal),
    Deaf,
    Failed(RunError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E: Into<RunError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Reads a file and writes its rows.
///
/// # Errors
/// What was asked for cannot be done, or a file cannot be read or written. A file that is refused is in the report.
pub fn read(
    input: &Input,
    reading: &Reading<'_>,
    target: Target,
    output: &Output,
    mut report_file: Option<ReportFile>,
) -> Result<Ended, RunError> {
    let mut report = ReadReport { file: input.name(), source: source_name(reading), ..ReadReport::default() };
    let (pending, out): (_, Box<dyn Write + Send>) = match output {
        Output::Standard => (None, Box::new(io::stdout())),
        Output::File(path) => {
            let (pending, file) = Pending::begin(path)?;
            (Some(pending), Box::new(file))
        }
    };
    let deaf = Arc::new(AtomicBool::new(false));
    let out: Box<dyn Write + Send> = Box::new(Overheard { out, deaf: Arc::clone(&deaf) });
    let standard = *output == Output::Standard;
    let mut sink = Sink { target, out: Some(out), standard, deaf, buffer: Vec::new(), keys: Vec::new(), table: None };
    let ended = {
        let mut rejects = |rows: &[RejectedRow], batch: &RawBatch, report: &mut ReadReport| {
            report.reject(rows);
            report_file.as_mut().map_or(Ok(()), |file| file.add(rows, batch))
        };
        read_into(input, reading, &mut sink, &mut report, &mut rejects)
    };
    match ended {
        Ok(()) => {}
        Err(Stop::Refused(refusal)) => report.refused = Some(RefusalReport::from(&refusal)),
        Err(Stop::Deaf) => return Ok(Ended::NobodyListens),
        Err(Stop::Failed(error)) => return Err(error),
    }
    if let Some(pending) = pending.filter(|_| report.refused.is_none()) {
        pending.keep()?;
    }
    if let Some(file) = report_file {
        file.finish(&report)?;
    }
    Ok(Ended::Report(Box::new(report)))
}

fn source_name(reading: &Reading<'_>) -> Option<String> {
    match reading {
        Reading::Dialect(_) => None,
        Reading::Source(reading) => Some(reading.source.id.to_string()),
    }
}

type Rejects<'r> = dyn FnMut(&[RejectedRow], &RawBatch, &mut ReadReport) -> Result<(), RunError> + 'r;

fn read_into(
    input: &Input,
    reading: &Reading<'_>,
    sink: &mut Sink,
    report: &mut ReadReport,
    rejects: &mut Rejects<'_>,
) -> Result<(), Stop> {
    match reading {
        Reading::Dialect(dialect) => {
            let layout = dialect.layout()?;
            let reader = Reader::open_layout(&layout, input.open(&dialect.form())?, Limits::default())??;
            texts(reader, dialect, sink, report, rejects)
        }
        Reading::Source(reading) => {
            let scope = scope(reading.source, input, reading.said)??;
            let bytes = input.open(&reading.source.input)?;
            let reader = Reader::open_layout(&Layout::of(reading.source), bytes, Limits::default())??;
            let lists = &reading.catalogue.codelists;
            let header = reader.header();
            let plan = Harmoniser::new(reading.source, reading.dataset, lists, &scope, header, reading.keys)?;
            records(reader, plan, reading, sink, report, rejects)
        }
    }
}

/// The words for "no value" as they stand in the file.
pub(super) fn null_words(dialect: &Dialect) -> Vec<Vec<u8>> {
    dialect.null.iter().filter_map(|word| dialect.encoding.cells().encode(word)).collect()
}

/// Names as keys must be different, and a table needs one for every column.
fn check_names(header: &Header, target: Target) -> Result<(), Refusal> {
    if target == Target::Csv {
        return Ok(());
    }
    let names = &header.names;
    let twice = (0..names.len()).find(|at| names[..*at].contains(&names[*at]));
    let Some(at) = twice else { return Ok(()) };
    let message = format!("two columns are named `{}`, so their values would share one key", model::redact(&names[at]));
    let refusal = Refusal::new(Code::COLUMN_DUPLICATE, message).with_help("write CSV, or read with `--header-rows 0`");
    Err(if header.line > 0 { refusal.at_line(header.line) } else { refusal })
}

fn texts(
    mut reader: Reader<Box<dyn io::Read + Send>>,
    dialect: &Dialect,
    sink: &mut Sink,
    report: &mut ReadReport,
    rejects: &mut Rejects<'_>,
) -> Result<(), Stop> {
    check_names(reader.header(), sink.target)?;
    let names = reader.header().names.clone();
    let (null, encoding) = (null_words(dialect), dialect.encoding.cells());
    let schema = parquet::text_schema(&names);
    sink.begin(&schema)?;
    let mut raw = RawBatch::default();
    let mut rejected = Vec::new();
    while reader.next_batch(&mut raw)?? {
        rejected.clear();
        let batch = TextBatch::new(&raw, encoding, &null, &names, &mut rejected);
        report.rows_loaded += batch.len() as u64;
        sink.texts(&batch, !null.is_empty(), &schema)?;
        rejects(&rejected, &raw, report)?;
    }
    sink.finish()?;
    let summary = reader.finish();
    let tally = tally(&summary, report.rows_loaded, report.rows_rejected);
    Ok(report.close(&tally, &summary.notices)?)
}

fn tally(summary: &ReadSummary, accepted: u64, rejected: u64) -> RowTally {
    RowTally { read: summary.read, accepted, rejected, skipped: summary.skipped.clone() }
}

fn records(
    mut reader: Reader<Box<dyn io::Read + Send>>,
    plan: Harmoniser,
    reading: &SourceReading<'_>,
    sink: &mut Sink,
    report: &mut ReadReport,
    rejects: &mut Rejects<'_>,
) -> Result<(), Stop> {
    let schema = Arc::clone(plan.schema());
    sink.begin(&schema)?;
    let mut hand = plan.hand();
    let mut raw = RawBatch::default();
    let mut accepted = RecordBatch::new(Arc::clone(&schema));
    let mut rejected = Vec::new();
    while reader.next_batch(&mut raw)?? {
        accepted.clear();
        rejected.clear();
        plan.harmonise(&mut hand, &raw, &mut accepted, &mut rejected)?;
        report.rows_loaded += accepted.len() as u64;
        sink.records(&accepted, &schema)?;
        rejects(&rejected, &raw, report)?;
    }
    sink.finish()?;
    let summary = reader.finish();
    let harmonised = plan.finish(vec![hand], &summary.control)?;
    let least = reading.source.least_rows();
    if harmonised.accepted < least {
        let message = format!(
            "{} rows were accepted of {} read ({} rejected); a delivery of `{}` has at least {least}",
            harmonised.accepted, summary.read, harmonised.rejected, reading.source.id
        );
        return Err(Refusal::new(Code::TOO_FEW_ROWS, message).into());
    }
    let mut notices = summary.notices.clone();
    notices.extend(harmonised.notices);
    notices.extend(reading.source.notice_of_no_rows(harmonised.accepted));
    let tally = tally(&summary, harmonised.accepted, harmonised.rejected);
    Ok(report.close(&tally, &notices)?)
}

/// Bytes that are gathered before they are written.
const BUFFER: usize = 128 << 10;

/// An output that remembers that nobody reads it any more, whatever becomes of the error.
struct Overheard {
    out: Box<dyn Write + Send>,
    deaf: Arc<AtomicBool>,
}

impl Overheard {
    fn heard<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            self.deaf.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Write for Overheard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.heard(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.heard(flushed)
    }
}

/// Writes rows in the format that was asked for.
struct Sink {
    target: Target,
    out: Option<Box<dyn Write + Send>>,
    /// Whether it is standard output, which holds back what was written last.
    standard: bool,
    /// Whether whoever read the output has gone away.
    deaf: Arc<AtomicBool>,
    buffer: Vec<u8>,
    keys: Vec<Vec<u8>>,
    table: Option<TableWriter<Box<dyn Write + Send>>>,
}

impl Sink {
    fn begin(&mut self, schema: &Arc<RecordSchema>) -> Result<(), Stop> {
        let names = schema.columns.iter().map(|(name, _)| name.as_str());
        match self.target {
            Target::Csv => csv::header(names, &mut self.buffer),
            Target::JsonLines => self.keys = json::keys(names),
            Target::Parquet => {
                let out = self.out.take().unwrap_or_else(|| unreachable!("a sink begins once"));
                self.table = Some(parquet::begin(schema, out).map_err(|error| self.failed(error))?);
            }
        }
        Ok(())
    }

    fn texts(&mut self, batch: &TextBatch<'_>, marked: bool, schema: &Arc<RecordSchema>) -> Result<(), Stop> {
        match self.target {
            Target::Csv => csv::texts(batch, marked, &mut self.buffer),
            Target::JsonLines => json::texts(batch, &self.keys, &mut self.buffer),
            Target::Parquet => return self.rows(&parquet::texts(batch, schema)),
        }
        self.drain(BUFFER)
    }

    fn records(&mut self, batch: &RecordBatch, schema: &RecordSchema) -> Result<(), Stop> {
        match self.target {
            Target::Csv => csv::records(batch, schema, &mut self.buffer),
            Target::JsonLines => json::records(batch, schema, &self.keys, &mut self.buffer),
            Target::Parquet => return self.rows(batch),
        }
        self.drain(BUFFER)
    }

    fn rows(&mut self, batch: &RecordBatch) -> Result<(), Stop> {
        let written = self.table.as_mut().map_or(Ok(()), |table| table.write(batch));
        written.map_err(|error| self.failed(error))
    }

    /// Why Parquet could not be written: its writer passes errors on as texts.
    fn failed(&self, error: impl Into<RunError>) -> Stop {
        if self.deaf.load(Ordering::Relaxed) { Stop::Deaf } else { Stop::Failed(error.into()) }
    }

    /// Writes what is gathered, if it is at least this much.
    fn drain(&mut self, least: usize) -> Result<(), Stop> {
        if self.buffer.len() < least {
            return Ok(());
        }
        if let Some(out) = &mut self.out {
            let written = out.write_all(&self.buffer).and_then(|()| if least == 0 { out.flush() } else { Ok(()) });
            written.map_err(|error| self.failed(RunError::file("the output")(error)))?;
        }
        self.buffer.clear();
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Stop> {
        if let Some(table) = self.table.take() {
            table.finish().map_err(|error| self.failed(error))?;
            if self.standard {
                // The writer is gone, and the end of the program would not say that the last bytes were not taken.
                let mut out = Overheard { out: Box::new(io::stdout()), deaf: Arc::clone(&self.deaf) };
                out.flush().map_err(|error| self.failed(RunError::file("the output")(error)))?;
            }
        }
        self.drain(0)
    }
}
