"""The command behind bench/nightly: a project whose units are many and small, a first run, nights that bring nothing
new, and what a changed text and a changed formula cost. Exit code 1 means that a night did what it should not have done;
speed alone never fails.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from peers import checked
from peers.check import release

LAST_YEAR = 2025


def arguments():
    parser = argparse.ArgumentParser(prog="bench/nightly", description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, default=10, help="years of twelve periods each (default: 10)")
    parser.add_argument("--sources", type=int, default=10, help="sources, each with a dataset of its own (default: 10)")
    parser.add_argument("--runs", type=int, default=5, help="nights without anything new (default: 5)")
    parser.add_argument("--binary", type=Path, help="the musketer to measure (default: a release build)")
    parser.add_argument("--folder", type=Path, help="make the project here and keep it; used again if it is there")
    parser.add_argument("--out", type=Path, help="file for the figures, as JSON")
    return parser.parse_args()


def municipalities():
    """The codes of today's municipalities: those whose row has no end."""
    table = (checked.ROOT / "definitions/codelists/municipality.csv").read_text(encoding="utf-8-sig").splitlines()
    names = table[0].split(";")
    rows = [dict(zip(names, line.split(";"))) for line in table[1:]]
    return [row["code"] for row in rows if row["kind"] == "municipality" and not row["valid_to"]]


def head(kind, name):
    return (
        f"kind: {kind}\nid: {name}\ntitle: {{da: Titel på {name}, en: Title of {name}}}\n"
        f"description: {{da: Lavet til en måling., en: Made for a measurement.}}\n"
    )


def dataset(at):
    return head("dataset", f"dataset_{at}") + (
        "grain: {da: En sum., en: A sum.}\nrow_unit: posting\npartition: month\nmunicipality: municipality\n"
        "time: {event: period}\nkey: [municipality, period, line]\nfields:\n"
        "  municipality: {type: code, codelist: municipality, required: true, title: {da: Kommune, en: Municipality}}\n"
        "  period: {type: month, required: true, title: {da: Måned, en: Month}}\n"
        "  line: {type: integer, required: true, range: ['1', null], title: {da: Linje, en: Line}}\n"
        "  amount: {type: decimal, precision: 15, scale: 2, unit: DKK, required: true, title: {da: Beløb, en: Amount}}\n"
    )


def source(at):
    return head("source", f"source_{at}") + (
        f"vendor: Vendor\nsystem: System {at}\ndataset: dataset_{at}\n"
        f"delivery:\n  file: 'source_{at}/{{municipality}}/{{municipality}}_{{period}}[_v{{version}}].csv'\n"
        "  municipality: file\n  period: month\n  load: period\n  min_rows: 1\n"
        "format: {type: delimited, encoding: utf-8, delimiter: ';'}\nnumbers: {decimal: ',', negative: leading}\n"
        "fields:\n  municipality: delivery\n  period: delivery\n  line: {column: Linje}\n  amount: {column: Beløb}\n"
    )


def indicator(at, formula="amount"):
    return head("indicator", f"indicator_{at}") + (
        "version: 1\nvalid: {from: 2007}\narea: finance\nperiod: year\nunit: DKK\ndecimals: 0\ndirection: neutral\n"
        f"measures:\n  amount: {{from: dataset_{at}, value: sum(amount)}}\nformula: {formula}\n"
    )


def project(folder, years, sources):
    """Writes the project, and returns how many deliveries it has."""
    codes = municipalities()
    lists = folder / "definitions/codelists"
    lists.mkdir(parents=True)
    for name in ["municipality", "region"]:
        for part in [f"{name}.yaml", f"{name}.csv", f"{name}_changes.csv"]:
            if (checked.ROOT / "definitions/codelists" / part).exists():
                shutil.copy(checked.ROOT / "definitions/codelists" / part, lists)
    first = LAST_YEAR - years + 1
    uses = ""
    for at in range(sources):
        checked.write(folder / f"definitions/datasets/dataset_{at}.yaml", dataset(at))
        checked.write(folder / f"definitions/sources/vendor/source_{at}.yaml", source(at))
        checked.write(folder / f"definitions/indicators/finance/indicator_{at}.yaml", indicator(at))
        listed = ", ".join(f"'{code}'" for code in codes)
        uses += f"  - {{source: source_{at}, municipalities: [{listed}], from: {first}-01, to: {LAST_YEAR}-12}}\n"
        for code in codes:
            below = folder / f"deliveries/source_{at}/{code}"
            below.mkdir(parents=True)
            for year in range(first, LAST_YEAR + 1):
                for month in range(1, 13):
                    amount = int(code) * 7 + month + at
                    text = f"Linje;Beløb\n1;{amount},00\n2;-{month},50\n"
                    (below / f"{code}_{year}{month:02}.csv").write_text(text, encoding="utf-8")
    checked.write(folder / "pipelines/all.yaml", head("pipeline", "all") + f"drop: deliveries\nindicators: all\nuses:\n{uses}")
    checked.write(folder / "musketer.yaml", "pipeline: all\nstore: store\n")
    return len(codes) * years * 12 * sources


def run(binary, folder):
    """One run: its report, and how many seconds the process took."""
    report = folder / "report.json"
    command = [binary, "--project", folder, "--quiet", "run", "--format", "json", "--output", report]
    started = time.monotonic()
    ended = subprocess.run(command, stdin=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    if ended.returncode != 0:
        sys.exit(f"musketer ended with {ended.returncode}")
    return json.loads(report.read_text(encoding="utf-8")), seconds


def expect(report, outcome, indicators):
    """Stops if the run did something else than it should have."""
    found = (report["outcome"], sorted(report["indicators"]))
    if found != (outcome, sorted(indicators)):
        sys.exit(f"expected {outcome} and {indicators}, found {found}")


def main():
    own = arguments()
    binary = own.binary or release()
    folder = own.folder or Path(tempfile.mkdtemp(prefix="musketer-nightly-"))
    try:
        measure(own, binary, folder)
    finally:
        if not own.folder:
            shutil.rmtree(folder, ignore_errors=True)


def measure(own, binary, folder):
    figures = {}
    if not (folder / "musketer.yaml").exists():
        figures["deliveries"] = project(folder, own.years, own.sources)
        _, figures["first_run_seconds"] = run(binary, folder)
    nights = []
    for _ in range(own.runs):
        report, seconds = run(binary, folder)
        expect(report, "nothing_new", [])
        nights.append(round(seconds, 3))
    figures["deliveries_known"] = report["deliveries_known"]
    figures["nights_seconds"] = nights
    figures["night_seconds"] = median(nights)
    figures["peak_memory_bytes"] = report.get("peak_memory_bytes")
    place = folder / "definitions/indicators/finance/indicator_0.yaml"
    place.write_text(place.read_text().replace("da: Lavet til en måling", f"da: En tekst fra {time.time_ns()}"))
    report, figures["changed_text_seconds"] = run(binary, folder)
    expect(report, report["outcome"], [])
    twice = "" if "formula: 2 *" in place.read_text() else "2 * "
    place.write_text(indicator(0, f"{twice}amount"))
    report, figures["changed_formula_seconds"] = run(binary, folder)
    expect(report, "complete", ["indicator_0"])
    text = json.dumps(figures, indent=1)
    print(text)
    if own.out:
        own.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
