//! The store: the same suite on both engines.

#![allow(clippy::unwrap_used, reason = "what a test cannot unwrap, it fails on")]

pub mod bench;
mod billing;
mod copying;
mod drills;
mod fixture;
mod inventory;
mod jobs;
mod leases;
mod looks;
mod newest;
mod opening;
mod outbox;
mod portal;
mod processes;
mod records;
mod runs;
mod secrets;

use bench::Bench;

/// Microseconds since 1970 of a day in October 2026: the suite's present.
const NOW_US: i64 = 1_790_000_000_000_000;

/// Every case, each on a store of its own.
async fn suite(bench: &Bench) {
    opening::two_programs_open_a_new_store_at_once(bench).await;
    opening::a_newer_store_is_refused(bench).await;
    opening::a_changed_history_is_refused(bench).await;
    opening::a_payload_without_version_is_refused(bench).await;

    fixture::a_store_of_version_1_is_read(bench).await;

    inventory::versions_are_numbered_without_a_gap(bench).await;
    inventory::one_of_many_acceptances_wins(bench).await;
    inventory::a_vm_id_is_never_given_twice(bench).await;
    inventory::plans_stay_as_they_were(bench).await;
    inventory::what_is_append_only_cannot_be_changed(bench).await;

    runs::a_run_begins_and_ends_once(bench).await;
    runs::entries_are_numbered_without_a_gap(bench).await;
    runs::open_actions_are_those_without_a_last_word(bench).await;
    runs::a_client_sees_its_own_runs_only(bench).await;
    processes::confirmed_entries_survive_a_killed_process(bench).await;

    leases::one_of_many_gets_the_lease(bench).await;
    leases::a_lease_that_ended_is_taken_over(bench).await;
    leases::a_dead_holder_is_replaced_once(bench).await;
    processes::two_processes_never_hold_the_same_lease(bench).await;

    records::the_latest_observation_counts(bench).await;
    records::old_observations_are_dropped(bench).await;
    records::another_host_key_is_a_conflict(bench).await;
    records::departures_are_kept_and_marked(bench).await;

    looks::the_last_answer_outlives_looks_that_saw_nothing(bench).await;
    looks::an_earlier_look_does_not_replace_a_later_one(bench).await;
    looks::a_client_sees_its_own_looks_only(bench).await;
    looks::clients_of_an_island_have_a_row_each(bench).await;
    newest::every_kind_of_record_of_a_client_is_news(bench).await;
    looks::a_restore_is_compared_with_the_newest_marker_before_its_backup(bench).await;

    jobs::a_job_is_done_once(bench).await;
    jobs::a_failed_job_is_tried_again_in_its_time(bench).await;
    jobs::a_dead_process_is_followed_and_can_end_nothing(bench).await;
    jobs::an_order_is_recorded_once_and_ends_with_its_job(bench).await;
    jobs::old_attempts_are_forgotten(bench).await;

    drills::records_of_drills_are_chained_and_never_change(bench).await;
    drills::a_client_of_an_island_sees_its_share_of_a_drill(bench).await;
    drills::a_restored_machine_is_on_record_until_its_end(bench).await;

    secrets::a_secret_comes_back_and_is_not_in_clear(bench).await;
    secrets::a_changed_ciphertext_is_refused(bench).await;
    secrets::a_password_is_handed_over_once(bench).await;
    secrets::a_missing_or_foreign_key_is_refused(bench).await;
    secrets::a_key_that_others_can_read_is_refused(bench).await;
    secrets::the_key_is_rotated(bench).await;
    secrets::a_rotation_that_was_cut_short_is_finished(bench).await;
    secrets::two_programs_make_one_key(bench).await;

    billing::numbers_have_no_gap_and_follow_the_date(bench).await;
    billing::a_clients_documents_are_issued_together(bench).await;
    billing::what_was_issued_cannot_be_changed(bench).await;
    billing::a_client_sees_its_own_billing_only(bench).await;
    billing::corrections_are_appended(bench).await;
    billing::consent_is_decided_once(bench).await;
    billing::a_payment_comes_back_once(bench).await;
    billing::a_run_issues_archives_and_leaves_out(bench).await;
    billing::a_credit_note_never_exceeds_its_original(bench).await;
    billing::a_store_behind_the_journal_refuses_until_recovered(bench).await;
    billing::a_run_killed_at_any_step_is_completed_by_the_next(bench).await;
    billing::a_credit_killed_at_any_step_is_completed_by_the_next(bench).await;
    billing::sending_killed_at_any_step_sends_each_mail_once(bench).await;
    billing::two_processes_issue_each_document_once(bench).await;

    outbox::a_mail_put_in_twice_is_one_mail(bench).await;
    outbox::a_file_is_never_overwritten(bench).await;
    outbox::a_server_takes_mails_over_tls(bench).await;
    outbox::a_server_that_lets_nobody_in_costs_no_attempt(bench).await;
    outbox::a_refused_mail_waits_or_fails(bench).await;
    outbox::a_server_that_dies_decides_what_is_known(bench).await;
    outbox::a_killed_sender_leaves_what_is_known(bench).await;
    outbox::two_processes_send_each_mail_once(bench).await;
    outbox::a_confidential_message_is_nowhere_in_clear(bench).await;
    outbox::a_sent_renewal_notice_is_on_record(bench).await;
    portal::a_link_is_used_once_by_one_of_many(bench).await;
    portal::sessions_end_and_are_forgotten(bench).await;
    portal::attempts_are_counted_by_window(bench).await;
    portal::a_factor_takes_each_code_once(bench).await;
    portal::the_audit_log_is_a_chain(bench).await;
    portal::a_form_asks_once_and_answers_follow(bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn store_suite_on_sqlite() {
    let bench = Bench::sqlite();
    assert_eq!(bench.store().await.engine(), bench.engine());
    suite(&bench).await;
    copying::a_copy_is_equal(&bench, &bench).await;
}

/// The copies in both directions are here too: starting a cluster is the dear part.
#[tokio::test(flavor = "multi_thread")]
async fn store_suite_on_postgresql() {
    let (files, server) = (Bench::sqlite(), Bench::postgres());
    assert_eq!(server.store().await.engine(), server.engine());
    suite(&server).await;
    opening::errors_never_show_the_password(&server).await;
    copying::a_copy_is_equal(&files, &server).await;
    copying::a_copy_is_equal(&server, &files).await;
    copying::a_copy_needs_an_empty_target(&server, &files).await;
}
