-- A step of relay_begin: the own budgets of a user, compared with what is spent and held.

create function relay.is_over(
  budget relay.budgets, spent_cost numeric, spent_tokens bigint, cost numeric, tokens bigint
) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
  -- A generation without a price, or that costs nothing, is never over a limit in money.
  return coalesce(cost > 0 and spent_cost + cost > budget.cost, false)
    or coalesce(spent_tokens + tokens > budget.tokens, false);
end;
$$;
comment on function relay.is_over is 'Whether a budget has less left than what is wanted.';

-- One statement without function calls, because each start runs it. All of it is from one moment, so that a generation
-- is either held or settled. The sums are those of relay.spending_of.
create function relay.own_budgets(user_id uuid, bot_ids relay.bot_id[], at timestamptz) returns table (
  budget relay.budgets, since date, resets_at timestamptz, cost numeric, tokens bigint, held_cost numeric,
  held_tokens bigint, days_read bigint
)
language plpgsql stable set search_path = '' as $$
declare
  v_day constant timestamp := date_trunc('day', own_budgets.at at time zone 'UTC');
  v_month constant timestamp := date_trunc('month', v_day);
begin
  return query
  with applying as (
    -- A row of this user takes the place of the row for everyone.
    select distinct on (b.bot_id, b.period)
      b as row, b.bot_id,
      case b.period when 'day' then v_day when 'month' then v_month else '-infinity' end as began,
      case b.period when 'day' then v_day + interval '1 day' when 'month' then v_month + interval '1 month' end as ends,
      case when b.period = 'ever' then concat_ws(' ', own_budgets.user_id, '-infinity', b.bot_id) end as scope
    from relay.budgets b
    where not b.is_shared and (b.user_id = own_budgets.user_id or b.user_id is null)
      and (b.bot_id is null or b.bot_id = any (bot_ids))
    order by b.bot_id, b.period, b.user_id nulls last
  )
  select
    a.row, a.began::date, a.ends at time zone 'UTC', coalesce(u.cost, 0) + coalesce(p.cost, 0),
    (coalesce(u.tokens, 0) + coalesce(p.tokens, 0))::bigint, coalesce(h.cost, 0), coalesce(h.tokens, 0), u.days
  from applying a
  left join relay.past_usage p on p.scope = a.scope
  cross join lateral (
    select sum(d.cost) as cost, sum(d.prompt_tokens + d.completion_tokens) as tokens, count(*) as days
    from public.usage_days d
    where d.user_id = own_budgets.user_id and d.day >= coalesce(p.until, a.began::date)
      and (a.bot_id is null or d.bot_id = a.bot_id)
  ) u
  cross join lateral (
    select sum(g.reserved_cost) as cost, sum(g.reserved_tokens) as tokens
    from relay.generations g
    where g.user_id = own_budgets.user_id and g.status = 'running' and g.lease_expires_at > own_budgets.at
      and g.started_at >= a.began at time zone 'UTC' and (a.bot_id is null or relay.may_ask(g.bot_id, g.fallbacks, a.bot_id))
  ) h
  where num_nonnulls((a.row).cost, (a.row).tokens) > 0
  order by a.ends desc nulls first, a.bot_id nulls first;
end;
$$;
comment on function relay.own_budgets is
  'The own budgets of a user, for all bots and for these, with what is settled and held in their windows: '
  'first what resets last.';
