-- Ends a generation that no worker ends. It skips what another transaction holds: that one is about to end the
-- generation, or the next sweep does. It waits 50 ms at most for what cannot be skipped: foreign keys wait for a
-- parent, a bot or a user that is being deleted, and that deletion may be waiting for the conversation. So no sweep
-- hangs or deadlocks, and one generation that cannot be stored does not hold up the others or the user's next prompt.
create function relay.close_expired(stream_id text) returns boolean
language plpgsql set search_path = '' set lock_timeout = '50ms' as $$
declare
  v_conversation_id relay.conversation_id;
  v_generation relay.generations;
  v_status text := 'interrupted';
  v_code text := 'interrupted';
  v_used relay.usage;
  v_ended relay.generations;
  v_message_id relay.message_id;
begin
  select g.conversation_id into v_conversation_id
  from relay.generations g
  where g.stream_id = close_expired.stream_id and g.status = 'running' and g.lease_expires_at < clock_timestamp();
  if not found then
    return false;
  end if;
  if v_conversation_id is not null then
    perform 1 from public.conversations c where c.id = v_conversation_id for no key update skip locked;
    if not found then
      return false;
    end if;
  end if;
  select g.* into v_generation
  from relay.generations g
  where g.stream_id = close_expired.stream_id and g.status = 'running' and g.lease_expires_at < clock_timestamp()
  for update skip locked;
  if not found then
    return false;
  end if;

  -- relay_cancel has answered that it ends as cancelled, and the death of its worker does not change that.
  if v_generation.cancel_requested_at is not null then
    v_status := 'cancelled';
    v_code := null;
  end if;
  v_used := relay.usage_of(v_generation, null, '', false, true, null);
  v_generation.cancel_at := relay.end_of(v_generation);
  v_message_id := relay.store_message(v_generation, '', v_status, false, null);

  -- An interrupted generation keeps its fence: the worker may be alive, and store the rest. Nothing is stored of a
  -- memory.
  update relay.generations g
  set
    status = v_status, finish_reason = v_status, message_id = v_message_id, finished_at = clock_timestamp(),
    error_code = v_code, fence = case when v_status = 'interrupted' and g.kind = 'answer' then g.fence end,
    prompt_tokens = v_used.prompt_tokens, completion_tokens = v_used.completion_tokens,
    total_tokens = v_used.total_tokens, usage_is_estimated = v_used.is_estimated, cost = v_used.cost
  where g.stream_id = v_generation.stream_id
  returning g.* into v_ended;
  perform relay.settle(v_generation, v_ended);
  insert into relay.uncounted (
    name, labels, estimated_prompt_tokens, estimated_completion_tokens, cost, cost_is_estimated
  )
  values (
    relay.counter_of(v_generation.kind, 'ended'),
    jsonb_strip_nulls(jsonb_build_object('outcome', v_status, 'code', v_code)), v_used.prompt_tokens,
    v_used.completion_tokens, v_used.cost, true
  );
  return true;
exception
  when lock_not_available or deadlock_detected then
    return false;
  when others then
    raise warning 'Cannot close the generation "%": SQLSTATE %', close_expired.stream_id, sqlstate;
    return false;
end;
$$;
comment on function relay.close_expired is
  'Ends a generation whose lease ran out with the text that is stored; false: there is nothing to end, or another '
  'transaction ends it.';
