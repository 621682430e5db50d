-- What was spent and what is held, by one user or by all together.

-- Days that are long over change no more. Their sums are kept, so that the start of a long-time user reads only a few
-- weeks.
create table relay.past_usage (
  scope text primary key,
  user_id uuid references auth.users (id) on delete cascade,
  until date not null,
  cost numeric not null,
  tokens bigint not null
);
create index past_usage_by_user on relay.past_usage (user_id);
alter table relay.past_usage enable row level security;
revoke all on table relay.past_usage from public, anon, authenticated;
grant select, insert, update, delete on table relay.past_usage to service_role;
comment on table relay.past_usage is
  'Sums of usage_days before a day. After a change of old days by hand delete these rows: they are made again.';

create function relay.scope_of(user_id uuid, bot_id relay.bot_id, since date) returns text
language plpgsql immutable set search_path = '' as $$
begin
  return concat_ws(' ', coalesce(user_id::text, 'all'), since, bot_id);
end;
$$;
comment on function relay.scope_of is 'The name of a sum: whose, from which day on, and of which bot.';

-- A user cannot get around a bot's budget by asking another bot that falls back to it.
create function relay.may_ask(asked relay.bot_id, fallbacks relay.fallback[], bot_id relay.bot_id) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
  return asked = may_ask.bot_id or fallbacks is not null and exists (
    select 1 from unnest(fallbacks) f where f.bot_id = may_ask.bot_id
  );
end;
$$;
comment on function relay.may_ask is 'Whether a generation holds of this bot''s budgets: its own, or one of its fallbacks.';

create type relay.spending as (cost numeric, tokens bigint, held_cost numeric, held_tokens bigint);

-- Stable, so that all of it is from one moment: a generation is either held or settled, never both or neither.
create function relay.spending_of(user_id uuid, bot_id relay.bot_id, since date, at timestamptz) returns relay.spending
language plpgsql stable set search_path = '' as $$
declare
  v_began constant timestamptz := since::timestamp at time zone 'UTC';
  v_past relay.past_usage;
  v_from date;
  v_spending relay.spending;
begin
  -- No past sums are kept for a user's month.
  if spending_of.user_id is null or since = '-infinity' then
    select p.* into v_past from relay.past_usage p where p.scope = relay.scope_of(spending_of.user_id, bot_id, since);
  end if;
  v_from := coalesce(v_past.until, since);
  if spending_of.user_id is not null then
    select sum(u.cost), sum(u.prompt_tokens + u.completion_tokens) into v_spending.cost, v_spending.tokens
    from public.usage_days u
    where u.user_id = spending_of.user_id and u.day >= v_from
      and (spending_of.bot_id is null or u.bot_id = spending_of.bot_id);
    select sum(g.reserved_cost), sum(g.reserved_tokens) into v_spending.held_cost, v_spending.held_tokens
    from relay.generations g
    where g.user_id = spending_of.user_id and g.status = 'running' and g.lease_expires_at > at
      and g.started_at >= v_began and (spending_of.bot_id is null or relay.may_ask(g.bot_id, g.fallbacks, spending_of.bot_id));
  else
    -- In two parts, each with an index.
    select sum(u.cost), sum(u.tokens) into v_spending.cost, v_spending.tokens
    from (
      select u.cost, u.prompt_tokens + u.completion_tokens as tokens, u.bot_id
      from public.usage_days u where u.is_merged and u.day >= v_from
      union all
      select u.cost, u.prompt_tokens + u.completion_tokens, u.bot_id
      from public.usage_days u where not u.is_merged and u.day >= v_from
    ) u
    where spending_of.bot_id is null or u.bot_id = spending_of.bot_id;
    select sum(g.reserved_cost), sum(g.reserved_tokens) into v_spending.held_cost, v_spending.held_tokens
    from relay.generations g
    where g.status = 'running' and g.lease_expires_at > at and g.started_at >= v_began
      and (spending_of.bot_id is null or relay.may_ask(g.bot_id, g.fallbacks, spending_of.bot_id));
  end if;
  return (
    coalesce(v_spending.cost, 0) + coalesce(v_past.cost, 0),
    coalesce(v_spending.tokens, 0) + coalesce(v_past.tokens, 0),
    coalesce(v_spending.held_cost, 0), coalesce(v_spending.held_tokens, 0)
  );
end;
$$;
comment on function relay.spending_of is
  'What is settled since a day, and what running generations of that time hold; without a user: of all together.';

-- Two days: longer than any generation runs, and than a worker that was cut off may store its text.
create function relay.keep_past(
  user_id uuid, bot_id relay.bot_id, since date, at timestamptz, days integer
) returns void
language plpgsql set search_path = '' as $$
declare
  v_scope constant text := relay.scope_of(keep_past.user_id, bot_id, since);
  v_today constant date := at at time zone 'UTC';
  v_from date;
begin
  v_from := coalesce((select p.until from relay.past_usage p where p.scope = v_scope), since);
  if v_from >= v_today - days or keep_past.user_id is not null and not exists (
    select 1 from public.usage_days u
    where u.user_id = keep_past.user_id and u.day >= v_from and u.day < v_today - days
  ) then
    return;
  end if;
  insert into relay.past_usage (scope, user_id, until, cost, tokens)
  select
    v_scope, keep_past.user_id, v_today - 2, coalesce(sum(u.cost), 0),
    coalesce(sum(u.prompt_tokens + u.completion_tokens), 0)
  from public.usage_days u
  where u.day >= since and u.day < v_today - 2 and (keep_past.user_id is null or u.user_id = keep_past.user_id)
    and (keep_past.bot_id is null or u.bot_id = keep_past.bot_id)
  on conflict (scope) do update set until = excluded.until, cost = excluded.cost, tokens = excluded.tokens;
end;
$$;
comment on function relay.keep_past is 'Sums up the days that are long over, where more than so many have not been.';
