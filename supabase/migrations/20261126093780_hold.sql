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

create function relay.take_hold(
  user_id uuid, bot public.bots, cut relay.cut, sent_bytes bigint, at timestamptz, rate jsonb,
  out tokens integer, out cost numeric, out refused jsonb
)
language plpgsql set search_path = '' as $$
declare
  v_input constant integer := ceil((cut.fixed_bytes + coalesce(sent_bytes, cut.given_bytes, 0)) / cut.bytes_per_token);
  v_own record;
  v_cost numeric;
  v_tokens bigint;
  v_shared relay.budgets;
begin
  tokens := v_input + cut.usual_reply_tokens;
  cost := relay.cost_of(relay.host_of(bot.access_path), bot.model, at, v_input, 0, cut.usual_reply_tokens);
  -- Most relays have none.
  perform 1 from relay.budgets limit 1;
  if not found then
    return;
  end if;
  for v_own in select o.* from relay.own_budgets(take_hold.user_id, array[bot.id], at) o loop
    if v_own.days_read > 100 then
      perform relay.keep_past(take_hold.user_id, (v_own.budget).bot_id, v_own.since, at, 32)
      where (v_own.budget).period = 'ever';
    end if;
    v_cost := v_own.cost + v_own.held_cost;
    v_tokens := v_own.tokens + v_own.held_tokens;
    -- As relay.is_over, which is not called for each.
    if cost > 0 and v_cost + cost > (v_own.budget).cost or v_tokens + tokens > (v_own.budget).tokens then
      refused := relay.budget_refusal(v_own.budget, v_cost, v_tokens, cost, tokens, at, rate);
      return;
    end if;
  end loop;
  v_shared := relay.over_shared(bot.id, cost, tokens, at);
  if v_shared.id is not null then
    refused := relay.budget_refusal(v_shared, v_shared.shared_cost, v_shared.shared_tokens, cost, tokens, at, rate);
  end if;
end;
$$;
comment on function relay.take_hold is
  'What a generation holds of budgets: its input by ratio and the usual answer; or the refusal of what has less left.';
