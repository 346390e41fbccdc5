//! What the figures were measured on.

use std::fs;
use std::process::Command;

/// The processor's name.
pub(crate) fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
    model.unwrap_or("unknown").trim_start_matches([' ', '\t', ':']).trim().to_owned()
}

/// Facts about the machine and the tools, as a Markdown list.
pub(crate) fn facts() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let meminfo = read("/proc/meminfo");
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let kib: f64 =
        total.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or_default();
    let chosen = |path: &str| {
        let text = read(path);
        let word = text.split_whitespace().find(|word| word.starts_with('['));
        word.unwrap_or("[unknown]").trim_matches(['[', ']']).to_owned()
    };
    let huge = "/sys/kernel/mm/transparent_hugepage";
    let python = std::env::var("PASHA_BENCH_PYTHON").unwrap_or("python3".to_owned());
    let versions = "import sys, numpy, importlib.metadata as m; \
                    print('Python', sys.version.split()[0] + ', pasha', m.version('pasha') + ', NumPy', numpy.__version__)";
    let native = if std::env::var_os("PASHA_BENCH_NATIVE").is_some() {
        "rows against C, Python and copying: both sides compiled for this processor (`-march=native`, \
         `target-cpu=native`); all others for any x86-64"
    } else {
        "pasha and its Rust peers compiled as cargo does by default, C with `-march=native`"
    };
    let facts = [
        format!(
            "{}, {} cores to use, {:.0} GiB",
            processor(),
            std::thread::available_parallelism().map_or(0, usize::from),
            kib / f64::from(1 << 20)
        ),
        format!(
            "Linux {}; transparent huge pages `{}`, for shared memory `{}`",
            read("/proc/sys/kernel/osrelease").trim(),
            chosen(&format!("{huge}/enabled")),
            chosen(&format!("{huge}/shmem_enabled"))
        ),
        format!("{}; {}; {}", first_line("rustc", &["-V"]), first_line("cc", &["--version"]),
            first_line(&python, &["-c", versions])),
        native.to_owned(),
        "times and ratios are minimum / median of many rounds, ours and the peer in turn in one process"
            .to_owned(),
    ];
    facts.iter().map(|fact| format!("- {fact}\n")).collect()
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.ok()
        .and_then(|text| text.lines().next().map(str::to_owned))
        .unwrap_or_else(|| format!("no {program}"))
}
