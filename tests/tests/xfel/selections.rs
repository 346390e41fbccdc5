//! Trains selected by position and by id, with and without data.

use ndarray::{Array3, Ix2};
use pasha::Error;
use pasha::xfel::{Run, Train, Trains, by_id};
use pasha_tests::mappings::bytes_asked_for_in_huge_pages;
use serde_json::Value;

use crate::oracle::{Oracle, ids};
use crate::support::RunWriter;

/// A choice as the oracle writes it.
fn trains_of(kind: &str, value: &Value) -> Trains {
    let integers = || -> Vec<i64> {
        value.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
    };
    let edge = |at: usize| value[at].as_i64();
    let step = || value[2].as_u64().unwrap_or(1) as usize;
    match kind {
        "slice" => match (edge(0), edge(1)) {
            (Some(start), Some(end)) => Trains::from(start..end),
            (Some(start), None) => Trains::from(start..),
            (None, Some(end)) => Trains::from(..end),
            (None, None) => Trains::from(..),
        }
        .step(step()),
        "int" => Trains::from(value.as_i64().unwrap()),
        "index_list" => Trains::from(integers()),
        "bool_mask" => {
            let mask = value.as_array().unwrap().iter().map(|keep| keep.as_bool().unwrap());
            Trains::from(mask.collect::<Vec<bool>>())
        }
        "by_id_slice" => match (value[0].as_u64(), value[1].as_u64()) {
            (Some(start), Some(end)) => by_id(start..end),
            (Some(start), None) => by_id(start..),
            (None, Some(end)) => by_id(..end),
            (None, None) => by_id(..),
        }
        .step(step()),
        "by_id_list" => by_id(ids(value)),
        "by_id" => by_id(value.as_u64().unwrap()),
        other => panic!("a selection of kind {other}"),
    }
}

#[test]
fn trains_are_selected_as_extra_data_does() {
    let mut seen = 0;
    for (oracle, run) in Oracle::opened() {
        for selection in oracle.seen["selections"].as_array().unwrap() {
            if selection["exotic"].as_bool().unwrap() {
                continue;
            }
            seen += 1;
            let (kind, value) = (selection["kind"].as_str().unwrap(), &selection["value"]);
            let what = format!("{} {kind} {value}", oracle.name);
            let chosen = run.select_trains(trains_of(kind, value));
            // A range of ids that begins in a gap is an error there, which is a defect.
            let wanted = selection.get("train_ids").or(selection.get("intended_train_ids"));
            match wanted {
                Some(wanted) => assert_eq!(chosen.unwrap().train_ids(), ids(wanted), "{what}"),
                None => {
                    let error = chosen.unwrap_err();
                    assert!(matches!(error, Error::Argument { .. }), "{what}: {error}");
                }
            }
        }
    }
    if !Oracle::all().is_empty() {
        assert!(seen > 300, "{seen} selections");
    }
}

#[test]
fn trains_with_all_or_any_of_the_data() {
    for (oracle, run) in Oracle::opened() {
        for required in oracle.seen["require"].as_array().unwrap() {
            let selected = &required["select"];
            let Some(source) = selected.as_str() else {
                panic!("{}: {selected}", oracle.name);
            };
            let what = format!("{} {source}", oracle.name);
            let selected = run.select(source, "*").unwrap();
            assert_eq!(selected.require_all().train_ids(), ids(&required["require_all"]), "{what}");
            if required.get("require_any").is_some() {
                assert_eq!(
                    selected.require_any().train_ids(),
                    ids(&required["require_any"]),
                    "{what}"
                );
            }
            if let Some(key) = required["first_key"].as_str()
                && run.key_info(source, key).unwrap().element.len() <= 4
            {
                let key = run.select(source, key).unwrap().require_any();
                assert_eq!(key.train_ids(), ids(&required["drop_empty_trains"]), "{what}");
            }
        }
    }
}

/// Adds up an image.
#[pasha::kernel]
fn total(image: Train<'_, u16, Ix2>) -> u64 {
    image.data.iter().map(|&count| u64::from(count)).sum()
}

#[test]
fn a_file_is_read_in_huge_pages_where_most_of_its_trains_are_selected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("RAW-R0001-DA01-S00000.h5");
    let train_ids: Vec<u64> = (1000..1064).collect();
    let images = Array3::from_shape_fn((64, 256, 1024), |(i, y, x)| (i + y + x) as u16);
    RunWriter::new(&path, &train_ids)
        .group("INSTRUMENT/A/CAM/CAMERA:daqOutput/data", &[1; 64])
        .data("INSTRUMENT/A/CAM/CAMERA:daqOutput/data/image", &images.clone().into_dyn())
        .finish();
    let run = Run::open(folder.path()).unwrap();
    let key = run.key::<u16, Ix2>("A/CAM/CAMERA:daqOutput", "data.image").unwrap();
    let check = |step: usize| {
        let some = key.select_trains(Trains::from(..).step(step)).unwrap();
        let sums = total::run_parallel(&some).unwrap();
        let images = images.outer_iter().step_by(step);
        let expected = images.map(|image| image.iter().map(|&count| u64::from(count)).sum());
        assert_eq!(sums.to_vec(), expected.collect::<Vec<u64>>(), "step {step}");
    };
    check(8);
    let Some(asked) = bytes_asked_for_in_huge_pages(&path) else { return };
    assert_eq!(asked, 0, "of eight trains one");
    check(2);
    let half = bytes_asked_for_in_huge_pages(&path).unwrap();
    assert!(half >= 63 * (512 << 10), "{half} bytes");
}
