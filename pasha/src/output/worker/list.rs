//! Lists of accumulators, nested to the right and ended by `()`.

use super::Accumulators;

// SAFETY: there are no accumulators.
unsafe impl Accumulators for () {
    const COUNT: usize = 0;

    type Slot<'s> = ();
    type Local = ();

    #[inline(always)]
    unsafe fn local(&self, _worker_id: usize) {}

    #[inline(always)]
    unsafe fn slot(&self, _worker_id: usize, (): &mut ()) {}

    #[inline(always)]
    unsafe fn put_back(&self, _worker_id: usize, (): &()) {}

    fn saved_size(&self) -> usize {
        0
    }

    unsafe fn save(&self, _worker_id: usize, _to: *mut u8) {}

    unsafe fn load(&self, _worker_id: usize, _from: *const u8) {}
}

// SAFETY: each part gives accumulators of its own output, which differ by what the parts promise.
unsafe impl<W: Accumulators, L: Accumulators> Accumulators for (W, L) {
    const COUNT: usize = W::COUNT + L::COUNT;

    type Slot<'s> = (W::Slot<'s>, L::Slot<'s>);
    type Local = (W::Local, L::Local);

    #[inline(always)]
    unsafe fn local(&self, worker_id: usize) -> Self::Local {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe { (self.0.local(worker_id), self.1.local(worker_id)) }
    }

    #[inline(always)]
    unsafe fn slot<'s>(&self, worker_id: usize, local: &'s mut Self::Local) -> Self::Slot<'s> {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe { (self.0.slot(worker_id, &mut local.0), self.1.slot(worker_id, &mut local.1)) }
    }

    #[inline(always)]
    unsafe fn put_back(&self, worker_id: usize, local: &Self::Local) {
        // SAFETY: what the caller promises of the list holds for both of its parts.
        unsafe {
            self.0.put_back(worker_id, &local.0);
            self.1.put_back(worker_id, &local.1);
        }
    }

    fn saved_size(&self) -> usize {
        self.0.saved_size() + self.1.saved_size()
    }

    unsafe fn save(&self, worker_id: usize, to: *mut u8) {
        // SAFETY: what the caller promises of the list holds for both of its parts, whose copies
        // lie one behind the other.
        unsafe {
            self.0.save(worker_id, to);
            self.1.save(worker_id, to.add(self.0.saved_size()));
        }
    }

    unsafe fn load(&self, worker_id: usize, from: *const u8) {
        // SAFETY: what the caller promises of the list holds for both of its parts, whose copies
        // `save` has put one behind the other.
        unsafe {
            self.0.load(worker_id, from);
            self.1.load(worker_id, from.add(self.0.saved_size()));
        }
    }
}
