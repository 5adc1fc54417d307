"""The job in DuckDB: the fastest honest form that was found.

The CSV reader checks the number of columns, the dates and the whole numbers, and keeps what it refuses with its line;
what it cannot check is checked in one pass over its rows, which are held in a table because three things are made of
them. Its Latin-1 reader is used: its correct reader for Windows-1252 is several times slower, and the generator leaves
out the bytes from 0x80 to 0x9F, for any of which the Latin-1 reader would refuse the whole file.
"""

from pathlib import Path

import duckdb

from peers import job

TYPES = {"period": "INTEGER", "line": "INTEGER", "posted": "DATE"}
REASONS = {"MISSING COLUMNS": "short", "TOO MANY COLUMNS": "long"}
CAST_REASONS = {"posted": "date", "period": "date", "line": "number"}

STAGED = f"""
CREATE TABLE staged AS
SELECT
    raw.municipality,
    make_date(period // 100, period % 100, 1) AS period,
    document, line, posted, raw.account, mapped.function, raw.dranst, cost_centre, art, supplier, text,
    TRY_CAST(replace(replace(rtrim(amount, '-'), '.', ''), ',', '.') AS DECIMAL(15, 2))
        * CASE WHEN suffix(amount, '-') THEN -1 ELSE 1 END AS amount,
    CASE
        WHEN contains(text, chr(0)) THEN 'byte'
        WHEN mapped.function IS NULL THEN 'account'
        WHEN known.municipality IS NULL OR types.dranst IS NULL THEN 'code'
        WHEN NOT coalesce(regexp_full_match(amount, '{job.AMOUNT}'), FALSE) THEN 'number'
        WHEN period // 100 <> 2024 OR period % 100 NOT BETWEEN 1 AND 12 THEN 'period'
        WHEN document IS NULL OR line IS NULL OR posted IS NULL OR cost_centre IS NULL OR art IS NULL THEN 'missing'
    END AS reason
FROM read_csv(
    $files, auto_detect = false, header = true, delim = ';', quote = '"', escape = '"', strict_mode = true,
    encoding = 'latin-1', dateformat = '%d-%m-%Y', store_rejects = true,
    columns = {{{", ".join(f"'{column}': '{TYPES.get(column, 'VARCHAR')}'" for column in job.COLUMNS)}}}
) AS raw
LEFT JOIN mapped ON raw.account = mapped.account
LEFT JOIN municipality AS known ON raw.municipality = known.municipality
LEFT JOIN dranst AS types ON raw.dranst = types.dranst
"""

PEOPLE = """
CREATE TABLE people AS
SELECT '0' || "OMRÅDE" AS municipality, "ALDER"::INTEGER AS age, "INDHOLD"::INTEGER AS persons
FROM read_csv($file, delim = ';', header = true, all_varchar = true)
WHERE "KØN" = 'TOT' AND "ALDER" <> 'IALT' AND "TID" = '2024K1' AND NOT "OMRÅDE" SIMILAR TO '000|08.'
"""


def create(connection, name, **columns):
    """A small table, from a list for each column."""
    values = ", ".join(f"unnest(${column}::VARCHAR[]) AS {column}" for column in columns)
    connection.execute(f"CREATE TABLE {name} AS SELECT {values}", columns)


def main():
    this = job.Job.from_arguments()
    connection = duckdb.connect()
    connection.execute(f"SET threads = {this.threads}")
    connection.execute("SET preserve_insertion_order = false")
    accounts, functions = zip(*job.functions())
    create(connection, "mapped", account=accounts, function=functions)
    create(connection, "municipality", municipality=[code for code, _ in job.municipalities()])
    create(connection, "dranst", dranst=job.dransts())
    members, areas = zip(*job.areas())
    create(connection, "area", municipality=members, area=areas)
    connection.execute(STAGED, {"files": this.ledgers})
    connection.execute(PEOPLE, {"file": this.population})
    connection.execute("CREATE VIEW entry AS SELECT * EXCLUDE (reason) FROM staged WHERE reason IS NULL")
    if this.canonical:
        columns = ", ".join(job.CANONICAL)
        connection.execute(
            f"COPY (SELECT {columns} FROM entry) TO '{this.parquet}' (FORMAT parquet, COMPRESSION zstd)"
        )
    figures = connection.execute((Path(__file__).parent / "figures.sql").read_text()).fetchall()
    refused = connection.execute(
        "SELECT error_type, column_name, file_path, line"
        " FROM reject_errors JOIN reject_scans USING (scan_id, file_id)"
    ).fetchall()
    rejected = [
        (REASONS.get(kind) or CAST_REASONS.get(column, kind), file, line) for kind, column, file, line in refused
    ]
    rejected += connection.execute("SELECT reason, NULL, NULL FROM staged WHERE reason IS NOT NULL").fetchall()
    this.publish(figures, rejected)


if __name__ == "__main__":
    main()
