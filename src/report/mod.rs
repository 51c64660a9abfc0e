//! Results for people: numbers, terminal tables, figures, a page and its Markdown twin.
//!
//! Everything here is a pure function of a [`View`]; no solver is called, nothing is printed, no file is written.

pub mod view;

pub use view::View;
