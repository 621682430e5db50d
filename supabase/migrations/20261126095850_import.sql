-- Stores a story that was exported.

-- A definer, because a client may not write finish_reason, bot_id and created_at. It writes only new rows of the
-- caller's: a conversation, its messages and their memories, without a generation, usage or cost.
create function public.import_conversation(
  title text, bot_id text, parents integer[], contents text[], authors text[], bot_ids text[],
  finish_reasons text[], incomplete integer[], created_at timestamptz[], active integer, memories text[] default null
) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_count constant integer := cardinality(contents);
  v_bot_ids constant relay.bot_id[] := array(
    select public.own_bots()
    union
    select s.bot_id from public.bot_shares s where s.user_id = v_user_id
  );
  v_conversation_id relay.conversation_id;
  v_bot_id relay.bot_id;
  v_id relay.message_id;
  v_ids relay.message_id[] := '{}';
  v_message record;
  v_at timestamptz;
  v_by_user boolean;
  -- The time of each parent's last child, so that versions keep their order.
  v_last timestamptz[] := '{}';
begin
  if v_user_id is null then
    raise insufficient_privilege using message = 'Cannot import the story: the caller is not signed in';
  elsif v_count is null or v_count > 10000 then
    raise check_violation using message = 'Cannot import the story: it needs messages, at most 10000';
  elsif (select sum(length(c.content)) > 10000000 from unnest(contents || memories) c (content)) then
    raise check_violation using message = 'Cannot import the story: it has more than 10000000 characters';
  elsif cardinality(incomplete) > v_count then
    raise check_violation using message = 'Cannot import the story: "incomplete" names more places than there are';
  elsif exists (
    select 1 from (
      values (cardinality(parents)), (cardinality(authors)), (cardinality(bot_ids)), (cardinality(finish_reasons)),
        (cardinality(import_conversation.created_at)), (coalesce(cardinality(memories), v_count))
    ) l (length) where l.length is distinct from v_count
  ) then
    raise check_violation using message = 'Cannot import the story: its lists differ in length';
  elsif exists (
    select 1 from unnest(parents) with ordinality as p (parent, index) where p.parent not between 1 and p.index - 1
  ) then
    raise check_violation using message = 'Cannot import the story: a parent has to come before its messages';
  elsif exists (select 1 from unnest(authors) a (author) where coalesce(a.author, '') not in ('user', 'bot')) then
    raise check_violation using message = 'Cannot import the story: an author is neither "user" nor "bot"';
  elsif exists (select 1 from unnest(memories) m (memory) where m.memory !~ '\S') then
    raise check_violation using message = 'Cannot import the story: an entry of "memories" is blank';
  end if;

  v_bot_id := relay.to_bot_id(import_conversation.bot_id);
  insert into public.conversations (user_id, title, bot_id)
  values (v_user_id, coalesce(import_conversation.title, ''), case when v_bot_id = any (v_bot_ids) then v_bot_id end)
  returning id into v_conversation_id;
  -- As rows, each read once: an array of texts has to be scanned up to each place.
  for v_message in
    select m.*, n.place is not null as is_incomplete
    from unnest(parents, contents, authors, bot_ids, finish_reasons, import_conversation.created_at, memories)
      with ordinality as m (parent, content, author, bot_id, finish_reason, at, memory, place)
    left join (select distinct p.place from unnest(incomplete) p (place)) n on n.place = m.place
    order by m.place
  loop
    v_bot_id := relay.to_bot_id(v_message.bot_id);
    v_by_user := v_message.author = 'user';
    -- No year with more than four digits, and no infinite time: versions would lose their order.
    v_at := least(greatest(coalesce(v_message.at, now()), '1000-01-01Z'), now());
    v_at := greatest(v_at, v_last[coalesce(v_message.parent, 0)] + interval '1 microsecond');
    v_last[coalesce(v_message.parent, 0)] := v_at;
    insert into public.messages (
      user_id, conversation_id, parent_id, content, is_user_author, is_complete, bot_id, finish_reason, created_at
    )
    values (
      v_user_id, v_conversation_id, v_ids[v_message.parent], v_message.content, v_by_user,
      v_by_user or not v_message.is_incomplete,
      case when not v_by_user and v_bot_id = any (v_bot_ids) then v_bot_id end,
      case when not v_by_user then v_message.finish_reason end, v_at
    )
    returning id into v_id;
    v_ids[v_message.place] := v_id;
    if v_message.memory is not null then
      insert into public.memories (message_id, user_id, content) values (v_id, v_user_id, v_message.memory);
    end if;
  end loop;
  update public.conversations c set active_message_id = v_ids[active] where c.id = v_conversation_id;
  return v_conversation_id::text;
end;
$$;
comment on function public.import_conversation is
  'Makes a conversation of the caller''s with these messages, and gives its id. Each list has an entry for each message; '
  'parents are places in them, counted from 1, and incomplete names the places of answers that are; memories may be '
  'absent. A bot that the caller may not use becomes null, a future date the present, one before the year 1000 its first '
  'day.';
revoke all on function public.import_conversation from public, anon, service_role;
grant execute on function public.import_conversation to authenticated;
