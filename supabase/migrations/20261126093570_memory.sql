-- A memory stands in for the path up to its message. It is written by a generation of its own kind, with the same
-- lease, fence, beats and sweep, but without a message, and no limit of its user's counts it.
alter table relay.generations
  add column kind text not null default 'answer',
  add column memory_id relay.message_id,
  add constraint generations_kind_is_known check (kind in ('answer', 'memory', 'title')),
  add constraint generations_of_memories_are_no_messages check (
    kind = 'answer' or (parent_id is not null and num_nonnulls(message_id, user_message_id, leaf_id) = 0)
  );
create unique index generations_write_one_memory on relay.generations (parent_id)
where kind = 'memory' and status = 'running';
create unique index generations_write_one_title on relay.generations (conversation_id)
where kind = 'title' and status = 'running';

-- The nearest one on the path, the leaf's own among them. The walk reads no texts.
create function relay.memory_of(
  leaf_id relay.message_id, out message_id relay.message_id, out characters integer, out bytes integer
)
language plpgsql stable set search_path = '' as $$
declare
  v_most constant integer := 10000;
  -- The bytes of MEMORY_HEADING in the worker, with 12 for a message and 2 for the blank line.
  v_heading constant integer := 53;
  v_leaf record;
begin
  -- A statement that a null makes empty would be planned again each time, which costs more than running it.
  if leaf_id is null then
    return;
  end if;
  select m.user_id, m.conversation_id into v_leaf from public.messages m where m.id = leaf_id;
  -- Most stories have no memory: then no path is walked. Looks from the user's memories, which are few, to their
  -- messages, not from the messages of a conversation.
  perform 1
  from public.memories k
  where k.user_id = v_leaf.user_id
    and (select m.conversation_id from public.messages m where m.id = k.message_id) = v_leaf.conversation_id
  limit 1;
  if not found then
    return;
  end if;
  with recursive path as (
    select m.id, m.parent_id, 1 as step, exists (select 1 from public.memories k where k.message_id = m.id) as is_end
    from public.messages m
    where m.id = leaf_id
    union all
    select m.id, m.parent_id, path.step + 1, exists (select 1 from public.memories k where k.message_id = m.id)
    from path
    join public.messages m on m.id = path.parent_id
    where not path.is_end and path.step < v_most
  )
  select k.message_id, length(k.content), octet_length(k.content) + v_heading into message_id, characters, bytes
  from path p
  join public.memories k on k.message_id = p.id
  where p.is_end;
end;
$$;
comment on function relay.memory_of is 'The memory that is sent in place of what is before it, by its size; null: none.';

create function relay.memory_sent(memory_id relay.message_id) returns jsonb
language plpgsql stable set search_path = '' as $$
begin
  if memory_id is null then
    return null;
  end if;
  return (
    select relay.exact_ids(jsonb_build_object('message_id', k.message_id, 'content', k.content))
    from public.memories k
    where k.message_id = memory_sent.memory_id
  );
end;
$$;
comment on function relay.memory_sent is 'A memory as the worker gets it; null: there is none.';
