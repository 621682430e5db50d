-- A step of relay_begin: the shared budgets, compared with what all users have spent and hold.

-- What all users together have spent is summed up at most every 10 s, by one start. Each start adds its hold to the
-- sum: while much is left, only if it need not wait for another start; once little is left, it waits. So the starts of
-- many users do not queue, and the limit is exact. Budgets are locked in one order, and the hold is added once none
-- refuses.
create function relay.over_shared(
  bot_id relay.bot_id, cost numeric, tokens bigint, at timestamptz, as_fallback boolean default false
) returns relay.budgets
language plpgsql set search_path = '' as $$
declare
  v_day constant date := over_shared.at at time zone 'UTC';
  v_budget relay.budgets;
  v_since date;
  v_spent relay.spending;
  v_held bigint[] := '{}';
  v_easy record;
begin
  -- The usual case: each budget has much left, and a sum of the last seconds.
  select
    count(*) as budgets,
    count(*) filter (
      where b.shared_at > over_shared.at - interval '10 seconds'
        and b.shared_since = case b.period
          when 'day' then v_day when 'month' then date_trunc('month', v_day)::date else '-infinity'
        end
        and coalesce(b.cost - b.shared_cost >= 20 * over_shared.cost, true)
        and coalesce(b.tokens - b.shared_tokens >= 20 * over_shared.tokens, true)
    ) as easy_ones
  into v_easy
  from relay.budgets b
  where b.is_shared and (b.bot_id = over_shared.bot_id or b.bot_id is null and not as_fallback);
  if v_easy.budgets = 0 then
    return null;
  elsif v_easy.budgets = v_easy.easy_ones then
    update relay.budgets b
    set shared_cost = b.shared_cost + coalesce(over_shared.cost, 0), shared_tokens = b.shared_tokens + over_shared.tokens
    where b.id = any (array(
      select l.id from relay.budgets l
      where l.is_shared and (l.bot_id = over_shared.bot_id or l.bot_id is null and not as_fallback)
      for update skip locked
    ));
    return null;
  end if;
  for v_budget in
    select b.* from relay.budgets b
    where b.is_shared and (b.bot_id = over_shared.bot_id or b.bot_id is null and not as_fallback)
    order by b.id
  loop
    v_since := (relay.window_of(v_budget.period, at)).since;
    if v_budget.shared_since is distinct from v_since
      or relay.is_over(v_budget, v_budget.shared_cost, v_budget.shared_tokens, 20 * cost, 20 * tokens) then
      -- If nothing is left, a start is refused without waiting.
      if v_budget.shared_since = v_since and v_budget.shared_at > at - interval '10 seconds'
        and relay.is_over(v_budget, v_budget.shared_cost, v_budget.shared_tokens, cost, tokens) then
        return v_budget;
      end if;
      if as_fallback then
        select b.* into v_budget from relay.budgets b where b.id = v_budget.id for update skip locked;
      else
        select b.* into v_budget from relay.budgets b where b.id = v_budget.id for update;
      end if;
    else
      select b.* into v_budget from relay.budgets b where b.id = v_budget.id for update skip locked;
    end if;
    continue when not found;
    if v_budget.shared_since is distinct from v_since or v_budget.shared_at <= at - interval '10 seconds' then
      perform relay.keep_past(null, v_budget.bot_id, v_since, at, 3);
      v_spent := relay.spending_of(null, v_budget.bot_id, v_since, at);
      update relay.budgets b
      set shared_since = v_since, shared_at = at, shared_cost = v_spent.cost + v_spent.held_cost,
        shared_tokens = v_spent.tokens + v_spent.held_tokens
      where b.id = v_budget.id
      returning b.* into v_budget;
    end if;
    if relay.is_over(v_budget, v_budget.shared_cost, v_budget.shared_tokens, cost, tokens) then
      return v_budget;
    end if;
    v_held := v_held || v_budget.id;
  end loop;
  update relay.budgets b
  set shared_cost = b.shared_cost + coalesce(over_shared.cost, 0), shared_tokens = b.shared_tokens + over_shared.tokens
  where b.id = any (v_held);
  return null;
end;
$$;
comment on function relay.over_shared is
  'The shared budget that has too little left; null: none, and each of them has the hold now.';
