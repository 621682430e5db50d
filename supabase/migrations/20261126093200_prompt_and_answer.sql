-- Steps of relay_begin: the message of the prompt, and the answer of the function.

-- A client of the FastAPI relay stores the prompt itself, and without a parent, because its conversations are lists.
create function relay.stored_prompt(conversation public.conversations, prompt text) returns public.messages
language plpgsql set search_path = '' as $$
declare
  v_blank constant text := e' \t\r\n';
  v_newest public.messages;
begin
  -- Running answers end after it was stored, so a message above one of them is not the newest.
  select m.* into v_newest
  from public.messages m
  where m.id = (
    select n.id
    from (
      select l.id, l.is_user_author, l.created_at
      from public.messages l
      where l.conversation_id = conversation.id
      order by l.created_at desc, l.id desc
      limit 10
    ) n
    where n.is_user_author
    order by n.created_at desc, n.id desc
    limit 1
  )
  for no key update;
  -- A line end may have two bytes where the prompt has one; with more white space than this it is another text. A
  -- longer text is not read.
  if not found or octet_length(v_newest.content) > 2 * octet_length(prompt) + 4096 then
    return null;
  end if;
  -- The same prompt again, while the first one is being answered, is a second message.
  if not v_newest.is_user_author
    or v_newest.user_id <> conversation.user_id
    or replace(replace(btrim(v_newest.content, v_blank), e'\r\n', e'\n'), e'\r', e'\n')
      <> replace(replace(btrim(prompt, v_blank), e'\r\n', e'\n'), e'\r', e'\n')
    or v_newest.parent_id <> conversation.active_message_id and v_newest.id <> conversation.active_message_id
    or exists (select 1 from public.messages m where m.parent_id = v_newest.id)
    or exists (
      select 1 from relay.generations g
      where g.user_id = conversation.user_id and g.status = 'running' and g.kind = 'answer'
        and g.parent_id = v_newest.id
    )
  then
    return null;
  end if;
  v_newest.parent_id := coalesce(v_newest.parent_id, nullif(conversation.active_message_id, v_newest.id));
  return v_newest;
end;
$$;
comment on function relay.stored_prompt(public.conversations, text) is
  'The user''s newest message of the conversation, with the place that it takes, where it is the prompt already; else '
  'null.';

create function relay.store_prompt(
  inout conversation public.conversations, user_id uuid, bot_id relay.bot_id, parent relay.message_id, prompt text,
  stored_id relay.message_id, out message_id relay.message_id
)
language plpgsql set search_path = '' as $$
begin
  if conversation.id is null then
    begin
      insert into public.conversations (user_id, bot_id)
      values (store_prompt.user_id, store_prompt.bot_id)
      returning * into conversation;
    exception when not_null_violation or unique_violation or check_violation then
      -- An adopted table may have columns that the project alone can fill, or rules of its own.
      return;
    end;
  end if;
  if stored_id is null then
    insert into public.messages (user_id, conversation_id, parent_id, content, is_user_author)
    values (store_prompt.user_id, conversation.id, parent, prompt, true)
    returning id into message_id;
  else
    update public.messages m set parent_id = parent where m.id = stored_id returning m.id into message_id;
  end if;
  update public.conversations c
  set active_message_id = message_id, updated_at = clock_timestamp()
  where c.id = conversation.id
  returning * into conversation;
end;
$$;
comment on function relay.store_prompt is
  'Makes the prompt the active leaf of its conversation, and writes both where they are new. Null: the conversation '
  'cannot be made.';

create function relay.refusal(code text, rate jsonb, more jsonb default '{}') returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_build_object('outcome', 'refused', 'code', code, 'rate', rate) || more
$$;
comment on function relay.refusal(text, jsonb, jsonb) is 'What relay_begin answers where it refuses.';

create function relay.admission_of(generation relay.generations, bot public.bots, context jsonb, rate jsonb)
returns jsonb
language plpgsql set search_path = '' as $$
begin
  return relay.exact_ids(jsonb_build_object(
    'conversation_id', generation.conversation_id, 'bot_id', bot.id,
    'user_message_id', generation.user_message_id, 'parent_id', generation.parent_id
  )) || jsonb_build_object(
    'outcome', 'admitted', 'fence', generation.fence, 'system_prompt', bot.system_prompt,
    'left_out', generation.left_out, 'context', context, 'rate', rate,
    'memory', relay.memory_sent(generation.memory_id)
  ) || relay.call_of(bot) || relay.chain_of(
    bot.id, generation.fallbacks, generation.started_at, generation.context_bytes
  );
end;
$$;
comment on function relay.admission_of is
  'Everything that the worker of an admitted generation needs, keys included; of a bot with the hook''s instructions.';
