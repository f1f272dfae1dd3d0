//! The histograms of json+: the buckets are those of fio's scheme, they hold every sample, and the percentiles beside them follow from
//! them.

use std::collections::BTreeMap;

use serde_json::Value;

/// Buckets of a group: one for each value of six bits.
const GROUP: u64 = 64;
/// Groups. Each but the first two has buckets twice as wide as those of the one before.
const GROUPS: u64 = 29;

/// What is wrong with the histograms of a report, each with its path.
pub(super) fn flaws(report: &Value) -> Vec<String> {
    let mut found = Vec::new();
    look("", report, &values(), &mut found);
    found
}

/// What stands for each bucket: its middle.
fn values() -> Vec<u64> {
    let wide = (1..GROUPS).flat_map(|group| {
        let width = 1_u64 << (group - 1);
        (0..GROUP).map(move |bucket| width * GROUP + bucket * width + width / 2)
    });
    (0..GROUP).chain(wide).collect()
}

fn look(path: &str, value: &Value, values: &[u64], found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if let Some(bins) = object.get("bins") {
                let tell = |flaw| format!("{path}: {flaw}");
                found.extend(flaws_of(bins, object.get("N"), object.get("percentile"), values).into_iter().map(tell));
            }
            object.iter().for_each(|(key, value)| look(&format!("{path}/{key}"), value, values, found));
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(at, value)| look(&format!("{path}[{at}]"), value, values, found));
        }
        _ => {}
    }
}

fn flaws_of(bins: &Value, samples: Option<&Value>, percentiles: Option<&Value>, values: &[u64]) -> Vec<String> {
    let Some(bins) = bins.as_object() else { return vec![format!("bins are no object: {bins}")] };
    let mut flaws = Vec::new();
    let mut counts = BTreeMap::new();
    for (bucket, count) in bins {
        match (bucket.parse(), count.as_u64()) {
            (Ok(bucket), Some(count)) if values.binary_search(&bucket).is_ok() => drop(counts.insert(bucket, count)),
            (Ok(_), Some(_)) => flaws.push(format!("{bucket} is no bucket of fio's")),
            _ => flaws.push(format!("{bucket:?} : {count} is no bucket with a count")),
        }
    }
    let all: u64 = counts.values().sum();
    if samples.is_some_and(|samples| samples.as_u64() != Some(all)) {
        flaws.push(format!("bins hold {all} samples, N is {}", samples.unwrap_or(&Value::Null)));
    }
    for (percentile, told) in percentiles.and_then(Value::as_object).into_iter().flatten() {
        let Ok(percent) = percentile.parse::<f64>() else {
            flaws.push(format!("{percentile:?} is no percentile"));
            continue;
        };
        let follows = if all == 0 { Some(0) } else { value_at(&counts, percent / 100.0 * all as f64) };
        if told.as_u64() != follows {
            flaws.push(format!("percentile {percentile} is {told}; from the bins follows {follows:?}"));
        }
    }
    flaws
}

/// The bucket with which so many samples are reached.
fn value_at(counts: &BTreeMap<u64, u64>, samples: f64) -> Option<u64> {
    let mut sum = 0;
    counts.iter().find_map(|(bucket, count)| {
        sum += count;
        (sum as f64 >= samples).then_some(*bucket)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_buckets_are_fios() {
        let values = values();
        assert_eq!(values.len(), 1856);
        // Of reports of fio 3.33.
        for bucket in [0, 63, 64, 127, 129, 255, 258, 1004, 10_944, 1_794_048, 17_112_760_320] {
            assert!(values.binary_search(&bucket).is_ok(), "{bucket}");
        }
        for other in [128, 130, 256, 257, 1005] {
            assert!(values.binary_search(&other).is_err(), "{other}");
        }
    }

    #[test]
    fn each_flaw_is_told() {
        let right = json!({"N": 4, "percentile": {"50.000000": 10, "99.000000": 129}, "bins": {"10": 2, "129": 2}});
        assert_eq!(flaws(&json!({"jobs": [{"clat_ns": right}]})), Vec::<String>::new());
        assert_eq!(flaws(&json!({"N": 0, "percentile": {"1.000000": 0}, "bins": {}})), Vec::<String>::new());
        for (wrong, flaw) in [
            (json!({"N": 3, "bins": {"10": 2}}), "/a: bins hold 2 samples, N is 3"),
            (json!({"bins": {"128": 2}}), "/a: 128 is no bucket of fio's"),
            (json!({"bins": {"x": 2}}), "/a: \"x\" : 2 is no bucket with a count"),
            (json!({"bins": {"10": 0.5}}), "/a: \"10\" : 0.5 is no bucket with a count"),
            (json!({"bins": [1]}), "/a: bins are no object: [1]"),
            (
                json!({"percentile": {"50.000000": 11}, "bins": {"10": 1, "11": 1}}),
                "/a: percentile 50.000000 is 11; from the bins follows Some(10)",
            ),
        ] {
            assert_eq!(flaws(&json!({ "a": wrong })), [flaw]);
        }
    }
}
