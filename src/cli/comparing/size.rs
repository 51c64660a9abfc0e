//! How often the test of a nested pair rejects the smaller variant where it is true.

use std::borrow::Borrow;

use serde_json::{Value, json};

use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::Session;
use super::super::{Exit, Failure};
use super::Comparing;
use crate::study::job::Begin;

impl<S: Borrow<Session>> Comparing<S> {
    /// Measures the size of the test of a nested pair in a scenario.
    pub fn size(
        &self,
        pair: &str,
        id: Option<&str>,
        resume: bool,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        let (small, large) = self.nested_pair(pair)?;
        let base = self.base(id)?;
        let candidates = self.candidates(&base, &[])?;
        let folder = self.folder(&base);
        let stage = self.stage(&candidates, &folder, None, Begin::of(resume), Vec::new());
        let starts = (candidates.len() as u64).saturating_mul(stage.starts);
        let progress = console.progress(
            starts.saturating_add(stage.samples),
            "starts and simulated data sets",
        );
        let found = stage.size(small, large, &|| progress.step())?;
        drop(progress);
        let Some(size) = found else {
            return Err(Failure::NothingEvaluated {
                message: format!("{small} and {large} cannot be compared"),
                notes: Vec::new(),
            });
        };
        let percent =
            |x: Option<f64>| x.map_or_else(|| "–".into(), |x| format!("{:.2}", 100.0 * x));
        console.line(format!(
            "{small} in {large}, {} data sets drawn from {small} ({} failed): the bootstrap likelihood ratio rejects {} ± {} %, \
             χ² {} %, at {} %",
            size.sets[0],
            size.sets[1],
            percent(size.bootstrap),
            percent(size.standard_error),
            percent(size.chi2),
            100.0 * size.nominal
        ));
        let mut value =
            crate::study::json::document(&size).map_err(|e| Failure::Internal(e.to_string()))?;
        if let Value::Object(map) = &mut value {
            map.insert("schema_version".into(), json!(SCHEMA_VERSION));
        }
        console.document(value);
        Ok(Exit::Ok)
    }

    /// The two variants that `SMALL:LARGE` names.
    fn nested_pair<'p>(&self, pair: &'p str) -> Result<(&'p str, &'p str), Failure> {
        let larger = |id: &str| -> Option<&[String]> {
            let (_, m) = self.members.iter().find(|(_, m)| m.id == id)?;
            Some(m.variant.as_ref().map_or(&[], |v| v.nested_in.as_slice()))
        };
        let named = pair
            .split_once(':')
            .and_then(|(a, b)| Some((a, b, larger(a)?, larger(b)?)));
        let Some((small, large, above, below)) = named else {
            let ids: Vec<&str> = self.members.iter().map(|(_, m)| m.id.as_str()).collect();
            return Err(Failure::usage(
                format!("`{pair}` names no two variants"),
                format!("write SMALL:LARGE; the variants are {}", ids.join(", ")),
            ));
        };
        if above.iter().any(|id| id == large) {
            return Ok((small, large));
        }
        let remedy = if below.iter().any(|id| id == small) {
            format!("`{large}` is the smaller one: write {large}:{small}")
        } else {
            let pairs: Vec<String> = self
                .members
                .iter()
                .filter_map(|(_, m)| Some((m, m.variant.as_ref()?)))
                .flat_map(|(m, v)| v.nested_in.iter().map(move |l| format!("{}:{l}", m.id)))
                .collect();
            if pairs.is_empty() {
                "no variant is nested in another; say so in the column `nestedIn` of the variant table"
                    .into()
            } else {
                format!(
                    "nested pairs are {}; others are said in the column `nestedIn` of the variant table",
                    pairs.join(", ")
                )
            }
        };
        Err(Failure::usage(
            format!(
                "`{small}` is not nested in `{large}`, and only the test of a nested pair has a size"
            ),
            remedy,
        ))
    }
}
