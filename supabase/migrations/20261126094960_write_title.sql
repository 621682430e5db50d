-- Writing a title: when one is due, and what is stored of it.

-- A title that failed is asked for again after the next answer, a few times only, because each attempt is paid for.
create function relay.wants_title(conversation_id relay.conversation_id, but_stream_id text default null) returns boolean
language plpgsql stable set search_path = '' as $$
declare
  v_max_attempts constant integer := 3;
begin
  return exists (
    select 1 from public.conversations c where c.id = wants_title.conversation_id and coalesce(c.title, '') = ''
  ) and (
    select count(*) < v_max_attempts
      and count(*) filter (where g.status = 'running' and g.lease_expires_at >= clock_timestamp()) = 0
    from relay.generations g
    where g.kind = 'title' and g.conversation_id = wants_title.conversation_id
      and g.stream_id is distinct from but_stream_id
  );
end;
$$;
comment on function relay.wants_title is
  'Whether a story has no title, none that is being written, and fewer than three that were; but one is not counted.';

create function relay.title_due(generation relay.generations, bot public.bots) returns relay.message_id
language plpgsql stable set search_path = '' as $$
begin
  return case
    when bot.titles and generation.status = 'completed' and relay.wants_title(generation.conversation_id)
      then generation.message_id
  end;
end;
$$;
comment on function relay.title_due is
  'The answer up to which a story is read for its title; null: none is wanted, or the answer is incomplete.';

create function relay.store_title(generation relay.generations, content text) returns void
language plpgsql set search_path = '' as $$
declare
  v_max_characters constant integer := 80;
  -- The first line with text, without the marks that models put around and before it.
  v_title text := btrim((regexp_match(store_title.content, '[^\n]*[[:alnum:]][^\n]*'))[1]);
begin
  v_title := regexp_replace(v_title, '^(title:)?[[:space:]"''*_#“”„«»‘’`]+|[[:space:]"''*_“”„«»‘’`.]+$', '', 'gi');
  v_title := regexp_replace(v_title, '[[:space:]]+', ' ', 'g');
  if length(v_title) > v_max_characters then
    v_title := coalesce(
      substring(left(v_title, v_max_characters) from '^(.+) '), left(v_title, v_max_characters - 1)
    ) || '…';
  end if;
  -- The conversation is locked: a title that its user gave before stays, and a later one replaces this.
  update public.conversations c set title = v_title
  where c.id = generation.conversation_id and coalesce(c.title, '') = '' and v_title <> '';
end;
$$;
comment on function relay.store_title is 'Writes a title of one line and at most 80 characters, and never over one.';

-- Two texts say what a story is about, however long it is; the walk up to them reads no text.
create function relay.opening_of(leaf_id relay.message_id, most integer, out messages jsonb, out bytes bigint)
language plpgsql stable set search_path = '' as $$
begin
  with recursive path as (
    select m.id, m.parent_id, m.is_user_author, 1 as step from public.messages m where m.id = leaf_id
    union all
    select m.id, m.parent_id, m.is_user_author, path.step + 1
    from path
    join public.messages m on m.id = path.parent_id
    where path.step < 10000
  ), prompt as (
    select p.id, p.step from path p where p.is_user_author order by p.step desc limit 1
  ), answer as (
    select p.id, p.step from path p
    where not p.is_user_author and p.step < coalesce((select f.step from prompt f), 10001)
    order by p.step desc limit 1
  ), sent as (
    select o.step, left(m.content, most) as content, case when m.is_user_author then 'user' else 'assistant' end as role
    from (select * from prompt union all select * from answer) o
    join public.messages m on m.id = o.id
    where m.content <> ''
  )
  select coalesce(jsonb_agg(jsonb_build_object('role', s.role, 'content', s.content) order by s.step desc), '[]'),
    coalesce(sum(octet_length(s.content) + 12), 0)
  into messages, bytes from sent s;
end;
$$;
comment on function relay.opening_of is 'The first prompt on a path and the first answer after it, each cut, and their bytes.';
