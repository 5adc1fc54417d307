//! The stable codes of everything that can be said about input, and their explanations.
//!
//! Ranges: M1 syntax, M2 references, M3 types and units, M4 time and history, M5 data rows, M6 loading, M7 runs and
//! state, M8 sources and transport, M9 internal. A code that was published keeps its meaning for ever.

use std::fmt;

/// A stable code, written `M` and four digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

/// What a code means and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// A short name, for tables.
    pub name: &'static str,
    /// What it means and why it is said.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Code {
    /// The code with this text, if there is one: `M5102`, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        CodeInfo::all().iter().map(|info| info.code).find(|code| code.to_string().eq_ignore_ascii_case(text))
    }

    /// What it means and what to do about it.
    pub fn info(self) -> &'static CodeInfo {
        let at = CODES
            .binary_search_by_key(&self, |info| info.code)
            .unwrap_or_else(|_| unreachable!("every code is made by the table"));
        &CODES[at]
    }

    /// The short name.
    pub fn name(self) -> &'static str {
        self.info().name
    }
}

impl CodeInfo {
    /// All codes, in order.
    pub fn all() -> &'static [Self] {
        CODES
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("M{:04}", self.0))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "M{:04}", self.0)
    }
}

macro_rules! codes {
    ($($number:literal $name:ident: $meaning:literal => $remedy:literal;)*) => {
        impl Code {
            $(#[doc = $meaning] pub const $name: Self = Self($number);)*
        }
        const CODES: &[CodeInfo] = &[
            $(CodeInfo { code: Code::$name, name: stringify!($name), meaning: $meaning, remedy: $remedy },)*
        ];
    };
}

codes! {
    1001 YAML_SYNTAX: "The file is not well-formed YAML." => "Mend the place that the message points at; the parser stops at the first mistake of this kind in a file.";
    1002 UNKNOWN_KEY: "A key that this kind of definition does not have. Unknown keys are refused, because a misspelt key would otherwise be ignored in silence." => "Correct the spelling, or remove the key.";
    1003 DUPLICATE_KEY: "A key stands twice in one mapping; which of the two was meant cannot be known." => "Remove one of them.";
    1004 WRONG_TYPE: "The value has another shape than the key takes: a list where a text belongs, for example." => "Write the value in the shape that the message names.";
    1005 MISSING_KEY: "A key that this kind of definition must have is not there." => "Add it.";
    1006 UNQUOTED_CODE: "A code is written without quotation marks, so that YAML reads it as a number and may drop its leading zeros." => "Put the code in quotation marks: '0101'.";
    1007 YAML_BOOLEAN: "One of the words that older YAML versions read as a truth value (yes, no, on, off, y, n) stands without quotation marks." => "Write true or false for a truth value, or put the word in quotation marks.";
    1008 YAML_LIMIT: "The file is larger or more deeply nested than a definition can sensibly be, or uses anchors and aliases, which definitions do not have." => "Split the file, or write out what the alias stands for.";
    1009 ID_NOT_STEM: "The `id` differs from the name of the file." => "Name the file after the id: `<id>.yaml`.";
    1010 INVALID_VALUE: "The value has the right shape but no meaning here." => "Choose one of the values that the message names.";
    1011 EXPRESSION_SYNTAX: "The expression is not a well-formed SQL expression." => "Mend the place that the message points at.";
    1012 TABLE_SYNTAX: "The table beside a code list cannot be read: a column is missing, or a row is damaged." => "The table is UTF-8 with `;` between the columns that the message names.";
    1013 PATH_ESCAPE: "A path leads out of the project: it is absolute, or climbs with `..`." => "Use a path below the project's folder.";
    1014 INVALID_PATTERN: "The regular expression or file name pattern is not well-formed, or larger than the limit." => "Mend or shorten it.";
    1015 UNREADABLE: "The file cannot be read, or is not UTF-8." => "Save it as UTF-8 and check its permissions.";
    1201 TEST_TABLE: "A table of a test cannot be read: it has no header, a row has more or fewer cells than the header, or a quotation mark is not closed." => "Write `;` between the cells, and the text as a literal block (`|`).";
    1202 TEST_COLUMN: "A table of a test has a column that does not exist, has it twice, or lacks one that it needs." => "Use the columns that the message names.";
    1203 TEST_VALUE: "A cell of a test's table has not the form of its field's type." => "Write days as 2025-09-05, months as 2025-09, years as 2025, decimals with `.`, and true or false.";

    2001 UNKNOWN_REFERENCE: "A name that no definition has: a dataset, a code list, a source, an indicator." => "Correct the spelling, or add the definition.";
    2002 DUPLICATE_ID: "Two definitions of one kind have the same id." => "Rename one of them.";
    2003 UNKNOWN_FIELD: "A field that the dataset does not have." => "Use one of the dataset's fields.";
    2004 CODE_NOT_LISTED: "A code that its code list does not have." => "Correct the code, or add it to the list.";
    2005 UNKNOWN_GROUP: "A group that the code list does not have." => "Use one of the list's groups, or add it.";
    2006 FIELD_NOT_MAPPED: "A field that the dataset requires is not made by the source, so that every row would be rejected." => "Add a mapping for the field.";
    2007 UNKNOWN_MEASURE: "A name in the formula that is no measure of the indicator." => "Use one of the indicator's measures, or add it.";
    2008 UNKNOWN_COLUMN: "A column that the format does not have." => "Use one of the columns that the format declares.";

    2009 REFERENCE_CYCLE: "An indicator is made of itself, by way of the indicators that the message names." => "Take one of the references out of its formula.";

    2010 AMBIGUOUS_JOIN: "A look-up could find several rows, so that a row would count more than once: the fields that it compares do not contain the key of the dataset." => "Compare all fields of the key that are neither the municipality nor the time, or declare the key.";

    3001 TYPE_MISMATCH: "Two things are compared or combined that have different types." => "Compare a code with a quoted code, a number with a number, a date with a date.";
    3002 UNIT_MISMATCH: "The unit that the formula gives is not the declared unit." => "Correct the formula or the unit; the message shows both sides.";
    3003 UNKNOWN_UNIT: "A word that is no unit." => "Use one of the units that the message lists, or a product or quotient of them.";
    3004 AGGREGATION_LEVEL: "An aggregate stands where a row's own value belongs, or the other way round." => "A `where` speaks of one row; a `value` is one aggregate of rows.";
    3005 UNSUPPORTED_EXPRESSION: "A construct of SQL that the definition language does not have." => "Use comparisons, `and`, `or`, `not`, `in`, `between`, `is null`, `in_group`, `+`, `-` and the aggregates.";
    3006 PERSON_EXPOSED: "A field would let personal identification numbers through: an identifier whose pattern admits them, or a person field that is compared or published." => "Narrow the pattern, drop it (free text is masked), or count the persons instead.";
    3007 LITERAL_RANGE: "A number has more digits than its type." => "Write a number that the field can hold.";
    3010 CONSTANT_CONDITION: "A condition, or a part of one, that no row can meet, or that every row with a value meets. Whoever wrote it meant something else." => "Compare bounds and codes, and mend the condition; what says nothing is left out.";
    3012 BREAKDOWN_MISMATCH: "An indicator is broken down by something that the rows of a measure do not have, into categories that have something in common, or into more parts than anybody reads." => "Name a field that the measure has, or say in the measure that it is the same for every category (`breakdown: total`); make categories that have nothing in common.";

    4001 PERIOD_MISMATCH: "The dataset is delivered in periods that the indicator's period is not made of." => "Choose a longer period for the indicator.";
    4002 MOMENT_MISMATCH: "A measure of snapshots does not say which one it reads, or a measure of events names a day." => "Add `at:` for snapshot datasets, remove it for event datasets.";
    4003 VALIDITY_ORDER: "A validity ends before it begins." => "Swap or correct the dates.";
    4004 OVERLAPPING_SOURCES: "A municipality uses two sources for the same dataset and period, so that its rows would count twice." => "End one use before the other begins.";
    4005 CODE_HISTORY: "The rows of a code list contradict each other." => "Make the validities of a code follow each other without overlap, and each alias stand for one code.";
    4006 VERSION_HISTORY: "The versions of an indicator contradict each other: one that is kept as older is not, or none says that it takes the place of the one before." => "The newest version stands in `<id>.yaml`, the others in `<id>@<version>.yaml`; each but the first names the one before with `supersedes`.";
    4020 CODE_CHANGE: "A row of the table of changes contradicts the code list or another row: a code that changes has to end on the date, what it becomes has to hold from it, and the shares of a split have to sum to 1." => "Correct the date, the kind or the share, or the validities of the codes in the list.";
    4021 CODE_HIERARCHY: "A code lies below one that does not hold at its time, or below itself." => "Correct the column `parent` of the list's table; a code that moves has a row for each parent, one after the other.";
    4022 CODE_BREAK: "A condition holds for a code and not for what it became, or the other way round, so that the series would break on the day of the change without anybody being told." => "Name the codes of both sides, look at them with `as_of`, begin with the change (`valid: {from: ...}` in a new version), or declare the break under `reservations`.";
    4023 CODE_AMBIGUOUS: "A code stands for several codes on the day of `as_of`, and the condition holds for some of them and not for others: how much of a row it means cannot be known." => "Ask for codes that all parts share, or begin the indicator with the change: `valid: {from: ...}` in a new version.";

    5001 ROW_SHORT: "The row has fewer cells than the header has columns." => "Look for a missing separator, or a line break inside an unquoted cell; ask the vendor to quote its texts.";
    5002 ROW_LONG: "The row has more cells than the header has columns." => "Look for an unquoted separator inside a text; ask the vendor to quote its texts.";
    5003 QUOTE_STRAY: "A quotation mark stands inside an unquoted cell, text follows a closing quotation mark, or an escape mark stands before something that is not to be escaped." => "If the export does not quote at all, declare `quote: none`.";
    5004 QUOTE_OPEN: "A quoted cell is never closed. The line is rejected, and so are the lines behind it that are the rest of its record; where only the end of the file closes the cell, the file is refused." => "If the export does not quote at all, declare `quote: none`.";
    5005 NUL_BYTE: "The row holds a NUL byte: the file was damaged on its way." => "Ask for the delivery again.";
    5006 ENC_INVALID: "A byte that is no text in the declared encoding." => "Check the declared encoding; if only some rows are hit, the file mixes encodings.";
    5007 RECORD_LENGTH: "The record is shorter or longer than the layout says." => "Check that the layout is the one that was delivered, and that nothing expanded tabs or trimmed blanks on the way.";
    5008 MARK_INSIDE: "A byte order mark stands in front of a row in the middle of the file: files were joined." => "Ask for the files one by one, or join them without their byte order marks.";
    5009 RECORD_OVERSIZED: "The record, or a cell of it, is larger than the limit (8 MiB, 1 MiB); a quotation mark that is never closed has the same effect. It costs its line, and the lines behind it that are the rest of its record." => "Look at the line; if the export does not quote, declare `quote: none`.";

    5101 VALUE_MISSING: "A required field has no value." => "Ask the vendor for the value, or declare what an empty cell means.";
    5102 NUMBER_INVALID: "The cell is no number as the source declares them." => "Check the declared decimal mark, grouping mark and sign.";
    5103 NUMBER_RANGE: "The number has more digits than the field can hold." => "Check the declared decimals; a real value of that size needs a wider field.";
    5104 NUMBER_AMBIGUOUS: "The number can be read in two ways under the declared marks: a mark that could separate thousands or decimals, or grouping that is not in threes." => "Check the declared decimal and grouping marks against the file.";
    5105 DATE_INVALID: "The cell is no date or period in the declared format, or the calendar lacks the day." => "Check the declared format against the file.";
    5106 CODE_UNKNOWN: "The code is not in its code list." => "Add the code or an alias to the list, or map it in the source; then run again.";
    5107 CODE_NOT_VALID: "The code is in its list, but not valid at the row's date." => "Check the dates in the code list, or map the old code to its successor.";
    5108 BOOLEAN_INVALID: "The cell is none of the declared words for true and false." => "Declare the word.";
    5109 PATTERN_MISMATCH: "The text does not match the field's pattern." => "Check the column; if the vendor changed the form, change the pattern.";
    5110 OUT_OF_RANGE: "The value lies outside the field's range." => "Check the value; a real one needs a wider range.";
    5111 PERSON_INVALID: "The cell is no personal identification number: ten digits with a day and a month, with or without hyphen. The value is not shown." => "Check the column; letters in the last four places are administrative numbers of the vendor's own.";
    5112 SIGN_INVALID: "The sign column holds neither of the declared signs." => "Declare the sign.";

    5201 ROW_FOREIGN: "The row is about another municipality than the delivery." => "Ask the vendor to deliver each municipality's rows in its own file.";
    5202 OUTSIDE_PERIOD: "The row lies outside the period of the delivery." => "Ask the vendor to deliver each period in its own file.";
    5203 CHECK_FAILED: "The row breaks a rule of its dataset." => "The rule's title says what is demanded.";
    5204 KEY_CONFLICT: "Two rows have the same key and different content; which one holds cannot be known, so both are rejected." => "Ask the vendor which row is right.";

    5301 PERSON_REPAIRED: "A personal identification number had lost its leading zero; it was put back." => "Nothing to do; ask the vendor to export the column as text.";
    5302 PERSON_REPLACEMENT: "A replacement number (day plus 60): a person without a registered number." => "Nothing to do.";
    5303 DUPLICATE_ROW: "A row stands twice with the same key and content; it was counted once." => "Ask the vendor why.";
    5304 CHECK_WARNING: "A row breaks a rule of its dataset that only warns; it was loaded." => "The rule's title says what is demanded.";
    5305 TEXT_MASKED: "Something in a free text looks like a personal identification number; it was masked." => "Ask the vendor to keep such numbers out of free texts.";
    5306 ENC_MOJIBAKE: "A text looks as if it had been encoded twice, or in another encoding than the file (`Ã¸` for `ø`). The row was loaded as it stands." => "Compare the declared encoding with the file; if only some rows are hit, the vendor's system mixes encodings.";

    6001 STORE_UNAVAILABLE: "The store cannot be read or written: the disk is full, a permission is missing, or the database is locked." => "Mend the cause that the message names and run again; what was published stands as it was.";
    6002 STORE_CORRUPT: "The database is damaged, or is no musketer database." => "Restore it from a backup, or move it away and run again: the raw archive holds all deliveries.";
    6003 STORE_NEWER: "The database was written by a newer version." => "Use that version or a newer one.";
    6004 FIGURE_OVERFLOW: "A figure does not fit the exact arithmetic. Nothing was published for it." => "Check the amounts; no municipal figure comes near the limit.";
    6005 PART_UNREADABLE: "A canonical file of the store is missing or damaged." => "Restore the file from a backup, or move the database away and run again: the raw archive holds all deliveries.";

    6006 OUTRUN: "Another run has published while this one was at work, so what it had decided holds no more. Nothing of it was published." => "Run again. Should it come back, two machines work on one store, or somebody removes its lock file: see to it that one does.";

    7001 BUSY: "Another process works on the same store." => "Run again when it has ended, or let musketer wait for it: `--wait 10m`. The lock ends with the process that holds it, so there is no file to remove.";
    7002 VERSION_CONFLICT: "Two different deliveries claim the same source, municipality, period and version; neither is loaded." => "Remove the wrong file, or name the correction with the next version.";
    7003 KEY_MISSING: "The key for pseudonyms is not there. Without it no personal data is read." => "Put a key file at the place that the message names, or let `persons: {create: true}` make one.";
    7004 KEY_EXPOSED: "Others than the owner can read the key for pseudonyms." => "Close the file: chmod 600.";
    7005 NO_PROJECT: "No `musketer.yaml` here or in any folder above." => "Go into the project's folder, or name it with `--project`.";
    7006 NO_PIPELINE: "No pipeline has that name." => "Use one of the pipelines that the message lists.";
    7007 NOTHING_KNOWN: "There is no such figure in the store." => "Check the indicator, municipality and period; `musketer status` shows what was delivered.";
    7008 REVISION_UNKNOWN: "What the definitions are to be compared with is not there: no revision or folder has that name, or the project is not in it." => "Name a branch, a tag or a commit of the repository that the project lies in, or a folder with another copy of the project. A build server that fetches the last commit alone has no other.";
    7009 GIT_UNAVAILABLE: "The program `git` could not be started or refuses, or the project lies in no repository of git." => "Install git and start musketer in the repository, or compare with a folder.";
    7010 INTERRUPTED: "Somebody stopped the command (Ctrl-C, or the signal SIGTERM). What it had begun was rolled back." => "Start it again: it does what is left to do.";
    7011 LOCK_LOST: "The lock file of the store was removed or replaced while a run worked, so that another one may have written meanwhile. Nothing of the run was published." => "Run again, and leave the file `lock` in the store alone: it stays there, and the lock ends with its process.";
    7012 DELIVERY_UNKNOWN: "There is no such delivery in the store." => "`musketer status --deliveries` lists all of them; the first digits of the identifier suffice.";
    7013 ACT_POINTLESS: "What is to be done has been done already, or there is nothing to be taken back." => "Look at what the message says about it; nothing was changed.";

    7020 PLAN_MOVED: "The store, the deliveries or the definitions are others than those that the plan was made of. Nothing was done." => "Make a new plan and look at it: `musketer plan -o plan.json`.";
    7021 PLAN_UNREADABLE: "The file is no plan, or one of another version of the program." => "Make a new plan with this version: `musketer plan -o plan.json`.";
    7022 BACKFILL_OPEN: "A backfill was begun and has steps left." => "The same command with `--resume` does the steps that are left; with `--restart` it is given up, and begins anew.";
    7023 BACKFILL_TOO_LARGE: "The backfill would touch more units than somebody who types a command is likely to mean." => "Look at it with `--dry-run`, then name fewer periods, municipalities or sources, or allow more: `--max-units N`.";
    7024 BACKFILL_UNKNOWN: "There is no backfill with steps left, or it was begun with other arguments." => "Resume it with the arguments that the message shows, begin a new one without `--resume`, or give the other one up: `--restart`.";

    8001 FILE_EMPTY: "The file has no bytes, or nothing but blanks." => "Ask for the delivery again; a municipality with nothing to report delivers a file with a header.";
    8002 FILE_KIND: "The file is something else than its name says: a picture, a web page, an archive, a spreadsheet." => "Look at the file; a web page is often the vendor's log-in page.";
    8003 ENC_UNEXPECTED: "The file begins with the byte order mark of another encoding than declared." => "Ask for the declared encoding, or convert the file and deliver it again.";
    8004 COLUMN_MISSING: "Columns that the source needs are not in the header. A wrong separator shows itself in the same way." => "Compare the header with the source's columns; declare an alias for a renamed column.";
    8005 COLUMN_DUPLICATE: "Two columns have the same name, and the source needs it." => "Ask the vendor for distinct names.";
    8006 FILE_CUT: "The last row is incomplete and has no line end: the file was cut." => "Ask for the delivery again.";
    8007 CONTROL_MISMATCH: "A control record states another count, sum, municipality or period than the file has." => "Ask for the delivery again; rows were lost or changed on the way.";
    8008 CONTROL_MISSING: "The header or trailer control record is not there." => "Ask for the delivery again; a missing trailer means that the end of the file was lost.";
    8009 TENANT_FOREIGN: "Every row of the file is about another municipality than its name says." => "Put the file where it belongs.";
    8010 MUNICIPALITY_UNKNOWN: "The file's name has a municipality code that the code list does not have." => "Correct the name.";
    8011 NOT_EXPECTED: "The pipeline does not say that this municipality uses this source in this period." => "Add the use to the pipeline, or remove the file.";
    8012 TOO_FEW_ROWS: "Fewer rows were accepted than the source says a delivery has at least." => "Ask for the delivery again, or lower `min_rows`.";
    8013 FILE_CHANGED: "The file changed while it was read." => "Run again when the transfer has ended.";
    8014 PATH_LINK: "A symbolic link in the drop folder. Links are not followed: they could lead anywhere." => "Put the file itself into the drop folder.";
    8015 PATH_KIND: "A pipe, socket, device or folder where a file belongs." => "Remove it from the drop folder.";
    8016 RECORD_TOO_BIG: "The header, or what stands before it, is larger than the limit, or the file ends within a record that is; a quotation mark that is never closed has the same effect." => "Look at the line; if the export does not quote, declare `quote: none`.";
    8017 TOO_MANY_COLUMNS: "The header has more columns than the limit." => "Look at the file; it is hardly the one that was meant.";
    8018 FILE_TORN: "The file ends in NUL bytes: it was cut while it was written." => "Ask for the delivery again.";
    8019 COLUMN_EXTRA: "The file has columns that the source does not use." => "Nothing to do; the vendor may have a newer layout.";
    8020 NO_FINAL_LINE_END: "The last line has no line end. It has all its cells, but the last one could be cut." => "Nothing to do if the export always ends so.";
    8021 END_MARK: "The DOS end-of-file mark (0x1A) stands at the end; it was ignored." => "Nothing to do.";
    8022 FILE_UNKNOWN: "A file in the drop folder matches no source of the pipeline." => "Check its name against the sources' patterns, or remove it.";
    8023 PERIOD_UNKNOWN: "The period in the file's name is none." => "Correct the name.";
    8024 UNREADABLE_DELIVERY: "The file cannot be read." => "Check its permissions and whether it still exists.";
    8025 LINE_ENDS_MIXED: "The file has lines that end in CR alone." => "Ask for the delivery again with one kind of line end.";
    8026 NO_ROWS: "No row of the delivery was accepted, and its source does not say whether that may be. What it covers counts as delivered and empty." => "If there can be nothing to report, declare `min_rows: 0` in the source's `delivery`; if there is always something, `min_rows: 1`.";
    8027 DISCARDED: "The bytes of the delivery are not kept any more, as `retention` in musketer.yaml says, so it cannot be read again." => "Deliver the file again, or leave it: what holds in its place goes on to hold.";
    8031 BUDGET_REJECTS: "More rows of the delivery are rejected than the budget of its source has. It is withheld: nothing of it is published, and what stood before stands on." => "Look at the rows (`musketer rejects list`) and ask for a corrected file. If the delivery is right all the same, `musketer release` lets it hold; or raise the budget.";
    8032 BUDGET_ROWS: "The delivery has many fewer or many more accepted rows than the one before. It is withheld: nothing of it is published, and what stood before stands on." => "Ask whether the export was complete. If the delivery is right, `musketer release` lets it hold; or raise the budget of the source.";
    8041 ARCHIVE_DAMAGED: "The compressed file is cut or damaged, contradicts itself, or is followed by bytes that do not belong to it." => "Ask for the delivery again.";
    8042 ARCHIVE_LIMIT: "The compressed file inflates to more than the limits allow, or has too many members." => "Look at the file: no export has that form; deliver a very large one without compression.";
    8043 ARCHIVE_PATH: "A member of the zip archive has a name that leads elsewhere (absolute, `..`, backslash), or is a link." => "Ask for an archive with plain names.";
    8044 ARCHIVE_MEMBER: "No member of the zip archive has the declared name, or several have." => "Compare the names with `member` in the source's `delivery`.";
    8045 ARCHIVE_UNSUPPORTED: "The zip archive is encrypted, split into volumes, or compressed by another method than deflate." => "Ask for an ordinary zip archive without a password.";

    8101 HTTP_STATUS: "The server answered with an error." => "Check the address and the request; 401 and 403 mean that the access is missing.";
    8102 HTTP_TRANSPORT: "The server could not be reached, or the answer broke off, also after several tries." => "Check the network, then run again.";
    8103 HTTP_TOO_BIG: "The answer is larger than the limit." => "Ask for less, or raise `max_bytes`.";
    8104 HTTP_REDIRECT: "The server sends the request elsewhere. Redirects are not followed." => "Put the final address into the pipeline.";
    8105 HTTP_ADDRESS: "The address is not `https` (plain `http` is for the loopback interface alone)." => "Use `https`.";

    9001 INTERNAL: "A mistake of the program itself." => "Report it with the command and its output.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_complete() {
        assert!(CodeInfo::all().windows(2).all(|pair| pair[0].code < pair[1].code));
        for info in CodeInfo::all() {
            assert_eq!(Code::parse(&info.code.to_string()), Some(info.code));
            assert!(info.meaning.ends_with('.') && info.remedy.ends_with('.'), "{}", info.code);
        }
        assert_eq!(Code::parse("m5102"), Some(Code::NUMBER_INVALID));
    }
}
