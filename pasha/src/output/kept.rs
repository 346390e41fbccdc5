//! What is left of outputs after a crash, so that a map can be resumed.

/// Which kinds of outputs there are among some, by what is left of them after a crash.
#[derive(Clone, Copy, Debug)]
pub struct WhatIsKept {
    /// Some can lie in a file.
    pub(crate) in_files: bool,
    /// Some belong to workers, and are saved by blocks of items.
    pub(crate) by_blocks: bool,
    /// Some of these are not merged, so that what a block has added stays in them.
    pub(crate) of_workers: bool,
    /// Some are ragged, and saved item by item where they lie in memory alone.
    pub(crate) in_memory: bool,
}

impl WhatIsKept {
    /// Of no outputs.
    pub(crate) const NOTHING: Self =
        WhatIsKept { in_files: false, by_blocks: false, of_workers: false, in_memory: false };
    /// Of an output that can lie in a file.
    pub(crate) const IN_FILES: Self = WhatIsKept { in_files: true, ..Self::NOTHING };
    /// Of one that is reduced.
    pub(crate) const BY_BLOCKS: Self = WhatIsKept { by_blocks: true, ..Self::NOTHING };
    /// Of one that belongs to workers, and is not merged.
    pub(crate) const OF_WORKERS: Self = WhatIsKept { of_workers: true, ..Self::BY_BLOCKS };
    /// Of one that is ragged.
    pub(crate) const IN_MEMORY: Self = WhatIsKept { in_memory: true, ..Self::NOTHING };

    /// Of these outputs and others.
    pub(crate) const fn and(self, other: Self) -> Self {
        WhatIsKept {
            in_files: self.in_files || other.in_files,
            by_blocks: self.by_blocks || other.by_blocks,
            of_workers: self.of_workers || other.of_workers,
            in_memory: self.in_memory || other.in_memory,
        }
    }
}
