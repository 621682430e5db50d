-- Budgets: what may be spent in a day, a month or ever, by each user or by all together. Days and months are those of
-- UTC in which a generation began, as in usage_days.
create table relay.budgets (
  id bigint generated always as identity primary key,
  user_id uuid references auth.users (id) on delete cascade,
  bot_id relay.bot_id references public.bots (id) on delete cascade,
  period text not null,
  cost numeric,
  tokens bigint,
  is_shared boolean not null default false,
  created_at timestamptz not null default now(),
  -- For a shared budget: what all users have spent and hold, as a start summed it up, with what later starts added.
  shared_since date,
  shared_at timestamptz,
  shared_cost numeric not null default 0,
  shared_tokens bigint not null default 0,
  constraint budgets_periods_are_known check (period in ('day', 'month', 'ever')),
  constraint budgets_are_not_negative check (least(cost, tokens) >= 0 and cost < 'Infinity'),
  -- Without limits, a row of one user allows that user to spend without a limit.
  constraint budgets_limit_something check (user_id is not null or num_nonnulls(cost, tokens) > 0),
  constraint budgets_of_one_user_are_not_shared check (user_id is null or not is_shared),
  constraint budgets_are_there_once unique nulls not distinct (user_id, bot_id, period, is_shared)
) with (fillfactor = 50); -- With room on their own page the sums touch no index.
create index budgets_by_bot on relay.budgets (bot_id);
create index budgets_shared on relay.budgets (id) where is_shared;

alter table relay.budgets enable row level security;
revoke all on table relay.budgets from public, anon, authenticated;
grant select, insert, update, delete on table relay.budgets to service_role;

comment on table relay.budgets is 'What may be spent; the operator writes the rows. Without any, nothing is limited.';

create function relay.window_of(period text, at timestamptz, out since date, out resets_at timestamptz)
language plpgsql immutable set search_path = '' as $$
declare
  v_day constant timestamp := date_trunc('day', at at time zone 'UTC');
  v_month constant timestamp := date_trunc('month', v_day);
begin
  since := case period when 'day' then v_day::date when 'month' then v_month::date else '-infinity' end;
  resets_at := case period
    when 'day' then v_day + interval '1 day' when 'month' then v_month + interval '1 month'
  end at time zone 'UTC';
end;
$$;
comment on function relay.window_of is 'The first day of a period, and when the next one begins; null: never.';
