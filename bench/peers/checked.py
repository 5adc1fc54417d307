"""A thousand definitions of made-up key figures, and as many models for the peers: the same files for everybody."""

import json
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Of a hundred definitions: code lists, datasets, sources; all others are indicators.
SHARES = {"codelists": 2, "datasets": 4, "sources": 10}
AREAS = ["children", "elderly", "finance", "health", "population", "school", "staff", "technical"]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def counts(files):
    """How many there are of each kind; two lists are the country's, one file is the pipeline."""
    found = {kind: max(1, files * share // 100) for kind, share in SHARES.items()}
    return found | {"indicators": files - sum(found.values()) - 3}


def definitions(folder, files):
    """A project of so many definitions, of the size and with the constructs of the library's own."""
    of = counts(files)
    lists = folder / "definitions" / "codelists"
    lists.mkdir(parents=True, exist_ok=True)
    for name in ["municipality", "region"]:
        # The list, its table, and what became of its codes.
        for part in [f"{name}.yaml", f"{name}.csv", f"{name}_changes.csv"]:
            if (ROOT / "definitions" / "codelists" / part).exists():
                shutil.copy(ROOT / "definitions" / "codelists" / part, lists)
    for at in range(of["codelists"]):
        write(folder / f"definitions/codelists/codes_{at}.yaml", codelist(at))
        rows = "".join(f"{code:04};Kode {code};Code {code};;;K{code}\n" for code in range(200))
        write(folder / f"definitions/codelists/codes_{at}.csv", f"code;title_da;title_en;valid_from;valid_to;aliases\n{rows}")
    for at in range(of["datasets"]):
        write(folder / f"definitions/datasets/dataset_{at}.yaml", dataset(at, at % of["codelists"]))
    for at in range(of["sources"]):
        write(folder / f"definitions/sources/vendor_{at % 7}/source_{at}.yaml", source(at, at % of["datasets"]))
    for at in range(of["indicators"]):
        area = AREAS[at % len(AREAS)]
        write(folder / f"definitions/indicators/{area}/indicator_{at}.yaml", indicator(at, area, of["datasets"]))
    # One source a dataset, because two at the same time would count everything twice.
    uses = "".join(
        f"  - {{source: source_{at}, municipalities: all, from: 2024-01}}\n"
        for at in range(min(of["datasets"], of["sources"]))
    )
    write(folder / "pipelines/all.yaml", head("pipeline", "all") + f"drop: deliveries\nindicators: all\nuses:\n{uses}")
    write(folder / "musketer.yaml", "pipeline: all\n")


def head(kind, name):
    return (
        f"kind: {kind}\nid: {name}\ntitle: {{da: Titel på {name}, en: Title of {name}}}\n"
        "description:\n"
        f"  da: >-\n    {name} er lavet til en måling. Den har en beskrivelse på to linjer, som alle rigtige definitioner har,\n"
        "    fordi en læser skal vide, hvad tallet betyder.\n"
        f"  en: >-\n    {name} was made for a measurement. Its description has two lines, as all real definitions have, because a\n"
        "    reader has to know what the figure means.\n"
    )


def codelist(at):
    return head("codelist", f"codes_{at}") + (
        "rows: codes_%d.csv\ngroups:\n"
        "  low: {title: {da: Lave, en: Low}, codes: ['000*', '001*'], except: ['0007']}\n"
        "  high: {title: {da: Høje, en: High}, codes: ['01*']}\n" % at
    )


def dataset(at, codes):
    return head("dataset", f"dataset_{at}") + (
        "grain: {da: En linje i et bilag., en: One line of a voucher.}\n"
        "row_unit: posting\npartition: month\nmunicipality: municipality\ntime: {event: period}\n"
        "key: [municipality, period, document, line]\nfields:\n"
        "  municipality: {type: code, codelist: municipality, required: true, title: {da: Kommune, en: Municipality}}\n"
        "  period: {type: month, required: true, title: {da: Måned, en: Month}}\n"
        "  document: {type: text, pattern: '[0-9]{8}', required: true, title: {da: Bilag, en: Voucher}}\n"
        "  line: {type: integer, required: true, range: ['1', null], title: {da: Linje, en: Line}}\n"
        "  posted: {type: date, required: true, range: ['2007-01-01', null], title: {da: Dato, en: Day}}\n"
        f"  code: {{type: code, codelist: codes_{codes}, required: true, title: {{da: Kode, en: Code}}}}\n"
        "  cost_centre: {type: text, pattern: '[0-9]{4}', title: {da: Omkostningssted, en: Cost centre}}\n"
        "  text: {type: text, title: {da: Tekst, en: Text}}\n"
        "  internal: {type: boolean, title: {da: Intern, en: Internal}}\n"
        "  employee: {type: person, unit: employee, title: {da: Ansat, en: Employee}}\n"
        "  hours: {type: decimal, precision: 7, scale: 2, unit: hour, title: {da: Timer, en: Hours}}\n"
        "  amount: {type: decimal, precision: 15, scale: 2, unit: DKK, required: true, title: {da: Beløb, en: Amount}}\n"
        "checks:\n"
        "  - {id: posted_in_time, when_true: 'posted >= period', severity: warning, title: {da: Rettidig, en: In time}}\n"
    )


def source(at, dataset_at):
    return head("source", f"source_{at}") + (
        f"vendor: Vendor {at % 7}\nsystem: System {at}\ndataset: dataset_{dataset_at}\n"
        f"delivery:\n  file: 'source_{at}/{{municipality}}/{{municipality}}_{{period}}[_v{{version}}].csv'\n"
        "  municipality: file\n  period: month\n  load: period\n  due_days: 20\n  min_rows: 1\n"
        "format: {type: delimited, encoding: windows-1252, delimiter: ';', quote: '\"'}\n"
        "numbers: {decimal: ',', group: '.', negative: trailing}\n"
        "fields:\n"
        "  municipality: {column: Kommunenr}\n  period: {column: Periode, date: yyyymm}\n"
        "  document: {column: Bilagsnr, width: 8}\n  line: {column: Linje, number: {negative: never}}\n"
        "  posted: {column: Bogføringsdato, date: dd-mm-yyyy}\n  code: {column: Kontostreng, slice: [1, 4]}\n"
        "  cost_centre: {column: Omkostningssted}\n  text: {column: Tekst}\n"
        "  internal: {column: Intern, boolean: {yes: [J], no: [N]}}\n  employee: {column: CPR-nr}\n"
        "  hours: {column: Timer}\n  amount: {column: Beløb}\n"
        "skip:\n  - {id: totals, column: Kommunenr, is: [I alt]}\n"
    )


def indicator(at, area, datasets):
    one, other = at % datasets, (at * 7 + 3) % datasets
    return head("indicator", f"indicator_{at}") + (
        f"version: 1\nvalid: {{from: 2007}}\narea: {area}\nperiod: year\nunit: DKK/employee\ndecimals: 0\n"
        "direction: neutral\nmeasures:\n"
        f"  expenditure:\n    from: dataset_{one}\n"
        f"    where: in_group(code, 'low') and amount <> 0 and cost_centre in ('{at:04}', '4711') and not internal\n"
        "    value: sum(amount)\n"
        f"  employees:\n    from: dataset_{other}\n    where: in_group(code, 'high') and month(period) between 1 and 6\n"
        "    value: count(distinct employee)\n"
        "formula: expenditure / employees\n"
        "reservations:\n  - {da: Tallet er lavet til en måling., en: The figure was made for a measurement.}\n"
    )


def models(folder, files):
    """A dbt project of so many models: each a query of two lines over another one or a source, described in YAML."""
    write(folder / "dbt_project.yml", "name: measured\nversion: '1.0'\nprofile: measured\nmodel-paths: [models]\n")
    write(folder / "profiles.yml", "measured:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: measured.duckdb}\n")
    by_area = {area: [] for area in AREAS}
    for at in range(files):
        area, name = AREAS[at % len(AREAS)], f"model_{at}"
        below = f"{{{{ ref('model_{at // 10}') }}}}" if at >= 40 else f"{{{{ source('raw', 'table_{at}') }}}}"
        write(
            folder / f"models/{area}/{name}.sql",
            f"select municipality, period, sum(amount) as amount\nfrom {below}\n"
            f"where code in ('0001', '0002') and amount <> 0 and cost_centre in ('{at:04}', '4711')\ngroup by 1, 2\n",
        )
        by_area[area].append(
            f"  - name: {name}\n    description: {name} was made for a measurement, and has a description as real ones have.\n"
            "    columns:\n      - name: municipality\n        data_tests: [not_null]\n      - name: period\n        data_tests: [not_null]\n"
            "      - name: amount\n        description: The amount.\n"
        )
    for area, entries in by_area.items():
        write(folder / f"models/{area}/schema.yml", "version: 2\nmodels:\n" + "".join(entries))
    tables = "".join(f"      - name: table_{at}\n" for at in range(min(files, 40)))
    write(folder / "models/sources.yml", f"version: 2\nsources:\n  - name: raw\n    tables:\n{tables}")


def contract(path, tables):
    """One data contract of so many tables: `datacontract lint` takes one file, and a process for each would take an hour."""
    columns = [
        ("municipality", "string"), ("period", "date"), ("document", "string"), ("line", "integer"), ("posted", "date"),
        ("code", "string"), ("cost_centre", "string"), ("text", "string"), ("internal", "boolean"),
        ("employee", "string"), ("hours", "number"), ("amount", "number"),
    ]
    properties = [{"name": name, "logicalType": kind, "physicalType": kind, "required": True} for name, kind in columns]
    schema = [
        {"name": f"table_{at}", "description": f"Table {at} was made for a measurement.", "properties": properties}
        for at in range(tables)
    ]
    document = {
        "apiVersion": "v3.0.2", "kind": "DataContract", "id": "measured", "name": "Measured", "version": "1.0.0",
        "status": "active", "schema": schema,
    }
    # JSON is YAML, and what its parser reads fastest.
    write(path, json.dumps(document, indent=1) + "\n")
