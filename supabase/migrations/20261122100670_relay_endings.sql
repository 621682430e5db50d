-- How a generation ends, whoever ends it: its worker, or the sweep. The callers hold the locks, the conversation's
-- before the generation's: the order in which deleting a conversation takes them too.
create function relay.store_message(
  generation relay.generations,
  content text,
  finish_reason text,
  is_complete boolean,
  usage jsonb
) returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_message_id uuid;
begin
  if content = '' or generation.conversation_id is null then
    return null;
  end if;

  -- The sweep was here before, and the worker that was cut off brings the whole text.
  if generation.message_id is not null then
    update public.messages m
    set
      content = store_message.content,
      finish_reason = store_message.finish_reason,
      is_complete = store_message.is_complete,
      usage = store_message.usage
    where m.id = generation.message_id;
    return generation.message_id;
  end if;

  -- A branch that was deleted meanwhile takes no answer: below a lost parent it would become a story of its own.
  if generation.parent_id is not null then
    perform 1 from public.messages m where m.id = generation.parent_id for key share;
    if not found then
      return null;
    end if;
  end if;

  insert into public.messages (
    user_id, conversation_id, parent_id, bot_id, content, is_user_author, is_complete, stream_id, finish_reason, usage
  )
  values (
    generation.user_id, generation.conversation_id, generation.parent_id, generation.bot_id, store_message.content,
    false, store_message.is_complete, generation.stream_id, store_message.finish_reason, store_message.usage
  )
  returning id into v_message_id;

  update public.conversations c
  set active_message_id = v_message_id, updated_at = clock_timestamp()
  where c.id = generation.conversation_id and c.active_message_id is not distinct from generation.leaf_id;

  return v_message_id;
end;
$$;

comment on function relay.store_message(relay.generations, text, text, boolean, jsonb) is
  'Writes a generation''s message and moves the active leaf, if nobody else has; or replaces the partial message of a sweep. Null: there was nothing to write, or nowhere.';
revoke all on function relay.store_message(relay.generations, text, text, boolean, jsonb)
from public, anon, authenticated;
grant execute on function relay.store_message(relay.generations, text, text, boolean, jsonb) to service_role;

-- Skips what another transaction holds: that one is about to end the generation, or the next sweep comes by. So no
-- sweep ever waits, and none can be part of a deadlock.
create function relay.close_expired(stream_id text) returns boolean
language plpgsql
set search_path = ''
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
  return true;
end;
$$;

comment on function relay.close_expired(text) is
  'Ends a generation whose lease ran out with the text that its worker had brought; false where there is nothing to end, or somebody else is at it.';
revoke all on function relay.close_expired(text) from public, anon, authenticated;
grant execute on function relay.close_expired(text) to service_role;
