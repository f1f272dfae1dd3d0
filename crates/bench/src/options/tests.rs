//! The table as a whole.

use super::*;

#[test]
fn the_defaults_are_values() {
    let options = JobOptions::default();
    assert_eq!(options.engine.ioengine, "psync");
    assert_eq!(options.block_size.bs, PerDirection::all(4096));
    assert_eq!(options.io_type.randseed, 0x89);
    assert!(!options.io_type.direct);
    assert!(!options.is_set("bs"));
}

#[test]
fn names_are_unique_within_the_table_and_within_an_engine() {
    let mut seen = BTreeSet::new();
    for name in all().flat_map(JobOption::names) {
        assert!(seen.insert(name), "{name} is there twice");
    }
    for engine in engines::ENGINES {
        let mut own = seen.clone();
        for name in engine.options.iter().flat_map(JobOption::names) {
            assert!(own.insert(name), "{name} of {} is there twice", engine.name);
        }
    }
}

/// Where fio takes a number that makes no sense: no job of `numjobs` would be billions.
const STRICTER: [&str; 1] = ["numjobs"];

#[test]
fn every_option_of_fio_is_there_with_its_alias_default_and_range() {
    let text = include_str!("../../fixtures/fio-3.33-options.txt");
    let mut count = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<_> = line.split('|').collect();
        let [name, alias, default, range] = parts[..] else { panic!("{line}") };
        let option = match name.split_once('/') {
            Some((engine, name)) => engines::find_option(engine, name),
            None => find(name),
        };
        let option = option.unwrap_or_else(|| panic!("{name} is not there"));
        count += 1;
        assert_eq!(option.name, name.rsplit('/').next().unwrap(), "results list it under fio's name");
        assert!(alias.is_empty() || option.aliases.contains(&alias), "{line}: {:?}", option.aliases);
        if option.kind.standing() == kind::Standing::Unsupported {
            continue;
        }
        assert_eq!(option.default.unwrap_or_default(), default, "{line}");
        if let (Some((minimum, maximum)), Some(range)) = (option.kind.range(), range.strip_prefix("min=")) {
            let (least, most) = range.split_once(", max=").unwrap_or((range, "-1"));
            let number = |text: &str| text.parse::<f64>().unwrap();
            let is_same = |one: &str, other: &str| (number(one) - number(other)).abs() < f64::EPSILON;
            // fio shows 0 for numbers that have no minimum, negative ones included.
            let is_free = least == "0" && number(&minimum) < 0.0;
            assert!(STRICTER.contains(&name) || is_free || is_same(&minimum, least), "{line}: from {minimum}");
            assert!(most == "-1" || is_same(&maximum, most), "{line}: to {maximum}");
        }
    }
    assert_eq!(count, 250, "217 of jobs, 33 of engines");
}

#[test]
fn help_is_one_line_and_parents_exist() {
    for option in all().chain(engines::ENGINES.iter().flat_map(|engine| engine.options)) {
        let help = option.help;
        assert!(!help.is_empty() && !help.ends_with('.') && !help.contains('\n'), "{}: {help}", option.name);
        assert!(help.starts_with(|letter: char| letter.is_uppercase()), "{}: {help}", option.name);
        let is_there = |parent| find(parent).is_some() || engines::with_option(parent).next().is_some();
        assert!(option.parent.is_none_or(is_there), "{}: {:?}", option.name, option.parent);
    }
}

#[test]
fn words_are_unique_and_each_is_a_value() {
    for option in all().chain(engines::ENGINES.iter().flat_map(|engine| engine.options)) {
        let mut seen = BTreeSet::new();
        for (word, meaning) in option.kind.words() {
            assert!(seen.insert(word) && !meaning.is_empty(), "{}: {word}", option.name);
            assert_eq!(option.set(&mut JobOptions::default(), Some(word)), Ok(()), "{}: {word}", option.name);
        }
    }
}

#[test]
fn options_of_the_examples_of_fio_are_known() {
    // Those that the example files and test jobs of fio use, engines' own included.
    let used = "rw ioengine bs size filename iodepth numjobs direct runtime stonewall time_based verify thread group_reporting \
        filesize norandommap name loops directory offset do_verify nrfiles zonemode write_bw_log bssplit log_offset io_size \
        write_lat_log bsrange zonesize flow buffered verify_backlog filename_format per_job_logs startdelay rwmixread \
        buffer_pattern log_avg_msec verify_dump number_ios rwmixwrite random_distribution write_iops_log gtod_reduce \
        cpus_allowed_policy create_on_open verify_fatal io_submit_mode iodepth_batch_complete_min randrepeat new_group \
        wait_for log_prio ba disable_slat disable_clat fallocate openfiles rate_iops iodepth_batch ramp_time verify_pattern \
        flow_id rate continue_on_error plids steadystate steadystate_duration steadystate_ramp_time description \
        numa_cpu_nodes numa_mem_policy verify_interval experimental_verify log_window_value prioclass disable_lat \
        clat_percentiles unlink ignore_error exitall verify_async flow_sleep mem gpu_dev_id random_generator max_open_zones \
        read_beyond_wp threads fdp allow_file_create write_iolog read_iolog verify_state_load verify_state_save \
        log_issue_time thinktime exit_what random_sequence_stride num_range rate_min atomic verify_write_sequence prio \
        offset_increment dedupe_mode dedupe_global dedupe_percentage buffer_compress_percentage \
        dedupe_working_set_percentage percentile_list zoneskip error_dump steadystate_check_interval latency_target \
        latency_window latency_percentile invalidate sync scramble_buffers block_error_percentiles lat_percentiles \
        rate_process sprandom spr_op spr_num_regions fill_device create_serialize fsync zone_reset_threshold \
        zone_reset_frequency cpus_allowed verify_async_cpus serialize_overlap";
    for name in used.split_whitespace() {
        assert!(find(name).is_some(), "{name}");
    }
    let of_engines = "port cmd_type hostname http_verbose https http_mode http_host protocol gpu_dev_ids sg_write_mode \
        sqthread_poll sqthread_poll_cpu registerfiles pool http_s3_key http_s3_keyid http_s3_region listen nonvectored pi_act \
        pi_chk apptag apptag_mask donorname inplace cpuload cpumode cmdprio_class verb libblkio_driver libblkio_path cuda_io \
        rocm_io clientname md_per_io_size write_mode cmdprio_bssplit program arguments pingpong cmdprio cmdprio_percentage \
        cont grace_time std_redirect volume brick http_s3_sse_customer_key http_s3_sse_customer_algorithm \
        http_s3_storage_class http_swift_auth_token skip_bad uri ttl nfs_url conf busy_poll rbdname writefua readfua";
    for name in of_engines.split_whitespace() {
        assert!(engines::with_option(name).next().is_some(), "{name}");
    }
}
