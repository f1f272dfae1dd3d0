//! discover, list, identify and log: text has what JSON has, and JSON is one document.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::{nvme_json, nvme_well};

pub(super) const SCENARIO: Scenario = Scenario { name: "host/inspect", needs: &[], run };

fn run(context: &Context) -> Verdict {
    let target = context.target(&["memory:8M", "memory:4M,block_size=4096"])?;
    let found = nvme_json(context, "discover", &target, &[])?;
    let entry = &found["entries"][0];
    ensure_eq!(entry["subsystem_nqn"], target.nqn, "name in the discovery log");
    ensure_eq!(entry["service"], target.address.port().to_string(), "port in the discovery log");

    let list = nvme_json(context, "list", &target, &[])?;
    let blocks: Vec<_> =
        list["namespaces"].as_array().into_iter().flatten().map(|row| row["blocks"].as_u64()).collect();
    ensure_eq!(blocks, [Some(16384), Some(1024)], "blocks of the namespaces");

    let controller = nvme_json(context, "identify", &target, &["--digests"])?;
    ensure_eq!(controller["subsystem_nqn"], target.nqn, "name that the controller has");
    ensure_eq!(controller["data_digest"], true, "data digest");
    let namespace = nvme_json(context, "identify", &target, &["--namespace", "2"])?;
    ensure_eq!(namespace["block_size_bytes"], 4096, "block size of namespace 2");

    for page in ["error", "smart", "firmware", "changed-ns", "effects"] {
        let document = nvme_json(context, "log", &target, &[page])?;
        ensure!(document.as_object().is_some_and(|fields| !fields.is_empty()), "log {page} is {document}");
    }
    for (subcommand, arguments, words) in [
        ("discover", &[][..], ["NVM subsystem", "TCP"]),
        ("list", &[], ["8 MiB", "4096"]),
        ("identify", &[], ["model number", "Tidegate"]),
        ("log", &["effects"], ["Identify", "Flush"]),
    ] {
        let text = nvme_well(context, subcommand, &target, arguments)?;
        for word in words {
            ensure!(text.contains(word), "no {word:?} in the text of {subcommand}: {text}");
        }
    }
    Ok(())
}
