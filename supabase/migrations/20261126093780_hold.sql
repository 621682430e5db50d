-- The step of relay_begin that holds what a generation is expected to need, if every budget has it left. The running
-- row is the hold and its lease is the end of it, so nothing of it can be left behind.

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

-- A fallback is asked only if its own budgets have room, too. The hold is made at the highest price of the bots that
-- may be asked.
create function relay.take_hold(
  user_id uuid, bot_id relay.bot_id, host text, model text, cut relay.cut, sent_bytes bigint, at timestamptz, rate jsonb,
  inout fallbacks relay.fallback[], out tokens integer, out cost numeric, out refused jsonb
)
language plpgsql set search_path = '' as $$
declare
  v_input constant integer := ceil((cut.fixed_bytes + coalesce(sent_bytes, cut.given_bytes, 0)) / cut.bytes_per_token);
  v_own record;
  v_cost numeric;
  v_tokens bigint;
  v_most numeric;
  v_shared relay.budgets;
begin
  tokens := v_input + cut.usual_reply_tokens;
  cost := relay.cost_of(host, model, at, v_input, 0, cut.usual_reply_tokens);
  -- Most relays have no budgets.
  perform 1 from relay.budgets limit 1;
  if not found then
    return;
  end if;
  if fallbacks is not null then
    fallbacks := array(
      select (f.bot_id, f.host, f.model, relay.cost_of(
        f.host, f.model, take_hold.at, v_input, 0, cut.usual_reply_tokens
      ))::relay.fallback
      from unnest(fallbacks) f
    );
  end if;
  for v_own in
    select o.budget, (o.budget).bot_id, (o.budget).cost as most_cost, (o.budget).tokens as most_tokens, o.since,
      o.cost + o.held_cost as cost, o.tokens + o.held_tokens as tokens, o.days_read
    from relay.own_budgets(take_hold.user_id, array(
      select take_hold.bot_id union all select f.bot_id from unnest(fallbacks) f
    ), at) o
  loop
    if v_own.days_read > 100 and v_own.since = '-infinity' then
      perform relay.keep_past(take_hold.user_id, v_own.bot_id, v_own.since, at, 32);
    end if;
    -- The same as relay.is_over, without a call for each budget.
    if (v_own.bot_id is null or v_own.bot_id = take_hold.bot_id)
      and (cost > 0 and v_own.cost + cost > v_own.most_cost or v_own.tokens + tokens > v_own.most_tokens) then
      refused := relay.budget_refusal(v_own.budget, v_own.cost, v_own.tokens, cost, tokens, at, rate);
      return;
    end if;
    if fallbacks is not null then
      fallbacks := array(
        select f from unnest(fallbacks) f
        where v_own.bot_id <> f.bot_id
          or not relay.is_over(v_own.budget, v_own.cost, v_own.tokens, f.cost, take_hold.tokens)
      );
    end if;
  end loop;
  v_most := cost;
  if fallbacks is not null then
    v_most := greatest(cost, (select max(f.cost) from unnest(fallbacks) f));
  end if;
  v_shared := relay.over_shared(bot_id, v_most, tokens, at);
  if v_shared.id is not null and v_most is distinct from cost then
    fallbacks := array(select f from unnest(fallbacks) f where f.cost <= take_hold.cost or f.cost is null);
    v_most := cost;
    v_shared := relay.over_shared(bot_id, v_most, tokens, at);
  end if;
  if v_shared.id is not null then
    refused := relay.budget_refusal(v_shared, v_shared.shared_cost, v_shared.shared_tokens, cost, tokens, at, rate);
    return;
  end if;
  if fallbacks is not null then
    fallbacks := nullif(array(
      select f from unnest(fallbacks) f
      where case
        when exists (select 1 from relay.budgets b where b.is_shared and b.bot_id = f.bot_id)
          then (relay.over_shared(f.bot_id, f.cost, take_hold.tokens, take_hold.at, true)).id is null
        else true
      end
    ), '{}');
  end if;
  cost := v_most;
end;
$$;
comment on function relay.take_hold is
  'What a generation holds of budgets: its input by ratio and the usual reply, and the fallbacks that they have room '
  'for; or the refusal of what has less left.';
