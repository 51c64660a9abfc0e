//! Result documents: plain data with the keys of the contract.

use serde::{Deserialize, Serialize};

use super::audit;
use super::canonical::Canonical;
use super::open::Prepared;

/// Hashes of what was fitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemHash {
    /// Of the content of all files read.
    pub sha256: String,
    /// Of the problem and model as understood: comments, order of rows and line ends do not change it.
    pub canonical_sha256: String,
    /// The same in parts.
    pub canonical_parts: Canonical,
}

impl ProblemHash {
    /// Hashes of a prepared problem.
    pub fn of(prepared: &Prepared) -> Self {
        Self {
            sha256: audit::files_hash(&prepared.files()),
            canonical_sha256: prepared.canonical.sha256(),
            canonical_parts: prepared.canonical.clone(),
        }
    }
}
