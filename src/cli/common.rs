//! Flags that many commands share.

use std::path::PathBuf;
use std::time::Duration;

use crate::study::job::Origin;
pub use crate::study::job::Shard;

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum When {
    /// Where the stream is a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to show the result.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct Display {
    /// Print exactly one JSON document on stdout
    #[arg(long)]
    pub json: bool,
    /// Print no progress, notes or warnings on stderr (errors are still printed)
    #[arg(long, short)]
    pub quiet: bool,
    /// When to use colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub color: When,
}

/// Which study, and how to run it.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Run")]
pub struct Run {
    /// Folder of the results [default: `results` beside the problem]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Seed of all random numbers [default: the plan's, else 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Number of threads [default: all cores]; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Level of intervals, between 0 and 1 [default: the plan's, else 0.95]
    #[arg(long, value_name = "P", value_parser = level)]
    pub level: Option<f64>,
    /// Stop after this time and keep what is done: `90s`, `10m`, `2h`, `1h30m`, or seconds
    #[arg(long, value_name = "T", value_parser = duration)]
    pub max_time: Option<Duration>,
    /// Scenario of the plan [default: the first]
    #[arg(long, value_name = "ID")]
    pub scenario: Option<String>,
    /// Why the run is made; kept in log.jsonl beside the results
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// How the command was called, and pieces that it takes over
    #[arg(skip)]
    pub origin: Origin,
}

/// Accuracy of the integration.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Integration")]
pub struct Integration {
    /// Relative tolerance of a step [default: the plan's, else 1e-8]
    #[arg(long, value_name = "X", value_parser = positive)]
    pub rtol: Option<f64>,
    /// Absolute tolerance of a step, in the unit of each state [default: the plan's, else 1e-8]
    #[arg(long, value_name = "X", value_parser = positive)]
    pub atol: Option<f64>,
}

/// Values of parameters.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Parameter values")]
pub struct Values {
    /// Table of values (TSV with the columns `parameterId` and `value`), on the linear scale
    #[arg(long, value_name = "FILE")]
    pub parameters: Option<PathBuf>,
    /// One value, on the linear scale; may be repeated, and goes over the table
    #[arg(long, value_name = "ID=VALUE", value_parser = assignment)]
    pub set: Vec<(String, f64)>,
}

/// Reads `I/N`.
pub fn shard(text: &str) -> Result<Shard, String> {
    let wrong = || format!("`{text}` is no piece `I/N` with I from 1 to N, such as 2/8");
    let (i, n) = text.split_once('/').ok_or_else(wrong)?;
    let (index, of) = (
        i.parse().map_err(|_| wrong())?,
        n.parse().map_err(|_| wrong())?,
    );
    if index == 0 || index > of {
        return Err(wrong());
    }
    Ok(Shard { index, of })
}

/// Reads a level.
pub fn level(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(p) if p > 0.0 && p < 1.0 => Ok(p),
        Ok(p) if (1.0..100.0).contains(&p) => Err(format!(
            "a level lies between 0 and 1; for {p} % write {}",
            p / 100.0
        )),
        _ => Err("a level lies between 0 and 1, such as 0.95".into()),
    }
}

/// Reads a name that is a part of a file's.
pub fn name(text: &str) -> Result<String, String> {
    let good = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if good {
        Ok(text.into())
    } else {
        Err("a name is made of letters, digits, `_`, `-` and `.`".into())
    }
}

/// Times, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct Times(pub Vec<f64>);

/// Reads times: `6,12,24`, or `LO:HI[:STEPS]`, equidistant.
pub fn times(text: &str) -> Result<Times, String> {
    let wrong = || {
        format!(
            "`{text}` is no list of times: write 0:72 or 0:72:144 (steps), or ascending times with commas such as 6,12,24"
        )
    };
    let number = |t: &str| -> Result<f64, String> {
        let x: Option<f64> = t.trim().parse().ok();
        x.filter(|x| x.is_finite()).ok_or_else(wrong)
    };
    let list = match text.split(':').collect::<Vec<_>>().as_slice() {
        [list] => list
            .split(',')
            .map(number)
            .collect::<Result<Vec<f64>, _>>()?,
        [from, to] => crate::predict::course::equidistant(number(from)?, number(to)?, STEPS),
        [from, to, steps] => {
            let steps: u32 = steps.trim().parse().map_err(|_| wrong())?;
            if steps == 0 || steps > MOST_STEPS {
                return Err(format!(
                    "the number of steps is 1 to {MOST_STEPS}, not {steps}"
                ));
            }
            crate::predict::course::equidistant(number(from)?, number(to)?, steps)
        }
        _ => return Err(wrong()),
    };
    if list.windows(2).all(|w| matches!(w, [a, b] if a < b)) {
        Ok(Times(list))
    } else {
        Err(wrong())
    }
}

/// Steps of a span of times that names none.
const STEPS: u32 = 144;
/// Most steps: more would be a mistake of the unit.
const MOST_STEPS: u32 = 10_000;

/// Reads a positive number.
pub fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
        _ => Err("a positive number is expected, such as 1e-8".into()),
    }
}

/// Reads `ID=VALUE`.
pub fn assignment(text: &str) -> Result<(String, f64), String> {
    let (id, value) = text
        .split_once('=')
        .ok_or("write ID=VALUE, such as k_on=7.56".to_string())?;
    let id = id.trim();
    if id.is_empty() {
        return Err("the name before `=` is empty".into());
    }
    match value.trim().parse::<f64>() {
        Ok(v) if v.is_finite() => Ok((id.into(), v)),
        _ if value.contains(',') => Err(format!(
            "`{value}` is no number; the decimal sign is a point"
        )),
        _ => Err(format!("`{value}` is no number")),
    }
}

/// Reads a time span such as `1h30m`, `90s` or a number of seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("`{text}` is no time span; write 90s, 10m, 2h, 1h 30m, or a number of seconds");
    if let Ok(seconds) = text.trim().parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|_| wrong());
    }
    humantime::parse_duration(text.trim()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_read_as_people_write_them() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["", "h", "10x", "-5s", "1e9999", "s10"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_a_list_or_a_span() {
        assert_eq!(times("6, 12,24"), Ok(Times(vec![6.0, 12.0, 24.0])));
        assert_eq!(times("0:72:3"), Ok(Times(vec![0.0, 24.0, 48.0, 72.0])));
        assert_eq!(times("0:72").map(|t| t.0.len()), Ok(145));
        for wrong in [
            "",
            "a",
            "24,12",
            "1:2:3:4",
            "0:72:0",
            "72:0",
            "0:72:99999",
            "nan",
        ] {
            assert!(times(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pieces_are_read_and_slips_refused() {
        assert_eq!(shard("2/8"), Ok(Shard { index: 2, of: 8 }));
        for wrong in ["0/3", "4/3", "1", "1/", "a/b", "1/0"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }
}
