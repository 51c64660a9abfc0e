//! Names of a model as mathematics: `k_on` is k with the subscript "on", `alpha` is α.

/// Greek letters by their names.
const GREEK: [(&str, &str); 34] = [
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("upsilon", "υ"),
    ("phi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Gamma", "Γ"),
    ("Delta", "Δ"),
    ("Theta", "Θ"),
    ("Lambda", "Λ"),
    ("Xi", "Ξ"),
    ("Pi", "Π"),
    ("Sigma", "Σ"),
    ("Phi", "Φ"),
    ("Psi", "Ψ"),
    ("Omega", "Ω"),
    ("time", "t"),
];

/// A name in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// What stands on the line.
    pub base: String,
    /// What is lowered, parts separated by commas.
    pub subscript: Option<String>,
}

/// A name in parts. The first underscore begins the subscript; names that begin or end with one stay as they are.
pub fn name(id: &str) -> Name {
    let letter = |part: &str| {
        GREEK
            .iter()
            .find(|(n, _)| *n == part)
            .map_or_else(|| part.to_owned(), |(_, g)| (*g).to_owned())
    };
    match id.split_once('_') {
        Some((base, rest)) if !base.is_empty() && rest.split('_').all(|p| !p.is_empty()) => Name {
            base: letter(base),
            subscript: Some(rest.split('_').map(letter).collect::<Vec<_>>().join(",")),
        },
        _ => Name {
            base: letter(id),
            subscript: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn underscores_lower_and_greek_names_become_letters() {
        let parts = |id: &str| {
            let n = name(id);
            (n.base, n.subscript)
        };
        assert_eq!(parts("k_on"), ("k".into(), Some("on".into())));
        assert_eq!(parts("k_imp_homo"), ("k".into(), Some("imp,homo".into())));
        assert_eq!(parts("sigma_1"), ("σ".into(), Some("1".into())));
        assert_eq!(parts("Bcl2"), ("Bcl2".into(), None));
        assert_eq!(parts("_x"), ("_x".into(), None));
        assert_eq!(parts("x__y"), ("x__y".into(), None));
        assert_eq!(parts("time"), ("t".into(), None));
    }
}
