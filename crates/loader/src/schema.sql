-- The version of this layout. A newer program adds a row when it upgrades the file.
CREATE TABLE schema_version (
    version INTEGER NOT NULL PRIMARY KEY, -- The version; the highest one holds.
    created_by TEXT NOT NULL -- The version of the program that made or upgraded the file.
);

-- A run that published something. What a run publishes appears all at once; a run that fails leaves no row.
CREATE TABLE run (
    run INTEGER NOT NULL PRIMARY KEY, -- Number of the run. Numbers, not clocks, give the order of runs.
    pipeline TEXT NOT NULL, -- The pipeline that ran.
    started_at TEXT NOT NULL, -- When it started, RFC 3339.
    ended_at TEXT, -- When it published, RFC 3339.
    outcome TEXT CHECK (outcome IN ('ok', 'findings', 'partial')), -- `ok`, `findings` (published, with findings) or `partial` (published, but something could not be).
    exit_code INTEGER, -- The exit code of the command.
    engine_version TEXT NOT NULL, -- The version of the program.
    command TEXT NOT NULL DEFAULT 'run', -- The command that published: `run`, `apply`, `backfill`, `retract` and so on.
    milliseconds INTEGER, -- How long it took until the commit.
    bytes_read INTEGER NOT NULL DEFAULT 0, -- Bytes of the deliveries that it read, as they were received.
    deliveries_new INTEGER NOT NULL DEFAULT 0, -- Deliveries that this run saw first.
    deliveries_accepted INTEGER NOT NULL DEFAULT 0, -- Deliveries that this run read and accepted.
    deliveries_refused INTEGER NOT NULL DEFAULT 0, -- Deliveries that this run refused as a whole.
    rows_read INTEGER NOT NULL DEFAULT 0, -- Records in the deliveries that this run read.
    rows_accepted INTEGER NOT NULL DEFAULT 0, -- Records of them that became canonical rows.
    rows_rejected INTEGER NOT NULL DEFAULT 0, -- Records of them that were rejected.
    rows_skipped INTEGER NOT NULL DEFAULT 0, -- Records of them that a named rule left out.
    units INTEGER NOT NULL DEFAULT 0, -- Units (source x municipality x period) that this run wrote.
    figures_new INTEGER NOT NULL DEFAULT 0, -- Figures that this run published for the first time.
    figures_changed INTEGER NOT NULL DEFAULT 0, -- Figures that this run revised.
    figures_closed INTEGER NOT NULL DEFAULT 0 -- Figures that this run withdrew.
);

-- Every text of a definition that a run has used.
CREATE TABLE definition (
    kind TEXT NOT NULL CHECK (kind IN ('codelist', 'dataset', 'source', 'indicator', 'comparison_group', 'pipeline')), -- `codelist`, `dataset`, `source`, `indicator`, `comparison_group` or `pipeline`.
    id TEXT NOT NULL, -- Its identifier.
    version INTEGER NOT NULL, -- The declared version of an indicator; 0 for the other kinds, which have none.
    fingerprint TEXT NOT NULL, -- BLAKE3 hash of the canonical text.
    canonical TEXT NOT NULL, -- The definition in its canonical form.
    first_run INTEGER NOT NULL REFERENCES run (run), -- The first run that used it.
    current INTEGER NOT NULL DEFAULT 0 CHECK (current IN (0, 1)), -- 1 for the text that the latest run used.
    PRIMARY KEY (kind, id, version, fingerprint)
) WITHOUT ROWID;

-- A file, or the answer of a web API, that was received. The bytes lie in the raw archive under their hash.
CREATE TABLE delivery (
    delivery TEXT NOT NULL PRIMARY KEY, -- Identifier: a hash of scope and content, the same wherever the delivery arrives.
    kind TEXT NOT NULL CHECK (kind IN ('file', 'receipt')), -- `file`: a file or an answer; `receipt`: somebody said that there is nothing to report.
    source TEXT NOT NULL, -- The source that it is a delivery of.
    municipality TEXT, -- The municipality that its name states; empty if the rows name theirs.
    period TEXT, -- The period that its name states; empty if the rows say when they are.
    version INTEGER NOT NULL, -- Number of the correction, from 1; a higher one holds, in whatever order they arrive.
    name TEXT NOT NULL, -- Path below the drop folder, or address; masked where it looks like a personal number.
    content TEXT NOT NULL, -- BLAKE3 hash of the bytes, also the name in the raw archive.
    bytes INTEGER NOT NULL, -- How many bytes it has.
    sequence INTEGER NOT NULL UNIQUE, -- The order of arrival, from 1.
    received_run INTEGER NOT NULL REFERENCES run (run), -- The run that received it.
    processed_run INTEGER REFERENCES run (run), -- The run that read it last; empty if it was never read.
    reading_fingerprint TEXT, -- Hash of the definitions that it was read with; empty if it was never read.
    state TEXT NOT NULL CHECK (state IN ('accepted', 'refused', 'withheld', 'superseded', 'retracted')), -- `accepted`, `refused` (nothing of it is loaded), `withheld` (read, but beyond its source's budget, so nothing of it is published), `superseded` (another delivery holds in its place) or `retracted` (somebody took it back).
    refusal_code TEXT, -- Why it was refused or withheld: the code, which `musketer explain` explains.
    refusal_message TEXT, -- Why it was refused or withheld, in a sentence.
    refusal_line INTEGER, -- The line to blame, if there is one.
    refusal_column TEXT, -- The vendor's column to blame, if there is one.
    refusal_help TEXT, -- What to do about it.
    rows_read INTEGER NOT NULL DEFAULT 0, -- Records in the file, headers and control records included.
    rows_accepted INTEGER NOT NULL DEFAULT 0, -- Records that became canonical rows.
    rows_rejected INTEGER NOT NULL DEFAULT 0, -- Records that were rejected; see `rejected_row`.
    rows_skipped INTEGER NOT NULL DEFAULT 0, -- Records that a named rule left out; see `delivery_skip`.
    CHECK (rows_read = rows_accepted + rows_rejected + rows_skipped),
    CHECK ((state IN ('refused', 'withheld')) = (refusal_code IS NOT NULL)),
    CHECK ((processed_run IS NULL) = (reading_fingerprint IS NULL))
);

-- Records of a delivery that a rule left out, counted by rule.
CREATE TABLE delivery_skip (
    delivery TEXT NOT NULL REFERENCES delivery (delivery) DEFERRABLE INITIALLY DEFERRED, -- The delivery.
    rule TEXT NOT NULL, -- The rule: one of the source's own, or `preamble`, `blank`, `header`, `repeated_header`, `control_record`, `duplicate`.
    rows INTEGER NOT NULL CHECK (rows > 0), -- How many records it left out.
    PRIMARY KEY (delivery, rule)
) WITHOUT ROWID;

-- Something about a delivery that was loaded all the same, and is worth knowing.
CREATE TABLE delivery_notice (
    delivery TEXT NOT NULL REFERENCES delivery (delivery) DEFERRABLE INITIALLY DEFERRED, -- The delivery.
    position INTEGER NOT NULL, -- The order of the notices of a delivery, from 1.
    code TEXT NOT NULL, -- What it is: the code.
    message TEXT NOT NULL, -- What it is, in a sentence.
    rows INTEGER NOT NULL, -- How many rows it concerns.
    first_line INTEGER, -- The line of the first of them.
    PRIMARY KEY (delivery, position)
) WITHOUT ROWID;

-- The unit of work and publication: the rows of a source for one municipality in one period.
CREATE TABLE unit (
    source TEXT NOT NULL, -- The source.
    municipality TEXT NOT NULL, -- The municipality.
    period TEXT NOT NULL, -- The period, of the length that the dataset is delivered by.
    dataset TEXT NOT NULL, -- The dataset that the rows belong to.
    state TEXT NOT NULL DEFAULT 'done' CHECK (state IN ('done')), -- `done`: the rows are complete and counted in the figures.
    delivery TEXT NOT NULL REFERENCES delivery (delivery) DEFERRABLE INITIALLY DEFERRED, -- The delivery that the rows come from.
    reading_fingerprint TEXT NOT NULL, -- Hash of the definitions that they were read with.
    rows INTEGER NOT NULL CHECK (rows >= 0), -- How many canonical rows there are.
    part TEXT, -- The Parquet file with them, relative to the store; empty if there are none.
    run INTEGER NOT NULL REFERENCES run (run), -- The run that wrote them.
    PRIMARY KEY (source, municipality, period),
    CHECK ((rows = 0) = (part IS NULL))
) WITHOUT ROWID;
CREATE INDEX unit_of_delivery ON unit (delivery);

-- What each delivery covers that was read and accepted: whether it holds there follows from the others.
CREATE TABLE delivery_unit (
    delivery TEXT NOT NULL REFERENCES delivery (delivery) DEFERRABLE INITIALLY DEFERRED, -- The delivery.
    municipality TEXT NOT NULL, -- The municipality.
    period TEXT NOT NULL, -- The period.
    rows INTEGER NOT NULL CHECK (rows >= 0), -- How many canonical rows it has there.
    PRIMARY KEY (delivery, municipality, period)
) WITHOUT ROWID;

-- Which delivery held for a unit from which run to which.
CREATE TABLE unit_revision (
    source TEXT NOT NULL, -- The source.
    municipality TEXT NOT NULL, -- The municipality.
    period TEXT NOT NULL, -- The period.
    known_from_run INTEGER NOT NULL REFERENCES run (run), -- The run that took the rows from this delivery.
    known_to_run INTEGER REFERENCES run (run), -- The run that replaced or removed them; empty while they hold.
    delivery TEXT NOT NULL REFERENCES delivery (delivery) DEFERRABLE INITIALLY DEFERRED, -- The delivery that they came from.
    rows INTEGER NOT NULL CHECK (rows >= 0), -- How many canonical rows there were.
    PRIMARY KEY (source, municipality, period, known_from_run)
) WITHOUT ROWID;

-- What people have decided. The latest act about something holds; none is ever removed.
CREATE TABLE act (
    act INTEGER NOT NULL PRIMARY KEY, -- Number of the act. Numbers give the order.
    kind TEXT NOT NULL CHECK (kind IN ('retract', 'unretract', 'release', 'unrelease', 'waive', 'unwaive', 'approve', 'withdraw_approval', 'nothing_to_report')), -- What was decided: `retract` a delivery, `release` one that is withheld, `waive` a rejected row, `approve` figures, state that there is `nothing_to_report`; and what takes these back.
    delivery TEXT, -- The delivery that it is about.
    record INTEGER, -- The record of the delivery that it is about.
    source TEXT, -- The source that it is about.
    municipality TEXT, -- The municipality that it is about.
    period TEXT, -- The period that it is about.
    area_of_work TEXT, -- The municipal area that it is about.
    person TEXT NOT NULL, -- Who decided it.
    at TEXT NOT NULL, -- When, RFC 3339.
    reason TEXT NOT NULL, -- Why, in their words; masked.
    run INTEGER NOT NULL REFERENCES run (run) -- The run that carried it out.
);

-- Backfills that were begun. One is at work at a time; what a step of it publishes is complete in itself.
CREATE TABLE backfill (
    backfill INTEGER NOT NULL PRIMARY KEY, -- Number of the backfill.
    pipeline TEXT NOT NULL, -- The pipeline.
    arguments TEXT NOT NULL, -- What was asked for, as JSON.
    started_at TEXT NOT NULL, -- When it began, RFC 3339.
    ended_at TEXT, -- When its last step published, RFC 3339; empty while there are more.
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'abandoned')), -- `open`: to be resumed; `done`; or `abandoned` for another one.
    steps INTEGER NOT NULL, -- How many steps it has.
    steps_done INTEGER NOT NULL DEFAULT 0, -- How many of them have published.
    CHECK ((state = 'open') = (ended_at IS NULL))
);

-- A record that could not be loaded, with its place and the reason; also one that could not be loaded once, and now can.
CREATE TABLE rejected_row (
    delivery TEXT NOT NULL REFERENCES delivery (delivery) DEFERRABLE INITIALLY DEFERRED, -- The delivery.
    record INTEGER NOT NULL, -- Number of the record in the file, from 1.
    line INTEGER NOT NULL, -- The physical line on which it begins, from 1.
    code TEXT NOT NULL, -- What is wrong: the code, which `musketer explain` explains.
    column_name TEXT NOT NULL DEFAULT '', -- The vendor's column; an empty text where no single cell is to blame.
    name TEXT NOT NULL, -- What is wrong: the short name of the code.
    reason TEXT NOT NULL, -- What is wrong, in a sentence; masked.
    raw TEXT, -- The line as delivered, decoded and masked; empty where the dataset is about persons.
    status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'replayed', 'waived')), -- `open`: it waits for somebody; `waived`: somebody decided that it needs no more work, see `act`; `replayed`: it was rejected once, and passed when the delivery was read again, so it is no rejected record any more and counts in no books.
    replayed_run INTEGER REFERENCES run (run), -- The run in which it passed; empty unless it is `replayed`.
    PRIMARY KEY (delivery, record, line, code, column_name),
    CHECK ((status = 'replayed') = (replayed_run IS NOT NULL))
) WITHOUT ROWID;

-- Whom a figure can be about.
CREATE TABLE area (
    area TEXT NOT NULL PRIMARY KEY, -- Code of the municipality or region; `DK` for the country; a comparison group such as `six_cities` or `provinces:03`.
    level TEXT NOT NULL CHECK (level IN ('municipality', 'region', 'country', 'comparison_group')), -- `municipality`, `region`, `country` or `comparison_group`.
    title_da TEXT NOT NULL, -- Name in Danish.
    title_en TEXT NOT NULL, -- Name in English.
    region TEXT -- The region that a municipality lies in.
) WITHOUT ROWID;

-- Who belongs to a comparison group from when to when, and in which order the nearest are. Current lists only.
CREATE TABLE comparison_group_member (
    comparison_group TEXT NOT NULL, -- The comparison group, as it is defined.
    area TEXT NOT NULL REFERENCES area (area) DEFERRABLE INITIALLY DEFERRED, -- Which area of it: `six_cities`, `provinces:03`, or `alike:0751` for the nearest of a municipality.
    municipality TEXT NOT NULL REFERENCES area (area) DEFERRABLE INITIALLY DEFERRED, -- The municipality that belongs to it.
    first_day TEXT NOT NULL, -- From this day on, ISO 8601; an empty text if it always did. A figure counts those who belong to it on the first day of its period.
    day_after TEXT, -- The first day on which it does not belong to it any more; empty if there is none.
    rank INTEGER, -- Its place among the nearest, from 1; empty for other groups.
    distance TEXT, -- How far away it is, an exact decimal: places between them, or shares of the range; empty for other groups.
    PRIMARY KEY (area, municipality, first_day),
    CHECK ((rank IS NULL) = (distance IS NULL))
) WITHOUT ROWID;

-- The periods that figures are about, for time axes.
CREATE TABLE period (
    period TEXT NOT NULL PRIMARY KEY, -- The period: `2024`, `2024-Q1`, `2024-05`, `2024-W05`, `2024/25`.
    kind TEXT NOT NULL, -- `year`, `school_year`, `quarter`, `month` or `week`.
    first_day TEXT NOT NULL, -- The first day, ISO 8601.
    last_day TEXT NOT NULL -- The last day, ISO 8601.
) WITHOUT ROWID;

-- The definition of a key figure, in every version that was published.
CREATE TABLE indicator (
    indicator TEXT NOT NULL, -- Its identifier.
    version INTEGER NOT NULL, -- The version of the definition, from 1.
    area_of_work TEXT NOT NULL, -- The municipal area that it belongs to, for example `school`.
    title_da TEXT NOT NULL, -- Title in Danish.
    title_en TEXT NOT NULL, -- Title in English.
    description_da TEXT NOT NULL, -- What it means, in Danish.
    description_en TEXT NOT NULL, -- What it means, in English.
    unit TEXT NOT NULL, -- The unit of its values.
    decimals INTEGER NOT NULL, -- Decimals of its values.
    period_kind TEXT NOT NULL, -- The length of its periods: `year`, `school_year`, `quarter`, `month` or `week`.
    direction TEXT NOT NULL, -- `higher_is_better`, `lower_is_better` or `neutral`.
    formula TEXT NOT NULL, -- How it is made of its measures.
    fingerprint TEXT NOT NULL, -- Hash of the definition; its text is in `definition`.
    valid_from TEXT, -- The first period that this version makes, as defined then; empty if it has no beginning.
    valid_to TEXT, -- The last period that this version makes, as defined then, before a newer one takes over; empty if it has no end.
    reservations TEXT NOT NULL, -- What a reader must know before using the figures: a JSON list of `{"da": ..., "en": ...}`.
    current INTEGER NOT NULL CHECK (current IN (0, 1)), -- 1 for the current version, 0 for those before it.
    PRIMARY KEY (indicator, version)
) WITHOUT ROWID;

-- The series that are computed today: an indicator by one version of its definition, as defined then or now.
CREATE TABLE series (
    indicator TEXT NOT NULL, -- The indicator.
    version INTEGER NOT NULL, -- The version of its definition.
    as_defined TEXT NOT NULL CHECK (as_defined IN ('then', 'now')), -- `then`: the version makes the periods that it is valid in; `now`: it is the current one, and makes all.
    basis TEXT NOT NULL, -- Hash of all that decides the figures besides the rows: definition, periods, uses of sources, municipalities, regions and comparison groups.
    PRIMARY KEY (indicator, version, as_defined),
    FOREIGN KEY (indicator, version) REFERENCES indicator (indicator, version) DEFERRABLE INITIALLY DEFERRED
) WITHOUT ROWID;

-- What figures are broken down by: a row for each dimension of each part. `total` is no part, and has no row.
CREATE TABLE breakdown (
    indicator TEXT NOT NULL, -- The indicator.
    version INTEGER NOT NULL, -- The version of its definition.
    breakdown TEXT NOT NULL, -- The part, as `observation` names it: `sex=1,age_band=0-5`.
    dimension TEXT NOT NULL, -- One of the dimensions that it is a part by: `age_band`.
    dimensions TEXT NOT NULL, -- All of them, in the order of the definition: `sex,age_band`.
    category TEXT NOT NULL, -- The category of this dimension: `0-5`.
    sequence INTEGER NOT NULL, -- The place of the category among those of its dimension, from 1.
    dimension_title_da TEXT NOT NULL, -- The dimension's title in Danish.
    dimension_title_en TEXT NOT NULL, -- The dimension's title in English.
    category_title_da TEXT NOT NULL, -- The category's title in Danish.
    category_title_en TEXT NOT NULL, -- The category's title in English.
    additive INTEGER NOT NULL CHECK (additive IN (0, 1)), -- 1 where it is proven that the parts by these dimensions add up to the total, apart from rounding; otherwise 0, and they must not be added.
    PRIMARY KEY (indicator, version, breakdown, dimension),
    FOREIGN KEY (indicator, version) REFERENCES indicator (indicator, version) DEFERRABLE INITIALLY DEFERRED
) WITHOUT ROWID;

-- What the figures are made of: exact sums and counts of each municipality. Current values only.
CREATE TABLE measure (
    indicator TEXT NOT NULL, -- The indicator.
    version INTEGER NOT NULL, -- The version of its definition that made it.
    as_defined TEXT NOT NULL CHECK (as_defined IN ('then', 'now')), -- `then`: by the version that is valid in the period; `now`: by the current version, whatever the period.
    municipality TEXT NOT NULL, -- The municipality.
    period TEXT NOT NULL, -- The period of the indicator.
    breakdown TEXT NOT NULL DEFAULT 'total', -- What part of the population, see `breakdown`; `total` for all.
    measure TEXT NOT NULL, -- The measure, as the formula names it.
    minor INTEGER, -- The value in units of 10^-scale; empty where it is missing.
    scale INTEGER NOT NULL, -- Decimals of the value.
    divisor INTEGER NOT NULL DEFAULT 1 CHECK (divisor > 0), -- What the value is divided by: the number of rows of a mean, of days of an average, otherwise 1.
    rows INTEGER NOT NULL, -- Canonical rows that it was made of.
    obs_status TEXT NOT NULL, -- Why it is missing, by SDMX `CL_OBS_STATUS`; `A` if it is not.
    PRIMARY KEY (indicator, version, as_defined, municipality, period, breakdown, measure),
    FOREIGN KEY (indicator, version) REFERENCES indicator (indicator, version) DEFERRABLE INITIALLY DEFERRED
) WITHOUT ROWID;

-- The figures, in every revision that was published. For the current ones use `latest_observation`.
CREATE TABLE observation (
    indicator TEXT NOT NULL, -- The indicator.
    version INTEGER NOT NULL, -- The version of its definition that made it.
    as_defined TEXT NOT NULL CHECK (as_defined IN ('then', 'now')), -- `then`: by the version that is valid in the period; `now`: by the current version, whatever the period.
    area TEXT NOT NULL REFERENCES area (area) DEFERRABLE INITIALLY DEFERRED, -- Whom it is about.
    period TEXT NOT NULL REFERENCES period (period) DEFERRABLE INITIALLY DEFERRED, -- When.
    breakdown TEXT NOT NULL, -- What part of the population, see `breakdown`; `total` for all.
    revision INTEGER NOT NULL CHECK (revision > 0), -- Number of the revision, from 1.
    value REAL, -- The value, rounded to the indicator's decimals; empty where there is none.
    value_exact TEXT, -- The value as an exact decimal text.
    numerator REAL, -- The numerator, where the formula is a quotient, rounded once to a float.
    denominator REAL, -- The denominator, where the formula is a quotient, rounded once to a float.
    numerator_exact TEXT, -- The numerator exactly: a decimal, or `n/d` where no finite decimal holds it.
    denominator_exact TEXT, -- The denominator exactly: a decimal, or `n/d` where no finite decimal holds it.
    contributing INTEGER NOT NULL, -- How many municipalities contribute.
    members INTEGER NOT NULL, -- How many municipalities the area has.
    obs_status TEXT NOT NULL, -- Status by SDMX `CL_OBS_STATUS`: `A` normal, `P` provisional (some municipalities are missing), `O` not delivered, `L` not collected, `M` cannot exist, `B` the series begins anew, `K` included in another municipality, `U` not plausible.
    conf_status TEXT NOT NULL DEFAULT 'F', -- Confidentiality by SDMX `CL_CONF_STATUS`; `F` is free for publication, `N` is not approved yet.
    why TEXT NOT NULL DEFAULT '', -- Why this revision came: `delivery` (something was delivered where nothing had been), `correction` (what had been delivered was replaced), `withdrawal` (a delivery was taken back or is refused now), `approval`, `groups` (others belong to the region or comparison group) or `definition`; of several the last in this order; empty where a version of the program before wrote it.
    known_from_run INTEGER NOT NULL REFERENCES run (run), -- The run that published this revision.
    known_to_run INTEGER REFERENCES run (run), -- The run that replaced or withdrew it; empty for the current one.
    PRIMARY KEY (indicator, version, as_defined, area, period, breakdown, revision),
    FOREIGN KEY (indicator, version) REFERENCES indicator (indicator, version) DEFERRABLE INITIALLY DEFERRED,
    CHECK ((value IS NULL) = (value_exact IS NULL)),
    CHECK (known_from_run < known_to_run)
) WITHOUT ROWID;
CREATE UNIQUE INDEX observation_current ON observation (indicator, as_defined, area, period, breakdown, version)
    WHERE known_to_run IS NULL;

-- Files of the drop folder as they were when they were read, so that an unchanged file is not read again.
CREATE TABLE seen_file (
    file TEXT NOT NULL PRIMARY KEY, -- BLAKE3 hash of the path, because a path could hold a personal number.
    path TEXT NOT NULL, -- Path below the drop folder; masked where it looks like a personal number.
    source TEXT NOT NULL, -- The source that the name belongs to.
    bytes INTEGER NOT NULL, -- Size in bytes.
    modified_ns INTEGER NOT NULL, -- Time of the last change, in nanoseconds since 1970.
    inode INTEGER NOT NULL, -- Number of the file in its file system.
    content TEXT NOT NULL, -- BLAKE3 hash of the bytes.
    delivery TEXT NOT NULL REFERENCES delivery (delivery) DEFERRABLE INITIALLY DEFERRED -- The delivery that it is.
) WITHOUT ROWID;

-- The current figures with titles, one row a figure: each by the version of the definition that is valid in its period.
CREATE VIEW latest_observation AS
SELECT
    o.indicator AS indicator, -- The indicator.
    o.version AS version, -- The version of its definition that made the figure.
    o.as_defined AS as_defined, -- `then` in `latest_observation`, `now` in `latest_observation_as_defined_now`.
    i.area_of_work AS area_of_work, -- The municipal area that it belongs to.
    i.title_da AS indicator_title_da, -- Its title in Danish.
    i.title_en AS indicator_title_en, -- Its title in English.
    o.area AS area, -- Code of the municipality or region; `DK` for the country; a comparison group.
    a.level AS level, -- `municipality`, `region`, `country` or `comparison_group`.
    a.title_da AS area_title_da, -- The area's name in Danish.
    a.title_en AS area_title_en, -- The area's name in English.
    a.region AS region, -- The region that a municipality lies in.
    o.period AS period, -- The period.
    p.kind AS period_kind, -- `year`, `school_year`, `quarter`, `month` or `week`.
    p.first_day AS first_day, -- The first day of the period.
    p.last_day AS last_day, -- The last day of the period.
    o.breakdown AS breakdown, -- What part of the population, see `breakdown`; `total` for all.
    CASE WHEN o.conf_status = 'N' THEN NULL ELSE o.value END AS value, -- The value; empty where there is none, and where it is not approved yet.
    CASE WHEN o.conf_status = 'N' THEN NULL ELSE o.value_exact END AS value_exact, -- The value as an exact decimal text.
    i.unit AS unit, -- The unit of the value.
    i.decimals AS decimals, -- Decimals of the value.
    CASE WHEN o.conf_status = 'N' THEN NULL ELSE o.numerator END AS numerator, -- The numerator, where the formula is a quotient.
    CASE WHEN o.conf_status = 'N' THEN NULL ELSE o.denominator END AS denominator, -- The denominator, where the formula is a quotient.
    CASE WHEN o.conf_status = 'N' THEN NULL ELSE o.numerator_exact END AS numerator_exact, -- The numerator exactly.
    CASE WHEN o.conf_status = 'N' THEN NULL ELSE o.denominator_exact END AS denominator_exact, -- The denominator exactly.
    o.contributing AS contributing, -- How many municipalities contribute.
    o.members AS members, -- How many municipalities the area has.
    o.obs_status AS obs_status, -- Status by SDMX `CL_OBS_STATUS`.
    o.conf_status AS conf_status, -- Confidentiality by SDMX `CL_CONF_STATUS`: `F` is free for publication, `N` is not approved yet, and then there is no value here.
    o.revision AS revision, -- How many revisions the figure has had.
    o.known_from_run AS known_from_run, -- The run that published it.
    r.started_at AS known_from -- When that run started.
FROM observation AS o
JOIN indicator AS i ON i.indicator = o.indicator AND i.version = o.version
JOIN area AS a ON a.area = o.area
JOIN period AS p ON p.period = o.period
JOIN run AS r ON r.run = o.known_from_run
WHERE o.known_to_run IS NULL AND o.as_defined = 'then'
    AND NOT EXISTS (
        SELECT 1 FROM observation AS n
        WHERE n.indicator = o.indicator AND n.version > o.version AND n.as_defined = o.as_defined AND n.area = o.area
            AND n.period = o.period AND n.breakdown = o.breakdown AND n.known_to_run IS NULL
    );

-- The books of every delivery: what was read is accepted, rejected, or skipped by a named rule.
CREATE VIEW delivery_balance AS
SELECT
    d.delivery AS delivery, -- The delivery.
    d.source AS source, -- Its source.
    d.municipality AS municipality, -- The municipality that its name states.
    d.period AS period, -- The period that its name states.
    d.state AS state, -- `accepted`, `refused` or `superseded`.
    d.rows_read AS rows_read, -- Records in the file.
    d.rows_accepted AS rows_accepted, -- Records that became canonical rows.
    d.rows_rejected AS rows_rejected, -- Records that were rejected.
    d.rows_skipped AS rows_skipped, -- Records that a named rule left out.
    (SELECT count(DISTINCT r.record) FROM rejected_row AS r WHERE r.delivery = d.delivery AND r.status <> 'replayed') AS rejected_rows_kept, -- Rejected records that can be looked at in `rejected_row`, open and waived ones.
    (SELECT coalesce(sum(s.rows), 0) FROM delivery_skip AS s WHERE s.delivery = d.delivery) AS skipped_rows_by_rule, -- The sum of `delivery_skip`.
    (SELECT coalesce(sum(u.rows), 0) FROM unit AS u WHERE u.delivery = d.delivery) AS rows_in_units -- Canonical rows of it that are counted in figures; 0 where another delivery holds.
FROM delivery AS d;
