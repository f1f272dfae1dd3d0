//! Properties of the parser, and job files and command lines that nobody would write: none makes it panic.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::tests::Files;
use super::{Invocation, Outcome, parse};
use crate::options::kind::{Argument, Standing};
use crate::options::seeded::Random;
use crate::options::{JobOption, JobOptions, all, engines, find};

const VALUES: [&str; 40] = [
    "0",
    "1",
    "-1",
    "2",
    "4k",
    "64K",
    "1m",
    "10g",
    "8kib",
    "50%",
    "101%",
    "3z",
    "0x20",
    "1.5",
    "(4*2k)",
    "(1/0)",
    "4*$pagesize",
    "$ncpus",
    "${HOME}",
    "${",
    "4k,8k",
    ",8k",
    "4k,",
    "1-2",
    "4k-16k,8k",
    "4k/50:8k/50",
    "4k/10:8k",
    "60/10:40/90",
    "10s",
    "250ms",
    "read",
    "randrw:8",
    "md5",
    "io_uring",
    "null",
    "zipf:1.2:0.5",
    "zoned:60/10:40/90",
    "\"abc\"0xff%o",
    "a:b\\:c",
    "99.9:50",
];

fn all_options() -> Vec<&'static JobOption> {
    all().chain(engines::ENGINES.iter().flat_map(|engine| engine.options)).collect()
}

/// A value of the option, likely one that it takes.
fn value(random: &mut Random, option: &JobOption) -> String {
    let words = option.kind.words();
    match random.below(4) {
        0 if !words.is_empty() => random.of(&words).0.to_owned(),
        1 if option.default.is_some() => option.default.unwrap_or_default().to_owned(),
        2 => random.next().to_string(),
        _ => (*random.of(&VALUES)).to_owned(),
    }
}

fn line(random: &mut Random, options: &[&JobOption]) -> String {
    let option = random.of(options);
    let name = *random.of(&option.names().collect::<Vec<_>>());
    match random.below(12) {
        0 => name.to_owned(),
        1 => format!("{name} = {}", value(random, option)),
        2 => format!("{name}={} ; remark", value(random, option)),
        3 => "include other.fio".to_owned(),
        4 => (*random.of(&["", "; a", "# b", "[", "]", "=", "==", "include", "include nowhere", "\t", "\u{feff}x"]))
            .to_owned(),
        _ => format!("{name}={}", value(random, option)),
    }
}

fn file(random: &mut Random, options: &[&JobOption]) -> String {
    let mut text = String::new();
    for section in 0..random.below(4) {
        let name = *random.of(&["global", "a", "b c", "globalish", ""]);
        text.push_str(&format!("[{name}{}]\n", if section == 0 { "" } else { "2" }));
        for _ in 0..random.below(6) {
            text.push_str(&line(random, options));
            text.push('\n');
        }
    }
    // One letter in a file, now and then, is another.
    if random.below(4) == 0 && !text.is_empty() {
        let letters: Vec<char> = text.chars().collect();
        let place = random.below(letters.len());
        let other = *random.of(&['[', ']', '=', '\n', ';', ':', ',', '-', '(', '\u{0}', '\u{20ac}']);
        return letters
            .iter()
            .enumerate()
            .map(|(index, letter)| if index == place { other } else { *letter })
            .collect();
    }
    text
}

fn files(random: &mut Random, options: &[&JobOption]) -> Files {
    let included = (0..random.below(3)).map(|_| line(random, options) + "\n").collect();
    let jobs = file(random, options);
    Files(HashMap::from([(PathBuf::from("jobs.fio"), jobs), (PathBuf::from("other.fio"), included)]))
}

/// Sets again, one after the other, what a job lists: that has to give the same job.
fn check_listed(invocation: &Invocation) {
    for job in &invocation.jobs {
        let mut again = JobOptions::default();
        // Lists of a command line start with the name, those of files have it as the section.
        if job.place.file.is_some() {
            again.description.name = Some(job.name.clone());
        }
        for listed in &job.listed {
            let option = find(listed.name).or_else(|| engines::find_option(&again.engine.ioengine, listed.name));
            again.set(option.unwrap(), listed.value.as_deref()).unwrap();
        }
        assert_eq!(again, job.options, "{}", job.place);
    }
}

#[test]
fn no_job_file_makes_it_panic_and_lists_are_complete() {
    let mut random = Random::new();
    let options = all_options();
    let (mut taken, mut planned) = (0, 0);
    for _ in 0..5_000 {
        let mut files = files(&mut random, &options);
        match parse(vec![OsString::from("jobs.fio")], &mut files) {
            Err(error) => {
                assert!(!error.to_string().contains('\n') || files.0.values().any(|text| text.contains('\u{0}')))
            }
            Ok(Outcome::Answer(_) | Outcome::Remote(_)) => panic!("nobody asked"),
            Ok(Outcome::Run(invocation)) => {
                taken += 1;
                planned += usize::from(invocation.plan().is_ok());
                if invocation.global_listed.is_empty() {
                    check_listed(&invocation);
                }
            }
        }
    }
    assert!(taken > 100 && planned > 50, "most files are not even read: {taken} are, {planned} can run");
}

#[test]
fn no_command_line_makes_it_panic() {
    let mut random = Random::new();
    let options = all_options();
    for _ in 0..5_000 {
        let words = (0..random.below(7)).map(|_| match random.below(8) {
            0 => "--name=x".to_owned(),
            1 => (*random.of(&[
                "-",
                "--",
                "-m",
                "-zz",
                "-o",
                "--output-format=json",
                "--showcmd",
                "jobs.fio",
                "--cmdhelp=bs",
                "-x",
            ]))
            .to_owned(),
            2 => (*random.of(&VALUES)).to_owned(),
            3 => format!("--{}", line(&mut random, &options).replace('\n', "")),
            _ => {
                let option = *random.of(&options);
                let name = option.name;
                let cut = 1 + random.below(name.len());
                let dashes = *random.of(&["-", "--"]);
                format!("{dashes}{}={}", &name[..cut], value(&mut random, option))
            }
        });
        let words = words.map(OsString::from).collect();
        let mut files = files(&mut random, &options);
        if let Ok(Outcome::Run(invocation)) = parse(words, &mut files) {
            let _ = invocation.plan();
        }
    }
}

#[test]
fn every_option_can_be_given_in_every_way() {
    let job = |words: &[String]| {
        let words = ["--name=a".to_owned()].iter().chain(words).map(OsString::from).collect();
        match parse(words, &mut Files(HashMap::new())) {
            Ok(Outcome::Run(mut invocation)) => invocation.jobs.remove(0).options,
            other => panic!("{other:?}"),
        }
    };
    let names: Vec<_> = all().flat_map(JobOption::names).collect();
    for option in all().filter(|option| option.name != "name" && option.kind.standing() == Standing::Supported) {
        let Some(text) = option.default else { continue };
        let mut expected = job(&[]);
        expected.set(option, Some(text)).unwrap();
        for name in option.names() {
            assert_eq!(job(&[format!("--{name}={text}")]), expected, "{name}");
            assert_eq!(job(&[format!("-{name}={text}")]), expected, "{name}");
            if option.argument() == Argument::Required {
                assert_eq!(job(&[format!("--{name}"), text.to_owned()]), expected, "{name}");
            }
            let cut = &name[..name.len() - 1];
            let is_unique = names.iter().filter(|known| known.starts_with(cut)).count() == 1;
            if is_unique && !super::general::GENERAL.iter().any(|known| known.name.starts_with(cut)) {
                assert_eq!(job(&[format!("--{cut}={text}")]), expected, "{cut}");
            }
        }
    }
}
