//! `schema`: the JSON schema of a file.

use super::super::common::Display;
use super::super::console::Console;
use super::super::{Exit, Failure};
use crate::study::{json, schema};

/// Print the JSON schema of a file that the program reads or writes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  mechfit schema plan > plan.schema.json")]
pub struct Arguments {
    /// Name of the file; left out: the names are listed
    pub name: Option<String>,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Prints the schema, or the names.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let Some(name) = &self.name else {
            for name in schema::NAMES {
                console.line(name);
            }
            console.document(json::document(&schema::NAMES)?);
            return Ok(Exit::Ok);
        };
        let stem = name.trim_end_matches(".json");
        let Some(schema) = schema::schema(stem) else {
            return Err(Failure::usage(
                format!("there is no schema `{name}`"),
                format!("the names are {}", schema::NAMES.join(", ")),
            ));
        };
        console.raw(&json::text(&schema));
        console.document(schema);
        Ok(Exit::Ok)
    }
}
