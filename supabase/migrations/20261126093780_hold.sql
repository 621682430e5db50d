-- The step of relay_begin that holds what a generation is expected to need, if every budget has it left. The running
-- row is the hold and its lease is the end of it, so nothing of it can be left behind.

create function relay.is_over(
  budget relay.budgets, spent_cost numeric, spent_tokens bigint, cost numeric, tokens bigint
) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
  -- What has no price, or costs nothing, is no matter of money.
  return coalesce(cost > 0 and spent_cost + cost > budget.cost, false)
    or coalesce(spent_tokens + tokens > budget.tokens, false);
end;
$$;
comment on function relay.is_over is 'Whether a budget has less left than what is wanted.';

create function relay.own_budgets(user_id uuid, bot_ids relay.bot_id[], at timestamptz)
returns table (budget relay.budgets, since date, resets_at timestamptz, spent relay.spending)
language plpgsql stable set search_path = '' as $$
begin
  return query
  with applying as (
    -- The user's own row in place of the one for everyone.
    select distinct on (b.bot_id, b.period) b as budget
    from relay.budgets b
    where not b.is_shared and (b.user_id = own_budgets.user_id or b.user_id is null)
      and (b.bot_id is null or b.bot_id = any (bot_ids))
    order by b.bot_id, b.period, b.user_id nulls last
  )
  select
    a.budget, w.since, w.resets_at,
    relay.spending_of(own_budgets.user_id, (a.budget).bot_id, w.since, own_budgets.at)
  from applying a
  cross join lateral relay.window_of((a.budget).period, own_budgets.at) w
  where num_nonnulls((a.budget).cost, (a.budget).tokens) > 0
  order by w.resets_at desc nulls first, (a.budget).bot_id nulls first;
end;
$$;
comment on function relay.own_budgets is
  'The budgets that a user has by itself, for all bots and for these, with what is spent: first what resets last.';

-- What all users together have spent is summed up at most every 10 s, by one start. Each start adds what it holds:
-- where much is left only if it need not wait for another one, where little is left after it has waited. So starts of
-- many users do not stand in line, and the end of a budget is exact. Locked in one order, added to if none refuses.
create function relay.over_shared(
  bot_id relay.bot_id, cost numeric, tokens bigint, at timestamptz
) returns relay.budgets
language plpgsql set search_path = '' as $$
declare
  v_budget relay.budgets;
  v_since date;
  v_spent relay.spending;
  v_held bigint[] := '{}';
begin
  for v_budget in
    select b.* from relay.budgets b
    where b.is_shared and (b.bot_id is null or b.bot_id = over_shared.bot_id)
    order by b.id
  loop
    v_since := (relay.window_of(v_budget.period, at)).since;
    if v_budget.shared_since is distinct from v_since
      or relay.is_over(v_budget, v_budget.shared_cost, v_budget.shared_tokens, 20 * cost, 20 * tokens) then
      -- Where nothing is left, nobody waits to be refused.
      if v_budget.shared_since = v_since and v_budget.shared_at > at - interval '10 seconds'
        and relay.is_over(v_budget, v_budget.shared_cost, v_budget.shared_tokens, cost, tokens) then
        return v_budget;
      end if;
      select b.* into v_budget from relay.budgets b where b.id = v_budget.id for update;
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
  'The budget of all users together that has too little left; null: none has, and it is held there.';

create function relay.budget_refusal(
  budget relay.budgets, spent_cost numeric, spent_tokens bigint, cost numeric, tokens bigint, at timestamptz, rate jsonb
) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
  v_resets_at constant timestamptz := (relay.window_of(budget.period, at)).resets_at;
  v_is_cost constant boolean := relay.is_over(budget, spent_cost, spent_tokens, cost, null);
begin
  return relay.refusal('budget_exceeded', rate, jsonb_strip_nulls(jsonb_build_object(
    'retry_after_s', ceil(extract(epoch from v_resets_at - at)), 'resets_at', v_resets_at,
    'budget', jsonb_build_object(
      'period', budget.period, 'is_shared', budget.is_shared, 'is_for_bot', budget.bot_id is not null,
      'unit', case when v_is_cost then 'cost' else 'tokens' end
    ) || case when budget.is_shared then '{}' when v_is_cost then jsonb_build_object(
      'limit', budget.cost, 'left', greatest(budget.cost - spent_cost, 0), 'needed', cost
    ) else jsonb_build_object(
      'limit', budget.tokens, 'left', greatest(budget.tokens - spent_tokens, 0), 'needed', tokens
    ) end
  )));
end;
$$;
comment on function relay.budget_refusal is
  'The refusal that names a budget, with its figures only where they are the user''s own.';

create function relay.take_hold(
  user_id uuid, bot public.bots, cut relay.cut, sent_bytes bigint, at timestamptz, rate jsonb,
  out tokens integer, out cost numeric, out refused jsonb
)
language plpgsql set search_path = '' as $$
declare
  v_input constant integer := ceil((cut.fixed_bytes + coalesce(sent_bytes, cut.given_bytes, 0)) / cut.bytes_per_token);
  v_own record;
  v_shared relay.budgets;
begin
  tokens := v_input + cut.usual_reply_tokens;
  cost := relay.cost_of(relay.host_of(bot.access_path), bot.model, at, v_input, 0, cut.usual_reply_tokens);
  for v_own in select o.* from relay.own_budgets(take_hold.user_id, array[bot.id], at) o loop
    if (v_own.budget).period = 'ever' then
      perform relay.keep_past(take_hold.user_id, (v_own.budget).bot_id, v_own.since, at, 32);
    end if;
    if relay.is_over(
      v_own.budget, (v_own.spent).cost + (v_own.spent).held_cost, (v_own.spent).tokens + (v_own.spent).held_tokens,
      cost, tokens
    ) then
      refused := relay.budget_refusal(
        v_own.budget, (v_own.spent).cost + (v_own.spent).held_cost, (v_own.spent).tokens + (v_own.spent).held_tokens,
        cost, tokens, at, rate
      );
      return;
    end if;
  end loop;
  v_shared := relay.over_shared(bot.id, cost, tokens, at);
  if v_shared.id is not null then
    refused := relay.budget_refusal(
      v_shared, v_shared.shared_cost, v_shared.shared_tokens, cost, tokens, at, rate
    );
  end if;
end;
$$;
comment on function relay.take_hold is
  'What a generation holds of budgets: its input by ratio and the usual answer; or the refusal of what has less left.';
