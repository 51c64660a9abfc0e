//! Numbers that a result file may lack: JSON has no NaN, so what is null there is NaN here.

use serde::{Deserialize, Deserializer};

/// Reads a number, NaN for null.
///
/// # Errors
/// Those of the deserializer.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// Reads a list of numbers, NaN for null.
///
/// # Errors
/// Those of the deserializer.
pub fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let list = Vec::<Option<f64>>::deserialize(deserializer)?;
    Ok(list.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect())
}

/// Reads two numbers, NaN for null.
///
/// # Errors
/// Those of the deserializer.
pub fn pair<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[f64; 2], D::Error> {
    let list = <[Option<f64>; 2]>::deserialize(deserializer)?;
    Ok(list.map(|x| x.unwrap_or(f64::NAN)))
}

#[cfg(test)]
mod tests {
    use super::super::Estimate;

    #[test]
    fn an_estimate_that_is_not_reached_is_read_back_as_it_was_written() {
        let replicates: Vec<f64> = (0..40)
            .map(|k| if k < 30 { f64::from(k) } else { f64::INFINITY })
            .collect();
        let e = Estimate::from_replicates(f64::INFINITY, &replicates, 0.95);
        // serde_json writes what is not finite as null.
        let text = serde_json::to_string(&e).unwrap();
        let back: Estimate = serde_json::from_str(&text).unwrap();
        assert!(back.value.is_nan() && back.upper.is_nan());
        assert_eq!(back.lower, e.lower);
        assert_eq!(back.reason, e.reason);
        assert_eq!(back.missing, 0.25);
    }
}
