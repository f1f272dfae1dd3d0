//! Where two JSON reports differ: the path of each difference and what stands there.

use serde_json::Value;

/// What has to be equal and not just of the same kind, whatever ran.
const ALWAYS_EQUAL: &[&str] = &["jobname", "groupid", "error", "job options", "global options", "desc", "fio version"];
/// What has to be equal when the work is bounded by size. Not `short_ios`: fio 3.33 counts data syncs as short reads.
const COUNTS: &[&str] = &["io_bytes", "io_kbytes", "total_ios", "drop_ios", "total_err", "first_error"];
/// Objects whose keys are measured values.
const MEASURED_KEYS: &[&str] = &["bins"];

/// The differences between what fio printed and what we printed.
pub(in crate::scenarios) fn differences(fio: &Value, ours: &Value, counts: bool) -> Vec<String> {
    let mut found = Vec::new();
    Comparison { counts, found: &mut found }.compare("", fio, ours, false);
    found
}

struct Comparison<'a> {
    counts: bool,
    found: &'a mut Vec<String>,
}

impl Comparison<'_> {
    fn compare(&mut self, path: &str, fio: &Value, ours: &Value, equal: bool) {
        match (fio, ours) {
            (Value::Object(fio), Value::Object(ours)) => {
                for (key, value) in fio {
                    let path = format!("{path}/{key}");
                    match ours.get(key) {
                        Some(_) if MEASURED_KEYS.contains(&key.as_str()) => {}
                        Some(other) => self.compare(&path, value, other, equal || self.must_equal(key)),
                        None => self.found.push(format!("{path}: fio has {}, we have nothing", brief(value))),
                    }
                }
                for (key, value) in ours.iter().filter(|(key, _)| !fio.contains_key(*key)) {
                    self.found.push(format!("{path}/{key}: fio has nothing, we have {}", brief(value)));
                }
            }
            (Value::Array(fio), Value::Array(ours)) => {
                if fio.len() != ours.len() {
                    self.found.push(format!("{path}: fio has {} elements, we have {}", fio.len(), ours.len()));
                }
                for (index, (fio, ours)) in fio.iter().zip(ours).enumerate() {
                    self.compare(&format!("{path}[{index}]"), fio, ours, equal);
                }
            }
            _ if kind(fio) != kind(ours) || equal && fio != ours => {
                self.found.push(format!("{path}: fio has {}, we have {}", brief(fio), brief(ours)));
            }
            _ => {}
        }
    }

    fn must_equal(&self, key: &str) -> bool {
        ALWAYS_EQUAL.contains(&key) || self.counts && COUNTS.contains(&key)
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(number) if number.is_f64() => "a number with decimals",
        Value::Number(_) => "a whole number",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.len() > 60 { kind(value).to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_difference_is_told_with_its_path() {
        let fio = json!({"jobs": [{"jobname": "a", "read": {"io_bytes": 1, "bw": 2, "mean": 1.0}}], "only": 1});
        let ours = json!({"jobs": [{"jobname": "b", "read": {"io_bytes": 2, "bw": 3, "mean": 1}}], "more": 1});
        let mut found = differences(&fio, &ours, true);
        found.sort();
        assert_eq!(
            found,
            [
                "/jobs[0]/jobname: fio has \"a\", we have \"b\"",
                "/jobs[0]/read/io_bytes: fio has 1, we have 2",
                "/jobs[0]/read/mean: fio has 1.0, we have 1",
                "/more: fio has nothing, we have 1",
                "/only: fio has 1, we have nothing",
            ]
        );
        assert_eq!(differences(&fio, &fio, true), Vec::<String>::new());
        assert!(!differences(&fio, &ours, false).iter().any(|line| line.contains("io_bytes")));
    }
}
