//! Personal identification numbers that are nobody's: replacement numbers (day plus 60), each used once.
//!
//! The numbers look random, but are a rearrangement of the counting numbers, so that no list of used ones is needed.

/// Days (28) and months (12): every month has the first 28 days.
const DAYS: u32 = 28 * 12;

/// The number of employees for whom there are distinct numbers.
pub const EMPLOYEES: u32 = DAYS * 4000;
/// The number of pupils, born in one year, for whom there are distinct numbers.
pub const PUPILS: u32 = DAYS * 6000;

/// The ten digits of an employee, born between 1958 and 1999; distinct for numbers below [`EMPLOYEES`].
pub fn employee(number: u32) -> [u8; 10] {
    // 1571 and 125 have no factor in common with 4000 and 336, so that both steps are rearrangements; what the
    // day adds to the serial number is the same for all that share the day.
    let serial = (number / DAYS * 1571 + number % DAYS * 2741) % 4000;
    digits(number % DAYS * 125 % DAYS, 58 + (number / DAYS + number * 17) % 42, serial)
}

/// The ten digits of a pupil; distinct for numbers below [`PUPILS`] with one year of birth.
pub fn pupil(number: u32, birth_year: i32) -> [u8; 10] {
    // Serial numbers of 4000 and above stand for births from 2000.
    let serial = 4000 + (number / DAYS * 2371 + number % DAYS * 3557) % 6000;
    digits(number % DAYS * 125 % DAYS, birth_year.rem_euclid(100).unsigned_abs(), serial)
}

fn digits(day_of_year: u32, year: u32, serial: u32) -> [u8; 10] {
    let parts = [(day_of_year % 28 + 61, 2), (day_of_year / 28 + 1, 2), (year, 2), (serial, 4)];
    let mut digits = [b'0'; 10];
    let mut end = 0;
    for (mut part, length) in parts {
        end += length;
        for digit in digits[end - length..end].iter_mut().rev() {
            *digit = b'0' + u8::try_from(part % 10).unwrap_or(0);
            part /= 10;
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_is_a_replacement_number_and_used_once() {
        let mut seen = BTreeSet::new();
        for number in (0..20_000).chain(EMPLOYEES - 1000..EMPLOYEES) {
            let digits = employee(number);
            assert!(model::looks_like_person_number(&digits) && digits[0] >= b'6');
            assert!(seen.insert(digits), "{number}");
        }
        for number in (0..20_000).chain(PUPILS - 1000..PUPILS) {
            let digits = pupil(number, 2012);
            assert!(model::looks_like_person_number(&digits) && digits[0] >= b'6');
            assert!(seen.insert(digits), "{number}");
        }
    }
}
