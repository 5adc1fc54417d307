//! Which members a pattern picks.

/// Whether the name fits the pattern: `*` is any characters but `/`.
pub(super) fn fits(pattern: &str, name: &[u8]) -> bool {
    let mut parts = pattern.as_bytes().split(|byte| *byte == b'/');
    let mut names = name.split(|byte| *byte == b'/');
    loop {
        match (parts.next(), names.next()) {
            (None, None) => return true,
            (Some(part), Some(name)) if part_fits(part, name) => {}
            _ => return false,
        }
    }
}

/// Greedy, with one step back to the last `*`: time is at most the product of both lengths.
fn part_fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match (pattern.get(at), star) {
            (Some(b'*'), _) => {
                star = Some((at, from));
                at += 1;
            }
            (Some(byte), _) if *byte == name[from] => {
                at += 1;
                from += 1;
            }
            (_, Some((star_at, covered))) => {
                star = Some((star_at, covered + 1));
                at = star_at + 1;
                from = covered + 1;
            }
            (_, None) => return false,
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_is_anything_in_one_folder() {
        let cases = [
            ("*.csv", "a.csv", true),
            ("*.csv", ".csv", true),
            ("*.csv", "a.csv.txt", false),
            ("*.csv", "x/a.csv", false),
            ("*/*.csv", "x/a.csv", true),
            ("x/*.csv", "y/a.csv", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("data.csv", "data.csv", true),
            ("*", "anything", true),
            ("*", "x/", false),
            ("Løn*.csv", "Løn 2024.csv", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(fits(pattern, name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
