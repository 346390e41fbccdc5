//! What the examples share: pictures, a detector and its simulation, and the saxs job.
