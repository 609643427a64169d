//! The suite that every store must pass. (Feature `testing`.)
//!
//! ```no_run
//! # async fn check(my_store: std::sync::Arc<dyn backchat_inbox::Store>) {
//! backchat_inbox::testing::suite(my_store).await;
//! # }
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test's way to fail, in a module that only tests use"
)]

mod claims;
mod desk;
mod ends;
mod events;
mod operator;
mod queue;

use std::sync::Arc;

use crate::store::Store;
use desk::Desk;

/// Runs every check against `store`, each in a scope of its own. The store must take its time from
/// the caller. Panics at the first thing that is wrong.
pub async fn suite(store: Arc<dyn Store>) {
    let desk = |scope| Desk::new(&store, scope);
    claims::one_of_many_wins(desk("one_of_many_wins")).await;
    claims::only_a_lease_that_is_over_is_claimed_again(desk("lease")).await;
    claims::the_gate_opens_once_and_only_for_the_newest_claim(desk("gate")).await;
    claims::sending_is_never_claimed_again(desk("sending")).await;
    claims::slots_and_scopes_are_apart(desk("slots"), desk("slots-2")).await;
    ends::each_end_has_its_state(desk("ends")).await;
    ends::an_answer_that_was_not_sent_is_kept(desk("kept")).await;
    ends::a_slow_sender_may_still_decide(desk("slow")).await;
    ends::what_is_settled_stays(desk("settled")).await;
    events::an_event_settles_by_correlation_id(desk("correlation")).await;
    events::an_event_settles_by_reply_id_and_keeps_the_furthest(desk("reply-id")).await;
    events::an_ambiguous_event_settles_nothing(desk("ambiguous")).await;
    events::a_late_event_stops_a_second_reply(desk("late")).await;
    operator::rearming(desk("rearm")).await;
    operator::lists_and_counts(desk("lists")).await;
    operator::forgetting(desk("forget")).await;
    operator::pruning(desk("prune")).await;
    operator::what_is_not_delivered_again_is_given_up(desk("abandoned")).await;
    operator::what_is_rearmed_has_its_time(desk("rearmed")).await;
    operator::pruning_by_a_clock_that_jumped(desk("jump")).await;
    operator::pruning_while_no_message_comes(desk("pause")).await;
    operator::events_are_handled_once(desk("handled")).await;
    queue::keeps_the_order_of_each_sender(desk("order")).await;
    queue::tries_again_and_gives_up(desk("again")).await;
    queue::a_queue_that_nobody_works_on_is_seen(desk("backlog")).await;
    queue::a_dead_worker_loses_nothing(desk("dead")).await;
    queue::an_event_of_an_inline_worker_is_kept(desk("mixed")).await;
}
