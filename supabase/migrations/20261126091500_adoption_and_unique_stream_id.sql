-- What the FastAPI relay left behind becomes a tree: its conversations were lists. On a new database nothing happens.
insert into public.conversations (id, user_id, created_at, updated_at)
select
  m.conversation_id,
  (array_agg(m.user_id order by m.created_at, m.ctid))[1],
  coalesce(min(m.created_at), now()),
  coalesce(max(m.created_at), now())
from public.messages m
join auth.users u on u.id = m.user_id
where m.conversation_id is not null
group by m.conversation_id
on conflict (id) do nothing;

-- All in one statement, for two reasons. ctid is the order in which rows without a time of their own were written, but
-- only until they are written again. And if one transaction writes a row twice all its foreign keys are checked, those
-- to users who are long gone too.
update public.messages m
set
  parent_id = case when m.conversation_id is not null then coalesce(m.parent_id, line.previous_id) end,
  -- Rows of a retried request shared one stream_id: the newest whole one keeps it, the others add their own id to it.
  stream_id = case when line.index > 1 then m.stream_id || ':' || m.id else m.stream_id end,
  -- The relay that was writing them is gone.
  is_streaming = false,
  content = coalesce(m.content, ''),
  is_user_author = coalesce(m.is_user_author, false),
  is_complete = coalesce(m.is_complete, false),
  created_at = coalesce(m.created_at, now())
from (
  select
    c.id,
    lag(c.id) over (partition by c.conversation_id order by c.created_at, c.ctid) as previous_id,
    row_number() over (
      partition by c.stream_id order by c.is_complete desc nulls last, c.created_at desc nulls last, c.ctid desc
    ) as index
  from public.messages c
) line
where line.id = m.id;

alter table public.messages
  alter column content set not null,
  alter column is_user_author set not null,
  alter column is_streaming set not null,
  alter column is_complete set not null,
  alter column created_at set not null,
  add constraint messages_are_never_streaming check (not is_streaming);

update public.conversations c
set active_message_id = (
  select m.id
  from public.messages m
  where m.conversation_id = c.id
    and not exists (select 1 from public.messages child where child.parent_id = m.id)
  order by m.created_at desc
  limit 1
)
where c.active_message_id is null
  and exists (select 1 from public.messages m where m.conversation_id = c.id);

-- The last line of defence of "stored exactly once", whatever retries and races there are.
create unique index if not exists messages_stream_id_unique on public.messages (stream_id);
