-- Admission, in one transaction and one round trip: the generation exists with all that its worker needs, or nothing
-- has changed. It waits at most a second for a lock, because each waiting start holds a connection of the Data API.
-- Generic plans, because otherwise each statement is planned again in a connection's first five calls, which took twice
-- as long.
create function public.relay_begin(
  user_id uuid, stream_id text, worker_id text, prompt text, reroll_of text, conversation_id text, bot_id text,
  parent_id text, parent_is_given boolean, rate_limit integer, max_concurrent integer, lease_ms integer,
  max_context integer, fence uuid default gen_random_uuid(), context_is_given boolean default false,
  continue_of text default null, answer_to text default null, system_bytes integer default 0,
  given_bytes integer[] default null, max_room integer default 4000000, preview boolean default false,
  is_anonymous boolean default false, app_metadata text default '{}'
) returns jsonb
language plpgsql set search_path = '' set lock_timeout = '1s' set plan_cache_mode = 'force_generic_plan' as $$
declare
  v_now timestamptz;
  v_load record;
  v_answer jsonb;
  v_place record;
  v_old record;
  v_conversation public.conversations;
  v_own public.messages;
  v_bot public.bots;
  v_hooked jsonb;
  v_instructions text;
  v_chosen relay.bot_id;
  v_host text;
  v_said text := prompt;
  v_sent record;
  v_cut relay.cut;
  v_hold record;
  v_stored record;
  v_prompt_id relay.message_id;
  v_generation relay.generations;
begin
  if not relay.lock_start(relay_begin.user_id, relay_begin.stream_id) then
    v_load := relay.load_of(relay_begin.user_id, rate_limit, clock_timestamp());
    return relay.refusal('overloaded', v_load.rate, '{"retry_after_s": 1}');
  end if;
  -- Not now(): the transaction may have begun long before it got the locks.
  v_now := clock_timestamp();
  v_load := relay.load_of(relay_begin.user_id, rate_limit, v_now);
  -- What this user's dead workers left behind becomes part of the conversation before the conversation is read.
  if v_load.has_expired then
    perform relay.close_expired(g.stream_id)
    from relay.generations g
    where g.user_id = relay_begin.user_id and g.status = 'running' and g.lease_expires_at < clock_timestamp()
    limit 10;
    v_now := clock_timestamp();
    v_load := relay.load_of(relay_begin.user_id, rate_limit, v_now);
  end if;

  -- A repeated stream_id starts no generation, so no limit applies.
  v_answer := relay.known_stream(
    relay_begin.user_id, relay_begin.stream_id, fence, max_context, context_is_given, v_load.rate
  );
  if v_answer is not null then
    return v_answer;
  end if;

  v_place := relay.find_parent(
    relay_begin.user_id, relay_begin.conversation_id, coalesce(reroll_of, continue_of),
    coalesce(answer_to, relay_begin.parent_id), parent_is_given or answer_to is not null,
    preview
  );
  if v_place.refused is not null then
    return relay.refusal(v_place.refused, v_load.rate);
  end if;
  v_old := relay.answer_to_continue(relay_begin.user_id, relay.to_message_id(continue_of));
  if v_old.refused is not null then
    return relay.refusal('invalid_request', v_load.rate, v_old.refused);
  end if;
  v_conversation := v_place.conversation;
  select b.* into v_bot from public.bots b
  where b.id = relay.resolve_bot(relay_begin.user_id, relay_begin.bot_id, coalesce(v_old.bot_id, v_conversation.bot_id))
  for key share;
  if not found then
    return relay.refusal('bot_not_found', v_load.rate);
  end if;

  v_hooked := relay.ask_hook(jsonb_build_object(
    'user_id', relay_begin.user_id, 'stream_id', relay_begin.stream_id, 'bot_id', v_bot.id, 'model', v_bot.model,
    'conversation_id', v_conversation.id, 'parent_id', v_place.parent, 'prompt', prompt, 'preview', preview,
    'kind', case
      when prompt is not null then 'prompt' when reroll_of is not null then 'reroll'
      when continue_of is not null then 'continue' else 'answer'
    end,
    'has_messages', context_is_given, 'has_system', system_bytes > 0, 'is_anonymous', is_anonymous,
    'app_metadata', app_metadata::jsonb, 'running', v_load.running, 'recent', v_load.recent, 'time', v_now
  ), v_load.rate);
  -- The conversation keeps the bot that its user has chosen.
  v_chosen := v_bot.id;
  if v_hooked is not null then
    if v_hooked -> 'refused' is not null then
      return v_hooked -> 'refused';
    end if;
    max_concurrent := coalesce((v_hooked ->> 'max_concurrent')::integer, max_concurrent);
    if (v_hooked ->> 'rate_limit')::integer <> rate_limit then
      rate_limit := (v_hooked ->> 'rate_limit')::integer;
      v_load := relay.load_of(relay_begin.user_id, rate_limit, v_now);
    end if;
    -- Wherever the hook has the id from, the user must be allowed to use the bot, and so its key.
    if v_hooked ->> 'bot_id' is not null then
      select b.* into v_bot from public.bots b
      where b.id = relay.resolve_bot(relay_begin.user_id, v_hooked ->> 'bot_id', null)
      for key share;
      if not found then
        return relay.refusal('bot_not_found', v_load.rate);
      end if;
    end if;
    v_instructions := nullif(v_hooked ->> 'instructions', '');
    v_bot.system_prompt := relay.with_instructions(v_bot.system_prompt, v_instructions);
  end if;
  if not preview then
    v_answer := relay.over_limit(v_load.recent, rate_limit, v_load.running, max_concurrent, v_load.rate);
    if v_answer is not null then
      return v_answer;
    end if;
  end if;

  if prompt is not null and not parent_is_given and v_conversation.id is not null then
    v_own := relay.stored_prompt(v_conversation, prompt);
    if v_own.id is not null then
      v_place.parent := v_own.parent_id;
      v_said := v_own.content;
    end if;
    v_answer := relay.busy_of(v_conversation, v_own.id, v_load.rate);
    if v_answer is not null and not preview then
      return v_answer;
    end if;
  end if;
  v_cut := relay.cut_of(v_bot, v_place.parent, v_said, v_old.content, system_bytes, given_bytes, max_room);
  v_sent := relay.sent_of(
    v_cut, v_bot.id, v_place.parent, v_said, v_old.content, max_context, context_is_given, preview, v_load.rate
  );
  if v_sent.refused is not null then
    return v_sent.refused;
  elsif preview then
    return relay.preview_of(
      relay_begin.user_id, v_bot, coalesce(v_old.bot_id, v_conversation.bot_id), v_conversation.id, v_place.parent,
      relay_begin.bot_id, v_said, relay.to_message_id(continue_of), v_old.content, v_cut, v_load.rate,
      v_bot.id <> v_chosen
    );
  end if;
  v_host := relay.host_of(v_bot.access_path);
  v_hold := relay.take_hold(
    relay_begin.user_id, v_bot.id, v_host, v_bot.model, v_cut, v_sent.bytes, v_now, v_load.rate,
    relay.fallbacks_of(v_bot.id, v_bot.user_id)
  );
  if v_hold.refused is not null then
    return v_hold.refused;
  end if;

  if prompt is not null then
    v_stored := relay.store_prompt(v_conversation, relay_begin.user_id, v_chosen, v_place.parent, prompt, v_own.id);
    v_conversation := v_stored.conversation;
    v_prompt_id := v_stored.message_id;
    if v_prompt_id is null then
      return relay.refusal('invalid_request', v_load.rate);
    end if;
  end if;
  insert into relay.generations (
    stream_id, user_id, conversation_id, bot_id, user_message_id, parent_id, leaf_id, host, model, worker_id, fence,
    started_at, lease_expires_at, text_units, continued_units, context_start, context_messages, context_bytes, left_out,
    bytes_per_token, memory_id, instructions, reserved_tokens, reserved_cost, fallbacks
  )
  values (
    relay_begin.stream_id, relay_begin.user_id, v_conversation.id, v_bot.id, v_prompt_id,
    coalesce(v_prompt_id, v_place.parent), v_conversation.active_message_id, v_host, v_bot.model,
    relay_begin.worker_id, relay_begin.fence, v_now, v_now + make_interval(secs => lease_ms / 1000.0),
    coalesce(v_old.units, 0), coalesce(v_old.units, 0),
    case when v_cut.steps is not null then coalesce(v_cut.start_id, v_prompt_id) end,
    coalesce(jsonb_array_length(v_sent.messages), cardinality(given_bytes) - v_cut.left_out),
    v_cut.fixed_bytes + coalesce(v_sent.bytes, v_cut.given_bytes), v_cut.left_out, v_cut.bytes_per_token,
    v_cut.memory_id, v_instructions, v_hold.tokens, v_hold.cost, v_hold.fallbacks
  )
  returning * into v_generation;
  if v_old.content is not null then
    insert into relay.chunks (stream_id, start_at, end_at, content)
    values (v_generation.stream_id, 0, v_old.units, v_old.content);
  end if;
  insert into relay.uncounted (name) values ('generations_started_total');
  return relay.admission_of(v_generation, v_bot, v_sent.messages, v_load.next_rate);
end;
$$;
comment on function public.relay_begin is
  'Admits one generation or refuses it. outcome: admitted, with fence, bot and context; previewed, with what would be '
  'sent, and nothing written; exists: the user''s stream_id again; refused, with a code (invalid_request: with the field '
  'that is wrong; without one, only the project itself can make a conversation here). The same fence again gets the same '
  'answer.';

revoke all on function public.relay_begin from public, anon, authenticated;
grant execute on function public.relay_begin to service_role;
