"""The command behind bench/check: generates as many definitions as models, has each program check its own in turn, and
reports. Exit code 1 means that a program found a mistake where there is none; speed alone never fails.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from peers import checked, measure


def arguments():
    parser = argparse.ArgumentParser(prog="bench/check", description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000, help="definitions, models and tables (default: 1000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each program (default: 3)")
    parser.add_argument("--only", default="musketer,dbt,datacontract", help="programs (default: all)")
    parser.add_argument("--binary", type=Path, help="the musketer to measure (default: a release build)")
    parser.add_argument("--out", type=Path, help="folder for check.json and check.md")
    return parser.parse_args()


def release():
    """Builds the program and says where it lies."""
    command = ["cargo", "build", "--release", "--quiet", "-p", "musketer-cli"]
    subprocess.run(command, cwd=checked.ROOT, check=True)
    metadata = ["cargo", "metadata", "--format-version", "1", "--no-deps"]
    found = subprocess.run(metadata, cwd=checked.ROOT, check=True, capture_output=True, text=True)
    return Path(json.loads(found.stdout)["target_directory"]) / "release" / "musketer"


class Musketer:
    """One definition a file, all kinds."""

    does = "musketer check"

    def __init__(self, work, files, binary):
        self.folder = work / "musketer"
        checked.definitions(self.folder, files)
        self.command = [binary, "--project", self.folder, "check"]

    def prepare(self):
        """Nothing is kept from run to run."""


class Dbt:
    """One model a file, described in a file for each area. What an earlier run left is removed: it parses everything."""

    does = "dbt parse"

    def __init__(self, work, files, _):
        self.folder = work / "dbt"
        checked.models(self.folder, files)
        places = ["--project-dir", self.folder, "--profiles-dir", self.folder, "--target-path", self.folder / "target"]
        self.command = [beside("dbt"), "--quiet", "--no-send-anonymous-usage-stats", "parse", "--no-partial-parse", *places]

    def prepare(self):
        shutil.rmtree(self.folder / "target", ignore_errors=True)


class DataContract:
    """All tables in one file: the command takes one, and a process for each table would take the most of an hour."""

    does = "datacontract lint"

    def __init__(self, work, files, _):
        path = work / "contract.yaml"
        checked.contract(path, files)
        self.command = [beside("datacontract"), "lint", path]

    def prepare(self):
        """Nothing is kept from run to run."""


def beside(name):
    """A command of the environment that this runs in."""
    return Path(sys.executable).parent / name


PROGRAMS = {"musketer": Musketer, "dbt": Dbt, "datacontract": DataContract}


def table(files, costs):
    own = costs.get(Musketer.does)
    lines = [
        f"**{files:,} definitions, models or tables, medians of {len(next(iter(costs.values())))}**", "",
        "| | wall s | CPU s | peak MB | wall / musketer | CPU / musketer |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    middle = lambda runs, key: median(getattr(run, key) for run in runs)  # noqa: E731
    for name, runs in costs.items():
        cells = [name, f"{middle(runs, 'wall'):.3f}", f"{middle(runs, 'cpu'):.3f}", f"{middle(runs, 'peak') / 1e6:.0f}"]
        cells += [f"{middle(runs, key) / middle(own, key):.1f}" if own else "" for key in ("wall", "cpu")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    options = arguments()
    names = options.only.split(",")
    if unknown := set(names) - set(PROGRAMS):
        sys.exit(f"error: no such program: {', '.join(sorted(unknown))}")
    binary = (options.binary or release()).resolve() if "musketer" in names else None
    work = Path(tempfile.mkdtemp(prefix="musketer-check-"))
    try:
        programs = [PROGRAMS[name](work, options.files, binary) for name in names]
        costs = {program.does: [] for program in programs}
        for _ in range(options.runs):
            for program in programs:
                program.prepare()
                cost = measure.run(program.command, work / "log", {})
                print(f"  {program.does}: {cost.wall:.3f} s, CPU {cost.cpu:.3f} s", file=sys.stderr)
                costs[program.does].append(cost)
    except measure.JobFailed as failure:
        sys.exit(f"error: {failure}")
    finally:
        shutil.rmtree(work)
    markdown = table(options.files, costs)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        machine = {"processor": platform.machine(), "cpus": os.cpu_count(), "system": platform.platform()}
        runs = {name: [cost.as_json() for cost in each] for name, each in costs.items()}
        document = {"files": options.files, "machine": machine, "runs": runs}
        (options.out / "check.json").write_text(json.dumps(document, indent=2) + "\n")
        (options.out / "check.md").write_text(markdown)
    print(markdown)


if __name__ == "__main__":
    main()
