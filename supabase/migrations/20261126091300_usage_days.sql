-- What each user has used on each day. Each end of a generation adds a row, and a recovery adds the difference: no end
-- waits for another one, and every end is in the sums. A sweep merges the rows of one day, user, bot and model.
create table public.usage_days (
  id bigint generated always as identity primary key,
  day date not null,
  user_id uuid not null references auth.users (id) on delete cascade,
  bot_id relay.bot_id,
  model text not null,
  generations integer not null,
  estimated integer not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost numeric,
  is_merged boolean not null default false,
  constraint usage_days_cost_is_finite check (cost < 'Infinity' and cost > '-Infinity')
);
select relay.complete_ids('public.usage_days');

create index usage_days_by_user on public.usage_days (user_id, day);
create index usage_days_to_merge on public.usage_days (id) where not is_merged;
create unique index usage_days_merged on public.usage_days (day, user_id, bot_id, model) nulls not distinct
where is_merged;

alter table public.usage_days enable row level security;
revoke all on table public.usage_days from public, anon, authenticated;
grant all on table public.usage_days to service_role;
grant select on table public.usage_days to authenticated;
create policy usage_days_are_read_by_their_user on public.usage_days for select to authenticated
using (user_id = (select auth.uid()));

comment on table public.usage_days is
  'What a user''s generations used on a day, by bot and model. Sum it: of one day there may be several rows.';
comment on column public.usage_days.day is 'The day in UTC on which the generations started.';
comment on column public.usage_days.bot_id is 'Who answered; no foreign key: what a deleted bot has cost stays.';
comment on column public.usage_days.generations is 'How many have ended, memories among them.';
comment on column public.usage_days.estimated is 'How many of them are settled by an estimate.';
comment on column public.usage_days.cached_tokens is 'Of the prompt, what the provider had in its cache.';
comment on column public.usage_days.reasoning_tokens is 'Of the completion, reasoning, where it is reported.';
comment on column public.usage_days.cost is 'In the currency of relay.prices; null: no model with a price.';
comment on column public.usage_days.is_merged is 'False: one end''s own row, which the next sweep merges.';
