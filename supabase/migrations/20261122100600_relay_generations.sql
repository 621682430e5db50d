-- The relay's own state: one row for each stream_id, reachable by service_role alone.
create schema relay;
revoke all on schema relay from public;
grant usage on schema relay to service_role;

comment on schema relay is 'State of the Storytellr relay; the functions public.relay_* are the only way in.';

create table relay.generations (
  stream_id text primary key,
  user_id uuid not null references auth.users (id) on delete cascade,
  -- What a user deletes must not reopen the rate limit, nor free a stream_id: the row outlives what it points at.
  conversation_id uuid references public.conversations (id) on delete set null,
  bot_id uuid references public.bots (id) on delete set null,
  message_id uuid references public.messages (id) on delete set null,
  user_message_id uuid,
  parent_id uuid,
  leaf_id uuid,
  model text not null,
  status text not null default 'running',
  worker_id text not null,
  fence uuid default gen_random_uuid(),
  lease_expires_at timestamptz not null,
  cancel_requested_at timestamptz,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  finish_reason text,
  error_code text,
  prompt_tokens integer,
  completion_tokens integer,
  total_tokens integer,
  first_token_ms integer,
  overhead_ms integer,

  constraint generations_stream_id_is_a_name check (stream_id ~ '^[A-Za-z0-9._:-]{1,128}$'),
  constraint generations_status_is_known
    check (status in ('running', 'completed', 'cancelled', 'disconnected', 'failed', 'interrupted')),
  constraint generations_end_once check ((status = 'running') = (finished_at is null)),
  constraint generations_end_with_a_reason check ((status = 'running') = (finish_reason is null)),
  constraint generations_reason_fits_status
    check (
      case status
        when 'running' then finish_reason is null
        when 'completed' then finish_reason not in ('cancelled', 'disconnected', 'timeout', 'interrupted', 'error')
        when 'failed' then finish_reason in ('timeout', 'error')
        else finish_reason = status
      end
    ),
  constraint generations_failures_have_a_code check ((status in ('failed', 'interrupted')) = (error_code is not null)),
  constraint generations_error_code_is_known
    check (
      error_code in (
        'provider_not_allowed', 'provider_error', 'provider_rate_limited', 'provider_auth', 'provider_timeout',
        'provider_bad_response', 'timeout', 'interrupted', 'internal'
      )
    ),
  -- An interruption has one if a sweep brought it, and none if the worker itself did.
  constraint generations_fence_fits_status
    check (
      case
        when status = 'running' then fence is not null
        when status in ('completed', 'cancelled', 'disconnected', 'failed') then fence is null
        else true
      end
    ),
  constraint generations_running_have_no_message check (status <> 'running' or message_id is null),
  constraint generations_cancelled_were_asked_to check (status <> 'cancelled' or cancel_requested_at is not null),
  constraint generations_do_not_end_before_they_start check (finished_at >= started_at),
  constraint generations_counts_are_not_negative
    check (least(prompt_tokens, completion_tokens, total_tokens, first_token_ms, overhead_ms) >= 0)
) with (fillfactor = 50); -- A beat updates every running row: with room on its own page that touches no index.

create index generations_by_user on relay.generations (user_id, started_at desc);
-- A beat changes no column of an index, so that it adds to none: hence no index of the lease.
create index generations_running on relay.generations (user_id) where status = 'running';
create index generations_by_conversation on relay.generations (conversation_id);
create index generations_by_bot on relay.generations (bot_id);
create index generations_by_message on relay.generations (message_id);

alter table relay.generations enable row level security;
revoke all on table relay.generations from public, anon, authenticated;
grant select, insert, update, delete on table relay.generations to service_role;

comment on table relay.generations is 'One run of a bot for one stream_id: who, where in the tree, under which lease, and how it ended.';
comment on column relay.generations.user_message_id is 'The message that the prompt became; null for a reroll.';
comment on column relay.generations.parent_id is 'The node that is answered; no foreign key, a null would turn the answer into a root.';
comment on column relay.generations.leaf_id is 'The active leaf that the generation started from; it moves only if it is still this one.';
comment on column relay.generations.fence is 'Shown by every beat and the finish of the worker that runs it; null once that worker has finished.';
comment on column relay.generations.lease_expires_at is 'Past it the worker counts as dead; each beat renews it.';
comment on column relay.generations.cancel_requested_at is 'Set by relay_cancel, read by the beat; whatever ends later ends as cancelled.';
comment on column relay.generations.first_token_ms is 'Milliseconds from the request to the first text or reasoning.';
comment on column relay.generations.overhead_ms is 'Milliseconds from the request to the call of the provider.';

-- What a late, repeated or losing call is told, and what the winner is told too.
create function relay.outcome_of(generation relay.generations) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'status', generation.status,
    'finish_reason', generation.finish_reason,
    'error_code', generation.error_code,
    'message_id', generation.message_id,
    'is_complete', generation.status = 'completed'
  );
end;
$$;

comment on function relay.outcome_of(relay.generations) is 'How a generation stands, as relay_finish answers it.';
revoke all on function relay.outcome_of(relay.generations) from public, anon, authenticated;
grant execute on function relay.outcome_of(relay.generations) to service_role;
