//! Statements as read, before names and units mean anything.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::Source;
use crate::math::Expr;

/// A piece of text with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub text: String,
    pub span: Range<usize>,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Param,
    Input,
    Let,
    State,
    Output,
}

impl Role {
    /// The keyword in a sentence.
    pub fn with_article(self) -> String {
        let article = match self {
            Self::Input | Self::Output => "an",
            _ => "a",
        };
        format!("{article} `{}`", self.keyword())
    }
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Param => "param",
            Self::Input => "input",
            Self::Let => "let",
            Self::State => "state",
            Self::Output => "output",
        }
    }
}

/// A declaration of a quantity: `role name = value [unit] of substance "description" source "…"`.
#[derive(Debug, Clone)]
pub(super) struct Entity {
    pub role: Role,
    pub name: Word,
    /// `None` if it could not be read: the name is known all the same.
    pub value: Option<Expr>,
    pub tail: Tail,
    /// Set by `fix`, with what the base says.
    pub fixed: Option<Fixed>,
}

/// What the base says about a fixed parameter.
#[derive(Debug, Clone)]
pub(super) struct Fixed {
    /// Its unit as written.
    pub unit: Option<String>,
}

/// What stands behind the value of a declaration.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail {
    pub unit: Option<Word>,
    pub description: Option<Word>,
    pub source: Option<Word>,
    pub substance: Option<Word>,
}

/// What an event waits for.
#[derive(Debug, Clone)]
pub(super) enum Trigger {
    /// A time.
    At(Expr),
    /// A condition.
    When(Expr),
}

/// A statement about the model.
#[derive(Debug, Clone)]
pub(super) enum Item {
    Time(Word),
    Unit {
        name: Word,
        definition: Option<Word>,
    },
    Substance {
        name: Word,
        molar_mass: Option<Expr>,
        tail: Tail,
    },
    Entity(Entity),
    Rate {
        state: Word,
        value: Option<Expr>,
    },
    Event {
        trigger: Option<Trigger>,
        assignments: Vec<(Word, Expr)>,
    },
}

/// A statement with its place.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub source: Arc<Source>,
    pub span: Range<usize>,
    pub item: Item,
}

/// What a statement is known by: two statements with one key exclude one another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    Time,
    Unit(String),
    Substance(String),
    /// Parameter, input, `let` or state.
    Name(String),
    Output(String),
    Rate(String),
}

impl Statement {
    pub fn key(&self) -> Option<Key> {
        Some(match &self.item {
            Item::Time(_) => Key::Time,
            Item::Unit { name, .. } => Key::Unit(name.text.clone()),
            Item::Substance { name, .. } => Key::Substance(name.text.clone()),
            Item::Entity(e) if e.role == Role::Output => Key::Output(e.name.text.clone()),
            Item::Entity(e) => Key::Name(e.name.text.clone()),
            Item::Rate { state, .. } => Key::Rate(state.text.clone()),
            Item::Event { .. } => return None,
        })
    }
    /// The place of what it is known by.
    pub fn name_span(&self) -> Range<usize> {
        match &self.item {
            Item::Time(w) => w.span.clone(),
            Item::Unit { name, .. } | Item::Substance { name, .. } => name.span.clone(),
            Item::Entity(e) => e.name.span.clone(),
            Item::Rate { state, .. } => state.span.clone(),
            Item::Event { .. } => self.span.clone(),
        }
    }
}

impl Key {
    /// As one would write it.
    pub fn shown(&self) -> String {
        match self {
            Self::Time => "time".into(),
            Self::Unit(n) => format!("unit {n}"),
            Self::Substance(n) => format!("substance {n}"),
            Self::Name(n) => n.clone(),
            Self::Output(n) => format!("output {n}"),
            Self::Rate(n) => format!("d/dt({n})"),
        }
    }
    /// The bare name.
    pub fn name(&self) -> &str {
        match self {
            Self::Time => "time",
            Self::Unit(n)
            | Self::Substance(n)
            | Self::Name(n)
            | Self::Output(n)
            | Self::Rate(n) => n,
        }
    }
}

/// What a part does with a statement.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Replace(Statement),
    Add(Statement),
    /// A bare statement where `add` or `replace` is missing (an error already): whichever fits.
    Put(Statement),
    /// `fix NAME = value [unit]`.
    Fix {
        source: Arc<Source>,
        span: Range<usize>,
        name: Word,
        value: Option<Expr>,
        tail: Tail,
    },
}

/// The first statement of a file.
#[derive(Debug, Clone)]
pub(super) enum Head {
    Model {
        name: Word,
        description: Option<Word>,
        /// Base model.
        extends: Option<Word>,
        parts: Vec<Word>,
    },
    Part {
        name: Word,
        /// File name of the model that it is laid over.
        base: Option<Word>,
    },
}

/// A file as read.
#[derive(Debug)]
pub(super) struct File {
    pub source: Arc<Source>,
    pub head: Option<Head>,
    pub statements: Vec<Statement>,
    pub changes: Vec<Change>,
}
