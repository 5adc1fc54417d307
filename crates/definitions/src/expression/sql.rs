//! Text to syntax tree, and places in the tree back to places in the YAML file.

use model::Code;
use sqlparser::ast::Expr as Sql;
use sqlparser::dialect::Dialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span as SqlSpan, Token, TokenWithSpan, Tokenizer, Whitespace};

use crate::yaml::{Cursor, Positions, Report, Span};

/// The longest expression, in bytes: enough for a list of some thousand codes.
const MOST_BYTES: usize = 32 << 10;
/// How many words and operators an expression may have, list items not counted. A chain of operators is as deep as it
/// is long, so this also bounds every recursion over the tree.
const MOST_PARTS: usize = 300;

/// The words of the definition language: letters as SQL has them, and nothing of any vendor's own.
#[derive(Debug)]
struct DefinitionDialect;

impl Dialect for DefinitionDialect {
    fn is_identifier_start(&self, c: char) -> bool {
        c.is_alphabetic() || c == '_'
    }

    fn is_identifier_part(&self, c: char) -> bool {
        c.is_alphanumeric() || c == '_'
    }
}

/// A parsed expression.
#[derive(Debug)]
pub(crate) struct Expression<'n> {
    /// The text.
    pub(crate) text: &'n str,
    /// The syntax tree.
    pub(crate) sql: Sql,
    /// Where its parts stand.
    pub(crate) places: Places,
}

/// Finds places of the expression in the file.
#[derive(Debug)]
pub(crate) struct Places {
    positions: Positions,
    whole: Span,
    /// The number of the first character of each line of the text.
    lines: Vec<usize>,
    length: usize,
}

impl Places {
    fn of(cursor: Cursor<'_>, report: &Report<'_>) -> Option<Self> {
        let scalar = cursor.as_scalar()?;
        let breaks = scalar.text.chars().enumerate().filter(|(_, c)| *c == '\n').map(|(at, _)| at + 1);
        Some(Self {
            positions: Positions::of(scalar, cursor.span(), report.text()),
            whole: cursor.span(),
            lines: std::iter::once(0).chain(breaks).collect(),
            length: scalar.text.chars().count(),
        })
    }

    fn character(&self, location: Location) -> Option<usize> {
        let line = usize::try_from(location.line).ok()?.checked_sub(1)?;
        let column = usize::try_from(location.column).ok()?.checked_sub(1)?;
        Some(self.lines.get(line)? + column)
    }

    /// The span in the file of a span of the expression; the whole expression if the parser gave none.
    pub(crate) fn span(&self, span: SqlSpan) -> Span {
        match (self.character(span.start), self.character(span.end)) {
            (Some(start), Some(end)) if span.start.line > 0 => self.positions.span(start, end),
            _ => self.whole,
        }
    }

    fn from(&self, location: Option<Location>) -> Span {
        let start = location.and_then(|location| self.character(location)).unwrap_or(self.length);
        self.positions.span(start, start + 1)
    }
}

/// Parses the expression at the cursor. `None` if it is none; then the report says why.
pub(crate) fn parse<'n>(cursor: Cursor<'n>, report: &mut Report<'_>) -> Option<Expression<'n>> {
    let text = cursor.word(report)?.value;
    let places = Places::of(cursor, report)?;
    if text.len() > MOST_BYTES {
        report.error(Code::YAML_LIMIT, cursor.span(), format!("the expression has more than {MOST_BYTES} bytes"));
        return None;
    }
    let tokens = match Tokenizer::new(&DefinitionDialect, text).tokenize_with_location() {
        Ok(tokens) => tokens,
        Err(error) => {
            let span = places.from(Some(error.location));
            report.error(Code::EXPRESSION_SYNTAX, span, sentence(&error.message));
            return None;
        }
    };
    if tokens.iter().filter(|token| is_part(&token.token)).count() > MOST_PARTS {
        let message = format!("the expression has more than {MOST_PARTS} words and operators");
        report
            .error(Code::YAML_LIMIT, cursor.span(), message)
            .help("use `in (...)` or a group of the code list instead of a long chain");
        return None;
    }
    let turned = tokens.windows(2).find_map(turned);
    if let Some((token, message, help)) = tokens.iter().find_map(foreign).or(turned) {
        report.error(Code::EXPRESSION_SYNTAX, places.span(token.span), message).help(help);
        return None;
    }
    let sql = tree(tokens, &places, report)?;
    Some(Expression { text, sql, places })
}

/// What other languages write. The parser would take some of it for something else, and a comment for nothing at all,
/// together with the rest of the condition.
type Foreign<'t> = (&'t TokenWithSpan, &'static str, &'static str);

fn foreign(token: &TokenWithSpan) -> Option<Foreign<'_>> {
    let (message, help) = match &token.token {
        Token::DoubleEq => ("`==` is not part of the language", "equality is `=`"),
        Token::Overlap => ("`&&` is not part of the language", "write `and`"),
        Token::StringConcat => ("`||` is not part of the language", "write `or`"),
        Token::RArrow => ("`=>` is no comparison", "greater or equal is `>=`"),
        Token::Char('‘' | '’' | '‚' | '“' | '”' | '„' | '«' | '»' | '´' | '`') => {
            ("this is no quotation mark of the language", "codes and texts stand in straight marks: '1'")
        }
        Token::Char('−' | '–' | '—') => {
            ("this is no minus of the language", "write the hyphen of the keyboard: -")
        }
        Token::Char('×' | '·' | '÷') => ("this is no operator of the language", "write `*` or `/`"),
        Token::Char('≤' | '≥' | '≠') => ("this is no comparison of the language", "write `<=`, `>=` or `<>`"),
        Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)) => (
            "an expression has no comments",
            "two minuses need a blank between them; a comment of YAML begins with ` #`",
        ),
        _ => return None,
    };
    Some((token, message, help))
}

/// Comparisons with their marks the wrong way round: `=<`, `><`.
fn turned(pair: &[TokenWithSpan]) -> Option<Foreign<'_>> {
    let [first, second] = pair else { return None };
    match (&first.token, &second.token) {
        (Token::Eq, Token::Lt | Token::Gt) | (Token::Gt, Token::Lt) => {
            Some((first, "the marks of this comparison are the wrong way round", "write `<=`, `>=` or `<>`"))
        }
        _ => None,
    }
}

fn is_part(token: &Token) -> bool {
    !matches!(token, Token::Whitespace(_) | Token::Comma | Token::SingleQuotedString(_) | Token::Number(..))
}

fn tree(tokens: Vec<TokenWithSpan>, places: &Places, report: &mut Report<'_>) -> Option<Sql> {
    let mut parser = Parser::new(&DefinitionDialect).with_tokens_with_locations(tokens);
    let sql = match parser.parse_expr() {
        Ok(sql) => sql,
        Err(ParserError::RecursionLimitExceeded) => {
            report.error(Code::YAML_LIMIT, places.whole, "the expression is nested too deeply");
            return None;
        }
        Err(ParserError::ParserError(message) | ParserError::TokenizerError(message)) => {
            let (message, location) = split_location(&message);
            report.error(Code::EXPRESSION_SYNTAX, places.from(location), sentence(message));
            return None;
        }
    };
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        let message = format!("the expression is complete before `{}`", rest.token);
        let help = match rest.token {
            Token::Comma => "decimals stand behind a point, and thousands are not grouped: 1000.5",
            _ => "an operator such as `and` may be missing",
        };
        report.error(Code::EXPRESSION_SYNTAX, places.span(rest.span), message).help(help);
        return None;
    }
    Some(sql)
}

/// The parser's errors carry their place only in their text.
fn split_location(message: &str) -> (&str, Option<Location>) {
    let Some((sentence, place)) = message.rsplit_once(" at Line: ") else { return (message, None) };
    let location = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
    });
    (sentence, location)
}

fn sentence(message: &str) -> String {
    let message = message.trim().trim_end_matches('.');
    if message.contains("found: EOF") {
        return format!(
            "the expression ends too early: {}",
            lower_first(&message.replace("found: EOF", "found its end"))
        );
    }
    // What the parser's own words for these are is of no use to anybody.
    if message.starts_with("No infix parser") {
        return "a word or mark stands where an operator belongs".to_owned();
    }
    if let Some((_, found)) = message.split_once(" after IS, found: ") {
        return format!("`is` is followed by `null` or `not null`, not by {found}");
    }
    lower_first(message)
}

/// Whether a name can stand in an expression: many words of SQL mean something else there, or nothing at all.
pub(crate) fn is_name(name: &str) -> bool {
    let is_alone = |text: &str| {
        let mut parser = Parser::new(&DefinitionDialect).try_with_sql(text).ok()?;
        let sql = parser.parse_expr().ok()?;
        (parser.peek_token().token == Token::EOF).then_some(sql)
    };
    let alone = matches!(is_alone(name), Some(Sql::Identifier(found)) if found.value == name);
    alone && is_alone(&format!("sum({name}) + {name} - ({name}) = {name} and not {name}")).is_some()
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
