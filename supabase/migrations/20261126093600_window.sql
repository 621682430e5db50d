-- Steps of relay_begin: how much of the path the model's window has room for. The cut is sticky: a context begins where
-- that of the answer before it began, so that neighbouring requests share their beginning, which providers cache. Once
-- it has outgrown the window it is cut to half of the room, and grows again.
create type relay.cut as (
  context_tokens integer, reply_tokens integer, bytes_per_token real, fixed_bytes bigint, needed_tokens integer,
  is_exceeded boolean, steps integer, start_id relay.message_id, left_out integer, given_bytes bigint,
  memory_id relay.message_id, memory_characters integer, memory_bytes integer, usual_reply_tokens integer
);

create function relay.count_up(first_id relay.message_id, last_id relay.message_id) returns integer
language plpgsql stable set search_path = '' as $$
declare
  v_most constant integer := 10000;
  v_count integer;
begin
  with recursive path as (
    select m.id, m.parent_id, 1 as step from public.messages m where m.id = first_id
    union all
    select m.id, m.parent_id, path.step + 1
    from path
    join public.messages m on m.id = path.parent_id
    where path.id is distinct from last_id and path.step < v_most
  )
  select count(*) into v_count from path;
  return case when v_count < v_most then v_count end;
end;
$$;
comment on function relay.count_up is
  'How many messages a path has from the first one up to the last, or to the root; null where they are too many to count.';

-- The walk ends at a memory, where the context began before, or where the room is full: it costs as much as a window,
-- not as a story. If it reaches a memory the context is whole; the earlier beginning counts only if the memory is too
-- far away.
create function relay.cut_path(
  leaf_id relay.message_id, memory_id relay.message_id, answering relay.bot_id, last relay.generations,
  used_bytes bigint, needed_bytes bigint, room_bytes bigint,
  out steps integer, out start_id relay.message_id, out left_out integer
)
language plpgsql stable set search_path = '' as $$
declare
  v_most constant integer := 10000;
  -- Half of the room that is left by what is never cut. An answer that is regenerated begins where the old one began.
  v_half constant bigint := needed_bytes + (room_bytes - needed_bytes) / 2;
  v_until relay.message_id := case when memory_id is null then last.context_start end;
  v_kept integer := 0;
  v_walk record;
  v_is_end boolean;
  v_is_whole boolean;
begin
  loop
    with recursive path as (
      select
        m.id, m.parent_id, m.is_user_author or other.name is not null as is_turn, 1 as step,
        used_bytes + octet_length(m.content) + 12 + coalesce(octet_length(other.name), 0) as bytes
      from public.messages m
      cross join lateral (select case when m.bot_id <> answering then relay.name_before(m.bot_id, answering) end as name) other
      where m.id = leaf_id and (m.id is distinct from memory_id or needed_bytes > used_bytes)
      union all
      select
        m.id, m.parent_id, m.is_user_author or other.name is not null, path.step + 1,
        path.bytes + octet_length(m.content) + 12 + coalesce(octet_length(other.name), 0)
      from path
      join public.messages m on m.id = path.parent_id
      cross join lateral (select case when m.bot_id <> answering then relay.name_before(m.bot_id, answering) end as name) other
      where path.id is distinct from v_until and path.bytes <= room_bytes and path.step < v_most
        and (memory_id is null or memory_id not in (path.id, m.id))
    )
    select
      array_agg(p.id order by p.step) as ids, count(*)::integer as walked, max(p.bytes) as bytes,
      case when count(*) = 0 then leaf_id else (array_agg(p.parent_id order by p.step desc))[1] end as above,
      count(*) filter (where p.bytes <= room_bytes) as fitting,
      max(p.step) filter (where p.bytes <= v_half and p.step <= v_most / 2) as half,
      max(p.step) filter (where p.bytes <= v_half and p.step <= v_most / 2 and p.is_turn) as half_turn,
      min(p.step) filter (where p.bytes <= room_bytes and p.is_turn) as turn
    into v_walk
    from path p;
    v_is_end := v_walk.above is null or coalesce(memory_id in (v_walk.above, v_walk.ids[v_walk.walked]), false);
    v_is_whole := v_walk.fitting = v_walk.walked
      and (v_is_end or v_walk.ids[v_walk.walked] is not distinct from v_until);
    if not v_is_whole and v_until is null and memory_id is not null and v_kept = 0 and last.context_start is not null then
      v_until := last.context_start;
      continue;
    end if;
    -- A window that has grown since may have room for what was left out.
    exit when not v_is_whole or v_is_end or v_walk.bytes > needed_bytes + (room_bytes - needed_bytes) / 3;
    v_kept := v_walk.walked;
    v_until := null;
  end loop;

  steps := case
    when v_is_whole then v_walk.walked
    else greatest(
      coalesce(v_walk.half_turn, v_walk.turn, v_walk.half, least(v_walk.fitting, 1)), v_kept,
      -- The message that is answered is sent even if it may be too long.
      (needed_bytes > used_bytes)::integer
    )
  end;
  start_id := v_walk.ids[steps];
  left_out := case
    when v_is_whole and v_walk.above is null then 0
    when array_position(v_walk.ids, last.context_start) is not null
      then last.left_out + array_position(v_walk.ids, last.context_start) - steps
    else coalesce(last.left_out, case when last.context_start is null then 0 end)
      + relay.count_up(coalesce(v_walk.ids[steps + 1], v_walk.above), last.context_start)
  end;
end;
$$;
comment on function relay.cut_path is
  'How many messages from the leaf on are sent, the first of them, and how many before it are left out. What is needed '
  'is never cut: what is used already, and without a prompt the leaf.';

-- Cuts the client's own context, by the bytes of its messages; one with 0 bytes stays with the one before it. Cut in
-- steps of half of the room, so that the beginning stays the same while the context grows.
create function relay.cut_given(given_bytes integer[], used_bytes bigint, room_bytes bigint) returns integer
language plpgsql immutable set search_path = '' as $$
declare
  v_step constant bigint := greatest((room_bytes - used_bytes) / 2, 1);
  v_over bigint;
begin
  select used_bytes + sum(s.bytes) - room_bytes into v_over from unnest(given_bytes) as s (bytes);
  if v_over <= 0 then
    return 0;
  end if;
  return (
    select coalesce(min(s.index) filter (where s.before >= (v_over + v_step - 1) / v_step * v_step), max(s.index)) - 1
    from (
      select g.index, g.bytes, sum(g.bytes) over (order by g.index) - g.bytes as before
      from unnest(given_bytes) with ordinality as g (bytes, index)
    ) s
    where s.bytes > 0
  );
end;
$$;
comment on function relay.cut_given is 'How many of a client''s own messages are left out, from the first on.';
