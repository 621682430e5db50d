-- Writing a title: when one is due, and what is stored of it.

create function relay.title_due(generation relay.generations) returns relay.message_id
language plpgsql stable set search_path = '' as $$
begin
  if generation.kind = 'answer' and generation.status = 'completed' and exists (
    select 1 from public.bots b where b.id = coalesce(generation.asked_bot_id, generation.bot_id) and b.titles
  ) and exists (
    select 1 from public.conversations c where c.id = generation.conversation_id and coalesce(c.title, '') = ''
  ) and not exists (
    select 1 from relay.generations g where g.kind = 'title' and g.conversation_id = generation.conversation_id
  ) then
    return generation.message_id;
  end if;
  return null;
end;
$$;
comment on function relay.title_due is
  'The answer up to which a story is read for its title; null: none is wanted, it has one, or one was asked for.';

create function relay.store_title(generation relay.generations, content text) returns void
language plpgsql set search_path = '' as $$
declare
  v_most constant integer := 80;
  -- The first line that has something, without the marks that models put around and before it.
  v_title text := btrim((regexp_match(store_title.content, '[^\n]*[[:alnum:]][^\n]*'))[1]);
begin
  v_title := regexp_replace(v_title, '^(title:)?[[:space:]"''*_#“”„«»‘’`]+|[[:space:]"''*_“”„«»‘’`.]+$', '', 'gi');
  v_title := regexp_replace(v_title, '[[:space:]]+', ' ', 'g');
  if length(v_title) > v_most then
    v_title := coalesce(substring(left(v_title, v_most) from '^(.+) '), left(v_title, v_most - 1)) || '…';
  end if;
  -- The conversation is locked: a title of its user's that came before stays, and one that comes after replaces this.
  update public.conversations c set title = v_title
  where c.id = generation.conversation_id and coalesce(c.title, '') = '' and v_title <> '';
end;
$$;
comment on function relay.store_title is 'Writes a title of one line and at most 80 characters, and never over one.';

-- Two texts say what a story is about, however long it has become; the walk up to them reads none.
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
