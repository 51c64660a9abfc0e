//! The tables beside `compare.json`.

use super::stage_compare::CompareDocument;

/// The table `compare.tsv`: a row a variant.
pub fn table(document: &CompareDocument) -> String {
    let facts: Vec<&str> = document
        .comparison
        .models
        .first()
        .map(|m| m.facts.iter().map(|f| f.id.as_str()).collect())
        .unwrap_or_default();
    let mut text = [
        "id",
        "description",
        "n_estimated",
        "objective",
        "chi2_means",
        "dof",
        "aicc",
        "delta",
        "n_effective",
        "delta_effective",
        "weight",
        "bic",
        "p_value",
        "p_value_bootstrap",
        "p_value_bootstrap_all",
        "nested_in",
        "lrt_against",
        "lrt_statistic",
        "lrt_p_value",
        "identifiable",
        "verdict",
        "excluded_by",
        "given_up",
    ]
    .join("\t");
    for f in &facts {
        text += &format!("\t{f}");
    }
    text.push('\n');
    for m in &document.comparison.models {
        let lrt = m.lrt.as_ref();
        let mut cells = vec![
            m.id.clone(),
            m.description.replace(['\t', '\n', '\r'], " "),
            m.n_estimated.to_string(),
            decimal(Some(m.objective)),
            decimal(Some(m.chi2_means)),
            decimal(m.dof),
            decimal(m.aicc),
            decimal(m.delta),
            decimal(m.n_effective),
            decimal(m.delta_effective),
            decimal(m.weight),
            decimal(m.bic),
            decimal(m.p_value),
            decimal(m.p_value_bootstrap),
            decimal(m.p_value_bootstrap_all),
            m.nested_in.clone().unwrap_or_default(),
            lrt.map(|l| l.against.clone()).unwrap_or_default(),
            decimal(lrt.map(|l| l.statistic)),
            decimal(lrt.map(|l| l.p_value)),
            m.identifiable.to_string(),
            m.verdict.clone(),
            m.excluded_by.join("; "),
            m.given_up.join("; "),
        ];
        cells.extend(facts.iter().map(|id| {
            match m.facts.iter().find(|f| f.id == *id).and_then(|f| f.holds) {
                Some(true) => "yes".to_string(),
                Some(false) => "no".into(),
                None => String::new(),
            }
        }));
        text += &cells.join("\t");
        text.push('\n');
    }
    text
}

fn decimal(x: Option<f64>) -> String {
    x.filter(|x| x.is_finite())
        .map_or_else(String::new, |x| format!("{x:?}"))
}

/// The table `pairs.tsv`: a row a pair, `first:second` in its first column.
pub fn pairs_table(document: &CompareDocument) -> String {
    let mut text = String::from(
        "id\tfirst\tsecond\tnested\tstatistic\tp_first\tp_second\tsamples_first\tsamples_second\tverdict\n",
    );
    for p in &document.comparison.pairs {
        let cells = [
            format!("{}:{}", p.first, p.second),
            p.first.clone(),
            p.second.clone(),
            if p.nested { "yes" } else { "no" }.into(),
            decimal(Some(p.statistic)),
            decimal(p.p_first),
            decimal(p.p_second),
            p.samples[0].to_string(),
            p.samples[1].to_string(),
            p.verdict.clone(),
        ];
        text += &cells.join("\t");
        text.push('\n');
    }
    text
}

/// The table `experiments.tsv`: the measurements that would tell variants apart, `first:second:rank` in its first column.
pub fn experiments_table(document: &CompareDocument) -> String {
    let mut text = String::from(
        "id\tfirst\tsecond\tmeasurement\tn\tsd\tvalue_first\tvalue_second\terror\tdistance\n",
    );
    for d in &document.comparison.discriminations {
        for (k, m) in d.measurements.iter().enumerate() {
            let cells = [
                format!("{}:{}:{}", d.first, d.second, k + 1),
                d.first.clone(),
                d.second.clone(),
                m.id.clone(),
                m.n.to_string(),
                decimal(Some(m.sd)),
                decimal(Some(m.value_first)),
                decimal(Some(m.value_second)),
                decimal(Some(m.error)),
                decimal(Some(m.distance)),
            ];
            text += &cells.join("\t");
            text.push('\n');
        }
    }
    text
}
