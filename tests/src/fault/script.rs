//! The steps of the next requests, in order.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{AnswerAt, Fault, Point, Step};

/// A queue of steps, and the step for when it is empty.
#[derive(Default)]
pub(super) struct Script {
    steps: Mutex<Steps>,
}

#[derive(Default)]
struct Steps {
    next: VecDeque<Step>,
    default: Step,
}

impl Script {
    pub(super) fn replace(&self, steps: Vec<Step>) {
        self.lock().next = steps.into();
    }

    pub(super) fn set_default(&self, step: Step) {
        self.lock().default = step;
    }

    pub(super) fn clear(&self) {
        *self.lock() = Steps::default();
    }

    /// Takes the next step.
    pub(super) fn next(&self) -> Step {
        let mut steps = self.lock();
        let next = steps.next.pop_front();
        next.unwrap_or_else(|| steps.default.clone())
    }

    /// Takes the next step only if its fault comes before any byte is read.
    pub(super) fn fault_at_accept(&self) -> Option<Fault> {
        let mut steps = self.lock();
        let next = steps.next.front().unwrap_or(&steps.default);
        let fault = next.fault_at(Point::Accept)?;
        steps.next.pop_front();
        Some(fault)
    }

    /// Takes the next step only if its answer comes before any byte is read.
    pub(super) fn answer_at_accept(&self) -> Option<Step> {
        let mut steps = self.lock();
        let next = steps.next.front().unwrap_or(&steps.default);
        let early = (next.answer_at == AnswerAt::Accept).then(|| next.clone())?;
        steps.next.pop_front();
        Some(early)
    }

    fn lock(&self) -> MutexGuard<'_, Steps> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_in_order_and_then_the_default() {
        let script = Script::default();
        script.replace(vec![Step::status(1), Step::status(2)]);
        script.set_default(Step::status(3));
        let statuses: Vec<_> = (0..4).map(|_| script.next().status).collect();
        assert_eq!(statuses, [1, 2, 3, 3]);
        script.clear();
        assert_eq!(script.next(), Step::default());
    }

    #[test]
    fn a_new_connection_takes_only_a_fault_at_accept() {
        let script = Script::default();
        script.replace(vec![
            Step::reset(Point::Request),
            Step::close(Point::Accept),
        ]);
        assert_eq!(script.fault_at_accept(), None);
        script.next();
        assert_eq!(script.fault_at_accept(), Some(Fault::Close(Point::Accept)));
        assert_eq!(script.fault_at_accept(), None);
        script.set_default(Step::stall(Point::Accept));
        assert_eq!(script.fault_at_accept(), Some(Fault::Stall(Point::Accept)));
    }
}
