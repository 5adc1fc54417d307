//! The table of the planted faults. One line each: the file, the row, the kind, what is done, what must be reported.

use model::Code;

use super::dirt::{Change, Damage, Fault, Outcome, Planted};
use super::plan::Layout;

use Change::{Append, At, Cell, Contradiction, DropCell, Shorten};
use Damage::{Copy, EndMark, Footer, HeaderBefore, LineBefore, LineFeedAlone, NoLineEnd};
use Layout::{OesFinance, OpusAbsence, OpusFinance, PrismeFinance, SdAbsence, StatbankPopulation, TabulexPupils};

type Place = (Layout, &'static str, &'static str);

const fn fault(place: Place, row: u64, kind: &'static str, damage: Damage, end: (Option<Code>, Outcome)) -> Fault {
    let planted = Planted { row: Some(row), damage, kind, code: end.0, outcome: end.1 };
    Fault { layout: place.0, municipality: place.1, period: place.2, planted }
}

const fn rejected(place: Place, row: u64, kind: &'static str, damage: Damage, code: Code) -> Fault {
    fault(place, row, kind, damage, (Some(code), Outcome::Rejected))
}

const fn change(place: Place, row: u64, kind: &'static str, change: Change, code: Code) -> Fault {
    rejected(place, row, kind, Damage::Change(change), code)
}

const fn accepted(place: Place, row: u64, kind: &'static str, change: Change, code: Option<Code>) -> Fault {
    fault(place, row, kind, Damage::Change(change), (code, Outcome::Accepted))
}

const fn skipped(place: Place, row: u64, kind: &'static str, damage: Damage, code: Option<Code>) -> Fault {
    fault(place, row, kind, damage, (code, Outcome::Skipped))
}

const fn at_the_end(place: Place, kind: &'static str, damage: Damage, end: (Option<Code>, Outcome)) -> Fault {
    let planted = Planted { row: None, damage, kind, code: end.0, outcome: end.1 };
    Fault { layout: place.0, municipality: place.1, period: place.2, planted }
}

/// All of them.
pub const ALL: &[Fault] = &[
    // Opus, postings: Kommunenr;Regnskabsår;Periode;Bilagsnr;Linje;Bogføringsdato;Kontostreng;Posteringstekst;Beløb
    change((OpusFinance, "0101", "2024-03"), 2, "impossible_date", Cell(5, b"31-02-2024"), Code::DATE_INVALID),
    skipped((OpusFinance, "0101", "2024-07"), 6, "duplicate_equal", Copy(Change::None), Some(Code::DUPLICATE_ROW)),
    change((OpusFinance, "0147", "2024-05"), 3, "grouping_not_in_threes", Cell(8, b"1.23,4"), Code::NUMBER_AMBIGUOUS),
    change((OpusFinance, "0147", "2024-09"), 4, "not_a_number", Cell(8, b"abc"), Code::NUMBER_INVALID),
    change((OpusFinance, "0151", "2024-01"), 4, "too_few_cells", DropCell(4), Code::ROW_SHORT),
    change((OpusFinance, "0151", "2025-02"), 7, "too_many_cells", Append(b";"), Code::ROW_LONG),
    change((OpusFinance, "0153", "2024-06"), 5, "unknown_function", Cell(6, b"5999911000100011"), Code::CODE_UNKNOWN),
    change(
        (OpusFinance, "0155", "2024-08"),
        1,
        "function_not_valid",
        Cell(6, b"5323011000100011"),
        Code::CODE_NOT_VALID,
    ),
    change(
        (OpusFinance, "0167", "2024-02"),
        3,
        "stray_quote",
        Cell(7, b"L\xF8n \"ekstra\" februar"),
        Code::QUOTE_STRAY,
    ),
    change((OpusFinance, "0169", "2024-10"), 5, "open_quote", Cell(7, b"\"L\xF8n oktober"), Code::QUOTE_OPEN),
    skipped((OpusFinance, "0173", "2024-04"), 6, "repeated_header", HeaderBefore, None),
    skipped((OpusFinance, "0173", "2024-05"), 2, "blank_line", LineBefore(b""), None),
    skipped((OpusFinance, "0175", "2024-02"), 8, "line_of_separators", LineBefore(b";;;;;;;;"), None),
    at_the_end(
        (OpusFinance, "0175", "2024-12"),
        "footer",
        Footer(b"Udskrevet den 06-01-2025 04:15"),
        // The source has no rule for it, so it is a row with too few cells, not a line that vanishes.
        (Some(Code::ROW_SHORT), Outcome::Rejected),
    ),
    rejected((OpusFinance, "0183", "2024-03"), 4, "foreign_row", Copy(Cell(0, b"0101")), Code::ROW_FOREIGN),
    rejected((OpusFinance, "0217", "2024-07"), 5, "outside_period", Copy(Cell(2, b"202406")), Code::OUTSIDE_PERIOD),
    rejected(
        (OpusFinance, "0219", "2024-08"),
        2,
        "duplicate_unequal",
        Copy(Contradiction(8, b"99,95")),
        Code::KEY_CONFLICT,
    ),
    change((OpusFinance, "0223", "2025-01"), 3, "amount_missing", Cell(8, b""), Code::VALUE_MISSING),
    change((OpusFinance, "0230", "2025-03"), 6, "nul_byte", Cell(7, b"L\0n marts"), Code::NUL_BYTE),
    change((OpusFinance, "0240", "2025-04"), 2, "invalid_byte", Cell(7, b"Porto \x81 april"), Code::ENC_INVALID),
    at_the_end((OpusFinance, "0269", "2025-05"), "end_mark", EndMark, (Some(Code::END_MARK), Outcome::Accepted)),
    accepted(
        (OpusFinance, "0270", "2024-11"),
        4,
        "person_number_in_text",
        Cell(7, b"Refusion vedr. 710190-1234"),
        Some(Code::TEXT_MASKED),
    ),
    accepted((OpusFinance, "0306", "2025-06"), 3, "formula_in_text", Cell(7, b"=1+1"), None),
    fault((OpusFinance, "0316", "2025-07"), 5, "line_feed_alone", LineFeedAlone, (None, Outcome::Accepted)),
    change(
        (OpusFinance, "0320", "2025-08"),
        3,
        "too_many_digits",
        Cell(8, b"123.456.789.012.345,00"),
        Code::NUMBER_RANGE,
    ),
    accepted((OpusFinance, "0350", "2025-09"), 2, "leading_zeros_lost", Cell(3, b"1234"), None),
    // Prisme, postings: Beloeb;Fortegn;Funktion;Dranst;Ejerforhold;Omkostningssted;Gruppering;Art;Bilag;Bilagslinje;
    // Dato;Maaned;Tekst
    change((PrismeFinance, "0157", "2024"), 10, "decimals_or_thousands", Cell(0, b"1.234"), Code::NUMBER_AMBIGUOUS),
    change((PrismeFinance, "0159", "2024"), 30, "unknown_sign", Cell(1, b"x"), Code::SIGN_INVALID),
    change((PrismeFinance, "0161", "2024"), 40, "invalid_byte", Cell(12, b"L\xF8n"), Code::ENC_INVALID),
    change((PrismeFinance, "0163", "2024"), 15, "impossible_date", Cell(10, b"2024-02-30"), Code::DATE_INVALID),
    change((PrismeFinance, "0185", "2024"), 22, "unknown_dranst", Cell(3, b"X"), Code::CODE_UNKNOWN),
    accepted((PrismeFinance, "0187", "2024"), 50, "line_break_in_text", Cell(12, b"\"L\xC3\xB8n\nmaj\""), None),
    rejected((PrismeFinance, "0190", "2024"), 60, "outside_period", Copy(Cell(11, b"2023-12")), Code::OUTSIDE_PERIOD),
    at_the_end(
        (PrismeFinance, "0201", "2025"),
        "no_final_line_end",
        NoLineEnd,
        (Some(Code::NO_FINAL_LINE_END), Outcome::Accepted),
    ),
    change((PrismeFinance, "0250", "2025"), 12, "document_missing", Cell(8, b""), Code::VALUE_MISSING),
    skipped((PrismeFinance, "0253", "2025"), 33, "duplicate_equal", Copy(Change::None), Some(Code::DUPLICATE_ROW)),
    accepted(
        (PrismeFinance, "0259", "2024"),
        7,
        "person_number_in_text",
        Cell(12, b"Vedr. barn 650514-4321"),
        Some(Code::TEXT_MASKED),
    ),
    change((PrismeFinance, "0260", "2025"), 44, "too_many_cells", Cell(12, b"L\xC3\xB8n; maj"), Code::ROW_LONG),
    skipped((PrismeFinance, "0326", "2024"), 25, "repeated_header", HeaderBefore, None),
    change((PrismeFinance, "0329", "2024"), 9, "function_not_valid", Cell(2, b"5.32.30"), Code::CODE_NOT_VALID),
    change((PrismeFinance, "0330", "2025"), 18, "text_after_quote", Cell(12, b"\"L\xC3\xB8n\" maj"), Code::QUOTE_STRAY),
    rejected(
        (PrismeFinance, "0336", "2025"),
        5,
        "duplicate_unequal",
        Copy(Contradiction(0, b"1,00")),
        Code::KEY_CONFLICT,
    ),
    // ØS, postings: KOMM 0, AAR 4, MD 8, KONTO 10, BILAG 26, LINJE 34, DATO 39, BELOB 47, TEKST 62
    change((OesFinance, "0165", "2024-02"), 3, "impossible_date", At(39, b"31022024"), Code::DATE_INVALID),
    change((OesFinance, "0165", "2025-01"), 4, "record_too_long", Append(b"   "), Code::RECORD_LENGTH),
    change((OesFinance, "0210", "2024-03"), 4, "not_a_number", At(47, b"0000000012A456"), Code::NUMBER_INVALID),
    rejected((OesFinance, "0210", "2025-02"), 5, "outside_period", Copy(At(4, b"202501")), Code::OUTSIDE_PERIOD),
    change((OesFinance, "0265", "2024-04"), 5, "record_too_short", Shorten(3), Code::RECORD_LENGTH),
    rejected((OesFinance, "0340", "2024-05"), 2, "foreign_row", Copy(At(0, b"0101")), Code::ROW_FOREIGN),
    skipped((OesFinance, "0550", "2024-06"), 6, "duplicate_equal", Copy(Change::None), Some(Code::DUPLICATE_ROW)),
    change((OesFinance, "0657", "2024-07"), 1, "unknown_function", At(10, b"59999"), Code::CODE_UNKNOWN),
    rejected(
        (OesFinance, "0741", "2024-08"),
        7,
        "duplicate_unequal",
        Copy(Contradiction(62, b"Rettet tekst                  ")),
        Code::KEY_CONFLICT,
    ),
    accepted(
        (OesFinance, "0810", "2024-09"),
        3,
        "person_number_in_text",
        At(62, b"Vedr. 710190-1234             "),
        Some(Code::TEXT_MASKED),
    ),
    // StatBank, population: OMRÅDE;KØN;ALDER;TID;INDHOLD. Copies only, so that no inhabitant is lost.
    rejected((StatbankPopulation, "", "2024"), 677, "age_out_of_range", Copy(Cell(2, b"126")), Code::OUT_OF_RANGE),
    rejected((StatbankPopulation, "", "2024"), 1200, "unknown_municipality", Copy(Cell(0, b"999")), Code::CODE_UNKNOWN),
    rejected(
        (StatbankPopulation, "", "2024"),
        2000,
        "impossible_quarter",
        Copy(Cell(3, b"2024K5")),
        Code::DATE_INVALID,
    ),
    rejected((StatbankPopulation, "", "2024"), 3000, "outside_period", Copy(Cell(3, b"2023K4")), Code::OUTSIDE_PERIOD),
    rejected((StatbankPopulation, "", "2025"), 1500, "age_missing", Copy(Cell(2, b"")), Code::VALUE_MISSING),
    skipped((StatbankPopulation, "", "2025"), 2500, "duplicate_equal", Copy(Change::None), Some(Code::DUPLICATE_ROW)),
    rejected((StatbankPopulation, "", "2025"), 3500, "unknown_sex", Copy(Cell(1, b"X")), Code::CODE_UNKNOWN),
    skipped((StatbankPopulation, "", "2025"), 4500, "blank_line", LineBefore(b""), None),
    // Opus, absence: CPR-nr;Funktion;Periode;Beskæftigelsesgrad;Mulige timer;Sygefravær timer;Andet fravær timer
    change(
        (OpusAbsence, "0101", "2024-Q1"),
        2,
        "person_number_with_letters",
        Cell(0, b"710190-AB12"),
        Code::PERSON_INVALID,
    ),
    accepted(
        (OpusAbsence, "0151", "2024-Q2"),
        4,
        "sick_longer_than_possible",
        Cell(5, b"170,00"),
        Some(Code::CHECK_WARNING),
    ),
    change((OpusAbsence, "0155", "2024-Q3"), 3, "unknown_function", Cell(1, b"9.99.99"), Code::CODE_UNKNOWN),
    change((OpusAbsence, "0159", "2024-Q4"), 5, "impossible_month", Cell(2, b"13.2024"), Code::DATE_INVALID),
    change((OpusAbsence, "0163", "2025-Q1"), 1, "hours_missing", Cell(4, b""), Code::VALUE_MISSING),
    rejected((OpusAbsence, "0167", "2025-Q2"), 6, "outside_period", Copy(Cell(2, b"01.2025")), Code::OUTSIDE_PERIOD),
    skipped((OpusAbsence, "0173", "2025-Q3"), 7, "duplicate_equal", Copy(Change::None), Some(Code::DUPLICATE_ROW)),
    rejected(
        (OpusAbsence, "0183", "2025-Q4"),
        8,
        "duplicate_unequal",
        Copy(Contradiction(5, b"1,11")),
        Code::KEY_CONFLICT,
    ),
    change((OpusAbsence, "0187", "2024-Q2"), 3, "too_few_cells", DropCell(6), Code::ROW_SHORT),
    // SD, absence: Inst, CPR, Maaned, Funktion, FTE, NormTimer, SygTimer, AndreTimer. A number that has lost its zero
    // is one of days 1 to 9 with a serial number that is not issued.
    accepted((SdAbsence, "0147", "2024"), 10, "leading_zero_lost", Cell(1, b"105990000"), Some(Code::PERSON_REPAIRED)),
    accepted((SdAbsence, "0153", "2024"), 20, "leading_zero_lost", Cell(1, b"908990000"), Some(Code::PERSON_REPAIRED)),
    change((SdAbsence, "0157", "2024"), 5, "person_number_with_letters", Cell(1, b"71019O1234"), Code::PERSON_INVALID),
    change((SdAbsence, "0161", "2024"), 30, "not_a_number", Cell(6, b"syg"), Code::NUMBER_INVALID),
    rejected((SdAbsence, "0165", "2025"), 15, "outside_period", Copy(Cell(2, b"2024-12")), Code::OUTSIDE_PERIOD),
    change((SdAbsence, "0169", "2025"), 25, "sick_out_of_range", Cell(6, b"999.99"), Code::OUT_OF_RANGE),
    change((SdAbsence, "0175", "2025"), 12, "too_few_cells", DropCell(7), Code::ROW_SHORT),
    skipped((SdAbsence, "0185", "2024"), 7, "blank_line", LineBefore(b""), None),
    // Tabulex, pupils: Skole;Skoletype;Klasse;Klassetype;Trin;CPR;Bopælskommune;Optællingsdato, all in quotation marks
    change(
        (TabulexPupils, "0101", "2024"),
        3,
        "person_number_with_letters",
        Cell(5, b"\"710112-12X4\""),
        Code::PERSON_INVALID,
    ),
    change((TabulexPupils, "0147", "2024"), 4, "grade_out_of_range", Cell(4, b"\"11\""), Code::OUT_OF_RANGE),
    change((TabulexPupils, "0151", "2024"), 5, "class_name", Cell(2, b"\"5AB\""), Code::PATTERN_MISMATCH),
    change((TabulexPupils, "0153", "2024"), 6, "unknown_class_type", Cell(3, b"\"77\""), Code::CODE_UNKNOWN),
    change((TabulexPupils, "0155", "2024"), 7, "date_in_another_form", Cell(7, b"\"05.09.2024\""), Code::DATE_INVALID),
    change((TabulexPupils, "0157", "2025"), 8, "school_missing", Cell(0, b"\"\""), Code::VALUE_MISSING),
    skipped((TabulexPupils, "0159", "2025"), 2, "duplicate_equal", Copy(Change::None), Some(Code::DUPLICATE_ROW)),
    rejected(
        (TabulexPupils, "0161", "2025"),
        3,
        "duplicate_unequal",
        Copy(Contradiction(2, b"\"9X\"")),
        Code::KEY_CONFLICT,
    ),
    change((TabulexPupils, "0163", "2025"), 9, "unknown_residence", Cell(6, b"\"0999\""), Code::CODE_UNKNOWN),
    rejected(
        (TabulexPupils, "0167", "2025"),
        5,
        "outside_period",
        Copy(Cell(7, b"\"05-09-2024\"")),
        Code::OUTSIDE_PERIOD,
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::municipalities::MUNICIPALITIES;
    use super::*;

    #[test]
    fn every_fault_has_a_delivery_and_a_row_of_its_own() {
        let mut places = BTreeSet::new();
        for fault in ALL {
            let position = MUNICIPALITIES.iter().position(|known| known.code == fault.municipality);
            let uses = position.is_some_and(|position| fault.layout.is_used_by(position));
            assert!(uses || fault.layout == StatbankPopulation, "{fault:?}");
            let period: model::Period = fault.period.parse().expect("a period");
            assert_eq!(period.kind(), fault.layout.period(), "{fault:?}");
            assert!(places.insert((fault.layout, fault.municipality, fault.period, fault.planted.row)), "{fault:?}");
        }
    }

    #[test]
    fn rejected_rows_say_why() {
        assert!(ALL.iter().all(|fault| fault.planted.outcome != Outcome::Rejected || fault.planted.code.is_some()));
    }
}
