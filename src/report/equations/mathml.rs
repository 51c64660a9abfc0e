//! Expressions as MathML.

use super::super::markup::Markup;
use super::super::number::{Style, fixed, shortest_decimals};
use super::super::words;
use super::name::name;
use crate::math::{BinaryOp, Expr, Function, Kind, UnaryOp};

/// Namespace of MathML.
const NAMESPACE: &str = "http://www.w3.org/1998/Math/MathML";
/// Width in letters beyond which a sum is broken: what a page of 46 em sets in one line beside the left side.
const LINE: usize = 64;

/// Binding strength; larger binds tighter.
fn strength(e: &Expr) -> u8 {
    match &e.kind {
        Kind::Binary(op, ..) => match op {
            BinaryOp::Or => 1,
            BinaryOp::And => 2,
            BinaryOp::Lt
            | BinaryOp::Le
            | BinaryOp::Gt
            | BinaryOp::Ge
            | BinaryOp::Eq
            | BinaryOp::Ne => 3,
            BinaryOp::Add | BinaryOp::Sub => 4,
            // A sign before the first factor is a sign before the product.
            BinaryOp::Mul if leads_with_sign(e) => 4,
            BinaryOp::Mul => 5,
            // A fraction bar groups what it holds.
            BinaryOp::Div => 8,
            BinaryOp::Pow => 7,
        },
        Kind::Unary(..) => 4,
        Kind::Number(v) | Kind::Quantity(v, _) if *v < 0.0 => 4,
        Kind::Convert(a, _) => strength(a),
        _ => 9,
    }
}

fn leads_with_sign(e: &Expr) -> bool {
    match &e.kind {
        Kind::Binary(BinaryOp::Mul, a, _) => leads_with_sign(a),
        Kind::Unary(UnaryOp::Neg, _) => true,
        Kind::Number(v) => *v < 0.0,
        _ => false,
    }
}

/// `<math>` with one expression, in the line.
pub fn expression(e: &Expr) -> String {
    let mut m = Markup::new();
    m.open("math", &[("xmlns", NAMESPACE)]);
    m.open("mrow", &[]);
    put(&mut m, e, 0);
    m.finish()
}

/// `<math>` with the name of a quantity.
pub fn symbol(id: &str) -> String {
    let mut m = Markup::new();
    m.open("math", &[("xmlns", NAMESPACE)]);
    put_name(&mut m, id);
    m.finish()
}

/// `<math display="block">`: `left = right`, or `d left/dt = right`; a long sum continues on rows of its own.
pub fn equation(left: &str, right: &Expr, rate: bool) -> String {
    let mut m = Markup::new();
    m.open("math", &[("xmlns", NAMESPACE), ("display", "block")]);
    m.open("mtable", &[("class", "equation"), ("displaystyle", "true")]);
    for (i, row) in rows(right).iter().enumerate() {
        m.open("mtr", &[]);
        m.open("mtd", &[("class", "left")]);
        if i == 0 {
            if rate {
                m.open("mfrac", &[]);
                m.open("mrow", &[])
                    .element("mi", &[("mathvariant", "normal")], "d");
                put_name(&mut m, left);
                m.close();
                m.open("mrow", &[])
                    .element("mi", &[("mathvariant", "normal")], "d")
                    .element("mi", &[], "t")
                    .close();
                m.close();
            } else if left == "0" {
                m.element("mn", &[], "0");
            } else {
                put_name(&mut m, left);
            }
        }
        m.close();
        m.open("mtd", &[("class", "right")]);
        if i == 0 {
            m.element("mo", &[], "=");
        }
        for (k, (negative, term)) in row.iter().enumerate() {
            let first = i == 0 && k == 0;
            match (first, negative) {
                (true, true) => {
                    m.element("mo", &[("form", "prefix")], "−");
                }
                (true, false) => {}
                (false, negative) => {
                    m.element(
                        "mo",
                        &[("form", "infix")],
                        if *negative { "−" } else { "+" },
                    );
                }
            }
            let least = if first && !negative { 4 } else { 5 };
            put(&mut m, term, least);
        }
        m.close();
        m.close();
    }
    m.finish()
}

/// Terms of a sum with their signs, in rows of at most about [`LINE`] letters.
fn rows(e: &Expr) -> Vec<Vec<(bool, &Expr)>> {
    let mut terms = Vec::new();
    collect(e, false, &mut terms);
    let mut rows: Vec<Vec<(bool, &Expr)>> = vec![Vec::new()];
    let mut used = 0;
    for (negative, term) in terms {
        let width = width(term) + 2;
        if used > 0 && used + width > LINE {
            rows.push(Vec::new());
            used = 0;
        }
        used += width;
        if let Some(row) = rows.last_mut() {
            row.push((negative, term));
        }
    }
    rows
}

/// Terms of a sum; a difference of a sum stays one term in parentheses.
fn collect<'e>(e: &'e Expr, negative: bool, terms: &mut Vec<(bool, &'e Expr)>) {
    match &e.kind {
        Kind::Binary(BinaryOp::Add, a, b) if !negative => {
            collect(a, false, terms);
            collect(b, false, terms);
        }
        Kind::Binary(BinaryOp::Sub, a, b) if !negative => {
            collect(a, false, terms);
            terms.push((true, b));
        }
        Kind::Unary(UnaryOp::Neg, a) if !negative && terms.is_empty() => terms.push((true, a)),
        _ => terms.push((negative, e)),
    }
}

/// Letters that an expression takes in a line.
fn width(e: &Expr) -> usize {
    match &e.kind {
        Kind::Number(v) => number(*v).0.chars().count(),
        Kind::Quantity(v, unit) => number(*v).0.chars().count() + unit.chars().count() + 1,
        Kind::Bool(_) => 4,
        Kind::Symbol(id) => {
            let n = name(id);
            let sub = n.subscript.map_or(0, |s| s.chars().count() * 2 / 3 + 1);
            n.base.chars().count() + sub
        }
        Kind::Unary(_, a) => width(a) + 1,
        Kind::Convert(a, _) => width(a),
        Kind::Binary(BinaryOp::Div, a, b) => width(a).max(width(b)) + 1,
        Kind::Binary(BinaryOp::Pow, a, b) => width(a) + width(b) * 2 / 3,
        Kind::Binary(op, a, b) => {
            let sides = width(a) + width(b);
            let parentheses = [a, b].iter().filter(|s| strength(s) < strength(e)).count() * 2;
            sides + parentheses + if *op == BinaryOp::Mul { 1 } else { 3 }
        }
        Kind::Call(f, arguments) => {
            f.name().len() + 2 + arguments.iter().map(|a| width(a) + 2).sum::<usize>()
        }
    }
}

fn put(m: &mut Markup, e: &Expr, least: u8) {
    if strength(e) < least {
        m.open("mrow", &[]).element("mo", &[], "(");
        put(m, e, 0);
        m.element("mo", &[], ")").close();
        return;
    }
    match &e.kind {
        Kind::Number(v) => put_number(m, *v),
        Kind::Quantity(v, unit) => {
            put_number(m, *v);
            m.empty("mspace", &[("width", "0.2em")]);
            let unit = words::unit(Some(unit)).unwrap_or_default();
            m.element("mtext", &[], &unit);
        }
        Kind::Bool(b) => {
            m.element("mtext", &[], if *b { "true" } else { "false" });
        }
        Kind::Symbol(id) => put_name(m, id),
        Kind::Convert(a, _) => put(m, a, least),
        Kind::Unary(op, a) => {
            let sign = match op {
                UnaryOp::Neg => "−",
                UnaryOp::Plus => "+",
                UnaryOp::Not => "¬",
            };
            m.open("mrow", &[])
                .element("mo", &[("form", "prefix")], sign);
            put(m, a, 5);
            m.close();
        }
        Kind::Binary(op, a, b) => put_binary(m, *op, a, b),
        Kind::Call(f, arguments) => put_call(m, *f, arguments),
    }
}

fn put_binary(m: &mut Markup, op: BinaryOp, a: &Expr, b: &Expr) {
    match op {
        BinaryOp::Div => {
            m.open("mfrac", &[]);
            m.open("mrow", &[]);
            put(m, a, 0);
            m.close().open("mrow", &[]);
            put(m, b, 0);
            m.close().close();
        }
        BinaryOp::Pow => {
            m.open("msup", &[]);
            m.open("mrow", &[]);
            // A fraction or power as base needs parentheses although it stands by itself.
            let grouped = matches!(a.kind, Kind::Binary(..));
            put(m, a, if grouped { 10 } else { 8 });
            m.close().open("mrow", &[]);
            put(m, b, 0);
            m.close().close();
        }
        BinaryOp::Mul => {
            put(m, a, if leads_with_sign(a) { 0 } else { 5 });
            // Two numbers would run together without a sign.
            let digits = matches!(b.kind, Kind::Number(_) | Kind::Quantity(..));
            if digits {
                m.element("mo", &[], "·");
            } else {
                m.element("mo", &[], "\u{2062}");
                m.empty("mspace", &[("width", "0.14em")]);
            }
            put(m, b, 6);
        }
        _ => {
            let sign = match op {
                BinaryOp::Add => "+",
                BinaryOp::Sub => "−",
                BinaryOp::Lt => "<",
                BinaryOp::Le => "≤",
                BinaryOp::Gt => ">",
                BinaryOp::Ge => "≥",
                BinaryOp::Eq => "=",
                BinaryOp::Ne => "≠",
                BinaryOp::And => "∧",
                _ => "∨",
            };
            let own = match op {
                BinaryOp::Or => 1,
                BinaryOp::And => 2,
                BinaryOp::Add | BinaryOp::Sub => 4,
                _ => 3,
            };
            put(m, a, own);
            m.element("mo", &[("form", "infix")], sign);
            // A sum may stand in a sum, a sign may not follow a sign.
            let bare = op == BinaryOp::Add && !leads_with_sign(b);
            put(m, b, own + u8::from(!bare));
        }
    }
}

fn put_call(m: &mut Markup, f: Function, arguments: &[Expr]) {
    match (f, arguments) {
        (Function::Exp, [a]) => {
            m.open("msup", &[])
                .element("mi", &[("mathvariant", "normal")], "e");
            m.open("mrow", &[]);
            put(m, a, 0);
            m.close().close();
        }
        (Function::Sqrt, [a]) => {
            m.open("msqrt", &[]);
            put(m, a, 0);
            m.close();
        }
        (Function::Abs, [a]) => {
            m.open("mrow", &[]).element("mo", &[], "|");
            put(m, a, 0);
            m.element("mo", &[], "|").close();
        }
        (Function::Hill, [x, k, n]) => {
            let power = |e: &Expr| Expr::binary(BinaryOp::Pow, e.clone(), n.clone());
            let below = Expr::binary(BinaryOp::Add, power(k), power(x));
            put(m, &Expr::binary(BinaryOp::Div, power(x), below), 0);
        }
        (Function::Log2 | Function::Log10 | Function::LogBase, [a, rest @ ..]) => {
            m.open("mrow", &[])
                .open("msub", &[])
                .element("mi", &[], "log");
            m.open("mrow", &[]);
            match (f, rest) {
                (Function::Log2, _) => {
                    m.element("mn", &[], "2");
                }
                (_, [base]) => put(m, base, 0),
                _ => {
                    m.element("mn", &[], "10");
                }
            }
            m.close().close();
            parenthesised(m, std::slice::from_ref(a));
            m.close();
        }
        (Function::Piecewise, _) if !arguments.is_empty() => {
            m.open("mrow", &[])
                .element("mo", &[("stretchy", "true")], "{")
                .open("mtable", &[]);
            for pair in arguments.chunks(2) {
                m.open("mtr", &[]).open("mtd", &[]);
                match pair {
                    [value, condition] => {
                        put(m, value, 0);
                        m.close().open("mtd", &[]).element("mtext", &[], "if ");
                        put(m, condition, 0);
                    }
                    [value] => {
                        put(m, value, 0);
                        m.close()
                            .open("mtd", &[])
                            .element("mtext", &[], "otherwise");
                    }
                    _ => {}
                }
                m.close().close();
            }
            m.close().close();
        }
        (
            Function::RateOf,
            [
                Expr {
                    kind: Kind::Symbol(id),
                    ..
                },
            ],
        ) => {
            m.open("mfrac", &[])
                .open("mrow", &[])
                .element("mi", &[("mathvariant", "normal")], "d");
            put_name(m, id);
            m.close()
                .open("mrow", &[])
                .element("mi", &[("mathvariant", "normal")], "d");
            m.element("mi", &[], "t").close().close();
        }
        _ => {
            m.open("mrow", &[])
                .element("mi", &[("mathvariant", "normal")], f.name());
            m.element("mo", &[], "\u{2061}");
            parenthesised(m, arguments);
            m.close();
        }
    }
}

fn parenthesised(m: &mut Markup, arguments: &[Expr]) {
    m.element("mo", &[], "(");
    for (i, a) in arguments.iter().enumerate() {
        if i > 0 {
            m.element("mo", &[("separator", "true")], ",");
        }
        put(m, a, 0);
    }
    m.element("mo", &[], ")");
}

/// Mantissa, and exponent of ten where plain digits would be hard to read.
fn number(v: f64) -> (String, Option<String>) {
    // Six digits: what is a constant of the model, not a result.
    let text = fixed(v.abs(), shortest_decimals(v), Style::Plain);
    match text.split_once('e') {
        Some((m, e)) => (m.to_owned(), Some(e.replace('-', "−"))),
        None => (text, None),
    }
}

fn put_number(m: &mut Markup, v: f64) {
    let (mantissa, exponent) = number(v);
    m.open("mrow", &[]);
    if v < 0.0 {
        m.element("mo", &[("form", "prefix")], "−");
    }
    match exponent {
        None => {
            m.element("mn", &[], &mantissa);
        }
        Some(e) => {
            if mantissa != "1" {
                m.element("mn", &[], &mantissa).element("mo", &[], "×");
            }
            m.open("msup", &[])
                .element("mn", &[], "10")
                .element("mn", &[], &e)
                .close();
        }
    }
    m.close();
}

/// One letter is italic by itself, several are upright; the subscript is upright words.
fn put_name(m: &mut Markup, id: &str) {
    let n = name(id);
    match n.subscript {
        None => {
            put_letters(m, &n.base);
        }
        Some(sub) => {
            m.open("msub", &[]);
            put_letters(m, &n.base);
            m.element("mtext", &[], &sub).close();
        }
    }
}

fn put_letters(m: &mut Markup, text: &str) {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(_), None) => m.element("mi", &[], text),
        // Words are not products of letters.
        _ => m.element("mi", &[("mathvariant", "normal")], text),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{Syntax, parse};

    fn of(text: &str) -> String {
        expression(&parse(text, Syntax::MODEL, 0).unwrap())
    }
    /// The text of a `<math>`, tags left out, groups in braces.
    fn flat(markup: &str) -> String {
        fn walk(n: roxmltree::Node<'_, '_>, out: &mut String) {
            if n.is_text() {
                out.push_str(n.text().unwrap_or(""));
            }
            let group = matches!(n.tag_name().name(), "mfrac" | "msub" | "msup" | "msqrt");
            if group {
                out.push_str(n.tag_name().name());
                out.push('{');
            }
            for (i, c) in n.children().enumerate() {
                if group && i > 0 {
                    out.push('|');
                }
                walk(c, out);
            }
            if group {
                out.push('}');
            }
        }
        let document = roxmltree::Document::parse(markup).unwrap();
        let mut out = String::new();
        walk(document.root_element(), &mut out);
        out.replace(['\u{2062}', '\u{2061}'], "")
    }

    #[test]
    fn parentheses_stand_where_the_tree_needs_them() {
        for (text, set) in [
            ("a*(b + c)", "a(b+c)"),
            ("(a*b) + c", "ab+c"),
            ("a - (b - c)", "a−(b−c)"),
            ("-(a + b)*c", "−(a+b)c"),
            ("d*(-a*c)", "d(−ac)"),
            ("a*(-b)", "a(−b)"),
            ("a + -b*c", "a+(−bc)"),
            ("(a/b)^2", "msup{(mfrac{a|b})|2}"),
            ("a/(b + c)", "mfrac{a|b+c}"),
            ("2*3", "2·3"),
            ("k_on*R", "msub{k|on}R"),
            ("hill(x, k, n)", "mfrac{msup{x|n}|msup{k|n}+msup{x|n}}"),
            ("exp(-k*t)", "msup{e|−kt}"),
            ("1e6*Bcl2", "msup{10|6}Bcl2"),
            ("sqrt(a)", "msqrt{a}"),
            ("piecewise(1, a > 2, 0)", "{1if a>20otherwise"),
        ] {
            assert_eq!(flat(&of(text)), set, "{text}");
        }
    }

    #[test]
    fn a_long_sum_is_broken_between_its_terms() {
        let text = (0..12)
            .map(|i| format!("k_{i}*State{i}"))
            .collect::<Vec<_>>()
            .join(" + ");
        let e = parse(&text, Syntax::MODEL, 0).unwrap();
        let markup = equation("X", &e, true);
        let document = roxmltree::Document::parse(&markup).unwrap();
        let rows = document
            .descendants()
            .filter(|n| n.has_tag_name((NAMESPACE, "mtr")))
            .count();
        assert!((2..=4).contains(&rows), "{rows}");
        assert_eq!(flat(&markup).matches('+').count(), 11);
    }

    #[test]
    fn names_cannot_break_out() {
        let e = Expr::symbol("x<script>");
        assert!(!expression(&e).contains("<script>"));
        assert!(!symbol("a_<b>").contains("<b>"));
    }

    #[test]
    fn a_rate_is_set_as_a_fraction() {
        let e = parse("k_syn - k_deg*X", Syntax::MODEL, 0).unwrap();
        insta::assert_snapshot!(equation("X", &e, true));
    }
}
