#![doc = include_str!("../docs/guide/index.md")]

// The aliases are words that a person may type into the search of the documentation.

#[doc = include_str!("../docs/guide/attribute.md")]
#[doc(alias("roles", "parameters", "signature", "outputs"))]
pub mod attribute {}

#[doc = include_str!("../docs/guide/items.md")]
#[doc(alias("HashMap", "HashSet", "BTreeMap", "iterator", "sources", "inputs"))]
pub mod items {}

#[doc = include_str!("../docs/guide/selections.md")]
#[doc(alias("subset", "mask", "filter", "select", "zip", "pairs", "step_by", "neighbours"))]
pub mod selections {}

#[doc = include_str!("../docs/guide/contexts.md")]
#[doc(alias("workers", "cores", "num_threads", "PASHA_CONTEXT", "PASHA_NUM_WORKERS"))]
pub mod contexts {}

#[cfg(feature = "mpi")]
#[doc = include_str!("../docs/guide/several_machines.md")]
#[doc(alias("MPI", "mpirun", "Slurm", "srun", "cluster", "distributed", "nodes"))]
pub mod several_machines {}

#[doc = include_str!("../docs/guide/forks.md")]
#[doc(alias(
    "Mutex",
    "atomic",
    "tokio",
    "async",
    "Ctrl-C",
    "ctrlc",
    "SIGINT",
    "signal",
    "println",
    "panic hook",
    "GPU",
    "CUDA",
    "random",
    "deadlock",
    "cache"
))]
pub mod forks {}

#[doc = include_str!("../docs/guide/files.md")]
#[cfg_attr(feature = "hdf5", doc = include_str!("../docs/guide/files_hdf5.md"))]
#[cfg_attr(feature = "xfel", doc = include_str!("../docs/guide/files_xfel.md"))]
#[cfg_attr(feature = "netcdf", doc = include_str!("../docs/guide/files_netcdf.md"))]
#[cfg_attr(feature = "zarr", doc = include_str!("../docs/guide/files_zarr.md"))]
#[doc(alias(
    "HDF5",
    "h5py",
    "NetCDF",
    "Zarr",
    "xarray",
    "CSV",
    "TIFF",
    "Parquet",
    "Eiger",
    "EXtra-data",
    "NumPy",
    "npy"
))]
pub mod files {}

#[doc = include_str!("../docs/guide/jobs.md")]
#[doc(alias("SLURM", "batch", "resume", "checkpoint", "timeout", "progress", "memory"))]
pub mod jobs {}

#[doc = include_str!("../docs/guide/generics.md")]
#[doc(alias("lifetimes", "closures", "const generics", "bytemuck", "Pod"))]
pub mod generics {}

#[doc = include_str!("../docs/guide/errors.md")]
#[doc(alias("SIGSEGV", "SIGKILL", "crash", "panic", "retry", "skip", "timeout"))]
#[doc(alias("E0107", "E0308", "E0373", "E0499", "E0502", "E0521", "E0594", "E0596", "E0597"))]
pub mod errors {}

#[doc = include_str!("../docs/guide/from_python.md")]
#[doc(alias("Python", "psh", "NumPy", "migration"))]
pub mod from_python {}

#[cfg(feature = "python")]
#[doc = include_str!("../docs/guide/python_kernels.md")]
#[doc(alias("Python", "NumPy", "maturin", "PyO3", "pip", "extension", "Jupyter"))]
pub mod python_kernels {}

#[doc = include_str!("../docs/guide/from_rayon.md")]
#[doc(alias("rayon", "par_iter", "par_chunks", "ParallelIterator"))]
pub mod from_rayon {}

#[doc = include_str!("../docs/guide/from_joblib.md")]
#[doc(alias("joblib", "loky", "delayed", "n_jobs", "multiprocessing"))]
pub mod from_joblib {}

#[doc = include_str!("../docs/guide/faq.md")]
#[doc(alias(
    "Windows", "macOS", "WSL", "MPI", "cluster", "GPU", "Python", "zombie", "nightly", "hang"
))]
pub mod faq {}
