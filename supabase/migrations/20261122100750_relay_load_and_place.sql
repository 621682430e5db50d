-- What else relay_begin is made of: how much the user runs, where in the tree the answer goes, and what it says.
create function relay.load_of(user_id uuid, at timestamptz, out recent integer, out running integer, out oldest timestamptz)
language plpgsql stable
set search_path = ''
as $$
begin
  select
    count(*) filter (where g.started_at > at - interval '1 minute'),
    count(*) filter (where g.status = 'running' and g.lease_expires_at > at),
    min(g.started_at) filter (where g.started_at > at - interval '1 minute')
  into recent, running, oldest
  from relay.generations g
  where g.user_id = load_of.user_id
    and (g.started_at > at - interval '1 minute' or g.status = 'running');
end;
$$;

comment on function relay.load_of(uuid, timestamptz) is
  'The user''s generations of the last minute, the oldest of them, and those that run: what a dead worker left does not count.';
revoke all on function relay.load_of(uuid, timestamptz) from public, anon, authenticated;
grant execute on function relay.load_of(uuid, timestamptz) to service_role;

-- Locks the conversation, for its active leaf is read here and moved later, and keeps the node from being deleted.
create function relay.place_of(
  user_id uuid,
  conversation_id uuid,
  reroll_of uuid,
  parent_id uuid,
  parent_is_given boolean,
  out refused text,
  out conversation public.conversations,
  out answered uuid
)
language plpgsql
set search_path = ''
as $$
declare
  v_node_id uuid := coalesce(reroll_of, place_of.parent_id);
  v_conversation_id uuid := place_of.conversation_id;
  v_node public.messages;
begin
  -- A named message names its conversation; what is another user's is what does not exist.
  if v_node_id is not null and v_conversation_id is null then
    select m.conversation_id into v_conversation_id
    from public.messages m
    where m.id = v_node_id and m.user_id = place_of.user_id;
    if not found then
      refused := 'message_not_found';
      return;
    end if;
  end if;

  if v_conversation_id is not null then
    select c.* into conversation
    from public.conversations c
    where c.id = v_conversation_id and c.user_id = place_of.user_id
    for no key update;
    if not found then
      refused := 'conversation_not_found';
      return;
    end if;
  end if;

  if v_node_id is not null then
    select m.* into v_node
    from public.messages m
    where m.id = v_node_id and m.conversation_id = conversation.id
    for key share;
    if not found then
      refused := 'message_not_found';
      return;
    end if;
  end if;

  answered := case
    when reroll_of is not null and not v_node.is_user_author then v_node.parent_id
    when parent_is_given or reroll_of is not null then v_node.id
    else conversation.active_message_id
  end;
end;
$$;

comment on function relay.place_of(uuid, uuid, uuid, uuid, boolean) is
  'The conversation, none where it has to be made, and the node that is answered; or why there is no such place for this user.';
revoke all on function relay.place_of(uuid, uuid, uuid, uuid, boolean) from public, anon, authenticated;
grant execute on function relay.place_of(uuid, uuid, uuid, uuid, boolean) to service_role;

create function relay.admission_of(generation relay.generations, context jsonb, rate jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_bot public.bots;
begin
  select b.* into v_bot from public.bots b where b.id = generation.bot_id;
  return jsonb_build_object(
    'outcome', 'admitted',
    'fence', generation.fence,
    'conversation_id', generation.conversation_id,
    'bot_id', generation.bot_id,
    'user_message_id', generation.user_message_id,
    'parent_id', generation.parent_id,
    'access_key', v_bot.access_key,
    'access_path', v_bot.access_path,
    'model', v_bot.model,
    'temperature', v_bot.temperature,
    'system_prompt', v_bot.system_prompt,
    'params', v_bot.params,
    'context', context,
    'rate', rate
  );
end;
$$;

comment on function relay.admission_of(relay.generations, jsonb, jsonb) is
  'Everything that the worker of an admitted generation needs, the bot''s key among it.';
revoke all on function relay.admission_of(relay.generations, jsonb, jsonb) from public, anon, authenticated;
grant execute on function relay.admission_of(relay.generations, jsonb, jsonb) to service_role;
