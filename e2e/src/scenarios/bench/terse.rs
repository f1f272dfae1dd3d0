//! Terse output beside fio's: in every version, with every option that changes it, as many lines and fields, and each field of
//! the same kind (a whole number, decimals, a percentile, a word).

use std::process::Command;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

pub(super) const SCENARIO: Scenario = Scenario { name: "bench/terse", needs: &[Need::Program("fio")], run };

const JOB: [&str; 6] = ["--name=a", "--filename=f", "--size=64k", "--bs=4k", "--rw=randrw", "--ioengine=psync"];
/// Words before the job, and words of the job.
const VARIANTS: [(&[&str], &[&str]); 13] = [
    (&["--output-format=terse"], &[]),
    (&["--minimal"], &[]),
    (&["--append-terse"], &[]),
    (&["--output-format=terse,json,normal"], &[]),
    (&["--output-format=terse"], &["--description=some words"]),
    (&["--output-format=terse"], &["--numjobs=2", "--group_reporting"]),
    (&["--output-format=terse"], &["--unified_rw_reporting=1"]),
    (&["--output-format=terse"], &["--unified_rw_reporting=2"]),
    (&["--output-format=terse"], &["--percentile_list=50:99"]),
    (&["--output-format=terse"], &["--lat_percentiles=1", "--slat_percentiles=1"]),
    (&["--output-format=terse"], &["--clat_percentiles=0", "--disable_lat=1"]),
    (&["--output-format=terse"], &["--gtod_reduce=1"]),
    (&["--output-format=terse"], &["--continue_on_error=all"]),
];

fn run(context: &Context) -> Verdict {
    for version in 2..=5 {
        for (general, of_job) in VARIANTS {
            let version = format!("--terse-version={version}");
            let words = [&[version.as_str()], general, &JOB[..], of_job].concat();
            let mut fio = Command::new("fio");
            fio.args(&words).current_dir(context.scratch().path());
            let of_fio = lines(context, "fio", fio)?;
            let ours = lines(context, "ours", context.tidegate(&[&["bench"], &words[..]].concat()))?;
            ensure!(!of_fio.is_empty(), "{words:?}: fio prints no terse line");
            ensure_eq!(ours.len(), of_fio.len(), "{words:?}: terse lines");
            for (ours, of_fio) in ours.iter().zip(&of_fio) {
                ensure_eq!(ours.len(), of_fio.len(), "{words:?}: fields");
                for (index, (ours, of_fio)) in ours.iter().zip(of_fio).enumerate() {
                    ensure!(kind(ours) == kind(of_fio), "{words:?}: field {index} is {ours:?}, of fio {of_fio:?}");
                }
            }
        }
    }
    Ok(())
}

/// The fields of the terse lines of a program's output.
fn lines(context: &Context, name: &str, command: Command) -> Result<Vec<Vec<String>>, Failure> {
    let finished = context.finish(name, command, PROMPTLY)?;
    ensure_eq!(finished.status, Some(0), "exit status of {name}, which said {}", finished.error);
    let fields = |line: &str| line.split(';').map(str::to_owned).collect::<Vec<_>>();
    Ok(finished.output.lines().map(fields).filter(|fields| fields.len() > 20).collect())
}

/// What a field is: digits are all the same, and a number of decimals is told by how many there are.
fn kind(field: &str) -> String {
    let (number, rest) = match field.split_once('=') {
        Some((percentile, _)) => return format!("{percentile}=#"),
        None => field.strip_suffix('%').map_or((field, ""), |number| (number, "%")),
    };
    match number.parse::<f64>() {
        Ok(_) => format!("#.{}{rest}", number.split_once('.').map_or(0, |(_, decimals)| decimals.len())),
        Err(_) => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_of_a_kind_when_only_digits_differ() {
        assert_eq!(kind("12"), kind("7"));
        assert_eq!(kind("12.50%"), kind("1.25%"));
        assert_eq!(kind("99.000000%=12"), kind("99.000000%=800"));
        assert_ne!(kind("12"), kind("12.0"));
        assert_ne!(kind("1.25"), kind("1.25%"));
        assert_ne!(kind("50.000000%=1"), kind("99.000000%=1"));
        assert_ne!(kind("a"), kind("b"));
    }
}
