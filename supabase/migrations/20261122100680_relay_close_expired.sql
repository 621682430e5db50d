-- Skips what another transaction holds: that one is about to end the generation, or the next sweep comes by. What
-- cannot be skipped is waited for but a moment: foreign keys wait for a parent, a bot or a user that is being deleted,
-- and that deletion may be waiting for the conversation. So no sweep hangs, none is part of a deadlock, and one
-- generation that cannot be stored keeps neither the others nor the user's next prompt.
create function relay.close_expired(stream_id text) returns boolean
language plpgsql
set search_path = ''
set lock_timeout = '50ms'
as $$
declare
  v_conversation_id uuid;
  v_generation relay.generations;
  v_status text := 'interrupted';
  v_message_id uuid;
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

  -- Who cancelled was told that it would end so, and a dead worker does not change that.
  if v_generation.cancel_requested_at is not null then
    v_status := 'cancelled';
  end if;
  v_message_id := relay.store_message(
    v_generation, relay.text_of(v_generation.stream_id), v_status, false, null
  );
  delete from relay.chunks c where c.stream_id = v_generation.stream_id;

  -- The fence stays with an interruption: the worker may be alive, and bring the rest.
  update relay.generations g
  set
    status = v_status,
    finish_reason = v_status,
    error_code = case v_status when 'interrupted' then 'interrupted' end,
    message_id = v_message_id,
    finished_at = clock_timestamp(),
    fence = case v_status when 'interrupted' then g.fence end
  where g.stream_id = v_generation.stream_id;

  perform relay.count_up((
    'generations_ended_total',
    relay.end_labels(v_status, case v_status when 'interrupted' then 'interrupted' end),
    1
  )::relay.increment);
  return true;
exception
  when lock_not_available or deadlock_detected then
    return false;
  when others then
    raise warning 'Cannot close the generation "%": SQLSTATE %', close_expired.stream_id, sqlstate;
    return false;
end;
$$;

comment on function relay.close_expired(text) is
  'Ends a generation whose lease ran out with the text that its worker had brought; false where there is nothing to end, or somebody else is at it.';
revoke all on function relay.close_expired(text) from public, anon, authenticated;
grant execute on function relay.close_expired(text) to service_role;
