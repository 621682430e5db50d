-- Whom a generation asks: its bot and the bot's fallbacks, without those that rest.
alter table relay.generations add column asked_bot_id relay.bot_id;
comment on column relay.generations.asked_bot_id is
  'The bot that was asked, where its fallback bot_id answered; null: it answered itself. No foreign key.';

create function relay.call_of(bot public.bots) returns jsonb
language plpgsql stable set search_path = '' as $$
begin
  return jsonb_build_object(
    'access_key', relay.key_of(bot), 'access_path', bot.access_path, 'api', bot.api, 'model', bot.model,
    'temperature', bot.temperature, 'params', bot.params, 'headers', bot.headers, 'takes_system', bot.takes_system,
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

-- Behind one that is well, one whose rest is over waits for no claim: it is asked only if that one fails. A bot alone, and
-- a chain that rests as a whole, are tried all the same.
create function relay.chain_of(bot public.bots, generation relay.generations) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_fallbacks public.bots[] := array(
    select b
    from public.bot_fallbacks f
    join public.bots b on b.id = f.fallback_bot_id
    where f.bot_id = bot.id and generation.kind = 'answer' and (
      b.user_id = bot.user_id
      or exists (select 1 from public.bot_shares s where s.bot_id = b.id and s.user_id = bot.user_id)
    )
    order by f.position
  );
  v_one public.bots;
  v_health record;
  v_has_well boolean := false;
  v_asked jsonb := '[]';
  v_all jsonb := '[]';
  v_rests boolean := false;
begin
  if cardinality(v_fallbacks) = 0 then
    return '{"rests": false, "fallbacks": []}';
  end if;
  foreach v_one in array array_prepend(bot, v_fallbacks) loop
    continue when v_one.id <> bot.id and not relay.has_room_for(v_one, generation.context_bytes);
    v_health := relay.health_of(v_one);
    v_health.is_due := v_health.is_due and (v_has_well or relay.claim_try(v_one, generation.started_at));
    v_has_well := v_has_well or v_health.is_well;
    if v_one.id = bot.id then
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
