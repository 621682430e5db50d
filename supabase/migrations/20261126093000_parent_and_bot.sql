-- Steps of relay_begin: the message that is answered, and the bot that answers. In plpgsql, which keeps its plans: a
-- function in sql that cannot be inlined is planned again at each call.

-- Locks the conversation, because its active leaf is read here and moved later, and the message against deletion. A
-- preview moves nothing, and holds up nothing.
create function relay.find_parent(
  user_id uuid, conversation_id text, reroll_of text, parent_id text, parent_is_given boolean,
  preview boolean, out refused text, out conversation public.conversations, out parent relay.message_id
)
language plpgsql set search_path = '' as $$
declare
  v_conversation_is_named boolean := find_parent.conversation_id is not null;
  v_message_is_named boolean := coalesce(reroll_of, find_parent.parent_id) is not null;
  v_conversation_id relay.conversation_id := relay.to_conversation_id(find_parent.conversation_id);
  v_named relay.message_id := relay.to_message_id(coalesce(reroll_of, find_parent.parent_id));
  v_message public.messages;
begin
  if v_conversation_is_named or v_message_is_named then
    if not v_conversation_is_named then
      select m.conversation_id into v_conversation_id from public.messages m where m.id = v_named;
    end if;
    -- Another user's conversation looks like it does not exist, and so does an invalid id.
    if preview then
      select c.* into conversation
      from public.conversations c
      where c.user_id = find_parent.user_id and c.id = v_conversation_id;
    else
      select c.* into conversation
      from public.conversations c
      where c.user_id = find_parent.user_id and c.id = v_conversation_id
      for no key update;
    end if;
    if not found then
      refused := case when v_conversation_is_named then 'conversation_not_found' else 'message_not_found' end;
      return;
    end if;
  end if;

  if v_message_is_named then
    select m.* into v_message
    from public.messages m
    where m.id = v_named and m.conversation_id = conversation.id
    for key share;
    refused := case when not found then 'message_not_found' end;
  end if;

  parent := case
    when reroll_of is not null and not v_message.is_user_author then v_message.parent_id
    when parent_is_given or reroll_of is not null then v_message.id
    else conversation.active_message_id
  end;
end;
$$;
comment on function relay.find_parent is
  'The conversation, none if it is new, and the message that is answered; or the code of the refusal.';

create function relay.resolve_bot(
  user_id uuid, explicit_bot_id text, conversation_bot_id relay.bot_id
) returns relay.bot_id
language plpgsql stable set search_path = '' as $$
declare
  v_named relay.bot_id := case
    when explicit_bot_id is null then conversation_bot_id else relay.to_bot_id(explicit_bot_id)
  end;
  v_id relay.bot_id;
begin
  -- A query of its own, because a plan with the other two costs three times as much, and nearly every start names a
  -- bot.
  select b.id into v_id
  from public.bots b
  where b.id = v_named and (
    b.user_id = resolve_bot.user_id
    or exists (select 1 from public.bot_shares s where s.bot_id = b.id and s.user_id = resolve_bot.user_id)
  );
  if found or explicit_bot_id is not null then
    return v_id;
  end if;
  select b.id into v_id
  from (
    select 1 as step, s.default_bot_id as bot_id from public.user_settings s where s.user_id = resolve_bot.user_id
    union all
    (select 2, o.id from public.bots o where o.user_id = resolve_bot.user_id order by o.updated_at desc, o.id limit 1)
  ) candidate
  join public.bots b on b.id = candidate.bot_id
  where b.user_id = resolve_bot.user_id
    or exists (select 1 from public.bot_shares s where s.bot_id = b.id and s.user_id = resolve_bot.user_id)
  order by candidate.step
  limit 1;
  return v_id;
end;
$$;
comment on function relay.resolve_bot is
  'The explicit bot alone; else the conversation''s, the default, the one updated last: the first the user may use.';
