//! The same initial value problems solved twice: here by `mechfit` from a text in its model language, there by `diffsol`
//! from equations written by hand in Rust. The two share no code. What `diffsol` finds is recorded in
//! `tests/data/crosscheck/reference.tsv`, against which the main tests hold every method and tolerance.

pub mod number;
pub mod ours;
pub mod peer;
pub mod problems;
pub mod record;
pub mod solution;
