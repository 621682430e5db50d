-- What the end of a generation stores: message and active leaf, in one transaction with the ending. Whether its worker ends
-- it or the sweep, the conversation is locked before the generation: deleting a conversation takes them in that order, too.
create function relay.store_message(
  generation relay.generations, content text, finish_reason text, is_complete boolean, usage jsonb
) returns relay.message_id
language plpgsql set search_path = '' as $$
declare
  v_content text;
  v_bot_id relay.bot_id;
  v_message_id relay.message_id;
begin
  v_content := relay.text_up_to(relay.text_of(generation.stream_id) || store_message.content, generation.cancel_at);
  delete from relay.chunks c where c.stream_id = generation.stream_id;
  if generation.kind <> 'answer' then
    perform relay.store_memory(generation, v_content)
    where generation.kind = 'memory' and is_complete and finish_reason <> 'content_filter';
    perform relay.store_title(generation, v_content)
    where generation.kind = 'title' and is_complete and finish_reason <> 'content_filter';
    return null;
  end if;
  if v_content = '' or generation.conversation_id is null
    or generation.continued_units > 0 and length(v_content) + relay.pairs_in(v_content) <= generation.continued_units
  then
    return null;
  end if;

  -- The row keeps a bot that was deleted, the message does not.
  select b.id into v_bot_id from public.bots b where b.id = generation.bot_id for key share;

  -- After a sweep the worker that was cut off stores the whole text. A message that was deleted since stays deleted,
  -- and one that its user has edited keeps that text, also if the user only cut its end: what a sweep stores is the
  -- beginning of the whole text, and as long as what the beats had brought.
  if generation.status = 'interrupted' and generation.text_units > generation.continued_units then
    update public.messages m
    set content = case
        when starts_with(store_message.content, m.content)
          and length(m.content) + relay.pairs_in(m.content) = generation.text_units then v_content
        else m.content
      end,
      finish_reason = store_message.finish_reason, is_complete = store_message.is_complete,
      usage = store_message.usage, bot_id = v_bot_id
    where m.id = generation.message_id;
    return generation.message_id;
  end if;

  -- No answer is stored in a deleted branch: without its parent it would become a root.
  perform 1 from public.messages m where m.id = generation.parent_id for key share;
  if generation.parent_id is not null and not found then
    return null;
  end if;

  insert into public.messages (
    user_id, conversation_id, parent_id, bot_id, content, is_user_author, is_complete, stream_id, finish_reason, usage
  )
  values (
    generation.user_id, generation.conversation_id, generation.parent_id, v_bot_id, v_content, false,
    store_message.is_complete, generation.stream_id, store_message.finish_reason, store_message.usage
  )
  returning id into v_message_id;
  update public.conversations c
  set active_message_id = v_message_id, updated_at = clock_timestamp()
  where c.id = generation.conversation_id and c.active_message_id is not distinct from generation.leaf_id;
  return v_message_id;
end;
$$;
comment on function relay.store_message is
  'Writes chunks and content as a message, the active leaf if it has not moved, or over the partial one of a sweep.';
