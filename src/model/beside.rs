//! Outputs under other names, for tables whose observables share a namespace with the model.

use std::collections::HashSet;

use super::Model;

impl Model {
    /// The model with every output renamed whose name is in `names`, and the pairs of old and new names.
    ///
    /// In PEtab an observable may not share its name with an entity of the model, where a study's observable reads the
    /// output of its name. Nothing but observables reads outputs, so that no expression changes.
    ///
    /// ```
    /// use mechfit::model::{Model, Output};
    /// use mechfit::math::Expr;
    ///
    /// let output = |id: &str| Output {
    ///     id: id.into(),
    ///     value: Expr::number(1.0),
    ///     unit: None,
    ///     description: String::new(),
    /// };
    /// let model = Model { outputs: vec![output("viability"), output("size")], ..Model::default() };
    /// let (beside, renamed) = model.with_outputs_beside(&["viability"]);
    /// assert_eq!(renamed, [("viability".to_string(), "viability_output".to_string())]);
    /// assert_eq!(beside.outputs[1].id, "size");
    /// ```
    pub fn with_outputs_beside(&self, names: &[&str]) -> (Self, Vec<(String, String)>) {
        let mut model = self.clone();
        let mut taken: HashSet<String> = self.declared().map(str::to_string).collect();
        taken.extend(self.events.iter().map(|e| e.id.clone()));
        taken.extend(self.reactions.iter().map(|r| r.id.clone()));
        taken.extend(names.iter().map(ToString::to_string));
        let mut renamed = Vec::new();
        for output in &mut model.outputs {
            if !names.contains(&output.id.as_str()) {
                continue;
            }
            let mut id = format!("{}_output", output.id);
            while !taken.insert(id.clone()) {
                id.push('_');
            }
            renamed.push((std::mem::replace(&mut output.id, id.clone()), id));
        }
        (model, renamed)
    }
}
