//! What differs between the members of a population, as text: `n_sites=lognormal(22000,9300)`.

use crate::stats::{Distribution, DistributionError};

use super::Spread;

/// A parameter or input that differs from member to member.
#[derive(Debug, Clone, PartialEq)]
pub struct Vary {
    /// Parameter, input or constant of the model.
    pub id: String,
    /// The distribution is of the factor by which a parameter differs from its estimate (`*=`), not of its value (`=`).
    pub relative: bool,
    /// Its distribution.
    pub spread: Spread,
}

/// Why a text says nothing about a population.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VaryError {
    /// Not `ID=DISTRIBUTION(A,B)`.
    #[error(
        "`{0}` does not say what differs: write ID=lognormal(MEAN,SD), or ID*=lognormal(MEAN,SD) for a factor on the estimate"
    )]
    Form(String),
    /// No distribution of that name.
    #[error(
        "`{0}` is not a distribution here: lognormal, normal (mean and SD), uniform, loguniform (lowest, highest)"
    )]
    Name(String),
    /// A number that is none.
    #[error("`{0}` is not a number")]
    Number(String),
    /// Numbers that make no distribution.
    #[error(transparent)]
    Distribution(#[from] DistributionError),
}

impl Vary {
    /// Reads `ID=DISTRIBUTION(A,B)` or `ID*=DISTRIBUTION(A,B)`: `lognormal` and `normal` by arithmetic mean and SD, as
    /// papers report them, `uniform` and `loguniform` by their ends.
    ///
    /// ```
    /// let v = mechfit::predict::Vary::parse("n_sites*=lognormal(1.86, 0.79)")?;
    /// assert_eq!((v.id.as_str(), v.relative), ("n_sites", true));
    /// let median = v.spread.quantile(0.5);
    /// assert!((median - 1.86/(1.0 + (0.79_f64/1.86).powi(2)).sqrt()).abs() < 1e-9);
    /// # Ok::<(), mechfit::predict::VaryError>(())
    /// ```
    ///
    /// # Errors
    /// [`VaryError`].
    pub fn parse(text: &str) -> Result<Self, VaryError> {
        let form = || VaryError::Form(text.into());
        let (left, right) = text.split_once('=').ok_or_else(form)?;
        let (id, relative) = match left.strip_suffix('*') {
            Some(id) => (id.trim(), true),
            None => (left.trim(), false),
        };
        let (name, arguments) = right
            .trim()
            .strip_suffix(')')
            .and_then(|r| r.split_once('('))
            .ok_or_else(form)?;
        if id.is_empty() {
            return Err(form());
        }
        let numbers = arguments
            .split(',')
            .map(|a| {
                let a = a.trim();
                let x: Option<f64> = a.parse().ok();
                x.filter(|x| x.is_finite())
                    .ok_or_else(|| VaryError::Number(a.into()))
            })
            .collect::<Result<Vec<f64>, _>>()?;
        let name = name.trim().to_lowercase().replace(['-', '_'], "");
        let mut spread = match (name.as_str(), numbers.as_slice()) {
            ("lognormal", [mean, sd]) => Spread::log_normal(id, *mean, *sd)?,
            ("lognormal", _) => {
                // The same message as for any other distribution.
                Distribution::parse("log-normal", &numbers)?;
                return Err(form());
            }
            ("normal" | "uniform", _) => Spread::new(id, Distribution::parse(&name, &numbers)?),
            ("loguniform", _) => Spread::new(id, Distribution::parse("log-uniform", &numbers)?),
            _ => return Err(VaryError::Name(name)),
        };
        if relative {
            spread.words = format!("its estimate times {}", spread.words);
        }
        Ok(Self {
            id: id.into(),
            relative,
            spread,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_read_as_people_report_it() {
        let v = Vary::parse(" amd = Log-Normal( 9945 , 3000 ) ").unwrap();
        assert_eq!((v.id.as_str(), v.relative), ("amd", false));
        // The mean of a log-normal is exp(μ + σ²/2).
        let Distribution::LogNormal(m, s) = v.spread.distribution else {
            panic!("{v:?}");
        };
        assert!(((m + 0.5 * s * s).exp() - 9945.0).abs() < 1e-8);
        let u = Vary::parse("x=uniform(2,4)").unwrap();
        assert!((u.spread.quantile(0.5) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn slips_are_refused_with_what_to_write() {
        for (text, part) in [
            ("n_sites", "write ID="),
            ("n_sites=2e4", "write ID="),
            ("=normal(1,2)", "write ID="),
            ("n=weibull(1,2)", "not a distribution"),
            ("n=normal(1,x)", "`x` is not a number"),
            ("n=normal(1)", "takes 2 parameters"),
            ("n=lognormal(1)", "takes 2 parameters"),
            ("n=normal(1,-2)", "outside their domain"),
            ("n=lognormal(-1,2)", "outside their domain"),
        ] {
            let error = Vary::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
