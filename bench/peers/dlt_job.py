"""The job as an ordinary dlt script: rows as dictionaries, loaded into DuckDB, and the figures in SQL.

This is how the manual of dlt begins, and how ordinary pipelines are written.
"""

import csv
import datetime
import decimal
import os
import re
from pathlib import Path

import dlt

from peers import job

AMOUNT = re.compile(job.AMOUNT)


def reason_against(row, functions, municipalities, dransts):
    """Why the row is rejected; `None` if it is not. Turns the texts into values on the way."""
    if "\0" in row["text"]:
        return "byte"
    if row["account"] not in functions:
        return "account"
    if row["municipality"] not in municipalities or row["dranst"] not in dransts:
        return "code"
    if not AMOUNT.fullmatch(row["amount"]) or not row["line"].isdigit():
        return "number"
    try:
        row["posted"] = datetime.datetime.strptime(row["posted"], "%d-%m-%Y").date()
        row["period"] = datetime.datetime.strptime(row["period"], "%Y%m").date()
    except ValueError:
        return "date"
    amount = row["amount"].replace(".", "").replace(",", ".")
    row["amount"] = decimal.Decimal("-" + amount[:-1] if amount.endswith("-") else amount)
    row["line"] = int(row["line"])
    row["supplier"] = row["supplier"] or None
    row["function"] = functions[row["account"]]
    return None if row["document"] and row["cost_centre"] and row["art"] else "missing"


def rows(paths):
    """The rows of all files, each with the table that it belongs to."""
    functions, dransts = dict(job.functions()), set(job.dransts())
    municipalities = {code for code, _ in job.municipalities()}
    for path in paths:
        with open(path, encoding="latin-1", newline="") as file:
            reader = csv.reader(file, delimiter=";", strict=True)
            next(reader)
            for cells in reader:
                if len(cells) != len(job.COLUMNS):
                    reason = "short" if len(cells) < len(job.COLUMNS) else "long"
                else:
                    row = dict(zip(job.COLUMNS, cells))
                    reason = reason_against(row, functions, municipalities, dransts)
                if reason is None:
                    yield dlt.mark.with_table_name(row, "entry")
                else:
                    rejected = {"reason": reason, "file": path, "line": reader.line_num}
                    yield dlt.mark.with_table_name(rejected, "rejected")


def people(path):
    """The persons by municipality and age."""
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            area, age = row["OMRÅDE"], row["ALDER"]
            if row["KØN"] == "TOT" and age != "IALT" and area != "000" and not area.startswith("08"):
                yield {"municipality": "0" + area, "age": int(age), "persons": int(row["INDHOLD"])}


def main():
    this = job.Job.from_arguments()
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    database = str(this.folder / "dlt.duckdb")
    pipeline = dlt.pipeline(
        "ledger",
        pipelines_dir=str(this.folder / "pipelines"),
        destination=dlt.destinations.duckdb(database),
        dataset_name="ledger",
    )
    amount = {"amount": {"data_type": "decimal", "precision": 15, "scale": 2}}
    area = [{"municipality": code, "area": name} for code, name in job.areas()]
    pipeline.run(
        [
            dlt.resource(rows(this.ledgers), name="entry", columns=amount),
            dlt.resource(people(this.population), name="people"),
            dlt.resource(area, name="area"),
        ]
    )
    with pipeline.sql_client() as client:
        columns = ", ".join(job.CANONICAL)
        client.execute_sql(
            f"COPY (SELECT {columns} FROM entry) TO '{this.parquet}' (FORMAT parquet, COMPRESSION zstd)"
        )
        figures = client.execute_sql((Path(__file__).parent / "figures.sql").read_text())
        rejected = client.execute_sql("SELECT reason, file, line FROM rejected")
    this.publish(figures, rejected)


if __name__ == "__main__":
    main()
