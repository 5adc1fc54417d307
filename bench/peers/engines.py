"""The engines: the command of each, and what it published.

Each runs in a folder of its own with hard links to the deliveries, which is removed as soon as its result is read.
"""

import json
import os
import shutil
import sqlite3
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb

from peers.job import table

ROOT = Path(__file__).parents[2]
# What the project of the benchmark shares with the example.
SHARED = (
    "codelists/municipality.yaml", "codelists/municipality.csv", "codelists/region.yaml", "codelists/region.csv",
    "codelists/sex.yaml", "codelists/sex.csv", "codelists/dranst.yaml", "codelists/dranst.csv",
    "datasets/population.yaml", "sources/dst/statbank_population.yaml",
)  # fmt: skip
# The words of the peers for the codes of musketer.
REASONS = {
    "M5001": "short", "M5002": "long", "M5005": "byte", "M5102": "number", "M5104": "number", "M5105": "date",
    "M5106": "account",
}  # fmt: skip


@dataclass
class Result:
    """What an engine published."""

    # (indicator, area, period) -> (numerator, denominator, value), exact
    figures: dict
    # reason -> rows
    rejected: dict
    # (file, line, reason), for the rejected rows whose place the engine names
    places: set
    # whether all rejected rows must have their places, and the right ones
    exact_places: bool
    # canonical rows and the sum of their amounts; `None` without canonical tables
    canonical: tuple | None
    # what the engine itself reports
    report: dict = field(default_factory=dict)


def place(deliveries, folder):
    """Puts the deliveries into a new folder, as hard links."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(deliveries, folder / "deliveries", copy_function=os.link)


def tally(reasons):
    counts = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    return dict(sorted(counts.items()))


def canonical_of(pattern, amount):
    """Rows and the sum of the amounts in the Parquet files."""
    query = f"SELECT count(*), sum({amount}) FROM read_parquet($files, union_by_name = true, hive_partitioning = false)"
    rows, total = duckdb.connect().execute(query, {"files": str(pattern)}).fetchone()
    return rows, Decimal(total)


@dataclass(frozen=True)
class Peer:
    """An engine whose job is a module of this package."""

    name: str
    module: str
    canonical: bool = True

    def prepare(self, folder):
        pass

    def command(self, folder, threads, pipeline):
        command = [sys.executable, "-m", self.module, str(folder), "--threads", str(threads)]
        return command if self.canonical else [*command, "--without-canonical"]

    def environment(self, threads):
        return {"POLARS_MAX_THREADS": str(threads)}

    def result(self, folder):
        database = sqlite3.connect(folder / "result.db")
        figures = {
            (indicator, area, period): (Decimal(n) / 100, Decimal(d), Decimal(value) / 100)
            for indicator, area, period, n, d, value in database.execute("SELECT * FROM figure")
        }
        rejected = database.execute("SELECT reason, file, line FROM rejected").fetchall()
        database.close()
        root = folder / "deliveries"
        places = {(str(Path(file).relative_to(root)), line, reason) for reason, file, line in rejected if file}
        rows = canonical_of(folder / "canonical.parquet", "amount") if self.canonical else None
        return Result(figures, tally(reason for reason, _, _ in rejected), places, False, rows)


@dataclass(frozen=True)
class Musketer:
    """musketer itself: the real binary on the project of the benchmark, raw archive and ledger included."""

    name: str
    binary: Path

    def prepare(self, folder):
        shutil.copytree(ROOT / "bench" / "project", folder, dirs_exist_ok=True)
        for path in SHARED:
            target = folder / "definitions" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "definitions" / path, target)

    def command(self, folder, threads, pipeline):
        report = ["--quiet", "--format", "json", "--output", str(folder / "report.json")]
        return [str(self.binary), "--project", str(folder), "run", pipeline, *report, "--jobs", str(threads)]

    def environment(self, threads):
        return {}

    def result(self, folder):
        database = sqlite3.connect(folder / "store" / "musketer.db")
        figures = {
            (indicator, area, period): (Decimal(n or value), Decimal(d or 1), Decimal(value))
            for indicator, area, period, value, n, d in database.execute(
                "SELECT indicator, area, period, value_exact, numerator_exact, denominator_exact"
                " FROM latest_observation"
            )
        }
        rejected = database.execute(
            "SELECT d.name, r.line, r.code FROM rejected_row r JOIN delivery d USING (delivery)"
        ).fetchall()
        database.close()
        places = {(name, line, REASONS.get(code, code)) for name, line, code in rejected}
        reasons = tally(REASONS.get(code, code) for _, _, code in rejected)
        parts = folder / "store" / "canonical" / "dataset=ledger" / "**" / "*.parquet"
        count, minor = canonical_of(parts, "amount::HUGEINT")
        report = json.loads((folder / "report.json").read_text())
        report = {key: report[key] for key in ("seconds", "peak_memory_bytes")}
        return Result(figures, reasons, places, True, (count, minor / 100), report)


@dataclass(frozen=True)
class RowPath(Musketer):
    """The row path of musketer alone: reader, casters, partial aggregates and figures, and nothing that is kept."""

    def command(self, folder, threads, pipeline):
        options = ["--threads", str(threads), "--out", str(folder / "out")]
        return [str(self.binary), "--project", str(folder), "--pipeline", pipeline, *options]

    def result(self, folder):
        figures = {
            (row["indicator"], row["area"], row["period"]): (
                exact(row["numerator"] or row["value"]),
                exact(row["denominator"] or "1"),
                exact(row["value"]),
            )
            for row in table(folder / "out" / "figures.csv")
        }
        rejected = [
            (row["name"], int(row["line"]), REASONS.get(row["code"], row["code"]))
            for row in table(folder / "out" / "rejected.csv")
        ]
        return Result(figures, tally(reason for _, _, reason in rejected), set(rejected), True, None)


def exact(text):
    """A decimal, or a fraction whose denominator is a power of ten or divides one."""
    number = Fraction(text)
    return Decimal(number.numerator) / Decimal(number.denominator)
