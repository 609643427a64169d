//! The faults that wait for their calls, first come, first served.

use std::collections::VecDeque;

use super::{FailedDelivery, Fault, FaultKind};
use crate::SandboxError;

/// The faults that wait for their calls.
#[derive(Debug, Default)]
pub(crate) struct Faults(VecDeque<Fault>);

impl Faults {
    pub(crate) fn push(&mut self, fault: Fault) -> Result<(), SandboxError> {
        fault.check()?;
        self.0.push_back(fault);
        Ok(())
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.0.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of this API call.
    pub(crate) fn take_for_call(&mut self) -> Option<Fault> {
        self.take(|kind| !kind.is_of_delivery())
    }

    /// The fault of this message's delivery.
    pub(crate) fn take_for_delivery(&mut self) -> Option<FailedDelivery> {
        match self.take(FaultKind::is_of_delivery)?.kind {
            FaultKind::Delivery(failure) => Some(failure),
            _ => None,
        }
    }

    fn take(&mut self, wanted: impl Fn(&FaultKind) -> bool) -> Option<Fault> {
        let index = self.0.iter().position(|fault| wanted(&fault.kind))?;
        let fault = self.0.get_mut(index)?;
        fault.count -= 1;
        if fault.count == 0 {
            self.0.remove(index)
        } else {
            Some(fault.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeliveryOutcome;

    #[test]
    fn each_call_takes_the_first_that_concerns_it() {
        let mut faults = Faults::default();
        let failure = Fault::delivery(DeliveryOutcome::Failed, "network");
        faults.push(failure).unwrap();
        faults.push(Fault::status(503).count(2)).unwrap();
        assert_eq!(
            faults.take_for_call().unwrap().kind,
            Fault::status(503).kind
        );
        assert!(faults.take_for_delivery().is_some());
        assert!(faults.take_for_delivery().is_none());
        assert!(faults.take_for_call().is_some());
        assert!(faults.take_for_call().is_none());
    }
}
