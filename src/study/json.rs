//! JSON documents: sorted keys, shortest round-trip decimals, and a reason beside every number that is not finite.

use serde::ser::{self, Serialize};
use serde_json::{Map, Value};

/// A result that cannot be written as JSON (a map with keys that are no text).
#[derive(Debug, thiserror::Error)]
#[error("not a JSON document: {0}")]
pub struct JsonError(String);

impl ser::Error for JsonError {
    fn custom<T: std::fmt::Display>(text: T) -> Self {
        Self(text.to_string())
    }
}

/// The document of a value.
///
/// A number that is not finite becomes `null`, and the key `<key>_reason` beside it says what it was, unless the value
/// already has such a key. Keys are sorted, and numbers are the shortest decimals that read back as the same number.
///
/// ```
/// #[derive(serde::Serialize)]
/// struct Fit { nllh: f64, p_value: f64 }
/// let document = mechfit::study::json::document(&Fit { nllh: 0.1, p_value: f64::NAN })?;
/// assert_eq!(document.to_string(), r#"{"nllh":0.1,"p_value":null,"p_value_reason":"not a number"}"#);
/// # Ok::<(), mechfit::study::json::JsonError>(())
/// ```
///
/// # Errors
/// [`JsonError`] for a map whose keys are no text.
pub fn document<T: Serialize + ?Sized>(value: &T) -> Result<Value, JsonError> {
    value.serialize(Writer).map(|node| node.value)
}

/// The document as text with indentation and a final line break.
pub fn text(value: &Value) -> String {
    // The pretty form of a `Value` cannot fail: its keys are text and its numbers finite.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// A part of a document, and why its number is missing.
struct Node {
    value: Value,
    lost: Option<&'static str>,
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self { value, lost: None }
    }
}

fn number(v: f64) -> Node {
    let lost = if v.is_nan() {
        "not a number"
    } else if v == f64::INFINITY {
        "infinite"
    } else if v == f64::NEG_INFINITY {
        "minus infinite"
    } else {
        return Value::from(v).into();
    };
    Node {
        value: Value::Null,
        lost: Some(lost),
    }
}

struct Writer;

/// Elements of a sequence, wrapped in `{variant: …}` for an enum.
struct List {
    items: Vec<Value>,
    lost: Option<&'static str>,
    variant: Option<&'static str>,
}

impl List {
    fn new(variant: Option<&'static str>) -> Self {
        Self {
            items: Vec::new(),
            lost: None,
            variant,
        }
    }
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        let node = value.serialize(Writer)?;
        self.items.push(node.value);
        self.lost = self.lost.or(node.lost);
        Ok(())
    }
    fn finish(self) -> Node {
        wrap(
            self.variant,
            Node {
                value: Value::Array(self.items),
                lost: self.lost,
            },
        )
    }
}

/// Entries of a map or struct, wrapped in `{variant: …}` for an enum.
struct Entries {
    map: Map<String, Value>,
    lost: Vec<(String, &'static str)>,
    key: Option<String>,
    variant: Option<&'static str>,
}

impl Entries {
    fn new(variant: Option<&'static str>) -> Self {
        Self {
            map: Map::new(),
            lost: Vec::new(),
            key: None,
            variant,
        }
    }
    fn put<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Result<(), JsonError> {
        let node = value.serialize(Writer)?;
        if let Some(reason) = node.lost {
            self.lost.push((format!("{key}_reason"), reason));
        }
        self.map.insert(key, node.value);
        Ok(())
    }
    fn finish(mut self) -> Node {
        for (key, reason) in self.lost {
            let given = self.map.get(&key).is_some_and(|v| !v.is_null());
            if !given {
                self.map.insert(key, Value::from(reason));
            }
        }
        wrap(self.variant, Value::Object(self.map).into())
    }
}

fn wrap(variant: Option<&'static str>, node: Node) -> Node {
    match variant {
        None => node,
        Some(name) => {
            let mut map = Map::new();
            map.insert(name.into(), node.value);
            if let Some(reason) = node.lost {
                map.insert(format!("{name}_reason"), Value::from(reason));
            }
            Value::Object(map).into()
        }
    }
}

macro_rules! plain {
    ($($method:ident: $kind:ty),*) => {
        $(fn $method(self, v: $kind) -> Result<Node, JsonError> { Ok(Value::from(v).into()) })*
    };
}

impl ser::Serializer for Writer {
    type Ok = Node;
    type Error = JsonError;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = List;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = Entries;

    plain!(serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_str: &str);

    fn serialize_f32(self, v: f32) -> Result<Node, JsonError> {
        Ok(number(f64::from(v)))
    }
    fn serialize_f64(self, v: f64) -> Result<Node, JsonError> {
        Ok(number(v))
    }
    fn serialize_char(self, v: char) -> Result<Node, JsonError> {
        Ok(Value::from(v.to_string()).into())
    }
    fn serialize_bytes(self, v: &[u8]) -> Result<Node, JsonError> {
        Ok(Value::from(v.to_vec()).into())
    }
    fn serialize_none(self) -> Result<Node, JsonError> {
        Ok(Value::Null.into())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Node, JsonError> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Node, JsonError> {
        Ok(Value::Null.into())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Node, JsonError> {
        Ok(Value::Null.into())
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Node, JsonError> {
        Ok(Value::from(variant).into())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Node, JsonError> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Node, JsonError> {
        Ok(wrap(Some(variant), value.serialize(Writer)?))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<List, JsonError> {
        Ok(List::new(None))
    }
    fn serialize_tuple(self, _: usize) -> Result<List, JsonError> {
        Ok(List::new(None))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List, JsonError> {
        Ok(List::new(None))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List, JsonError> {
        Ok(List::new(Some(variant)))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Entries, JsonError> {
        Ok(Entries::new(None))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries, JsonError> {
        Ok(Entries::new(None))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries, JsonError> {
        Ok(Entries::new(Some(variant)))
    }
}

macro_rules! list {
    ($($kind:ident: $method:ident),*) => {
        $(impl ser::$kind for List {
            type Ok = Node;
            type Error = JsonError;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
                self.push(value)
            }
            fn end(self) -> Result<Node, JsonError> {
                Ok(self.finish())
            }
        })*
    };
}
list!(SerializeSeq: serialize_element, SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field);

macro_rules! entries {
    ($($kind:ident),*) => {
        $(impl ser::$kind for Entries {
            type Ok = Node;
            type Error = JsonError;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), JsonError> {
                self.put(key.into(), value)
            }
            fn end(self) -> Result<Node, JsonError> {
                Ok(self.finish())
            }
        })*
    };
}
entries!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Entries {
    type Ok = Node;
    type Error = JsonError;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), JsonError> {
        match key.serialize(Writer)?.value {
            Value::String(s) => self.key = Some(s),
            Value::Number(n) => self.key = Some(n.to_string()),
            _ => return Err(JsonError("a key is not text".into())),
        }
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        let key = self.key.take().unwrap_or_default();
        self.put(key, value)
    }
    fn end(self) -> Result<Node, JsonError> {
        Ok(self.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize)]
    struct Inner {
        z: f64,
        a: f64,
        a_reason: Option<&'static str>,
        list: Vec<f64>,
    }

    #[test]
    fn numbers_that_are_not_finite_are_null_with_a_reason_beside_them() {
        let value = Inner {
            z: f64::NEG_INFINITY,
            a: f64::NAN,
            a_reason: Some("no degree of freedom is left"),
            list: vec![1.0, f64::INFINITY, 0.1 + 0.2],
        };
        insta::assert_snapshot!(document(&value).unwrap().to_string(), @r#"{"a":null,"a_reason":"no degree of freedom is left","list":[1.0,null,0.30000000000000004],"list_reason":"infinite","z":null,"z_reason":"minus infinite"}"#);
    }

    #[test]
    fn numbers_read_back_as_the_same_number() {
        for bits in [
            0x3fb9_9999_9999_999a_u64,
            1,
            0x7fef_ffff_ffff_ffff,
            0x4340_0000_0000_0001,
        ] {
            let x = f64::from_bits(bits);
            let value = document(&x).unwrap();
            let back: f64 = serde_json::from_str(&value.to_string()).unwrap();
            assert_eq!(back.to_bits(), bits);
        }
    }
}
