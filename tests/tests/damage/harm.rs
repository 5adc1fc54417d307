//! The table of damage: what is done to a sound file, and what may be demanded of the reader all the same.

use std::ops::Range;

use model::{Encoding, FileEncoding};

use super::Dice;
use super::dialect::{COLUMNS, Escaping, Form};
use super::sound::{Piece, Sound, What};

/// What is demanded besides that nothing passes in silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Every row, and no row rejected.
    Exact,
    /// The same, or the file is refused.
    ExactOrRefused,
    /// If the file is not refused, at most so many rows are lost.
    Lost(usize),
    /// Nothing more.
    Nothing,
}

/// A damaged file and its truth.
#[derive(Debug, Clone)]
pub(crate) struct Damaged {
    pub(crate) sound: Sound,
    pub(crate) bytes: Vec<u8>,
    /// On which physical lines what is left of each row stands.
    pub(crate) lines: Vec<Vec<Range<u64>>>,
    /// How many physical lines there are.
    pub(crate) line_count: u64,
    /// Whether nobody can say on which lines a row stands: the bytes of the file were damaged, and not those of a row.
    pub(crate) blurred: bool,
    /// The row and column of a cell that holds another valid value now, which no reader can see.
    pub(crate) free: Option<(usize, usize)>,
    pub(crate) demand: Demand,
}

type Harm = fn(&Sound, &mut Dice) -> Option<Damaged>;

/// Every kind of damage; one gives `None` where it cannot be done to a file.
pub(crate) const KINDS: &[(&str, Harm)] = &[
    ("no damage", |sound, _| exact(sound, &sound.pieces)),
    ("a delimiter more between two cells", delimiter_between),
    ("a delimiter more inside a cell", delimiter_inside),
    ("a delimiter more at the end of a row", |sound, dice| delimiter_at(sound, dice, false)),
    ("a delimiter more at the start of a row", |sound, dice| delimiter_at(sound, dice, true)),
    ("a delimiter less", delimiter_less),
    ("another delimiter in one row", other_delimiter_in_a_row),
    ("another delimiter in the whole file", other_delimiter_everywhere),
    ("another delimiter in the header", other_delimiter_in_the_header),
    ("a quotation mark at the start of a cell", |sound, dice| quote_more(sound, dice, Spot::Start)),
    ("a quotation mark inside a cell", |sound, dice| quote_more(sound, dice, Spot::Inside)),
    ("a quotation mark at the end of a cell", |sound, dice| quote_more(sound, dice, Spot::End)),
    ("a quotation mark less", quote_less),
    ("all quotation marks of a row gone", quotes_gone),
    ("another quotation mark in one row", other_quotes),
    ("quotation marks around a cell that needs none", quotes_around),
    ("no header", no_header),
    ("the header twice", header_twice),
    ("the header in the middle", header_in_the_middle),
    ("half of a header of two rows in the middle", half_a_header_in_the_middle),
    ("the rows of a header swapped", header_rows_swapped),
    ("a second header row", second_header_row),
    ("a renamed column", renamed_column),
    ("a column named twice", column_named_twice),
    ("a zero-width space in a column's name", zero_width_in_a_name),
    ("headings of two columns swapped", swapped_headings),
    ("columns in another order", reordered),
    ("an undeclared preamble", preamble_more),
    ("a preamble line less", preamble_less),
    ("an undeclared footer", footer_more),
    ("an undeclared total", total_more),
    ("blank lines", blank_lines),
    ("lines of delimiters", delimiter_lines),
    ("no last line end", no_last_line_end),
    ("other line ends", other_line_ends),
    ("mixed line ends", mixed_line_ends),
    ("a carriage return in place of a line end", lone_carriage_return),
    ("a carriage return inside a row", carriage_return_inside),
    ("a line feed in place of a carriage return", lone_line_feed),
    ("a line feed inside a row that ends in a carriage return", line_feed_inside),
    ("an escape mark inside a quoted cell", |sound, dice| escape_more(sound, dice, false)),
    ("an escape mark at the end of a quoted cell", |sound, dice| escape_more(sound, dice, true)),
    ("an escape mark less", escape_less),
    ("two rows joined", joined_rows),
    ("a row cut in two by a line end", row_in_two),
    ("the end of a row gone", row_cut),
    ("the end of a row gone, but for an empty cell", row_cut_to_nothing),
    ("the end of a row gone with its line end", row_cut_and_joined),
    ("the start of a row gone", row_start_gone),
    ("a piece of a row repeated", piece_repeated),
    ("a row gone", row_gone),
    ("a row twice", row_twice),
    ("rows in another order", rows_swapped),
    ("the file cut anywhere", file_cut),
    ("a byte that is no value", byte_flipped),
    ("a byte gone", byte_gone),
    ("a NUL byte", nul_byte),
    ("a block of NUL bytes in the middle", nul_block),
    ("NUL bytes at the end", nul_end),
    ("the end mark at the end", end_mark),
    ("the end mark in the middle", end_mark_inside),
    ("a byte order mark in the middle", mark_inside),
    ("UTF-8 from the middle on", utf8_from_the_middle),
    ("Windows-1252 from the middle on", windows_from_the_middle),
    ("a DOS code page from the middle on", dos_from_the_middle),
    ("UTF-16", utf16),
    ("an empty column more in every row", empty_surplus),
    ("an empty column more in every row but one", empty_surplus_but_one),
    ("a column more in the header", column_more_in_the_header),
    ("a column less in every row", column_less),
    ("the file twice", file_twice),
    ("blanks around cells", padded),
];

/// Puts a file together, and finds out on which lines what is left of each row stands.
#[expect(clippy::unnecessary_wraps, reason = "the functions of the table give an option")]
pub(crate) fn assemble(sound: &Sound, pieces: &[Piece], demand: Demand) -> Option<Damaged> {
    let mut bytes = Vec::new();
    let mut lines = vec![Vec::new(); sound.rows.len()];
    let mut line = 1;
    // Lines end in CR where there are no LF, or hardly any: one can stand in a quoted cell.
    let count = |wanted: u8| pieces.iter().flat_map(|piece| &piece.bytes).filter(|byte| **byte == wanted).count();
    let (returns, feeds) = (count(b'\r'), count(b'\n'));
    let end = if feeds == 0 || (is_of_carriage_returns(sound) && returns > feeds) { b'\r' } else { b'\n' };
    for piece in pieces {
        let feeds = piece.bytes.split(|byte| *byte == end).skip(1).count() as u64;
        let own = feeds - u64::from(piece.bytes.last() == Some(&end));
        if let (What::Row(row), false) = (piece.what, piece.bytes.is_empty()) {
            lines[row].push(line..line + own + 1);
        }
        line += feeds;
        bytes.extend_from_slice(&piece.bytes);
    }
    let counted = bytes.strip_suffix(b"\x1A").unwrap_or(&bytes);
    let line_count = line - u64::from(counted.is_empty() || counted.ends_with(&[end]));
    Some(Damaged { sound: sound.clone(), bytes, lines, line_count, blurred: false, free: None, demand })
}

fn exact(sound: &Sound, pieces: &[Piece]) -> Option<Damaged> {
    assemble(sound, pieces, Demand::Exact)
}

fn anything(sound: &Sound, pieces: &[Piece]) -> Option<Damaged> {
    assemble(sound, pieces, Demand::Nothing)
}

/// The places of the rows among the pieces.
fn row_places(sound: &Sound) -> Vec<usize> {
    (0..sound.pieces.len()).filter(|at| matches!(sound.pieces[*at].what, What::Row(_))).collect()
}

/// The place of the first header row.
fn header_place(sound: &Sound) -> Option<usize> {
    sound.pieces.iter().position(|piece| piece.what == What::Header)
}

/// The header rows.
fn header(sound: &Sound) -> Option<Vec<Piece>> {
    let from = header_place(sound)?;
    Some(sound.pieces[from..from + sound.dialect.header_rows].to_vec())
}

/// The place of the first piece that is behind the header.
fn behind_header(sound: &Sound) -> usize {
    header_place(sound).map_or(0, |header| header + sound.dialect.header_rows)
}

/// Whether the file has the bytes of its cells, so that it can be written in another encoding by them.
fn is_as_it_stands(sound: &Sound) -> bool {
    matches!(sound.dialect.file, FileEncoding::Ascii(_))
}

/// Changes the bytes of one row, chosen by chance. `lost` is how many rows that may cost where no row takes several
/// lines: the second line of one can open a cell and take the next row along.
fn one_row(
    sound: &Sound,
    dice: &mut Dice,
    lost: usize,
    change: impl FnOnce(&mut Piece, &mut Dice) -> Option<Free>,
) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    let at = *dice.pick(&row_places(sound));
    let What::Row(row) = pieces[at].what else { return None };
    let several_lines = |piece: &&Piece| piece.bytes.trim_ascii_end().iter().any(|byte| matches!(byte, b'\r' | b'\n'));
    let lost = lost + pieces[at..].iter().take(2).filter(several_lines).count();
    let free = change(&mut pieces[at], dice)?;
    let mut damaged = assemble(sound, &pieces, Demand::Lost(lost))?;
    damaged.free = free.0.map(|cell| (row, sound.dialect.order[cell]));
    Some(damaged)
}

/// The cell, in the order of the file, that a change turned into another valid one.
struct Free(Option<usize>);

const NONE: Option<Free> = Some(Free(None));

fn is_quoted(sound: &Sound, piece: &Piece, cell: usize) -> bool {
    sound.dialect.quote.is_some_and(|quote| piece.bytes.get(piece.cells[cell].start) == Some(&quote))
        && !piece.cells[cell].is_empty()
}

/// Whether the cell is the free text, in which nearly everything is valid.
fn is_text(sound: &Sound, cell: usize) -> bool {
    COLUMNS[sound.dialect.order[cell]].0 == "Tekst"
}

/// The length of the line end.
fn line_end(piece: &Piece) -> usize {
    piece.bytes.len() - piece.bytes.trim_ascii_end_of_line().len()
}

trait TrimLineEnd {
    fn trim_ascii_end_of_line(&self) -> &[u8];
}

impl TrimLineEnd for [u8] {
    fn trim_ascii_end_of_line(&self) -> &[u8] {
        let line = self.strip_suffix(b"\n").unwrap_or(self);
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

fn delimiter_between(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let delimiter = sound.dialect.delimiter()?;
    one_row(sound, dice, 1, |piece, dice| {
        let cell = dice.pick(&piece.cells).start;
        piece.bytes.insert(cell, delimiter);
        NONE
    })
}

fn delimiter_inside(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let delimiter = sound.dialect.delimiter()?;
    one_row(sound, dice, 1, |piece, dice| {
        let cell = dice.below(piece.cells.len());
        let place = piece.cells[cell].clone();
        (place.len() > 2).then_some(())?;
        piece.bytes.insert(place.start + 1 + dice.below(place.len() - 1), delimiter);
        Some(Free(Some(cell).filter(|_| is_quoted(sound, piece, cell) && is_text(sound, cell))))
    })
}

fn delimiter_at(sound: &Sound, dice: &mut Dice, start: bool) -> Option<Damaged> {
    let delimiter = sound.dialect.delimiter()?;
    one_row(sound, dice, 1, |piece, _| {
        let at = if start { 0 } else { piece.bytes.len() - line_end(piece) };
        piece.bytes.insert(at, delimiter);
        NONE
    })
}

fn delimiter_less(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    sound.dialect.delimiter()?;
    one_row(sound, dice, 1, |piece, dice| {
        let cell = 1 + dice.below(piece.cells.len() - 1);
        piece.bytes.remove(piece.cells[cell].start - 1);
        NONE
    })
}

fn other_delimiter(delimiter: u8, dice: &mut Dice) -> u8 {
    let others: Vec<u8> = b";,\t|:".iter().copied().filter(|other| *other != delimiter).collect();
    *dice.pick(&others)
}

fn redelimited(piece: &mut Piece, other: u8) {
    for cell in piece.cells.iter().skip(1) {
        piece.bytes[cell.start - 1] = other;
    }
}

fn other_delimiter_in_a_row(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let other = other_delimiter(sound.dialect.delimiter()?, dice);
    one_row(sound, dice, 1, |piece, _| {
        redelimited(piece, other);
        NONE
    })
}

fn other_delimiter_everywhere(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let other = other_delimiter(sound.dialect.delimiter()?, dice);
    let mut pieces = sound.pieces.clone();
    for piece in &mut pieces {
        redelimited(piece, other);
    }
    anything(sound, &pieces)
}

fn other_delimiter_in_the_header(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let other = other_delimiter(sound.dialect.delimiter()?, dice);
    let mut pieces = sound.pieces.clone();
    redelimited(&mut pieces[header_place(sound)?], other);
    anything(sound, &pieces)
}

#[derive(Clone, Copy)]
enum Spot {
    Start,
    Inside,
    End,
}

fn quote_more(sound: &Sound, dice: &mut Dice, spot: Spot) -> Option<Damaged> {
    // Where quotation marks are ordinary, one in a text is another text, and one elsewhere no value.
    let quote = sound.dialect.quote.or(Some(b'"').filter(|_| sound.dialect.form != Form::Fixed))?;
    one_row(sound, dice, 8, |piece, dice| {
        let cell = dice.below(piece.cells.len());
        let place = piece.cells[cell].clone();
        let at = match spot {
            Spot::Start => place.start,
            Spot::End => place.end,
            Spot::Inside if place.len() > 1 => place.start + 1 + dice.below(place.len() - 1),
            Spot::Inside => return None,
        };
        piece.bytes.insert(at, quote);
        Some(Free(Some(cell).filter(|_| sound.dialect.quote.is_none() && is_text(sound, cell))))
    })
}

fn quote_places(sound: &Sound, piece: &Piece) -> Vec<usize> {
    (0..piece.bytes.len()).filter(|at| Some(piece.bytes[*at]) == sound.dialect.quote).collect()
}

fn quote_less(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    one_row(sound, dice, 8, |piece, dice| {
        let places = quote_places(sound, piece);
        (!places.is_empty()).then_some(())?;
        let at = *dice.pick(&places);
        piece.bytes.remove(at);
        // The escape mark before it then stands for what comes next, and the text is another one.
        let mark = escape_mark(sound);
        let escaped = mark.is_some() && at > 0 && Some(piece.bytes[at - 1]) == mark;
        Some(Free((0..piece.cells.len()).find(|cell| escaped && is_text(sound, *cell))))
    })
}

fn quotes_gone(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let quote = sound.dialect.quote?;
    one_row(sound, dice, 1, |piece, _| {
        piece.bytes.contains(&quote).then_some(())?;
        piece.bytes.retain(|byte| *byte != quote);
        // Without its own marks, a text with doubled ones inside is another text.
        Some(Free((0..piece.cells.len()).find(|cell| is_text(sound, *cell))))
    })
}

fn other_quotes(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let quote = sound.dialect.quote?;
    let other = if quote == b'"' { b'\'' } else { b'"' };
    one_row(sound, dice, 1, |piece, _| {
        quote_places(sound, piece).first()?;
        piece.bytes.iter_mut().filter(|byte| **byte == quote).for_each(|byte| *byte = other);
        // An unquoted text may begin and end with the other mark.
        Some(Free((0..piece.cells.len()).find(|cell| is_text(sound, *cell))))
    })
}

fn quotes_around(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let quote = sound.dialect.quote?;
    let mut damaged = one_row(sound, dice, 0, |piece, dice| {
        let cell = dice.below(piece.cells.len());
        (!is_quoted(sound, piece, cell)).then_some(())?;
        piece.bytes.insert(piece.cells[cell].end, quote);
        piece.bytes.insert(piece.cells[cell].start, quote);
        NONE
    })?;
    damaged.demand = Demand::Exact;
    Some(damaged)
}

fn no_header(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    let from = header_place(sound)?;
    let rows = sound.dialect.header_rows;
    // One of several, or all.
    let gone = if dice.chance(2) { from..from + rows } else { from..from + 1 + dice.below(rows) };
    pieces.drain(gone);
    anything(sound, &pieces)
}

fn header_twice(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    let at = header_place(sound)?;
    pieces.splice(at..at, header(sound)?);
    exact(sound, &pieces)
}

fn header_in_the_middle(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    let at = *dice.pick(&row_places(sound));
    pieces.splice(at..at, header(sound)?);
    exact(sound, &pieces)
}

fn half_a_header_in_the_middle(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    let at = *dice.pick(&row_places(sound));
    let rows = header(sound)?;
    (rows.len() > 1).then_some(())?;
    pieces.insert(at, dice.pick(&rows).clone());
    exact(sound, &pieces)
}

fn header_rows_swapped(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    let at = header_place(sound)?;
    (sound.dialect.header_rows > 1).then_some(())?;
    pieces.swap(at, at + 1);
    anything(sound, &pieces)
}

fn second_header_row(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    sound.dialect.delimiter()?;
    let mut pieces = sound.pieces.clone();
    let units = sound.dialect.record(What::Foreign, &["stk.", "kode", "dag", "kr.", "tekst"], false);
    header_place(sound)?;
    pieces.insert(behind_header(sound), units);
    // A total of rows that counts this one as data does not agree with its trailer.
    assemble(sound, &pieces, Demand::Lost(0))
}

/// The header with other names.
fn renamed(sound: &Sound, names: &[&str]) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    pieces[header_place(sound)?] = sound.dialect.record(What::Header, names, false);
    anything(sound, &pieces)
}

fn renamed_column(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let mut names = sound.dialect.names();
    let at = dice.below(names.len());
    names[at] = *dice.pick(&["Navn", "", "nr", "KOMMUNE", "Beloeb", "Dato "]);
    // Blanks around a name are none of its letters.
    if names[at] == "Dato " && sound.dialect.names()[at] == "Dato" {
        return None;
    }
    renamed(sound, &names)
}

fn column_named_twice(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let mut names = sound.dialect.names();
    let (from, to) = (dice.below(5), dice.below(5));
    names[to] = names[from];
    renamed(sound, &names).filter(|_| from != to)
}

fn zero_width_in_a_name(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    if sound.dialect.encoding != Encoding::Utf8 {
        return None;
    }
    let mut names = sound.dialect.names();
    let at = dice.below(5);
    let name = format!("{}\u{200B}", names[at]);
    names[at] = &name;
    renamed(sound, &names)
}

fn swapped_headings(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let mut names = sound.dialect.names();
    let (one, other) = (dice.below(5), dice.below(5));
    // A text takes what any column holds, but what stood in the text is no value elsewhere in every row.
    names.swap(one, other);
    renamed(sound, &names).filter(|_| one != other)
}

fn reordered(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    header_place(sound)?;
    let dialect = &sound.dialect;
    let mut places: Vec<usize> = (0..5).collect();
    places.swap(dice.below(5), dice.below(5));
    let mut pieces = sound.pieces.clone();
    for piece in pieces.iter_mut().filter(|piece| !piece.cells.is_empty()) {
        let cells: Vec<Vec<u8>> = places.iter().map(|at| piece.bytes[piece.cells[*at].clone()].to_vec()).collect();
        let end = piece.bytes[piece.cells[4].end..].to_vec();
        let mut bytes = cells.join(&dialect.delimiter()?);
        bytes.extend(end);
        piece.bytes = bytes;
    }
    exact(sound, &pieces)
}

fn preamble_more(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    pieces.insert(0, sound.dialect.line(What::Foreign, "Regnskab 2024"));
    anything(sound, &pieces)
}

fn preamble_less(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    (sound.dialect.preamble > 0).then_some(())?;
    anything(sound, &sound.pieces[1..])
}

fn footer_more(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    sound.dialect.final_line_end.then_some(())?;
    let mut pieces = sound.pieces.clone();
    pieces.push(sound.dialect.line(What::Foreign, "Side 1 af 1"));
    assemble(sound, &pieces, Demand::Lost(0))
}

fn total_more(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    (sound.dialect.final_line_end && sound.dialect.form != Form::Fixed).then_some(())?;
    let mut pieces = sound.pieces.clone();
    let amount = sound.dialect.number(1_000_000);
    let cells = ["", "Sum", "", amount.as_str(), ""];
    let cells: Vec<&str> = sound.dialect.order.iter().map(|column| cells[*column]).collect();
    pieces.push(sound.dialect.record(What::Foreign, &cells, true));
    assemble(sound, &pieces, Demand::Lost(0))
}

fn lines_among(sound: &Sound, dice: &mut Dice, line: &[u8]) -> Option<Damaged> {
    sound.dialect.final_line_end.then_some(())?;
    let mut pieces = sound.pieces.clone();
    for _ in 0..3 {
        let bytes = [line, sound.dialect.line_end.as_bytes()].concat();
        let first = behind_header(sound);
        let at = first + dice.below(pieces.len() + 1 - first);
        pieces.insert(at, Piece { what: What::Foreign, bytes, cells: Vec::new() });
    }
    exact(sound, &pieces)
}

fn blank_lines(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let blank = *dice.pick(&["", " ", "   "]);
    lines_among(sound, dice, blank.as_bytes())
}

fn delimiter_lines(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let delimiter = sound.dialect.delimiter()?;
    let count = if sound.dialect.closing { 5 } else { 4 };
    lines_among(sound, dice, &vec![delimiter; count])
}

fn no_last_line_end(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    let last = pieces.last_mut()?;
    last.bytes.truncate(last.bytes.len() - line_end(last));
    exact(sound, &pieces)
}

/// Whether any cell holds a line end, which is then content.
fn has_inner_line_ends(sound: &Sound) -> bool {
    sound.rows.iter().any(|row| row[4].contains(['\r', '\n']))
}

fn changed_line_ends(sound: &Sound, mut wanted: impl FnMut() -> bool) -> Option<Damaged> {
    (!has_inner_line_ends(sound)).then_some(())?;
    let mut pieces = sound.pieces.clone();
    for piece in &mut pieces {
        let end = line_end(piece);
        if end > 0 && wanted() {
            piece.bytes.truncate(piece.bytes.len() - end);
            piece.bytes.extend_from_slice(match sound.dialect.line_end {
                "\n" => b"\r\n",
                _ => b"\n",
            });
        }
    }
    // CR alone does not mix with the others, and may be what the definition says.
    if sound.dialect.line_end == "\r" { anything(sound, &pieces) } else { exact(sound, &pieces) }
}

fn other_line_ends(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    changed_line_ends(sound, || true)
}

fn mixed_line_ends(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    changed_line_ends(sound, || dice.chance(2))
}

fn is_of_carriage_returns(sound: &Sound) -> bool {
    sound.dialect.line_end == "\r"
}

fn lone_carriage_return(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    (!is_of_carriage_returns(sound)).then_some(())?;
    one_row(sound, dice, 2, |piece, _| {
        let end = line_end(piece);
        (end > 0).then_some(())?;
        piece.bytes.truncate(piece.bytes.len() - end);
        piece.bytes.push(b'\r');
        NONE
    })
}

/// Among lines that end in CR, a line that ends in something else.
fn lone_line_feed(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    is_of_carriage_returns(sound).then_some(())?;
    let other = *dice.pick(&[b"\n".as_slice(), b"\r\n"]);
    one_row(sound, dice, 2, |piece, _| {
        let end = line_end(piece);
        (end > 0).then_some(())?;
        piece.bytes.truncate(piece.bytes.len() - end);
        piece.bytes.extend_from_slice(other);
        NONE
    })
}

fn line_feed_inside(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    is_of_carriage_returns(sound).then_some(())?;
    one_row(sound, dice, 2, |piece, dice| inserted(sound, piece, dice, b"\n"))
}

fn escape_mark(sound: &Sound) -> Option<u8> {
    match sound.dialect.escape {
        Escaping::Mark(mark, _) => Some(mark),
        Escaping::Doubled | Escaping::None => None,
    }
}

fn escape_more(sound: &Sound, dice: &mut Dice, at_end: bool) -> Option<Damaged> {
    let mark = escape_mark(sound)?;
    one_row(sound, dice, 8, |piece, dice| {
        let cell = dice.below(piece.cells.len());
        let place = piece.cells[cell].clone();
        is_quoted(sound, piece, cell).then_some(())?;
        let at = if at_end { place.end - 1 } else { place.start + 1 + dice.below(place.len() - 1) };
        piece.bytes.insert(at, mark);
        Some(Free(Some(cell).filter(|_| is_text(sound, cell))))
    })
}

fn escape_less(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let mark = escape_mark(sound)?;
    one_row(sound, dice, 8, |piece, dice| {
        let places: Vec<usize> = (0..piece.bytes.len()).filter(|at| piece.bytes[*at] == mark).collect();
        (!places.is_empty()).then_some(())?;
        piece.bytes.remove(*dice.pick(&places));
        // The marks stand in the text alone.
        Some(Free((0..piece.cells.len()).find(|cell| is_text(sound, *cell))))
    })
}

fn carriage_return_inside(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    (!is_of_carriage_returns(sound)).then_some(())?;
    one_row(sound, dice, 2, |piece, dice| inserted(sound, piece, dice, b"\r"))
}

/// Puts bytes anywhere into a row; inside a text they may be part of it, control characters too.
fn inserted(sound: &Sound, piece: &mut Piece, dice: &mut Dice, bytes: &[u8]) -> Option<Free> {
    let at = dice.below(piece.bytes.len() - line_end(piece));
    let text = (0..piece.cells.len()).find(|cell| is_text(sound, *cell))?;
    piece.bytes.splice(at..at, bytes.iter().copied());
    let place = &piece.cells[text];
    Some(Free(Some(text).filter(|_| (place.start..=place.end).contains(&at))))
}

fn joined_rows(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    one_row(sound, dice, 2, |piece, _| {
        let end = line_end(piece);
        (end > 0).then_some(())?;
        piece.bytes.truncate(piece.bytes.len() - end);
        // What follows the last row may be the end of its text.
        Some(Free(Some(4).filter(|cell| is_text(sound, *cell))))
    })
}

fn row_in_two(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let line_end = sound.dialect.line_end.as_bytes();
    one_row(sound, dice, 1, |piece, dice| {
        // In the first or last cell, one part could be a row with the start or end of that cell.
        let at = piece.cells[1].start + dice.below(piece.cells[4].start - piece.cells[1].start);
        let text = (0..piece.cells.len()).find(|cell| is_text(sound, *cell))?;
        piece.bytes.splice(at..at, line_end.iter().copied());
        let place = &piece.cells[text];
        Some(Free(Some(text).filter(|_| (place.start..=place.end).contains(&at))))
    })
}

/// A place before the last cell and behind the first, so that what is left is no row, and not a row with another start.
fn cut_place(piece: &Piece, dice: &mut Dice) -> usize {
    piece.cells[1].start + dice.below(piece.cells[4].start - piece.cells[1].start)
}

/// Whether bytes hold nothing but empty cells.
fn is_empty_cells(sound: &Sound, bytes: &[u8]) -> bool {
    let structure = [sound.dialect.delimiter(), sound.dialect.quote];
    bytes.iter().all(|byte| byte.is_ascii_whitespace() || structure.contains(&Some(*byte)))
}

fn row_cut(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    one_row(sound, dice, 8, |piece, dice| {
        let cut = cut_place(piece, dice);
        let end = piece.bytes.len() - line_end(piece);
        piece.bytes.drain(cut..end);
        (!is_empty_cells(sound, &piece.bytes)).then_some(Free(None))
    })
}

/// As the end of a row whose first cell is empty: that cell is left, in quotation marks or with its delimiter.
fn row_cut_to_nothing(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let delimiter = sound.dialect.delimiter()?;
    one_row(sound, dice, 1, |piece, _| {
        let end = piece.bytes.len() - line_end(piece);
        let empty = sound.dialect.quote.map_or_else(|| vec![delimiter], |quote| vec![quote; 2]);
        piece.bytes.splice(..end, empty);
        NONE
    })
}

fn row_cut_and_joined(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    one_row(sound, dice, 8, |piece, dice| {
        (line_end(piece) > 0).then_some(())?;
        piece.bytes.truncate(cut_place(piece, dice));
        NONE
    })
    // Without anything behind it the cut row is the file's end, which is another kind.
    .filter(|damaged| damaged.bytes.ends_with(sound.dialect.line_end.as_bytes()))
}

fn row_start_gone(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    one_row(sound, dice, 8, |piece, dice| {
        // The first cell as a whole at least: of a part of it something valid could be left.
        let until = piece.cells[1].start + dice.below(piece.cells[3].start - piece.cells[1].start);
        piece.bytes.drain(..until);
        (!is_empty_cells(sound, &piece.bytes)).then_some(Free(None))
    })
}

fn piece_repeated(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    sound.dialect.delimiter()?;
    one_row(sound, dice, 8, |piece, _| {
        let (from, to) = (piece.cells[1].start, piece.cells[3].start);
        let again = piece.bytes[from..to].to_vec();
        piece.bytes.splice(to..to, again);
        NONE
    })
}

fn row_gone(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    // Without a control record a line that is gone leaves a valid file.
    sound.dialect.trailer.then_some(())?;
    one_row(sound, dice, 0, |piece, _| {
        piece.bytes.clear();
        NONE
    })
}

fn row_twice(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    (sound.dialect.final_line_end && !sound.dialect.trailer).then_some(())?;
    let mut pieces = sound.pieces.clone();
    let (from, to) = (*dice.pick(&row_places(sound)), *dice.pick(&row_places(sound)));
    pieces.insert(to, pieces[from].clone());
    exact(sound, &pieces)
}

fn rows_swapped(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    sound.dialect.final_line_end.then_some(())?;
    let mut pieces = sound.pieces.clone();
    let (one, other) = (*dice.pick(&row_places(sound)), *dice.pick(&row_places(sound)));
    pieces.swap(one, other);
    exact(sound, &pieces)
}

fn file_cut(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let whole: usize = sound.pieces.iter().map(|piece| piece.bytes.len()).sum();
    let mut left = 1 + dice.below(whole - 1);
    let mut pieces = sound.pieces.clone();
    for piece in &mut pieces {
        let keep = left.min(piece.bytes.len());
        piece.bytes.truncate(keep);
        left -= keep;
    }
    // What is left of the last row must be seen to be one.
    let last = pieces.iter().rev().find(|piece| !piece.bytes.is_empty())?;
    (!is_empty_cells(sound, &last.bytes)).then_some(())?;
    anything(sound, &pieces)
}

/// A byte of a value becomes one that no value of its column has.
fn byte_flipped(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    one_row(sound, dice, 1, |piece, dice| {
        let cell = dice.below(piece.cells.len());
        let place = piece.cells[cell].clone();
        let quoted = usize::from(is_quoted(sound, piece, cell));
        (place.len() > 2 * quoted).then_some(())?;
        let at = place.start + quoted + dice.below(place.len() - 2 * quoted);
        // A blank of the padding may become anything in the text, but is nothing else elsewhere.
        piece.bytes[at] = *dice.pick(b"xQ#~?!\x01\x7F\x81\xFF\xC3\xE6");
        Some(Free(Some(cell).filter(|cell| is_text(sound, *cell))))
    })
}

fn byte_gone(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    // In a delimited file another valid value may be left of a number or text; its structure is other kinds' matter.
    (sound.dialect.form == Form::Fixed).then_some(())?;
    one_row(sound, dice, 1, |piece, dice| {
        piece.bytes.remove(dice.below(piece.bytes.len() - line_end(piece)));
        NONE
    })
}

fn nul_byte(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let mut damaged = one_row(sound, dice, 1, |piece, dice| inserted(sound, piece, dice, b"\0"))?;
    damaged.free = None;
    Some(damaged)
}

fn nul_block(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    let first = behind_header(sound);
    let mut skip = dice.below(40);
    let mut left = 20 + dice.below(60);
    // Of the last piece the end stays, so that the file does not end in the block.
    for piece in pieces[first..].iter_mut().rev().skip(1).rev() {
        for byte in &mut piece.bytes {
            if skip > 0 {
                skip -= 1;
            } else if left > 0 {
                *byte = 0;
                left -= 1;
            }
        }
    }
    anything(sound, &pieces)
}

fn nul_end(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    let bytes = vec![0; 1 + dice.below(600)];
    pieces.push(Piece { what: What::Foreign, bytes, cells: Vec::new() });
    anything(sound, &pieces)
}

fn end_mark(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    pieces.push(Piece { what: What::Foreign, bytes: vec![0x1A], cells: Vec::new() });
    exact(sound, &pieces)
}

fn end_mark_inside(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    one_row(sound, dice, 1, |piece, dice| inserted(sound, piece, dice, b"\x1A"))
}

fn mark_inside(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    one_row(sound, dice, 1, |piece, _| {
        piece.bytes.splice(0..0, *b"\xEF\xBB\xBF");
        NONE
    })
}

fn recoded_tail(sound: &Sound, dice: &mut Dice, to: Encoding) -> Option<Damaged> {
    let from = sound.dialect.encoding;
    (from != to && sound.dialect.form != Form::Fixed && is_as_it_stands(sound)).then_some(())?;
    let mut pieces = sound.pieces.clone();
    let middle = *dice.pick(&row_places(sound));
    let mut changed = false;
    for piece in &mut pieces[middle..] {
        let mut text = String::new();
        from.decode_into(&piece.bytes, &mut text).ok()?;
        let bytes = to.encode(&text)?;
        changed |= bytes != piece.bytes;
        piece.bytes = bytes;
    }
    changed.then_some(())?;
    anything(sound, &pieces)
}

fn utf8_from_the_middle(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    recoded_tail(sound, dice, Encoding::Utf8)
}

fn windows_from_the_middle(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    // The Latin code pages agree on everything that these texts hold, so nothing changes between them.
    recoded_tail(sound, dice, Encoding::Windows1252)
}

fn dos_from_the_middle(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    recoded_tail(sound, dice, Encoding::Cp850)
}

fn utf16(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    is_as_it_stands(sound).then_some(())?;
    let whole = exact(sound, &sound.pieces)?;
    let mut text = String::new();
    sound.dialect.encoding.decode_into(&whole.bytes, &mut text).ok()?;
    let mark = if dice.chance(2) { "" } else { "\u{FEFF}" };
    let bytes = format!("{mark}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    Some(Damaged { bytes, demand: Demand::Nothing, ..whole })
}

fn with_surplus(sound: &Sound, but: Option<usize>) -> Option<Vec<Piece>> {
    let delimiter = sound.dialect.delimiter()?;
    let mut pieces = sound.pieces.clone();
    for at in row_places(sound).into_iter().filter(|at| Some(*at) != but) {
        let end = pieces[at].bytes.len() - line_end(&pieces[at]);
        pieces[at].bytes.insert(end, delimiter);
    }
    Some(pieces)
}

fn empty_surplus(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    let mut pieces = with_surplus(sound, None)?;
    // The total has the cells of a row, and is cut out of them by its rule.
    for piece in pieces.iter_mut().filter(|piece| piece.what == What::Totals) {
        let end = piece.bytes.len() - line_end(piece);
        piece.bytes.insert(end, sound.dialect.delimiter()?);
    }
    exact(sound, &pieces)
}

fn empty_surplus_but_one(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    let but = *dice.pick(&row_places(sound));
    anything(sound, &with_surplus(sound, Some(but))?)
}

fn column_more_in_the_header(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    let mut pieces = sound.pieces.clone();
    let header = &mut pieces[header_place(sound)?];
    let end = header.bytes.len() - line_end(header);
    let more = [sound.dialect.delimiter()?, b'X'];
    header.bytes.splice(end..end, more);
    // Rows with a closing delimiter have the cell that the header names.
    anything(sound, &pieces)
}

fn column_less(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    sound.dialect.delimiter()?;
    let gone = dice.below(4);
    let mut pieces = sound.pieces.clone();
    for piece in pieces.iter_mut().filter(|piece| !piece.cells.is_empty()) {
        piece.bytes.drain(piece.cells[gone].start..piece.cells[gone + 1].start);
    }
    anything(sound, &pieces)
}

fn file_twice(sound: &Sound, _: &mut Dice) -> Option<Damaged> {
    // The rule of the footer takes what follows on its line, by its own words.
    let glued = !sound.dialect.final_line_end && sound.dialect.footer && !sound.dialect.trailer;
    (!glued).then_some(())?;
    let mut pieces = sound.pieces.clone();
    pieces.extend_from_slice(&sound.pieces);
    anything(sound, &pieces)
}

fn padded(sound: &Sound, dice: &mut Dice) -> Option<Damaged> {
    sound.dialect.delimiter()?;
    let mut pieces = sound.pieces.clone();
    for piece in pieces.iter_mut().filter(|piece| matches!(piece.what, What::Row(_))) {
        for cell in piece.cells.clone().iter().rev() {
            let quote = sound.dialect.quote;
            let quoted = !cell.is_empty() && Some(piece.bytes[cell.start]) == quote;
            if !quoted && dice.chance(2) {
                piece.bytes.insert(cell.end, b' ');
                piece.bytes.insert(cell.start, b' ');
            }
        }
    }
    exact(sound, &pieces)
}
