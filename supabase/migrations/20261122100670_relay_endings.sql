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

  -- The sweep was here before, and the worker that was cut off brings the whole text. What was deleted meanwhile, the
  -- message or the parent, does not come back.
  if generation.status = 'interrupted' and generation.text_units > 0 then
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
