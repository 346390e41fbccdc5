//! What the program wants done around the forks of workers.

/// What an interpreter within the program does around forks, so that it works in the workers.
///
/// All are called on the thread that forks: [`before`](Self::before) and
/// [`in_parent`](Self::in_parent) once around the forks of several workers, while that thread holds
/// none of pasha's locks; [`in_child`](Self::in_child) in each worker before anything else that is
/// of the program, and [`at_end`](Self::at_end) in each that has come to its end by itself.
#[doc(hidden)]
pub trait AroundForks: Send + Sync {
    /// Takes hold of what a child must find whole.
    fn before(&self);

    /// Lets go of it in the program.
    fn in_parent(&self);

    /// Makes the copy in a child fit for use.
    fn in_child(&self);

    /// Writes what the child has not written yet.
    fn at_end(&self);
}
