-- Functions for signed-in users: one finds words in all of their stories, one says how stories begin, one changes a text.

-- No wildcards: the words are found as they were typed. Every text of the user is read: an index would slow down each
-- stored answer. The statement's timeout bounds the search.
create function public.search_conversations(words text, most integer default 30) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
  v_words constant text := btrim(left(words, 200));
  v_pattern constant text := '%' || regexp_replace(v_words, '([\\%_])', '\\\1', 'g') || '%';
  v_most constant integer := least(greatest(most, 1), 100);
begin
  if length(v_words) < 2 then
    return '[]';
  end if;
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'conversation_id', h.conversation_id, 'title', h.title, 'message_id', h.message_id,
      'is_user_author', h.is_user_author, 'at', h.at,
      -- Only for the rows that are returned: making excerpts of all hits would cost more than finding them.
      'excerpt', substr(h.content, greatest(position(lower(v_words) in lower(h.content)) - 60, 1), 240)
    ) order by h.message_id is not null, h.at desc), '[]')
    from (
      (
        select c.id::text as conversation_id, c.title, null as message_id, null::boolean as is_user_author,
          null as content, c.updated_at as at
        from public.conversations c
        where c.title ilike v_pattern
        order by c.updated_at desc, c.id
        limit v_most
      )
      union all
      (
        select m.conversation_id::text, c.title, m.id::text, m.is_user_author, m.content, m.created_at
        from public.messages m
        join public.conversations c on c.id = m.conversation_id
        where m.content ilike v_pattern
        order by m.created_at desc, m.id
        limit v_most
      )
    ) h
  );
end;
$$;
comment on function public.search_conversations is
  'The caller''s conversations whose title has these words, then its messages that do, newest first, each with the text '
  'around them. Upper and lower case are the same; of less than two characters there are none.';
revoke all on function public.search_conversations from public, anon, service_role;
grant execute on function public.search_conversations to authenticated;

-- Under the caller's own policies. One index lookup for each story; a list asks only for stories without a title.
create function public.conversation_openings(conversation_ids text[]) returns jsonb
language plpgsql stable set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_object_agg(c.id::text, left(p.content, 200)), '{}')
    from public.conversations c
    cross join lateral (
      select m.content from public.messages m
      where m.conversation_id = c.id and m.is_user_author
      order by m.created_at, m.id
      limit 1
    ) p
    where c.id::text = any (conversation_ids[1:500])
  );
end;
$$;
comment on function public.conversation_openings is
  'How the first prompt of each of the caller''s conversations begins, 200 characters, by the id; of at most 500.';
revoke all on function public.conversation_openings from public, anon, service_role;
grant execute on function public.conversation_openings to authenticated;

-- The check is part of the write, so that the second of two changes of one text is refused, however close they are. The
-- conversation is locked first, as at the end of a generation. What deletes a message or a bot takes the locks in another
-- order, and goes on: no lock is waited for until Postgres looks for a deadlock.
create function public.edit_message(message_id public.messages.id%type, content text, known text) returns text
language plpgsql set search_path = '' set lock_timeout = '900ms' as $$
declare
  v_content text;
begin
  perform 1 from public.conversations c
  where c.id = (select m.conversation_id from public.messages m where m.id = edit_message.message_id)
  for no key update;
  update public.messages m set content = edit_message.content
  where m.id = edit_message.message_id and m.content in (known, edit_message.content);
  if found then
    return null;
  end if;
  select m.content into v_content from public.messages m where m.id = edit_message.message_id;
  if not found then
    raise no_data_found using message = 'Cannot change the message: there is no such message';
  end if;
  return v_content;
end;
$$;
comment on function public.edit_message is
  'Changes the text of a message of the caller''s if it is still the known one: null; else it answers the stored text.';
revoke all on function public.edit_message from public, anon, service_role;
grant execute on function public.edit_message to authenticated;

-- Other devices watch only updated_at of the conversation. A definer, because a client may not write that. It does not
-- wait, which could end in a deadlock: what locks the conversation changes it, too, or deletes it, or is a start that is
-- refused within milliseconds.
create function relay.touch_conversation() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.conversations c set updated_at = clock_timestamp()
  where c.id = (
    select k.id from public.conversations k where k.id = new.conversation_id for no key update skip locked
  );
  return null;
end;
$$;
comment on function relay.touch_conversation() is 'Moves updated_at of a conversation where the text of a message changes.';
revoke all on function relay.touch_conversation() from public, anon, authenticated;

create trigger messages_touch_conversation after update of content on public.messages
for each row when (new.content is distinct from old.content) execute function relay.touch_conversation();
