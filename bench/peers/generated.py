"""Builds the binaries, generates the deliveries, and reads what the generator says is wrong with them."""

import csv
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from peers.engines import ROOT

# The generator's words for malformed rows that the engines do not tell apart.
KINDS = {"number_point": "number", "number_groups": "number"}


@dataclass(frozen=True)
class Data:
    """Generated deliveries."""

    folder: Path
    pipeline: str
    rows: int
    size: int
    # (file, line, reason) of every malformed row
    malformed: set

    @property
    def deliveries(self):
        return self.folder / "deliveries"


def build(row_path):
    """Builds what is needed and says where it lies."""
    command = ["cargo", "build", "--release", "--quiet", "-p", "musketer-cli"]
    subprocess.run([*command, "-p", "musketer-tests", "--bins"], cwd=ROOT, check=True)
    if row_path:
        # With the binary's package beside it, the dependencies have the same features and are not built twice.
        subprocess.run([*command, "-p", "musketer-pipeline", "--example", "row_path"], cwd=ROOT, check=True)
    metadata = ["cargo", "metadata", "--format-version", "1", "--no-deps"]
    found = subprocess.run(metadata, cwd=ROOT, check=True, capture_output=True, text=True)
    return Path(json.loads(found.stdout)["target_directory"]) / "release"


def deliveries(binaries, folder, rows, files):
    """Generates the ledger with so many rows, in one file or in 98."""
    shutil.rmtree(folder, ignore_errors=True)
    form, pipeline = ("one-file", "one_file") if files == 1 else ("many-files", "many_files")
    command = [binaries / "generate", "--ledger", form, "--postings", str(rows), "--out", folder]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    malformed = {
        (row["path"].removeprefix("deliveries/"), int(row["line"]), KINDS.get(row["kind"], row["kind"]))
        for row in read(folder / "dirt.csv")
    }
    size = sum(int(row["bytes"]) for row in read(folder / "manifest.csv") if row["source"] == "ledger")
    return Data(folder, pipeline, rows, size, malformed)


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))
