//! Results for people: numbers, terminal tables, figures, a page and its Markdown twin.
//!
//! Everything here is a pure function of a [`View`]; no solver is called, nothing is printed, no file is written.

pub mod document;
pub mod equations;
pub mod figure;
pub mod markdown;
pub mod markup;
pub mod number;
pub mod page;
pub mod table;
pub mod terminal;
pub mod view;
pub mod words;

pub use view::View;
