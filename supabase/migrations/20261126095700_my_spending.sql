-- What a signed-in user has spent, and has left.

-- A definer, because budgets and running generations are the relay's own. It answers for the caller alone, and does not
-- show what all users together have spent.
create function public.my_spending() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_at constant timestamptz := statement_timestamp();
  v_bot_ids constant relay.bot_id[] := array(
    select public.own_bots()
    union
    select s.bot_id from public.bot_shares s where s.user_id = v_user_id
  );
  v_totals jsonb;
begin
  if v_user_id is null then
    return null;
  end if;
  select jsonb_object_agg(p.name, jsonb_build_object(
    'resets_at', w.resets_at, 'cost', jsonb_build_object('spent', s.cost, 'held', s.held_cost),
    'tokens', jsonb_build_object('spent', s.tokens, 'held', s.held_tokens)
  )) into v_totals
  from (values ('today', 'day'), ('month', 'month')) as p (name, period)
  cross join lateral relay.window_of(p.period, v_at) w
  cross join lateral relay.spending_of(v_user_id, null, w.since, v_at) s;
  return v_totals || jsonb_build_object('budgets', (
    select coalesce(jsonb_agg(a.entry order by a.resets_at desc nulls first, a.is_shared), '[]')
    from (
      select o.resets_at, false as is_shared, relay.exact_ids(jsonb_build_object('bot_id', (o.budget).bot_id))
        || jsonb_build_object('period', (o.budget).period, 'is_shared', false, 'resets_at', o.resets_at,
          'cost', relay.left_of((o.budget).cost, o.cost, o.held_cost),
          'tokens', relay.left_of((o.budget).tokens, o.tokens, o.held_tokens)) as entry
      from relay.own_budgets(v_user_id, v_bot_ids, v_at) o
      union all
      select w.resets_at, true, relay.exact_ids(jsonb_build_object('bot_id', b.bot_id))
        || jsonb_build_object('period', b.period, 'is_shared', true, 'resets_at', w.resets_at,
          'cost', null, 'tokens', null)
      from relay.budgets b
      cross join lateral relay.window_of(b.period, v_at) w
      where b.is_shared and (b.bot_id is null or b.bot_id = any (v_bot_ids))
    ) a
  ));
end;
$$;
comment on function public.my_spending is
  'What the caller has spent today and this month, and of each budget that applies: limit, spent, held, left. Without '
  'figures where all users share it. Null: no user is signed in.';
revoke all on function public.my_spending from public, anon, service_role;
grant execute on function public.my_spending to authenticated;

create function relay.left_of(most numeric, spent numeric, held numeric) returns jsonb
language plpgsql immutable set search_path = '' as $$
begin
  return case when most is not null then jsonb_build_object(
    'limit', most, 'spent', spent, 'held', held, 'left', greatest(most - spent - held, 0)
  ) end;
end;
$$;
comment on function relay.left_of is 'A limit and what is left of it; null: there is none.';
