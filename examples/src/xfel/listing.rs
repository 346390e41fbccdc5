//! What a run holds, printed as EXtra-data's `lsxfel` does.

use std::fmt::Write as _;

use pasha::xfel::Run;

/// Describes a run in words: its trains, its sources, old names and unusable files.
pub fn describe(run: &Run) -> String {
    let mut text = String::new();
    let name = run.path().file_name().unwrap_or(run.path().as_os_str()).to_string_lossy();
    // Writing to a string does not fail.
    let _ = write(&mut text, run, &name);
    text
}

fn write(text: &mut String, run: &Run, name: &str) -> std::fmt::Result {
    writeln!(text, "{name} : Run directory\n")?;
    let ids = run.train_ids();
    writeln!(text, "# of trains:    {}", ids.len())?;
    if let (Some(first), Some(last)) = (ids.first(), ids.last()) {
        // There are ten trains in a second.
        let tenths = last - first + 1;
        let (hours, minutes) = (tenths / 36_000, tenths / 600 % 60);
        let (seconds, tenth) = (tenths / 10 % 60, tenths % 10);
        writeln!(text, "Duration:       {hours}:{minutes:02}:{seconds:02}.{tenth}")?;
        writeln!(text, "First train ID: {first}\nLast train ID:  {last}")?;
    }
    let old_names = run.legacy_sources();
    let is_current = |source: &&&str| !old_names.contains_key(**source);
    let instrument = run.instrument_sources();
    list(text, "instrument sources", instrument.iter().filter(is_current).copied())?;
    list(text, "control sources", run.control_sources().into_iter())?;
    if !old_names.is_empty() {
        let lines: Vec<String> =
            old_names.iter().map(|(old, new)| format!("{old} -> {new}")).collect();
        list(text, "legacy source names", lines.iter().map(String::as_str))?;
    }
    if !run.skipped_files().is_empty() {
        let lines: Vec<String> = run.skipped_files().iter().map(ToString::to_string).collect();
        list(text, "unusable files", lines.iter().map(String::as_str))?;
    }
    Ok(())
}

fn list<'a>(
    text: &mut String,
    what: &str,
    names: impl Iterator<Item = &'a str>,
) -> std::fmt::Result {
    let names: Vec<&str> = names.collect();
    writeln!(text, "\n{} {what}:", names.len())?;
    names.iter().try_for_each(|name| writeln!(text, "  - {name}"))
}
