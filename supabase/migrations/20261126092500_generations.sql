-- The relay's own state, which service_role alone can reach: one row for each stream_id, and what is not counted yet.
-- docs/data-model.md says what each column is, here and in the other tables of the schema.

create table relay.generations (
  stream_id text primary key,
  user_id uuid not null references auth.users (id) on delete cascade,
  -- What a user deletes must not reopen the rate limit, nor free a stream_id: the row outlives what it points at.
  conversation_id relay.conversation_id references public.conversations (id) on delete set null,
  bot_id relay.bot_id,
  message_id relay.message_id references public.messages (id) on delete set null,
  user_message_id relay.message_id,
  parent_id relay.message_id,
  leaf_id relay.message_id,
  host text,
  model text not null,
  worker_id text not null,
  fence uuid default gen_random_uuid(),
  lease_expires_at timestamptz not null,
  cancel_requested_at timestamptz,
  cancel_at integer,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  status text not null default 'running',
  finish_reason text,
  error_code text,
  text_units integer not null default 0,
  read_units integer not null default 0,
  prompt_tokens integer,
  completion_tokens integer,
  total_tokens integer,
  cached_tokens integer,
  reasoning_tokens integer,
  usage_is_estimated boolean not null default false,
  cost numeric,
  first_token_ms integer,
  overhead_ms integer,
  reserved_tokens integer,
  reserved_cost numeric,

  constraint generations_stream_id_is_a_name check (stream_id ~ '^[A-Za-z0-9._:-]{1,128}$'),
  constraint generations_status_is_known
    check (status in ('running', 'completed', 'cancelled', 'disconnected', 'failed', 'interrupted')),
  constraint generations_end_once check ((status = 'running') = (finished_at is null)),
  constraint generations_end_with_a_reason check ((status = 'running') = (finish_reason is null)),
  constraint generations_reason_fits_status check (
    case status
      when 'running' then finish_reason is null
      when 'completed' then finish_reason not in ('cancelled', 'disconnected', 'timeout', 'interrupted', 'error')
      when 'failed' then finish_reason in ('timeout', 'error')
      else finish_reason = status
    end
  ),
  constraint generations_failures_have_a_code check ((status in ('failed', 'interrupted')) = (error_code is not null)),
  constraint generations_error_code_is_known check (error_code is null or relay.is_ending_code(error_code)),
  -- An interrupted generation has a fence if a sweep ended it, and none if its worker did.
  constraint generations_fence_fits_status check (
    case when status = 'running' then fence is not null when status <> 'interrupted' then fence is null else true end
  ),
  constraint generations_running_have_no_message check (status <> 'running' or message_id is null),
  constraint generations_cancelled_were_asked_to check (status <> 'cancelled' or cancel_requested_at is not null),
  constraint generations_are_cut_by_a_cancel check (cancel_at is null or cancel_requested_at is not null),
  constraint generations_do_not_end_before_they_start check (finished_at >= started_at),
  constraint generations_counts_are_not_negative check (least(
    prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, first_token_ms, overhead_ms,
    text_units, read_units, cancel_at
  ) >= 0),
  constraint generations_costs_are_in_range check (cost >= 0 and cost < 'Infinity'),
  constraint generations_holds_are_not_negative check (least(reserved_tokens, reserved_cost) >= 0)
) with (fillfactor = 50); -- A beat updates every running row: with room on its own page that touches no index.

create index generations_by_user on relay.generations (user_id, started_at desc);
-- No index has a column that a beat changes, so the lease is in none.
create index generations_running on relay.generations (user_id) where status = 'running';
create index generations_by_conversation on relay.generations (conversation_id);
create index generations_by_message on relay.generations (message_id);
create index generations_by_end on relay.generations (finished_at) where status <> 'running';

alter table relay.generations enable row level security;
revoke all on table relay.generations from public, anon, authenticated;
grant select, insert, update, delete on table relay.generations to service_role;

comment on table relay.generations is 'One run of a bot for one stream_id: whose, under which lease, and how it ended.';

-- Rows are only added, and deleted by a fold: counting waits for nothing, and outlives the generation's row.
create table relay.uncounted (
  name text not null, labels jsonb not null default '{}', amount integer not null default 1,
  prompt_tokens integer, completion_tokens integer, cached_tokens integer, reasoning_tokens integer,
  estimated_prompt_tokens integer, estimated_completion_tokens integer, cost numeric, cost_is_estimated boolean,
  first_token_ms integer, overhead_ms integer, total_ms numeric,
  constraint uncounted_only_adds check (amount >= 0)
);
alter table relay.uncounted enable row level security;
revoke all on table relay.uncounted from public, anon, authenticated;
grant select, insert, delete on table relay.uncounted to service_role;
comment on table relay.uncounted is 'What happened since the last fold: growth of a counter, and a worker''s figures.';
