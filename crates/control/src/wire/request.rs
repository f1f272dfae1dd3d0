//! One request.

use serde_json::{Map, Number, Value};

use super::ProtocolError;

/// What a peer asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Any JSON value but null; the answer carries it back.
    pub id: Value,
    /// The command's name.
    pub method: String,
    /// Its arguments. One that is not a string is an error of the command, not of the protocol, so they are kept as
    /// they came.
    pub parameters: Vec<Value>,
}

impl Request {
    /// Takes a complete JSON object apart.
    ///
    /// # Errors
    /// When it is not a request: see [`ProtocolError`].
    pub fn parse(object: &[u8]) -> Result<Self, ProtocolError> {
        let mut members: Map<String, Value> = serde_json::from_slice(object)?;
        let missing_id = ProtocolError::Member { member: "id", expected: "any value but null" };
        let id = members.remove("id").filter(|id| !id.is_null()).ok_or(missing_id)?;
        let Some(Value::String(method)) = members.remove("method") else {
            return Err(ProtocolError::Member { member: "method", expected: "a string" });
        };
        let Some(Value::Array(parameters)) = members.remove("params") else {
            return Err(ProtocolError::Member { member: "params", expected: "an array" });
        };
        for member in ["result", "error"] {
            if members.remove(member).is_some_and(|value| !value.is_null()) {
                return Err(ProtocolError::Member { member, expected: "null or absent in a request" });
            }
        }
        if let Some(name) = members.keys().next() {
            return Err(ProtocolError::UnknownMember(name.clone()));
        }
        if has_nul(&id) || method.contains('\0') || parameters.iter().any(has_nul) {
            return Err(ProtocolError::Nul);
        }
        Ok(Self { id: with_integers(id), method, parameters })
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Writes numbers such as `1e3` and `5.0` as the integers they are.
fn with_integers(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(integer(&number).unwrap_or(number)),
        Value::Array(values) => values.into_iter().map(with_integers).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, with_integers(value))).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::String(_)) => other,
    }
}

fn integer(number: &Number) -> Option<Number> {
    /// Up to here, every integer is a floating-point number of its own.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT_MAX)?;
    #[expect(clippy::cast_possible_truncation, reason = "an integer of at most 53 bits, checked above")]
    let integer = float as i64;
    Some(integer.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(text: &str) -> Result<Request, ProtocolError> {
        Request::parse(text.as_bytes())
    }

    #[test]
    fn e04_a_request_has_exactly_id_method_and_params() {
        let request = parse(r#"{"id":7,"method":"version","params":["a"],"error":null,"result":null}"#).unwrap();
        assert_eq!(request, Request { id: json!(7), method: "version".into(), parameters: vec![json!("a")] });

        for (text, member) in [
            (r#"{"method":"m","params":[]}"#, "id"),
            (r#"{"id":null,"method":"m","params":[]}"#, "id"),
            (r#"{"id":1,"params":[]}"#, "method"),
            (r#"{"id":1,"method":null,"params":[]}"#, "method"),
            (r#"{"id":1,"method":"m"}"#, "params"),
            (r#"{"id":1,"method":"m","params":{}}"#, "params"),
            (r#"{"id":1,"method":"m","params":[],"result":1}"#, "result"),
            (r#"{"id":1,"method":"m","params":[],"error":"e"}"#, "error"),
        ] {
            match parse(text) {
                Err(ProtocolError::Member { member: found, .. }) => assert_eq!(found, member, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        let extra = parse(r#"{"jsonrpc":"2.0","id":1,"method":"m","params":[]}"#);
        assert_eq!(extra, Err(ProtocolError::UnknownMember("jsonrpc".into())));
    }

    #[test]
    fn e05_ids_are_echoed_structurally() {
        for (id, echoed) in
            [("1e3", "1000"), ("5.0", "5"), ("-0.0", "0"), ("0.5", "0.5"), ("[1e1,{\"a\":2.0}]", "[10,{\"a\":2}]")]
        {
            let request = parse(&format!(r#"{{"id":{id},"method":"m","params":[]}}"#)).unwrap();
            assert_eq!(request.id.to_string(), echoed);
        }
        let large = parse(r#"{"id":18446744073709551615,"method":"m","params":[]}"#).unwrap();
        assert_eq!(large.id, json!(u64::MAX));
    }

    #[test]
    fn e07_nul_and_bad_encoding_break_the_protocol() {
        for text in [
            r#"{"id":"\u0000","method":"m","params":[]}"#,
            r#"{"id":1,"method":"m\u0000","params":[]}"#,
            r#"{"id":1,"method":"m","params":["\u0000"]}"#,
            r#"{"id":{"\u0000":1},"method":"m","params":[]}"#,
        ] {
            assert_eq!(parse(text), Err(ProtocolError::Nul), "{text}");
        }
        assert!(matches!(
            Request::parse(b"{\"id\":\"\xff\",\"method\":\"m\",\"params\":[]}"),
            Err(ProtocolError::Invalid(_))
        ));
        assert!(matches!(parse(r#"{"id":"\ud800","method":"m","params":[]}"#), Err(ProtocolError::Invalid(_))));
        assert!(matches!(parse(r#"{"id":01,"method":"m","params":[]}"#), Err(ProtocolError::Invalid(_))));
    }

    #[test]
    fn e08_the_last_of_duplicate_members_wins() {
        let request = parse(r#"{"id":1,"method":"a","id":2,"params":[1],"method":"b","params":[]}"#).unwrap();
        assert_eq!(request, Request { id: json!(2), method: "b".into(), parameters: vec![] });
    }
}
