//! Two texts as a unified difference, the form that `diff -u` and `git apply` know.

/// Lines around a change.
const CONTEXT: usize = 3;
/// Texts of more changed lines than this are shown as a whole: comparing costs the product of both.
const MOST: usize = 5_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    Keep,
    Remove,
    Add,
}

/// The difference; empty if there is none.
pub(crate) fn unified(name: &str, before: &str, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (lines(before), lines(after));
    let edits = edits(&before, &after);
    let mut out = String::new();
    let (mut at, mut old, mut new) = (0, 0, 0);
    while at < edits.len() {
        let Some(first) = edits[at..].iter().position(|edit| *edit != Edit::Keep).map(|found| at + found) else {
            break;
        };
        // A hunk goes on while fewer unchanged lines than two contexts lie between changes.
        let mut last = first;
        while let Some(next) = edits[last + 1..].iter().position(|edit| *edit != Edit::Keep) {
            if next > 2 * CONTEXT {
                break;
            }
            last += next + 1;
        }
        let (start, end) = (first.saturating_sub(CONTEXT).max(at), (last + 1 + CONTEXT).min(edits.len()));
        (old, new) = (old + start - at, new + start - at);
        let hunk = &edits[start..end];
        let count = |edit: Edit| hunk.iter().filter(|found| **found == Edit::Keep || **found == edit).count();
        if out.is_empty() {
            out.push_str(&format!("--- a/{name}\n+++ b/{name}\n"));
        }
        let (removed, added) = (count(Edit::Remove), count(Edit::Add));
        let place = |at: usize, count: usize| format!("{},{count}", if count == 0 { at } else { at + 1 });
        out.push_str(&format!("@@ -{} +{} @@\n", place(old, removed), place(new, added)));
        for edit in hunk {
            let (mark, line) = match edit {
                Edit::Keep => (' ', before[old]),
                Edit::Remove => ('-', before[old]),
                Edit::Add => ('+', after[new]),
            };
            old += usize::from(*edit != Edit::Add);
            new += usize::from(*edit != Edit::Remove);
            out.push(mark);
            out.push_str(line);
            if !line.ends_with('\n') {
                out.push_str("\n\\ No newline at end of file\n");
            }
        }
        at = end;
    }
    out
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// The fewest edits, by the longest common subsequence of what differs.
fn edits(before: &[&str], after: &[&str]) -> Vec<Edit> {
    let same = before.iter().zip(after).take_while(|(b, a)| b == a).count();
    let (old, new) = (&before[same..], &after[same..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(b, a)| b == a).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let mut edits = vec![Edit::Keep; same];
    if old.len() > MOST || new.len() > MOST {
        edits.extend(old.iter().map(|_| Edit::Remove).chain(new.iter().map(|_| Edit::Add)));
    } else {
        // `longest[o][n]` is the length of the longest common subsequence of `old[o..]` and `new[n..]`.
        let mut longest = vec![vec![0u16; new.len() + 1]; old.len() + 1];
        for o in (0..old.len()).rev() {
            for n in (0..new.len()).rev() {
                let skip = longest[o + 1][n].max(longest[o][n + 1]);
                longest[o][n] = if old[o] == new[n] { longest[o + 1][n + 1] + 1 } else { skip };
            }
        }
        let (mut o, mut n) = (0, 0);
        while o < old.len() || n < new.len() {
            if o < old.len() && n < new.len() && old[o] == new[n] {
                edits.push(Edit::Keep);
                (o, n) = (o + 1, n + 1);
            } else if n == new.len() || (o < old.len() && longest[o + 1][n] >= longest[o][n + 1]) {
                edits.push(Edit::Remove);
                o += 1;
            } else {
                edits.push(Edit::Add);
                n += 1;
            }
        }
    }
    edits.resize(edits.len() + tail, Edit::Keep);
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_have_their_places() {
        assert_eq!(unified("a", "x\n", "x\n"), "");
        assert_eq!(
            unified("a", "x", "x\n"),
            "--- a/a\n+++ b/a\n@@ -1,1 +1,1 @@\n-x\n\\ No newline at end of file\n+x\n"
        );
        let before: String = (1..=20).flat_map(|line| [line.to_string(), "\n".to_owned()]).collect();
        let after = before.replace("2\n3\n", "3\n").replace("18\n", "18\nnew\n");
        assert_eq!(
            unified("a", &before, &after),
            "--- a/a\n+++ b/a\n@@ -1,5 +1,4 @@\n 1\n-2\n 3\n 4\n 5\n@@ -16,5 +15,6 @@\n 16\n 17\n 18\n+new\n 19\n 20\n"
        );
    }
}
