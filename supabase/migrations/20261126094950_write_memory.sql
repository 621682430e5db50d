-- Writing a memory: when one is due, and what is stored of it.

create function relay.bot_asked(generation relay.generations) returns public.bots
language plpgsql stable set search_path = '' as $$
declare
  v_bot public.bots;
begin
  select b.* into v_bot from public.bots b
  where b.id = coalesce(generation.asked_bot_id, generation.bot_id) and generation.kind = 'answer'
    and generation.message_id is not null and generation.status in ('completed', 'cancelled', 'disconnected');
  return v_bot;
end;
$$;
comment on function relay.bot_asked is
  'The bot that may write a memory or a title after an answer; null: nothing was stored, or it has failed.';

-- Due once the path since the last memory fills 0.7 of the room, which is before the first message has to be left out.
-- The memory ends where half of the room is left for the text after it, if possible with an answer, so that a context
-- then begins with a message of the user's.
create function relay.memory_due(generation relay.generations, bot public.bots) returns relay.message_id
language plpgsql stable set search_path = '' as $$
declare
  v_most constant integer := 10000;
  v_cut relay.cut;
  v_room bigint;
  v_walk record;
begin
  if bot.memory is not true then
    return null;
  end if;
  v_cut := relay.cut_of(bot, generation.message_id, null, null, 0, null, 4000000);
  v_room := least(0.9 * (v_cut.context_tokens - v_cut.reply_tokens) * v_cut.bytes_per_token, 4000000)
    - v_cut.fixed_bytes;
  if v_room is null or v_room <= 0 then
    return null;
  end if;
  with recursive path as (
    select
      m.id, m.parent_id, m.is_user_author, 1 as step, 0::bigint as behind, octet_length(m.content) + 12::bigint as bytes
    from public.messages m
    where m.id = generation.message_id
    union all
    select
      m.id, m.parent_id, m.is_user_author, path.step + 1, path.bytes, path.bytes + octet_length(m.content) + 12
    from path
    join public.messages m on m.id = path.parent_id
    where path.bytes < 0.7 * v_room and path.step < v_most and m.id is distinct from v_cut.memory_id
  )
  select
    array_agg(p.id order by p.step) as ids, max(p.bytes) >= 0.7 * v_room as is_due,
    coalesce(
      min(p.step) filter (where p.behind >= v_room / 2 and not p.is_user_author),
      min(p.step) filter (where p.behind >= v_room / 2), count(*)::integer
    ) as step
  into v_walk
  from path p;
  if not v_walk.is_due or v_walk.step = 1 or exists (
    select 1 from relay.generations g
    where g.user_id = generation.user_id and g.status = 'running' and g.kind = 'memory'
      and g.conversation_id = generation.conversation_id and g.lease_expires_at >= clock_timestamp()
  ) then
    return null;
  end if;
  return v_walk.ids[v_walk.step];
end;
$$;
comment on function relay.memory_due is
  'The message for which a memory should be written now; null: none is wanted, none is due, or one is being written.';

create function relay.store_memory(generation relay.generations, content text) returns void
language plpgsql set search_path = '' as $$
declare
  v_content text := btrim(store_memory.content, e' \t\r\n');
  v_bot public.bots;
  v_window integer;
  v_most integer;
begin
  select b.* into v_bot from public.bots b where b.id = generation.bot_id;
  v_window := coalesce(v_bot.context_tokens, (
    select k.context_tokens from relay.models k where k.endpoint = relay.endpoint_of(v_bot) and k.model = v_bot.model
  ));
  -- A memory is sent with every prompt, and never cut. If the model does not keep it short, a quarter of the window is
  -- kept of it.
  v_most := v_window * generation.bytes_per_token / 4;
  if octet_length(v_content) > v_most then
    v_content := left(v_content, (v_most::bigint * length(v_content) / octet_length(v_content))::integer);
  end if;
  -- A deleted message gets no memory.
  perform 1 from public.messages m where m.id = generation.parent_id for key share;
  if found and v_content ~ '\S' then
    insert into public.memories (message_id, user_id, content)
    values (generation.parent_id, generation.user_id, v_content)
    on conflict do nothing;
  end if;
end;
$$;
comment on function relay.store_memory is 'Writes a memory, and never over one that is there.';
