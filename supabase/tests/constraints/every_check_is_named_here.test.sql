begin;
select plan(4);

-- A new check needs a line here, and a test that breaks it in this folder.
select set_eq(
  $$ select conname::text from pg_catalog.pg_constraint
    where contype = 'c' and connamespace = 'public'::regnamespace $$,
  array[
    'bots_params_are_an_object', 'bots_temperature_is_in_range', 'messages_are_never_streaming',
    'messages_are_not_their_own_parent', 'messages_of_users_have_no_outcome', 'messages_stopped_early_are_incomplete'
  ],
  'the checks of the story'
);
select set_eq(
  $$ select conname::text from pg_catalog.pg_constraint
    where contype = 'c' and conrelid = 'relay.generations'::regclass $$,
  array[
    'generations_stream_id_is_a_name', 'generations_status_is_known', 'generations_end_once',
    'generations_end_with_a_reason', 'generations_reason_fits_status', 'generations_failures_have_a_code',
    'generations_error_code_is_known', 'generations_fence_fits_status', 'generations_running_have_no_message',
    'generations_cancelled_were_asked_to', 'generations_do_not_end_before_they_start',
    'generations_counts_are_not_negative', 'generations_text_units_are_not_negative'
  ],
  'the checks of a generation'
);
select set_eq(
  $$ select conname::text from pg_catalog.pg_constraint where contype = 'c' and conrelid = 'relay.chunks'::regclass $$,
  array['chunks_begin_inside_the_text', 'chunks_are_not_empty'], 'the checks of its text'
);
select set_eq(
  $$ select conname::text from pg_catalog.pg_constraint where contype = 'c' and conrelid = 'relay.counters'::regclass $$,
  array['counters_only_grow'], 'the check of what is counted'
);

select * from finish();
rollback;
