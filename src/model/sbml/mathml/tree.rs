//! Expressions with their sizes, built from the leaves.

use super::super::xml::Place;
use crate::math::{BinaryOp, Expr, Function, Kind, Span, UnaryOp};

/// Sums of more terms are built as a balanced tree, so that their depth stays small.
const FLAT_TERMS: usize = 16;

/// An expression with its size.
#[derive(Clone)]
pub(super) struct Tree {
    pub expr: Expr,
    pub depth: usize,
    pub nodes: usize,
}

pub(super) fn at(kind: Kind, place: &Place) -> Expr {
    let clip = |v: usize| u32::try_from(v).unwrap_or(u32::MAX);
    Expr {
        kind,
        span: Span {
            start: clip(place.start),
            end: clip(place.end),
        },
    }
}

pub(super) fn combined(kind: Kind, parts: &[(usize, usize)], place: &Place) -> Tree {
    Tree {
        expr: at(kind, place),
        depth: 1 + parts.iter().map(|p| p.0).max().unwrap_or(0),
        nodes: 1 + parts.iter().map(|p| p.1).sum::<usize>(),
    }
}

pub(super) fn call(function: Function, arguments: Vec<Tree>, place: &Place) -> Tree {
    let sizes: Vec<(usize, usize)> = arguments.iter().map(|a| (a.depth, a.nodes)).collect();
    let expressions = arguments.into_iter().map(|a| a.expr).collect();
    combined(Kind::Call(function, expressions), &sizes, place)
}

pub(super) fn unary(op: UnaryOp, a: Tree, place: &Place) -> Tree {
    let size = (a.depth, a.nodes);
    combined(Kind::Unary(op, Box::new(a.expr)), &[size], place)
}

pub(super) fn binary(op: BinaryOp, a: Tree, b: Tree, place: &Place) -> Tree {
    let sizes = [(a.depth, a.nodes), (b.depth, b.nodes)];
    combined(
        Kind::Binary(op, Box::new(a.expr), Box::new(b.expr)),
        &sizes,
        place,
    )
}

/// `a₁ op a₂ op …`, from the left, or balanced if there are many.
pub(super) fn chain(op: BinaryOp, mut terms: Vec<Tree>, neutral: Kind, place: &Place) -> Tree {
    if terms.is_empty() {
        return combined(neutral, &[], place);
    }
    while terms.len() > FLAT_TERMS {
        let mut next = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(a) = rest.next() {
            next.push(match rest.next() {
                Some(b) => binary(op, a, b, place),
                None => a,
            });
        }
        terms = next;
    }
    let mut rest = terms.into_iter();
    let first = rest.next();
    let folded = rest.fold(first, |acc, b| {
        Some(match acc {
            Some(a) => binary(op, a, b, place),
            None => b,
        })
    });
    folded.unwrap_or_else(|| combined(neutral, &[], place))
}
