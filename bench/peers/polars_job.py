"""The job in Polars, with its streaming engine. Its reader takes UTF-8 alone, so the files are transcoded first.

The reader does not count cells: it fills short rows with nulls and drops surplus cells. A thirteenth column that no row
may have and the last one that every row must have make it strict; the transcoded files get a header for it.
"""

import os

import polars as pl

from peers import job

BLOCK = 4 << 20


def transcode(this):
    """Writes the ledgers in UTF-8. Latin-1 is several times as fast as Windows-1252 here, as in the other engines."""
    folder = this.folder / "utf8"
    folder.mkdir()
    for number, path in enumerate(this.ledgers):
        with open(path, "rb") as source, open(folder / f"{number:03}.csv", "wb") as target:
            source.readline()
            target.write(";".join((*job.COLUMNS, "surplus")).encode() + b"\r\n")
            while block := source.read(BLOCK):
                target.write(block.decode("latin-1").encode())
    return folder


def parsed(folder):
    """The rows with their types, and the reason why a row is rejected."""
    rows = pl.scan_csv(
        folder / "*.csv",
        separator=";",
        schema={column: pl.String for column in (*job.COLUMNS, "surplus")},
        truncate_ragged_lines=True,
    )
    accounts, functions = zip(*job.functions())
    mapped = pl.LazyFrame({"account": accounts, "function": functions})
    known = [code for code, _ in job.municipalities()]
    amount = pl.col("amount")
    minus = pl.when(amount.str.ends_with("-")).then(-1).otherwise(1)
    digits = amount.str.strip_chars_end("-").str.replace_all(".", "", literal=True).str.replace(",", "", literal=True)
    posted = pl.col("posted").str.to_date("%d-%m-%Y", strict=False)
    period = (pl.col("period") + "01").str.to_date("%Y%m%d", strict=False)
    line = pl.col("line").cast(pl.Int32, strict=False)
    reason = (
        pl.when(pl.col("surplus").is_not_null())
        .then(pl.lit("long"))
        .when(amount.is_null())
        .then(pl.lit("short"))
        .when(pl.col("text").str.contains("\0", literal=True).fill_null(False))
        .then(pl.lit("byte"))
        .when(posted.is_null() | period.is_null())
        .then(pl.lit("date"))
        .when(pl.col("function").is_null())
        .then(pl.lit("account"))
        .when(~pl.col("municipality").is_in(known) | ~pl.col("dranst").is_in(job.dransts()))
        .then(pl.lit("code"))
        .when(~amount.str.contains(f"^(?:{job.AMOUNT})$") | line.is_null())
        .then(pl.lit("number"))
        .when(pl.any_horizontal(pl.col("document", "cost_centre", "art").is_null()))
        .then(pl.lit("missing"))
    )
    return rows.join(mapped, on="account", how="left").with_columns(
        reason=reason,
        posted=posted,
        period=period,
        line=line,
        amount=digits.cast(pl.Int64, strict=False) * minus,
    )


def canonical(accepted):
    """The canonical columns; the amount as a decimal."""
    amount = (pl.col("amount").cast(pl.Decimal(18, 2)) / 100).cast(pl.Decimal(15, 2))
    return accepted.select(*job.CANONICAL).with_columns(amount=amount)


def measures(accepted):
    """Sums in øre by municipality and month."""
    function, amount = pl.col("function"), pl.col("amount")
    main = function.str.slice(0, 1)

    def over(condition, name):
        return pl.when(condition).then(amount).otherwise(0).sum().alias(name)

    return (
        accepted.filter(pl.col("dranst").is_in(["1", "2"]))
        .group_by("municipality", "period")
        .agg(
            over(main.is_in(["0", "2", "3", "4", "5", "6"]), "operations"),
            over(main == "6", "administration"),
            over(function.str.starts_with("5.30."), "elderly"),
        )
    )


def people(this):
    """Persons by municipality: all, and those of 67 years and more."""
    rows = pl.read_csv(this.population, separator=";", infer_schema=False)
    own = (
        (pl.col("KØN") == "TOT")
        & (pl.col("ALDER") != "IALT")
        & (pl.col("TID") == "2024K1")
        & ~pl.col("OMRÅDE").str.contains("^(?:000|08.)$")
    )
    persons, age = pl.col("INDHOLD").cast(pl.Int64), pl.col("ALDER").cast(pl.Int64)
    return (
        rows.filter(own)
        .group_by(municipality="0" + pl.col("OMRÅDE"))
        .agg(persons.sum().alias("persons"), persons.filter(age >= 67).sum().alias("persons_elderly"))
    )


def figures(sums, persons):
    """The figures of all areas, from the sums by municipality and month."""
    codes, names = zip(*job.areas())
    area = pl.DataFrame({"municipality": codes, "area": names})
    monthly = sums.join(area, on="municipality").group_by("area", "period").agg(
        pl.col("operations", "administration", "elderly").sum()
    )
    persons = persons.join(area, on="municipality").group_by("area").agg(pl.col("persons", "persons_elderly").sum())
    yearly = monthly.group_by("area", period=pl.col("period").dt.strftime("%Y")).agg(
        pl.col("operations", "elderly").sum()
    )
    yearly = yearly.join(persons, on="area")

    def plain(indicator, column):
        month = pl.col("period").dt.strftime("%Y-%m")
        return monthly.select(pl.lit(indicator), "area", month, n=column, d=pl.lit(1), value=column)

    def ratio(indicator, numerator, denominator):
        n, d = pl.col(numerator), pl.col(denominator)
        value = n.sign() * ((2 * n.abs() + d) // (2 * d))
        return yearly.select(pl.lit(indicator), "area", "period", n=n, d=d, value=value)

    return [
        *plain("net_operating_expenditure", "operations").iter_rows(),
        *plain("administration_expenditure", "administration").iter_rows(),
        *ratio("net_operating_expenditure_per_inhabitant", "operations", "persons").iter_rows(),
        *ratio("elderly_expenditure_per_67plus", "elderly", "persons_elderly").iter_rows(),
    ]


def main():
    this = job.Job.from_arguments()
    rows = parsed(transcode(this))
    accepted = rows.filter(pl.col("reason").is_null())
    rejected = rows.filter(pl.col("reason").is_not_null()).select("reason")
    parquet = canonical(accepted).sink_parquet(this.parquet, compression="zstd", lazy=True)
    sums, rejected, _ = pl.collect_all([measures(accepted), rejected, parquet], engine="streaming")
    this.publish(figures(sums, people(this)), [(reason, None, None) for (reason,) in rejected.iter_rows()])


if __name__ == "__main__":
    # The number of threads is fixed when the library is loaded; whoever starts the job sets it.
    assert "POLARS_MAX_THREADS" in os.environ
    main()
