//! JSON schemas of the files that people write and the program reads.

use serde_json::Value;

use super::expected::Expected;
use super::plan::Plan;

/// Names of the schemas.
pub const NAMES: [&str; 2] = ["expected", "plan"];

/// The schema of a name.
pub fn schema(name: &str) -> Option<Value> {
    match name {
        "plan" => Some(schemars::schema_for!(Plan).to_value()),
        "expected" => Some(schemars::schema_for!(Expected).to_value()),
        _ => None,
    }
}
