//! Staff and absence: employees that stay, hours that vary from month to month, in the layouts of Opus and SD.

use model::Period;

use super::GenerateError;
use super::persons;
use super::plan::{Delivery, Layout, Parameters};
use super::random::{Purpose, Random};
use super::writer::{DeliveryFile, Form, push_digits, push_hundredths, push_number};

/// The physical form of Opus' file.
pub const OPUS_FORM: Form = Form {
    encoding: model::Encoding::Windows1252,
    byte_order_mark: false,
    delimiter: Some(b';'),
    line_end: b"\r\n",
    header: Some("CPR-nr;Funktion;Periode;Beskæftigelsesgrad;Mulige timer;Sygefravær timer;Andet fravær timer"),
};

/// The physical form of SD's file.
pub const SD_FORM: Form = Form {
    encoding: model::Encoding::Iso8859_15,
    byte_order_mark: false,
    delimiter: Some(b'\t'),
    line_end: b"\n",
    header: Some("Inst\tCPR\tMaaned\tFunktion\tFTE\tNormTimer\tSygTimer\tAndreTimer"),
};

/// Hours of a full week, of a full day and of a full month; the latter two in hundredths.
const WEEK: u32 = 37;
const DAY: u32 = 740;
const MONTH: u32 = 16_033;

/// What the employees do, in turn; two of five are teachers.
const FUNCTIONS: [&str; 5] = ["3.22.01", "5.30.26", "3.22.01", "5.25.14", "6.45.51"];
/// Agreed weekly hours.
const WEEKLY_HOURS: [u32; 8] = [37, 37, 37, 35, 32, 37, 30, 20];

/// The part of a full-time quantity that falls to so many hours a week, rounded.
fn part(full: u32, weekly_hours: u32) -> u32 {
    (full * weekly_hours + WEEK / 2) / WEEK
}

/// An employee in a month; hours are in hundredths.
#[derive(Debug, Clone, Copy)]
struct Absence {
    digits: [u8; 10],
    function: &'static str,
    institution: u32,
    ten_thousandths: u32,
    possible: u32,
    sick: u32,
    other: u32,
}

/// Days of sickness in a month: most have none, few have many; about 5 % of the working time.
fn sick_days(random: &mut Random) -> u32 {
    match random.below(100) {
        0..63 => 0,
        63..92 => random.between(1, 3),
        92..98 => random.between(4, 7),
        _ => random.between(10, 15),
    }
}

/// Writes one file: the months of the period, and in each of them every employee.
pub fn write(file: &mut DeliveryFile, parameters: &Parameters, delivery: &Delivery) -> Result<(), GenerateError> {
    let position = delivery.position.unwrap_or(0);
    for month in parameters.months_of(delivery.period) {
        let mut staff = Random::new(parameters.seed, Purpose::Employees, position, 0);
        let mut hours = Random::new(parameters.seed, Purpose::Absence, position, month.ordinal());
        for index in 0..parameters.persons {
            let number = u32::try_from(position).unwrap_or(0) * parameters.persons + index;
            let mut absence = draw(&mut staff, &mut hours, index, number);
            if delivery.version > 1 && index % 4 == 1 {
                absence.sick += part(DAY, absence.ten_thousandths * WEEK / 10_000);
            }
            match delivery.layout {
                Layout::SdAbsence => sd_row(file.line(), &absence, month),
                _ => opus_row(file.line(), &absence, month),
            }
            file.end_row()?;
        }
    }
    Ok(())
}

fn draw(staff: &mut Random, hours: &mut Random, index: u32, number: u32) -> Absence {
    let weekly_hours = WEEKLY_HOURS[staff.below(8) as usize];
    let other_days = if hours.below(5) == 0 { hours.between(1, 2) } else { 0 };
    Absence {
        digits: persons::employee(number),
        function: FUNCTIONS[index as usize % FUNCTIONS.len()],
        institution: 101 + index / 20,
        ten_thousandths: part(10_000, weekly_hours),
        possible: part(MONTH, weekly_hours),
        sick: sick_days(hours) * part(DAY, weekly_hours),
        other: other_days * part(DAY, weekly_hours),
    }
}

fn push_ten_thousandths(line: &mut Vec<u8>, value: u32, mark: u8) {
    push_number(line, u64::from(value / 10_000));
    line.push(mark);
    push_digits::<4>(line, u64::from(value % 10_000));
}

fn opus_row(line: &mut Vec<u8>, absence: &Absence, month: Period) {
    line.extend_from_slice(&absence.digits[..6]);
    line.push(b'-');
    line.extend_from_slice(&absence.digits[6..]);
    line.push(b';');
    line.extend_from_slice(absence.function.as_bytes());
    line.push(b';');
    push_digits::<2>(line, u64::from(month.start().month()));
    line.push(b'.');
    push_digits::<4>(line, u64::from(month.start().year().unsigned_abs()));
    line.push(b';');
    push_ten_thousandths(line, absence.ten_thousandths, b',');
    for hours in [absence.possible, absence.sick, absence.other] {
        line.push(b';');
        push_hundredths(line, u64::from(hours), b',');
    }
}

fn sd_row(line: &mut Vec<u8>, absence: &Absence, month: Period) {
    line.push(b'S');
    push_number(line, u64::from(absence.institution));
    line.push(b'\t');
    line.extend_from_slice(&absence.digits);
    line.push(b'\t');
    push_digits::<4>(line, u64::from(month.start().year().unsigned_abs()));
    line.push(b'-');
    push_digits::<2>(line, u64::from(month.start().month()));
    line.push(b'\t');
    line.extend(absence.function.bytes().filter(u8::is_ascii_digit));
    line.push(b'\t');
    push_ten_thousandths(line, absence.ten_thousandths, b'.');
    for hours in [absence.possible, absence.sick, absence.other] {
        line.push(b'\t');
        push_hundredths(line, u64::from(hours), b'.');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_a_twentieth_of_the_time_is_sickness_and_nobody_is_away_longer_than_the_month() {
        let mut staff = Random::new(2024, Purpose::Employees, 0, 0);
        let mut hours = Random::new(2024, Purpose::Absence, 0, 0);
        let (mut possible, mut sick) = (0, 0);
        for index in 0..20_000 {
            let absence = draw(&mut staff, &mut hours, index, index);
            // A correction adds one day.
            assert!(absence.sick + absence.other + DAY <= absence.possible.max(part(MONTH, 20) + DAY), "{absence:?}");
            possible += u64::from(absence.possible);
            sick += u64::from(absence.sick);
        }
        assert!((45..62).contains(&(sick * 1000 / possible)), "{sick} of {possible}");
    }

    #[test]
    fn the_rows_look_as_the_systems_write_them() {
        let month: Period = "2024-05".parse().expect("a month");
        let absence = Absence {
            digits: *b"7101901234",
            function: "3.22.01",
            institution: 123,
            ten_thousandths: 9459,
            possible: 14_050,
            sick: 740,
            other: 0,
        };
        let mut line = Vec::new();
        opus_row(&mut line, &absence, month);
        assert_eq!(line, b"710190-1234;3.22.01;05.2024;0,9459;140,50;7,40;0,00");
        line.clear();
        sd_row(&mut line, &absence, month);
        assert_eq!(line, b"S123\t7101901234\t2024-05\t32201\t0.9459\t140.50\t7.40\t0.00");
    }
}
