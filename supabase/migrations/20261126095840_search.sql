-- Two functions for signed-in users: one finds words in all of their stories, one says how stories begin.

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

-- Under the caller's own policies. One probe of an index for each story; a list asks for those alone that have no title.
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
