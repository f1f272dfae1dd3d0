//! `${VARIABLE}`, `$pagesize`, `$mb_memory` and `$ncpus` in the options of a job file.

use super::System;
use crate::options::number::integer_expression;

/// The line with everything replaced. A variable that is not set is nothing. With a keyword in it, a value of integers and
/// `+ - * / % ^ ( )` is computed: `size=4*$pagesize` is `size=16384`. A value that is no such expression stays as it is.
pub(super) fn substitute(line: &str, system: &dyn System) -> String {
    let line = variables(line, system);
    let mut replaced = line;
    let mut has_keyword = false;
    let keywords: [(&str, &dyn Fn() -> u64); 3] =
        [("$pagesize", &|| system.page_size()), ("$mb_memory", &|| system.memory_mib()), ("$ncpus", &|| system.cpus())];
    for (keyword, value) in keywords {
        if replaced.contains(keyword) {
            replaced = replaced.replace(keyword, &value().to_string());
            has_keyword = true;
        }
    }
    if has_keyword { computed(replaced) } else { replaced }
}

/// The line with variables of the environment replaced, and nothing else.
pub(super) fn variables(line: &str, system: &dyn System) -> String {
    let mut replaced = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("${") {
        let Some(end) = rest[start..].find('}') else { break };
        replaced.push_str(&rest[..start]);
        replaced.push_str(&system.variable(&rest[start + 2..start + end]).unwrap_or_default());
        rest = &rest[start + end + 1..];
    }
    replaced.push_str(rest);
    replaced
}

fn computed(line: String) -> String {
    let Some((name, value)) = line.split_once('=') else { return line };
    match integer_expression(value.trim()) {
        Some(number) => format!("{name}={number}"),
        None => line,
    }
}
