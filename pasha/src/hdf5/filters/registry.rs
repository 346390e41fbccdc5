//! The names of filters that are not undone here, and where their plugins come from.
//!
//! As they are registered with the HDF Group
//! (support.hdfgroup.org, "Registered filter plugins", and HDF5's own of `H5Zpublic.h`).

/// HDF5's number of a filter, its name, and what brings it.
const KNOWN: [(i32, &str, FilterOrigin); 28] = [
    (4, "szip", FilterOrigin::Library),
    (5, "n-bit", FilterOrigin::Library),
    (6, "scale-offset", FilterOrigin::Library),
    (305, "LZO", FilterOrigin::PyTables),
    (307, "bzip2", FilterOrigin::Hdf5Plugin),
    (32000, "LZF", FilterOrigin::Debian("hdf5-plugin-lzf")),
    (32001, "Blosc", FilterOrigin::Hdf5Plugin),
    (32003, "Snappy", FilterOrigin::Other),
    (32004, "LZ4", FilterOrigin::Hdf5Plugin),
    (32006, "CBF", FilterOrigin::Other),
    (32007, "JPEG-XR", FilterOrigin::Other),
    (32008, "bitshuffle", FilterOrigin::Hdf5Plugin),
    (32012, "JPEG-LS", FilterOrigin::Other),
    (32013, "zfp", FilterOrigin::Hdf5Plugin),
    (32014, "fpzip", FilterOrigin::Other),
    (32015, "Zstandard", FilterOrigin::Hdf5Plugin),
    (32016, "B3D", FilterOrigin::Other),
    (32017, "SZ", FilterOrigin::Hdf5Plugin),
    (32018, "FCIDECOMP (JPEG-LS)", FilterOrigin::Hdf5Plugin),
    (32019, "JPEG", FilterOrigin::Other),
    (32020, "VBZ", FilterOrigin::Other),
    (32022, "BitGroom", FilterOrigin::Other),
    (32023, "Granular BitRound", FilterOrigin::Other),
    (32024, "SZ3", FilterOrigin::Hdf5Plugin),
    (32025, "Delta-Rice", FilterOrigin::Other),
    (32026, "Blosc2", FilterOrigin::Hdf5Plugin),
    (32028, "SPERR", FilterOrigin::Hdf5Plugin),
    (32033, "HTJ2K (JPEG 2000)", FilterOrigin::Hdf5Plugin),
];

/// Where a filter comes from.
#[derive(Debug, Clone, Copy)]
enum FilterOrigin {
    /// libhdf5, where it was built with it.
    Library,
    /// Python's package hdf5plugin.
    Hdf5Plugin,
    PyTables,
    /// A package of Debian.
    Debian(&'static str),
    /// Somewhere else.
    Other,
}

/// Names a filter that libhdf5 does not have here, and the way to it.
pub(in crate::hdf5) fn missing(number: i32) -> String {
    let known = KNOWN.iter().find(|&&(known, ..)| known == number);
    let Some(&(_, name, source)) = known else {
        return format!(
            "filter {number} (of no name known here), which libhdf5 does not have: {}",
            plugin("its plugin")
        );
    };
    let way_out = match source {
        FilterOrigin::Library => "install a libhdf5 that was built with it".to_owned(),
        FilterOrigin::Hdf5Plugin => plugin(
            "Python's package hdf5plugin (pip install hdf5plugin; its folder is hdf5plugin.PLUGIN_PATH)",
        ),
        FilterOrigin::PyTables => plugin("its plugin (of PyTables)"),
        FilterOrigin::Debian(package) => plugin(&format!("Debian's package {package}")),
        FilterOrigin::Other => {
            plugin("its plugin (github.com/HDFGroup/hdf5_plugins lists where they are)")
        }
    };
    format!("filter {number} ({name}), which libhdf5 does not have: {way_out}")
}

fn plugin(what: &str) -> String {
    format!(
        "install {what} and set HDF5_PLUGIN_PATH to the folder of the plugin before the program starts"
    )
}
