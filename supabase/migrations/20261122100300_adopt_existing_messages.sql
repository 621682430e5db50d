-- What the FastAPI relay left behind becomes a tree: its conversations were lists. On a new database nothing is there
-- and nothing happens.

-- The relay that was writing them is gone.
update public.messages set is_streaming = false where is_streaming is distinct from false;

alter table public.messages
  add constraint messages_are_never_streaming check (not is_streaming);

-- Rows of a retried request shared one stream_id. The newest keeps it, the others get it with their own id behind it.
update public.messages m
set stream_id = m.stream_id || ':' || m.id
from (
  select
    d.id,
    row_number() over (partition by d.stream_id order by d.is_complete desc nulls last, d.created_at desc, d.id) as place
  from public.messages d
  where d.stream_id is not null
) ranked
where ranked.id = m.id and ranked.place > 1;

insert into public.conversations (id, user_id, created_at, updated_at)
select distinct on (m.conversation_id) m.conversation_id, m.user_id, m.created_at, m.created_at
from public.messages m
join auth.users u on u.id = m.user_id
where m.conversation_id is not null
order by m.conversation_id, m.created_at
on conflict (id) do nothing;

-- ctid breaks ties: without a time of their own, rows lie in the order in which they were written.
update public.messages m
set parent_id = chain.previous_id
from (
  select
    c.id,
    lag(c.id) over (partition by c.conversation_id order by c.created_at, c.ctid) as previous_id
  from public.messages c
  where c.conversation_id is not null
) chain
where chain.id = m.id and chain.previous_id is not null and m.parent_id is null;

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
