//! Trains selected by position and by id, with and without data.

use pasha::Error;
use pasha::xfel::{Trains, by_id};
use serde_json::Value;

use crate::oracle::{Oracle, ids};

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
