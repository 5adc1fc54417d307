"""The command: generates, runs every engine in turn, compares what they published, and reports.

Engines are interleaved (A B C, A B C), so that a slow minute of the machine hits all of them. Exit code 0 means that
all published the same; 1 that they did not; speed alone never fails.
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

from peers import engines, generated, measure, report, verdict

BASE = "duckdb"
# dlt takes rows one by one; more would take hours.
DLT_ROWS = 100_000


def count(text):
    """A number such as 250000, 100k or 10M."""
    factor = {"k": 1_000, "M": 1_000_000}.get(text[-1:], 1)
    return int(text.rstrip("kM")) * factor


def numbers(text):
    return [count(part) for part in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(prog="bench/compare", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=count, default=10_000_000, help="postings, for example 1M (default: 10M)")
    parser.add_argument("--files", type=int, choices=[1, 98], default=1, help="one file, or one a municipality")
    parser.add_argument("--runs", type=int, default=3, help="runs of each engine (default: 3)")
    parser.add_argument("--only", help="engines, of musketer, duckdb, polars and dlt (default: all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="threads of each engine (default: all)")
    parser.add_argument("--without-canonical", action="store_true",
                        help="also measure the row path of musketer, and DuckDB without its Parquet")
    parser.add_argument("--scaling", type=numbers, nargs="?", const=[1_000_000, 10_000_000, 50_000_000],
                        metavar="ROWS", help="instead: musketer alone at 1M,10M,50M rows, or at the numbers given")
    parser.add_argument("--threads", type=numbers, metavar="N,N",
                        help="instead: musketer alone with so many threads each")
    parser.add_argument("--out", type=Path, help="folder for results.json and results.md")
    parser.add_argument("--work", type=Path, help="folder for deliveries and stores; removed afterwards "
                        "(default: a new one in $TMPDIR; needs 400 bytes a row)")
    return parser.parse_args()


class Bench:
    """The measurements of one call."""

    def __init__(self, options, work):
        self.options = options
        self.work = work
        self.binaries = generated.build(options.without_canonical)
        self.instructions = measure.counts_instructions()
        self.differences = []
        self.sections = []

    def chosen(self):
        """The engines of the comparison, musketer first."""
        names = (self.options.only or "musketer,duckdb,polars,dlt").split(",")
        found = [self.musketer()] if "musketer" in names else []
        if self.options.without_canonical:
            found.append(engines.RowPath("row path", self.binaries / "examples" / "row_path"))
        modules = [("duckdb", "peers.duckdb_job"), ("polars", "peers.polars_job"), ("dlt", "peers.dlt_job")]
        found += [engines.Peer(name, module) for name, module in modules if name in names]
        if self.options.without_canonical and BASE in names:
            found.append(engines.Peer("duckdb, no Parquet", "peers.duckdb_job", canonical=False))
        if unknown := set(names) - {"musketer"} - {name for name, _ in modules}:
            sys.exit(f"error: no such engine: {', '.join(sorted(unknown))}")
        return found

    def musketer(self):
        return engines.Musketer("musketer", self.binaries / "musketer")

    def data(self, rows, files):
        print(f"generating {rows:,} rows in {files} file(s)", file=sys.stderr)
        return generated.deliveries(self.binaries, self.work / "data", rows, files)

    def once(self, engine, data, threads):
        """One run of one engine: what it cost and what it published."""
        folder = self.work / "job"
        engines.place(data.deliveries, folder)
        engine.prepare(folder)
        measure.warm(folder)
        command = engine.command(folder, threads, data.pipeline)
        cost = measure.run(command, self.work / "log", engine.environment(threads), self.instructions)
        result = engine.result(folder)
        shutil.rmtree(folder)
        shown = f"{cost.wall:.2f} s, CPU {cost.cpu:.2f} s, {cost.peak / 1e6:.0f} MB"
        print(f"  {engine.name}, {threads} thread(s): {shown}", file=sys.stderr)
        return cost, result

    def in_turn(self, title, data, rounds):
        """Runs (name, engine, threads) in turn and compares the results with those of the base, or of the first.
        Gives what each run cost, and what stands beside the costs in the table."""
        costs = {name: [] for name, _, _ in rounds}
        results = {}
        for _ in range(self.options.runs):
            for name, engine, threads in rounds:
                cost, result = self.once(engine, data, threads)
                costs[name].append(cost)
                results.setdefault(name, result)
        reference = BASE if BASE in results else next(iter(results))
        books = {}
        for name, result in results.items():
            found = verdict.differences(name, result, reference, results[reference], data)
            self.differences += [f"{title}: {difference}" for difference in found]
            books[name] = {
                "rows": data.rows,
                "bytes": data.size,
                "figures": len(result.figures),
                "rejected": sum(result.rejected.values()),
                "places_right": len(result.places & data.malformed),
                "places_wrong": len(result.places - data.malformed),
                "reported": result.report,
            }
        return costs, books

    def add_section(self, title, costs, books):
        """Adds a table, with ratios to the base, or to the first line."""
        reference = BASE if BASE in costs else next(iter(costs))
        middle = report.summary(costs, reference)
        for name, entry in middle.items():
            entry |= books[name]
        self.sections.append(
            {
                "title": title,
                "base": reference,
                "runs": {name: [cost.as_json() for cost in each] for name, each in costs.items()},
                "medians": middle,
                "markdown": report.table(title, middle, reference),
            }
        )

    def compare(self):
        """All engines on the same deliveries; dlt on fewer, beside musketer and the base on as many."""
        chosen, options = self.chosen(), self.options
        fast = [(engine.name, engine, options.jobs) for engine in chosen if engine.name != "dlt"]
        if fast:
            title = f"{options.rows:,} rows in {options.files} file(s)"
            self.add_section(title, *self.in_turn(title, self.data(options.rows, options.files), fast))
        if len(fast) < len(chosen):
            few = [(engine.name, engine, options.jobs) for engine in chosen if engine.name in ("musketer", BASE, "dlt")]
            title = f"{DLT_ROWS:,} rows in {options.files} file(s), with dlt"
            self.add_section(title, *self.in_turn(title, self.data(DLT_ROWS, options.files), few))

    def scaling(self):
        """musketer alone, at growing numbers of rows."""
        title = f"musketer by rows, in {self.options.files} file(s)"
        costs, books = {}, {}
        for rows in self.options.scaling:
            data, name = self.data(rows, self.options.files), f"{rows:,} rows"
            cost, book = self.in_turn(title, data, [(name, self.musketer(), self.options.jobs)])
            costs |= cost
            books |= book
        self.add_section(title, costs, books)

    def threads(self):
        """musketer alone, with different numbers of threads."""
        data = self.data(self.options.rows, self.options.files)
        rounds = [(f"{threads} thread(s)", self.musketer(), threads) for threads in self.options.threads]
        title = f"{data.rows:,} rows in {self.options.files} file(s), musketer by threads"
        self.add_section(title, *self.in_turn(title, data, rounds))

    def results(self):
        described = ["git", "describe", "--always", "--dirty"]
        commit = subprocess.run(described, cwd=engines.ROOT, capture_output=True, text=True, check=False)
        return {
            "commit": commit.stdout.strip(),
            "machine": {"processor": platform.machine(), "cpus": os.cpu_count(), "system": platform.platform()},
            "sections": self.sections,
            "differences": self.differences,
        }


def main():
    options = arguments()
    if options.work:
        options.work.mkdir(parents=True)
    work = options.work or Path(tempfile.mkdtemp(prefix="musketer-bench-"))
    try:
        bench = Bench(options, work)
        if options.scaling:
            bench.scaling()
        elif options.threads:
            bench.threads()
        else:
            bench.compare()
    except measure.JobFailed as failure:
        sys.exit(f"error: {failure}")
    finally:
        shutil.rmtree(work)
    results = bench.results()
    markdown = "\n".join(section["markdown"] for section in results["sections"])
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
        (options.out / "results.md").write_text(markdown)
    print(markdown)
    for difference in results["differences"]:
        print(f"different: {difference}", file=sys.stderr)
    if results["differences"]:
        sys.exit(1)
    print("all figures, rejected rows and canonical rows agree", file=sys.stderr)


if __name__ == "__main__":
    main()
