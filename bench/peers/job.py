"""What the jobs of the peers have in common: where they read, what they must write, and the small tables.

A job reads `deliveries/` below its folder and writes `canonical.parquet` (13 columns, accepted rows) and `result.db`
(SQLite): `figure` and `rejected`. Amounts and values are whole øre, so that they can be compared exactly.
"""

import argparse
import csv
import glob
import sqlite3
from dataclasses import dataclass
from pathlib import Path

CODELISTS = Path(__file__).parents[2] / "definitions" / "codelists"
ACCOUNTS = Path(__file__).parents[1] / "project" / "definitions" / "codelists" / "account.csv"
DAY = "2024-01-01"
# Codes and the columns of the export, in its order.
COLUMNS = (
    "municipality", "period", "document", "line", "posted", "account",
    "dranst", "cost_centre", "art", "supplier", "text", "amount",
)  # fmt: skip
CANONICAL = COLUMNS[:6] + ("function",) + COLUMNS[6:]
# The amounts as the export writes them: groups of three, two decimals, the minus behind.
AMOUNT = r"[0-9]{1,3}(\.[0-9]{3})*,[0-9]{2}-?"


@dataclass(frozen=True)
class Job:
    """A job's folder and its terms."""

    folder: Path
    threads: int
    canonical: bool

    @staticmethod
    def from_arguments():
        parser = argparse.ArgumentParser()
        parser.add_argument("folder", type=Path)
        parser.add_argument("--threads", type=int, required=True)
        parser.add_argument("--without-canonical", action="store_true")
        arguments = parser.parse_args()
        return Job(arguments.folder, arguments.threads, not arguments.without_canonical)

    @property
    def ledgers(self):
        return sorted(glob.glob(f"{self.folder}/deliveries/ledger/**/*.csv", recursive=True))

    @property
    def population(self):
        (path,) = glob.glob(f"{self.folder}/deliveries/statbank/*.csv")
        return path

    @property
    def parquet(self):
        return str(self.folder / "canonical.parquet")

    def publish(self, figures, rejected):
        """Writes figures (indicator, area, period, numerator, denominator, value in øre) and rejected rows
        (reason, file, line; the last two as far as the engine knows them) in one transaction."""
        database = sqlite3.connect(self.folder / "result.db")
        database.execute("PRAGMA journal_mode = WAL")
        with database:
            database.execute(
                "CREATE TABLE figure (indicator, area, period, numerator, denominator, value,"
                " PRIMARY KEY (indicator, area, period)) WITHOUT ROWID"
            )
            database.execute("CREATE TABLE rejected (reason, file, line)")
            database.executemany("INSERT INTO figure VALUES (?, ?, ?, ?, ?, ?)", figures)
            database.executemany("INSERT INTO rejected VALUES (?, ?, ?)", rejected)
        database.close()


def table(path):
    """The rows of a code list."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def functions():
    """(account, function): the mapping from the vendor's accounts."""
    return [(alias, row["code"]) for row in table(ACCOUNTS) for alias in row["aliases"].split("|")]


def municipalities():
    """(municipality, region) on the day that decides."""
    return [
        (row["code"], row["region"])
        for row in table(CODELISTS / "municipality.csv")
        if row["kind"] == "municipality"
        and row["valid_from"] <= DAY
        and (not row["valid_to"] or DAY < row["valid_to"])
    ]


def areas():
    """(municipality, area): itself, its region and the country."""
    return [(code, area) for code, region in municipalities() for area in (code, region, "DK")]


def dransts():
    """The types of transaction."""
    return sorted({row["code"] for row in table(CODELISTS / "dranst.csv")})
