//! The row path alone: the files of a pipeline's drop folder, from their bytes to figures, and nothing kept on the way.
//!
//! `cargo run --release -p musketer-cli -p musketer-pipeline --example row_path -- [OPTIONS]`
//!
//! | option | |
//! |---|---|
//! | `--project FOLDER` | the folder with `musketer.yaml`; here if it is not given |
//! | `--pipeline NAME` | the project's own if it is not given |
//! | `--source ID` | only the deliveries of this source; may be repeated |
//! | `--threads N` | threads that read; 2 if it is not given |
//! | `--out FOLDER` | writes `figures.csv` and `rejected.csv`; otherwise the figures go to standard output |
//! | `--count-allocations` | also says how often memory is asked for, in the steady state |
//!
//! Reader, casters, partial aggregates and figures are those of a run, and so are the rejected rows. What a run does
//! beside them is left out: the raw archive, canonical Parquet, the search for duplicate keys, the order of the rows,
//! the ledger and the store. So its cost is what the rest of a run stands beside.

mod allocation;
mod arguments;
mod cost;
mod figures;
mod reading;

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write, stderr, stdout};
use std::time::Instant;

use musketer_pipeline::Project;

use self::allocation::Counting;
use self::arguments::Arguments;
use self::reading::{Everything, Steady};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Of a file, a definition, or the data.
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let started = Instant::now();
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let project = Project::open(&arguments.project)?;
    let pipeline = project.pipeline(arguments.pipeline.as_deref())?;
    let everything = reading::read(&project, pipeline, &arguments.sources, arguments.threads)?;
    let figures = figures::figures(&project, pipeline, &everything.deliveries)?;
    if let Some(folder) = &arguments.out {
        fs::create_dir_all(folder)?;
        figures::write(&figures, BufWriter::new(File::create(folder.join("figures.csv"))?))?;
        write_rejected(&everything, BufWriter::new(File::create(folder.join("rejected.csv"))?))?;
    } else {
        figures::write(&figures, stdout().lock())?;
    }
    report(&everything, &started)?;
    if arguments.count_allocations {
        report_allocations(&everything.steady)?;
    }
    Ok(())
}

fn write_rejected(everything: &Everything<'_>, mut out: impl Write) -> std::io::Result<()> {
    writeln!(out, "name;line;code")?;
    for (delivery, line, code) in &everything.rejected {
        writeln!(out, "{};{line};{code}", everything.deliveries[*delivery].name)?;
    }
    out.flush()
}

fn report(everything: &Everything<'_>, started: &Instant) -> std::io::Result<()> {
    let (mut read, mut accepted, mut rejected) = (0, 0, 0);
    for delivery in &everything.deliveries {
        read += delivery.tally.read;
        accepted += delivery.tally.accepted;
        rejected += delivery.tally.rejected;
    }
    let seconds = started.elapsed().as_secs_f64();
    let mut out = stderr().lock();
    writeln!(out, "rows read {read}, accepted {accepted}, rejected {rejected}")?;
    write!(out, "wall {seconds:.2} s")?;
    if let Some(seconds) = cost::cpu_seconds() {
        write!(out, ", CPU {seconds:.2} s")?;
    }
    if let Some(bytes) = cost::peak_memory() {
        write!(out, ", peak memory {} MB", bytes / 1_000_000)?;
    }
    writeln!(out)
}

#[expect(clippy::cast_precision_loss, reason = "a measurement for people")]
fn report_allocations(steady: &Steady) -> std::io::Result<()> {
    let mut out = stderr().lock();
    let Steady { batches, rows, rejected, .. } = *steady;
    if batches == 0 {
        return writeln!(out, "no thread saw more than {} batches of a delivery", reading::WARM);
    }
    writeln!(out, "allocations in {batches} batches with {rows} rows, {rejected} of them rejected:")?;
    for (stretch, count) in [("read", steady.read), ("cast", steady.cast), ("aggregate", steady.aggregate)] {
        let (batch, thousand) = (count as f64 / batches as f64, count as f64 * 1000.0 / rows as f64);
        writeln!(out, "  {stretch:<9} {batch:8.3} a batch, {thousand:8.3} for 1,000 rows")?;
    }
    Ok(())
}
