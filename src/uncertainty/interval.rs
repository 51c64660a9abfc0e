//! Intervals whose ends say what they are.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::objective::target::to_natural;
use crate::problem::Scale;

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Estimate ± Student's t × standard error, with the variance of Kenward & Roger and Satterthwaite's ν.
    Fisher,
    /// Estimate ± normal quantile × standard error, the reported SDs taken as σ. Covers less than it says.
    FisherZ,
    /// Profile likelihood with the threshold for small samples: the reference.
    Profile,
    /// Profile likelihood with the χ²₁ threshold. Covers less than it says.
    ProfileChi2,
    /// Profile likelihood with a threshold simulated at the fit.
    ProfileBootstrap,
    /// Quantiles of the bootstrap replicates.
    Percentile,
    /// The percentile interval reflected at the estimate.
    Basic,
    /// Bias-corrected percentile.
    Bc,
    /// Studentised bootstrap.
    BootstrapT,
    /// Quantiles of draws from the priors, everything without a prior as fitted: what is known without these data.
    Prior,
}

/// What an end is, without its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A number.
    Closed,
    /// The objective still rises where the bound of the parameter ends the path.
    AtBound,
    /// No end: the objective has flattened, or it could not be followed further (the cause says so).
    Open,
}

/// An end of an interval. Only a closed end is a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// A number.
    Closed(f64),
    /// The objective still rises where the bound of the parameter ends the path.
    AtBound,
    /// No end: the objective has flattened, or it could not be followed further (the cause says so).
    Open,
}

impl End {
    /// The number, if there is one.
    pub fn closed(self) -> Option<f64> {
        match self {
            Self::Closed(x) => Some(x),
            Self::AtBound | Self::Open => None,
        }
    }
    /// What it is.
    pub fn status(self) -> Status {
        match self {
            Self::Closed(_) => Status::Closed,
            Self::AtBound => Status::AtBound,
            Self::Open => Status::Open,
        }
    }
    /// The end with its number mapped.
    #[must_use]
    pub fn map(self, f: impl FnOnce(f64) -> f64) -> Self {
        match self {
            Self::Closed(x) => Self::Closed(f(x)),
            other => other,
        }
    }
}

/// What holds an end where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Cause {
    /// The data.
    Data,
    /// Priors.
    Prior,
    /// Relations in the objective.
    Relations,
    /// The bounds of parameters (its own, or others that a refit would have moved further).
    Bound(Vec<String>),
    /// Nothing: the refits make up for every change.
    Nothing,
    /// The model could not be evaluated further out, for this reason.
    Failure(String),
    /// Nothing that is known: the refits of this side were used up before the objective had risen enough.
    Refits,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data => f.write_str("data"),
            Self::Prior => f.write_str("prior"),
            Self::Relations => f.write_str("relations"),
            Self::Bound(ids) => write!(f, "{BOUND_OF}{}", ids.join(SEPARATOR)),
            Self::Nothing => f.write_str("nothing"),
            Self::Failure(reason) => write!(f, "{FAILURE}{reason}"),
            Self::Refits => f.write_str(REFITS),
        }
    }
}

/// How a cause that is a bound is written.
const BOUND_OF: &str = "bound of ";
/// How a cause that is a failure is written.
const FAILURE: &str = "no evaluation beyond: ";
/// How it is written that the refits were used up.
const REFITS: &str = "limit of refits";
/// Between ids.
const SEPARATOR: &str = ", ";

impl From<Cause> for String {
    fn from(cause: Cause) -> Self {
        cause.to_string()
    }
}

impl From<String> for Cause {
    fn from(text: String) -> Self {
        match text.as_str() {
            "data" => Self::Data,
            "prior" => Self::Prior,
            "relations" => Self::Relations,
            REFITS => Self::Refits,
            other => {
                if let Some(ids) = other.strip_prefix(BOUND_OF) {
                    Self::Bound(ids.split(SEPARATOR).map(String::from).collect())
                } else if let Some(reason) = other.strip_prefix(FAILURE) {
                    Self::Failure(reason.into())
                } else {
                    Self::Nothing
                }
            }
        }
    }
}

/// Two numbers, either of which may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Range {
    /// Lower.
    pub lower: Option<f64>,
    /// Upper.
    pub upper: Option<f64>,
}

/// An interval.
///
/// Written as `method`, `level`, `lower`, `upper` (a number or null), `lower_status`, `upper_status` and, where they are
/// known, `lower_cause`, `upper_cause`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "Written", from = "Written")]
pub struct Interval {
    /// How it was made.
    pub method: Method,
    /// Nominal coverage.
    pub level: f64,
    /// Lower end.
    pub lower: End,
    /// Upper end.
    pub upper: End,
    /// What holds the lower end.
    pub lower_cause: Option<Cause>,
    /// What holds the upper end.
    pub upper_cause: Option<Cause>,
}

impl Interval {
    /// An interval with both ends closed.
    pub fn closed(method: Method, level: f64, lower: f64, upper: f64) -> Self {
        Self {
            method,
            level,
            lower: End::Closed(lower),
            upper: End::Closed(upper),
            lower_cause: None,
            upper_cause: None,
        }
    }
    /// The interval with its ends mapped by an increasing function.
    #[must_use]
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            lower: self.lower.map(&f),
            upper: self.upper.map(&f),
            ..self
        }
    }
    /// The interval on the natural scale from one on the estimation scale.
    #[must_use]
    pub fn natural(self, scale: Scale) -> Self {
        self.map(|x| to_natural(scale, x))
    }
    /// Both ends, if both are closed.
    pub fn ends(&self) -> Option<(f64, f64)> {
        Some((self.lower.closed()?, self.upper.closed()?))
    }
    /// Whether it contains a value; an end that is not closed excludes nothing.
    pub fn contains(&self, x: f64) -> bool {
        self.lower.closed().is_none_or(|a| x >= a) && self.upper.closed().is_none_or(|b| x <= b)
    }
}

/// The keys of an interval in a file.
#[derive(Serialize, Deserialize)]
struct Written {
    method: Method,
    level: f64,
    lower: Option<f64>,
    upper: Option<f64>,
    lower_status: Status,
    upper_status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lower_cause: Option<Cause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upper_cause: Option<Cause>,
}

impl From<Interval> for Written {
    fn from(i: Interval) -> Self {
        Self {
            method: i.method,
            level: i.level,
            lower: i.lower.closed(),
            upper: i.upper.closed(),
            lower_status: i.lower.status(),
            upper_status: i.upper.status(),
            lower_cause: i.lower_cause,
            upper_cause: i.upper_cause,
        }
    }
}

impl From<Written> for Interval {
    fn from(w: Written) -> Self {
        let end = |x: Option<f64>, status| match (status, x) {
            (Status::Closed, Some(x)) => End::Closed(x),
            (Status::AtBound, _) => End::AtBound,
            _ => End::Open,
        };
        Self {
            method: w.method,
            level: w.level,
            lower: end(w.lower, w.lower_status),
            upper: end(w.upper, w.upper_status),
            lower_cause: w.lower_cause,
            upper_cause: w.upper_cause,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_written_with_the_keys_of_the_contract_and_read_back() {
        let interval = Interval {
            method: Method::Profile,
            level: 0.95,
            lower: End::Closed(0.5),
            upper: End::AtBound,
            lower_cause: Some(Cause::Data),
            upper_cause: Some(Cause::Bound(vec!["a".into(), "b".into()])),
        };
        let text = serde_json::to_string(&interval).unwrap();
        assert_eq!(
            text,
            r#"{"method":"profile","level":0.95,"lower":0.5,"upper":null,"lower_status":"closed","upper_status":"at_bound","lower_cause":"data","upper_cause":"bound of a, b"}"#
        );
        assert_eq!(serde_json::from_str::<Interval>(&text).unwrap(), interval);
    }

    #[test]
    fn every_cause_is_read_as_it_is_written() {
        for cause in [
            Cause::Data,
            Cause::Prior,
            Cause::Relations,
            Cause::Bound(vec!["a".into(), "b".into()]),
            Cause::Nothing,
            Cause::Failure("max_steps".into()),
            Cause::Refits,
        ] {
            assert_eq!(Cause::from(String::from(cause.clone())), cause);
        }
    }

    #[test]
    fn an_end_that_is_not_closed_excludes_nothing() {
        let mut i = Interval::closed(Method::Fisher, 0.95, 0.0, 1.0);
        assert!(i.contains(0.5) && !i.contains(2.0));
        i.upper = End::Open;
        assert!(i.contains(2.0) && !i.contains(-1.0));
    }
}
