-- What the FastAPI relay left behind becomes a tree: its conversations were lists. On a new database nothing happens.

-- The FastAPI relay's messages have their time in the column t; messages without a time get that of the adoption. What is
-- no time counts as none.
create function relay.time_of(message public.messages) returns timestamptz
language sql stable set search_path = '' as $$
  select coalesce(message.created_at, (
    select substring(
      coalesce(m ->> 't', m ->> 'timestamp', m ->> 'sent_at') from '^\d{4}-[01]\d-[0-3]\d[T ][0-2]\d:[0-5]\d.*'
    )::timestamptz
    from to_jsonb(message) as m
  ))
$$;

-- Numeric ids are in the order in which rows were made.
create function relay.number_of(message public.messages) returns bigint
language sql immutable set search_path = '' as $$
  select case when pg_typeof(message.id)::text in ('bigint', 'integer') then message.id::text::bigint end
$$;

do $$
begin
  perform relay.write_quietly('public.conversations', $sql$
    insert into public.conversations (id, user_id, created_at, updated_at) overriding system value
    select
      m.conversation_id,
      (array_agg(m.user_id order by relay.time_of(m), relay.number_of(m), m.ctid))[1],
      coalesce(min(relay.time_of(m)), now()),
      coalesce(max(relay.time_of(m)), now())
    from public.messages m
    join auth.users u on u.id = m.user_id
    where m.conversation_id is not null
      and not exists (select 1 from public.conversations c where c.id = m.conversation_id)
    group by m.conversation_id
  $sql$);
exception when not_null_violation then
  raise warning 'Cannot make conversations for messages that have none: %', sqlerrm;
end;
$$;

-- All in one statement, for two reasons. If times are equal or missing, numeric ids decide the order, else ctid, which
-- is right only until rows are written again. And if one transaction writes a row twice, all its foreign keys are
-- checked, also those to users who are gone.
select relay.write_quietly('public.messages', $sql$
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
    created_at = coalesce(line.time, now())
  from (
    select
      c.id,
      c.time,
      lag(c.id) over (partition by c.conversation_id order by c.time, c.number, c.ctid) as previous_id,
      row_number() over (
        partition by c.stream_id order by c.is_complete desc nulls last, c.time desc nulls last, c.number desc nulls last, c.ctid desc
      ) as index
    from (select c.*, c.ctid, relay.time_of(c) as time, relay.number_of(c) as number from public.messages c) c
  ) line
  where line.id = m.id
$sql$);

alter table public.messages
  alter column content set not null,
  alter column is_user_author set not null,
  alter column is_streaming set not null,
  alter column is_complete set not null,
  alter column created_at set not null,
  add constraint messages_are_never_streaming check (not is_streaming);

select relay.write_quietly('public.conversations', $sql$
  update public.conversations c
  set
    active_message_id = coalesce(c.active_message_id, (
      select m.id
      from public.messages m
      where m.conversation_id = c.id
        and not exists (select 1 from public.messages child where child.parent_id = m.id)
      order by m.created_at desc, relay.number_of(m) desc nulls last
      limit 1
    )),
    updated_at = coalesce(
      c.updated_at, (select max(m.created_at) from public.messages m where m.conversation_id = c.id), c.created_at, now()
    )
  where c.updated_at is null
    or (c.active_message_id is null and exists (select 1 from public.messages m where m.conversation_id = c.id))
$sql$);

alter table public.conversations alter column updated_at set not null;

-- The ids of the conversations that were made here do not come from the sequence, which is moved past them, and never
-- back.
do $$
declare
  v_sequence text := pg_get_serial_sequence('public.conversations', 'id');
  v_last bigint;
begin
  if v_sequence is not null then
    execute format('select last_value from %s', v_sequence) into v_last;
    perform setval(v_sequence, max(c.id::text::bigint)) from public.conversations c
    having max(c.id::text::bigint) > v_last;
  end if;
end;
$$;

-- The FastAPI relay's bots say themselves that they are a user's default.
insert into public.user_settings (user_id, default_bot_id)
select distinct on (b.user_id) b.user_id, b.id
from public.bots b
join auth.users u on u.id = b.user_id
where to_jsonb(b) ->> 'is_default' in ('true', '1')
order by b.user_id, b.updated_at desc, b.id
on conflict (user_id) do update set default_bot_id = coalesce(user_settings.default_bot_id, excluded.default_bot_id);

drop function relay.time_of, relay.number_of, relay.complete_ids;

-- The last defence of "stored exactly once", against all retries and races. Where the FastAPI relay's own index has that
-- name it may leave rows out.
do $$
begin
  if not exists (
    select 1 from pg_catalog.pg_index i
    where i.indexrelid = to_regclass('public.messages_stream_id_unique') and i.indisunique and i.indpred is null
  ) then
    drop index if exists public.messages_stream_id_unique;
    create unique index messages_stream_id_unique on public.messages (stream_id);
  end if;
end;
$$;
