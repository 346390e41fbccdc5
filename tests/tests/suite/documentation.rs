//! The documentation's links, figures and picture.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

/// The targets of a text's links: `[text](target)` and `[label]: target`, but none in code.
fn links(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.trim_start().starts_with("```");
        if is_code {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect();
        let inline = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        targets.extend(inline.map(|(target, _)| target.to_owned()));
        if let Some((label, target)) = line.split_once("]: ")
            && label.starts_with('[')
        {
            targets.push(target.trim().to_owned());
        }
    }
    targets
}

#[test]
fn relative_links_lead_to_files() {
    let pages = [
        "README.md",
        "ARCHITECTURE.md",
        "examples/README.md",
        "pasha-macros/README.md",
        "pasha/benches/README.md",
        "pasha/benches/RESULTS.md",
        "pasha/src/job/README.md",
        "pasha/src/context/process/README.md",
    ];
    for page in pages {
        let folder = repository().join(page).parent().unwrap().to_owned();
        for target in links(&read(page)) {
            let path = target.split('#').next().unwrap();
            let is_elsewhere = target.contains("://") || path.is_empty();
            // The issue tracker, beside the files where the repository is shown.
            let is_file = is_elsewhere || target == "../../issues" || folder.join(path).exists();
            assert!(is_file, "{page}: {target}");
        }
    }
}

/// rustdoc's front page is the README, whose links lead to files that rustdoc does not have.
#[test]
fn the_front_page_has_targets_of_its_own_for_the_readmes_relative_links() {
    let library = read("pasha/src/lib.rs");
    let readme = read("README.md");
    let mut number = 0;
    for line in readme.lines() {
        let Some((label, target)) = line.split_once("]: ") else { continue };
        if !label.starts_with('[') || target.contains("://") {
            continue;
        }
        number += 1;
        assert!(library.contains(&format!("\"{label}]: ")), "{line}");
    }
    assert!(number > 10);
    let prose = readme.split("\n[original]: ").next().unwrap();
    assert_eq!(links(prose), Vec::<String>::new(), "give these a label");
}

#[test]
fn the_front_pages_picture_is_that_of_the_repository() {
    let picture = fs::read(repository().join("pasha/docs/saxs.png")).unwrap();
    assert_eq!(STANDARD.encode(picture), read("pasha/docs/saxs.png.base64").trim_end());
}

#[test]
fn the_guides_times_are_those_that_were_measured() {
    let results = read("pasha/benches/RESULTS.md");
    let page = read("pasha/docs/guide/contexts.md");
    let mut number = 0;
    for row in page.lines().filter(|line| line.starts_with('|') && line.contains("s, ")) {
        for time in row.split(['|', ',']).map(str::trim).filter(|cell| cell.ends_with('s')) {
            let is_time = time.starts_with(|first: char| first.is_ascii_digit());
            if is_time && time.contains('.') {
                assert!(results.contains(time), "{time} is not in RESULTS.md: {row}");
                number += 1;
            }
        }
    }
    assert!(number >= 20, "{number}");
}

#[test]
fn the_guide_has_the_words_that_people_search() {
    let guide: String = fs::read_dir(repository().join("pasha/docs/guide"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let words = "tokio async Ctrl-C HashMap subset mask GPU CUDA Windows macOS MPI SLURM Python rayon \
                 joblib xarray HDF5 NetCDF Zarr Eiger EXtra-data CSV TIFF Parquet Mutex atomic \
                 random println! zip OMP_NUM_THREADS PASHA_NUM_WORKERS PASHA_CONTEXT zombie \
                 E0107 E0308 E0596 E0597";
    for word in words.split_whitespace() {
        assert!(guide.contains(word), "{word}");
    }
}

/// The texts of traits that rustc shows where they do not hold, in a file.
fn messages(path: &str) -> Vec<String> {
    let text = read(path);
    let texts = text.split("#[diagnostic::on_unimplemented(").skip(1);
    texts
        .map(|rest| rest.split("\n    )]").next().unwrap().to_owned())
        .map(|rest| rest.split("\n)]").next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_message_about_a_source_leads_to_the_one_list_of_items() {
    let mut number = 0;
    for file in ["functor/mod.rs", "functor/into_functor.rs", "functor/list.rs", "param.rs"] {
        for message in messages(&format!("pasha/src/{file}")) {
            assert!(message.contains("`pasha::guide::items`"), "{file}: {message}");
            number += 1;
        }
    }
    assert!(number >= 5, "{number}");
}

#[test]
fn messages_name_the_version_of_ndarray_that_pasha_takes() {
    let manifest = read("Cargo.toml");
    let version = manifest.split("\nndarray = { version = \"").nth(1).unwrap();
    let named = format!("ndarray {},", version.split('"').next().unwrap());
    let mut number = 0;
    for file in ["functor/into_functor.rs", "param.rs"] {
        for message in messages(&format!("pasha/src/{file}")) {
            for found in message.split("those of ndarray ").skip(1) {
                assert!(format!("ndarray {found}").starts_with(&named), "{file}: {found}");
                number += 1;
            }
        }
    }
    assert_eq!(number, 3);
}

/// All code of the runtime and of the macro.
fn sources() -> String {
    let mut all = String::new();
    let mut folders = ["pasha/src", "pasha-macros/src"].map(|it| repository().join(it)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                all += &fs::read_to_string(path).unwrap();
            }
        }
    }
    all
}

/// `Type::item` of ARCHITECTURE.md is there, whatever was renamed.
#[test]
fn what_the_architecture_names_is_there() {
    let (text, code) = (read("ARCHITECTURE.md"), sources());
    let mut found = 0;
    for name in text.split('`').skip(1).step_by(2) {
        let Some((of, item)) = name.split_once("::") else { continue };
        if !of.starts_with(char::is_uppercase) || item.contains("::") {
            continue;
        }
        found += 1;
        let kinds = ["struct ", "enum ", "trait ", "type "];
        let is_type = kinds.iter().any(|kind| {
            let ends = [" ", "<", "(", ";", ":"];
            ends.iter().any(|end| code.contains(&format!("{kind}{of}{end}")))
        });
        let item = item.trim_end_matches("()");
        let is_item = ["fn ", "const ", "type "].iter().any(|kind| {
            let ends = ["(", "<", ":", " ", ";"];
            ends.iter().any(|end| code.contains(&format!("{kind}{item}{end}")))
        });
        let is_variant = ["    ", "    /"].iter().any(|it| code.contains(&format!("{it}{item}")));
        assert!(is_type && (is_item || is_variant), "{name}");
    }
    assert!(found > 15, "{found}");
}

/// Each option is a method of the trait, one of the built-in contexts, and a word if it can be one.
#[test]
fn the_lists_of_options_agree() {
    let (of_trait, own) =
        (read("pasha/src/options/methods.rs"), read("pasha/src/options/own_methods.rs"));
    let methods: Vec<&str> = of_trait
        .split("    fn ")
        .skip(1)
        .filter_map(|rest| rest.split_once("(mut self").map(|(name, _)| name))
        .filter(|name| !name.contains('\n'))
        .collect();
    assert!(methods.len() > 15, "{methods:?}");
    for method in &methods {
        assert!(own.contains(&format!("{method}(")), "{method} is no method of the contexts");
    }
    let words = read("pasha/src/options/words.rs");
    let names = words.split("name: \"").skip(1).filter_map(|it| it.split('"').next());
    let table: String = words.lines().filter(|line| line.starts_with("    /// | ")).collect();
    for name in names {
        assert!(table.contains(&format!("`{name}")), "{name} is not in the table of the words");
    }
}
