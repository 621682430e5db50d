-- The bots that a generation may ask: its bot and the bot's fallbacks, without those that rest. Kept as they were at
-- the start, so that a later change of a fallback changes no bill and no hold of a budget.
create type relay.fallback as (bot_id relay.bot_id, host text, model text, cost numeric);
comment on type relay.fallback is 'One that may be asked in place of a bot, and what it is expected to cost.';

alter table relay.generations add column asked_bot_id relay.bot_id, add column fallbacks relay.fallback[];

-- Only bots that the owner may use now: a share can end.
create function relay.fallbacks_of(bot_id relay.bot_id, owner_id uuid) returns relay.fallback[]
language plpgsql stable set search_path = '' as $$
begin
  return (
    select array_agg((b.id, relay.host_of(b.access_path), b.model, null)::relay.fallback order by f.position)
    from public.bot_fallbacks f
    join public.bots b on b.id = f.fallback_bot_id
    where f.bot_id = fallbacks_of.bot_id and (
      b.user_id = owner_id
      or exists (select 1 from public.bot_shares s where s.bot_id = b.id and s.user_id = owner_id)
    )
  );
end;
$$;
comment on function relay.fallbacks_of is 'The bot''s fallbacks that its owner may use, in their order; null: none.';

create function relay.call_of(bot public.bots) returns jsonb
language plpgsql stable set search_path = '' as $$
begin
  return jsonb_build_object(
    'access_key', relay.key_of(bot.access_key, bot.access_key_id), 'access_path', bot.access_path, 'api', bot.api,
    'model', bot.model, 'temperature', bot.temperature, 'params', bot.params, 'headers', bot.headers, 'takes_system', bot.takes_system,
    'first_turn_is_user', bot.first_turn_is_user, 'thinks_first', bot.thinks_first, 'takes_prefill', bot.takes_prefill,
    'reply_tokens', bot.reply_tokens
  );
end;
$$;
comment on function relay.call_of is 'What a worker needs to call the bot''s provider, the key included.';

create function relay.has_room_for(bot public.bots, bytes bigint) returns boolean
language plpgsql stable set search_path = '' as $$
declare
  v_params constant jsonb := case jsonb_typeof(bot.params) when 'object' then bot.params else '{}' end;
  v_model relay.models;
  v_window integer;
begin
  select m.* into v_model from relay.models m where m.endpoint = relay.endpoint_of(bot) and m.model = bot.model;
  v_window := coalesce(bot.context_tokens, v_model.context_tokens);
  return coalesce(
    bytes <= (v_window - relay.reply_of(bot.reply_tokens, v_params, v_window)) * coalesce(v_model.bytes_per_token, 3), true
  );
end;
$$;
comment on function relay.has_room_for is 'Whether the window of the bot''s model holds a request; true where it is unknown.';

-- After a bot that is well, one whose rest is over needs no claim: it is asked only if that one fails. A bot without
-- fallbacks, and a chain that rests as a whole, are tried all the same. A start that is repeated keeps its claim.
create function relay.chain_of(
  bot_id relay.bot_id, fallbacks relay.fallback[], started_at timestamptz, context_bytes bigint
) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_one public.bots;
  v_health record;
  v_has_well boolean := false;
  v_asked jsonb := '[]';
  v_all jsonb := '[]';
  v_rests boolean := false;
begin
  if fallbacks is null then
    return '{"rests": false, "fallbacks": []}';
  end if;
  for v_one in
    select b.*
    from (
      select chain_of.bot_id as id, null as host, null as model, 0 as index
      union all
      select f.bot_id, f.host, f.model, f.index from unnest(fallbacks) with ordinality as f (bot_id, host, model, cost, index)
    ) a
    join public.bots b on b.id = a.id
    -- A fallback that was changed since would be called with its present settings, and billed by the old ones.
    where a.index = 0 or b.model = a.model and relay.host_of(b.access_path) is not distinct from a.host
    order by a.index
  loop
    continue when v_one.id <> chain_of.bot_id and not relay.has_room_for(v_one, context_bytes);
    v_health := relay.health_of(v_one);
    v_health.is_due := not v_health.is_well and v_health.since = chain_of.started_at
      or v_health.is_due and (v_has_well or relay.claim_try(v_one, chain_of.started_at));
    v_has_well := v_has_well or v_health.is_well;
    if v_one.id = chain_of.bot_id then
      v_rests := not (v_health.is_well or v_health.is_due);
      continue;
    end if;
    v_all := v_all || (relay.exact_ids(jsonb_build_object('bot_id', v_one.id)) || relay.call_of(v_one));
    if v_health.is_well or v_health.is_due then
      v_asked := v_asked || (v_all -> -1);
    end if;
  end loop;
  return case
    when v_rests and v_asked = '[]' then jsonb_build_object('rests', false, 'fallbacks', v_all)
    else jsonb_build_object('rests', v_rests, 'fallbacks', v_asked)
  end;
end;
$$;
comment on function relay.chain_of is
  'Whether the bot itself rests, and its fallbacks that may be asked, in their order, with their keys.';
