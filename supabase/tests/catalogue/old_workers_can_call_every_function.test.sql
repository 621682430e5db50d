-- A worker is older than its database while an upgrade runs, and after a rollback. What it sends is enough for ever: a new
-- argument has a default and stands last, and none of these goes away or gets another name.
begin; select plan(1);
select set_eq($$
  select p.proname::text, coalesce(array_to_string(p.proargnames[1 : p.pronargs - p.pronargdefaults], ' '), '')
  from pg_catalog.pg_proc p
  where p.pronamespace = 'public'::regnamespace and p.proname like 'relay\_%' $$, $$ values
  ('relay_beat', 'stream_ids fences lease_ms'),
  ('relay_begin', 'user_id stream_id worker_id prompt reroll_of conversation_id bot_id parent_id parent_is_given rate_limit '
    'max_concurrent lease_ms max_context'),
  ('relay_begin_memory', 'user_id stream_id worker_id message_id bot_id lease_ms max_context fence task_bytes'),
  ('relay_bot', 'user_id bot_id'),
  ('relay_cancel', 'user_id stream_id'),
  ('relay_count_refusals', 'codes counts'),
  ('relay_finish', 'stream_id fence status finish_reason error_code content prompt_tokens completion_tokens total_tokens '
    'first_token_ms'),
  ('relay_metrics', ''),
  ('relay_read', 'user_ids stream_ids from_units'),
  ('relay_running', 'user_id conversation_id'),
  ('relay_sweep', '') $$, 'no function needs more than these arguments');

select * from finish(); rollback;
