//! Numbers that may be infinite or missing, in files: JSON has no such numbers, and a resumed run must read back what it
//! wrote. Finite numbers stay numbers, infinities are `"inf"` and `"-inf"`, NaN is null.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Infinite(String),
    Missing(()),
}

/// Writes a list.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(list: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(|&x| {
        if x.is_finite() {
            Number::Finite(x)
        } else if x.is_nan() {
            Number::Missing(())
        } else {
            Number::Infinite(if x > 0.0 { "inf".into() } else { "-inf".into() })
        }
    }))
}

/// Reads a list.
///
/// # Errors
/// A text that is neither `inf` nor `-inf`, and those of the deserializer.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    Vec::<Number>::deserialize(deserializer)?
        .into_iter()
        .map(|n| match n {
            Number::Finite(x) => Ok(x),
            Number::Missing(()) => Ok(f64::NAN),
            Number::Infinite(text) => match text.as_str() {
                "inf" => Ok(f64::INFINITY),
                "-inf" => Ok(f64::NEG_INFINITY),
                other => Err(D::Error::custom(format!("`{other}` is not a number"))),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct List(#[serde(with = "super")] Vec<f64>);

    #[test]
    fn infinities_and_missing_numbers_are_read_back() {
        let list = List(vec![
            1.5,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            0.1 + 0.2,
        ]);
        let text = serde_json::to_string(&list).unwrap();
        assert_eq!(text, r#"[1.5,"inf","-inf",null,0.30000000000000004]"#);
        let back: List = serde_json::from_str(&text).unwrap();
        assert_eq!(back.0[..3], list.0[..3]);
        assert!(back.0[3].is_nan());
        assert_eq!(back.0[4], list.0[4]);
    }
}
