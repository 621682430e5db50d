begin; select plan(1);
-- A new check needs a line here, and one that violates it in this folder.
select set_eq(
  $$ select conname::text from pg_catalog.pg_constraint
    where contype = 'c' and connamespace in ('public'::regnamespace, 'relay'::regnamespace) $$,
  array[
    'bots_params_are_an_object', 'bots_temperature_is_in_range', 'bots_headers_can_be_sent', 'bots_api_is_known',
    'bots_context_tokens_are_in_range', 'bots_reply_tokens_are_in_range', 'bots_reply_tokens_leave_room',
    'messages_are_never_streaming', 'messages_are_not_their_own_parent', 'messages_of_users_have_no_ending', 'messages_stopped_early_are_incomplete',
    'generations_stream_id_is_a_name', 'generations_status_is_known', 'generations_end_once',
    'generations_end_with_a_reason', 'generations_reason_fits_status', 'generations_failures_have_a_code',
    'generations_error_code_is_known', 'generations_fence_fits_status', 'generations_running_have_no_message',
    'generations_cancelled_were_asked_to', 'generations_are_cut_by_a_cancel',
    'generations_do_not_end_before_they_start', 'generations_counts_are_not_negative',
    'generations_have_what_they_continue', 'generations_contexts_are_counted', 'generations_ratios_are_in_range',
    'models_ratios_are_in_range', 'models_windows_are_not_tiny', 'chunks_begin_inside_the_text', 'chunks_are_not_empty',
    'counters_only_grow', 'uncounted_only_adds', 'generations_kind_is_known', 'generations_of_memories_are_no_messages',
    'memories_are_not_blank'
  ],
  'these are all'
);

select * from finish(); rollback;
