-- Admission of a generation that writes a memory or a title. It is like relay_begin, but in the background, so a change
-- since it was due is no error. It locks in the order of a deletion: the conversation, then its message.
create function public.relay_begin_memory(
  user_id uuid, stream_id text, worker_id text, message_id text, bot_id text, lease_ms integer, max_context integer,
  fence uuid, task_bytes integer, max_room integer default 4000000, kind text default 'memory'
) returns jsonb
language plpgsql set search_path = '' set lock_timeout = '1s' set plan_cache_mode = 'force_generic_plan' as $$
declare
  v_message public.messages;
  v_bot public.bots;
  v_now timestamptz;
  -- For a title the path is not read.
  v_leaf_id relay.message_id;
  v_cut relay.cut;
  v_sent record;
  v_hold record;
begin
  -- The user's lock, so that no start reads the budgets without this hold. It gives up if too many of the user's starts
  -- wait already.
  if not relay.lock_start(relay_begin_memory.user_id, relay_begin_memory.stream_id) then
    return null;
  end if;
  perform 1 from public.conversations c
  where c.user_id = relay_begin_memory.user_id and c.id = (
    select m.conversation_id from public.messages m where m.id = relay.to_message_id(relay_begin_memory.message_id)
  )
  for key share;
  select m.* into v_message
  from public.messages m
  where found and m.id = relay.to_message_id(relay_begin_memory.message_id)
    and case relay_begin_memory.kind
      when 'memory' then not exists (select 1 from public.memories k where k.message_id = m.id)
      else relay.wants_title(m.conversation_id, relay_begin_memory.stream_id)
    end
  for key share;
  if not found then
    return null;
  end if;
  select b.* into v_bot from public.bots b
  where b.id = relay.resolve_bot(relay_begin_memory.user_id, relay_begin_memory.bot_id, null)
    and case relay_begin_memory.kind when 'memory' then b.memory else b.titles end
  for key share;
  if not found then
    return null;
  end if;
  -- A memory or title that a dead worker left behind is ended first.
  perform relay.close_expired(g.stream_id)
  from relay.generations g
  where g.kind = relay_begin_memory.kind and g.status = 'running' and g.conversation_id = v_message.conversation_id
    and (g.kind = 'title' or g.parent_id = v_message.id) and g.lease_expires_at < clock_timestamp();

  v_leaf_id := case relay_begin_memory.kind when 'memory' then v_message.id end;
  v_cut := relay.cut_of(v_bot, v_leaf_id, null, null, task_bytes, null, max_room);
  v_sent := relay.sent_of(v_cut, v_bot.id, v_leaf_id, null, null, max_context, false, false, null);
  if v_sent.refused is not null then
    return v_sent.refused;
  end if;
  if v_leaf_id is null then
    select o.messages, o.bytes, null::jsonb as refused into v_sent from relay.opening_of(v_message.id, max_context) o;
  end if;
  v_now := clock_timestamp();
  if exists (
    select 1 from relay.generations g
    where g.stream_id = relay_begin_memory.stream_id and g.fence = relay_begin_memory.fence
  ) then
    -- The repeated call has its hold already.
    select null::integer as tokens, null::numeric as cost into v_hold;
  else
    v_hold := relay.take_hold(
      relay_begin_memory.user_id, v_bot.id, relay.host_of(v_bot.access_path), v_bot.model, v_cut, v_sent.bytes, v_now,
      null, null
    );
    if v_hold.refused is not null then
      return v_hold.refused;
    end if;
  end if;
  insert into relay.generations (
    stream_id, user_id, conversation_id, bot_id, parent_id, host, model, worker_id, fence, started_at,
    lease_expires_at, kind, memory_id, context_start, context_messages, context_bytes, left_out, bytes_per_token,
    reserved_tokens, reserved_cost
  )
  values (
    relay_begin_memory.stream_id, relay_begin_memory.user_id, v_message.conversation_id, v_bot.id, v_message.id,
    relay.host_of(v_bot.access_path), v_bot.model, relay_begin_memory.worker_id, relay_begin_memory.fence, v_now,
    v_now + make_interval(secs => lease_ms / 1000.0), relay_begin_memory.kind, v_cut.memory_id, v_cut.start_id,
    jsonb_array_length(v_sent.messages), v_cut.fixed_bytes + v_sent.bytes, v_cut.left_out, v_cut.bytes_per_token,
    v_hold.tokens, v_hold.cost
  )
  on conflict do nothing;
  if found then
    insert into relay.uncounted (name) values (relay.counter_of(relay_begin_memory.kind, 'started'));
  elsif not exists (
    select 1 from relay.generations g
    where g.stream_id = relay_begin_memory.stream_id and g.fence = relay_begin_memory.fence
  ) then
    return null;
  end if;
  return relay.exact_ids(jsonb_build_object('parent_id', v_message.id)) || jsonb_build_object(
    'outcome', 'admitted', 'context', v_sent.messages, 'left_out', v_cut.left_out,
    'memory', relay.memory_sent(v_cut.memory_id), 'system_prompt', v_bot.system_prompt, 'params', v_bot.params
  );
end;
$$;
comment on function public.relay_begin_memory is
  'Admits the writing of one memory or title: outcome admitted, with the context; refused: there is no room for it, in '
  'the window or in a budget. Null: nothing is to be written any more, or another worker does. The same fence again '
  'gets the same answer. max_context: of a title it is for each of the two texts.';
revoke all on function public.relay_begin_memory from public, anon, authenticated;
grant execute on function public.relay_begin_memory to service_role;
