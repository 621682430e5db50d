-- Steps of relay_finish: which bot answered, and how the tries ended.
create function relay.answered_by(inout generation relay.generations, bot_id text)
language plpgsql set search_path = '' as $$
declare
  v_asked relay.fallback;
begin
  select f.* into v_asked from unnest(generation.fallbacks) f where f.bot_id = relay.to_bot_id(answered_by.bot_id);
  if found then
    generation.asked_bot_id := generation.bot_id;
    generation.bot_id := v_asked.bot_id;
    generation.host := v_asked.host;
    generation.model := v_asked.model;
  end if;
end;
$$;
comment on function relay.answered_by is
  'The generation as the fallback''s that answered, as it was at the start: also where it is changed or gone since.';

-- A code is "answered", or why the try failed; null: it was stopped. If a bot was asked twice, the second try counts.
create function relay.note_tries(generation relay.generations, bots text[], codes text[]) returns void
language plpgsql set search_path = '' as $$
declare
  v_try record;
begin
  insert into relay.uncounted (name, labels)
  select 'tries_total', jsonb_strip_nulls(jsonb_build_object(
    'outcome', case t.code when 'answered' then t.code else 'failed' end, 'code', nullif(t.code, 'answered')
  ))
  from unnest(codes) as t (code)
  where t.code is not null;
  for v_try in
    select distinct on (t.bot_id) b as bot, t.code <> 'answered' as has_failed
    from unnest(bots, codes) with ordinality as t (bot_id, code, index)
    join public.bots b on b.id = relay.to_bot_id(t.bot_id)
    where t.code like 'provider\_%' and t.code <> 'provider_refused' or t.code = 'answered'
    order by t.bot_id, t.index desc
  loop
    insert into relay.provider_tries (key, has_failed, started_at)
    values (relay.provider_key(v_try.bot), v_try.has_failed, generation.started_at);
    perform relay.health_of(v_try.bot);
  end loop;
end;
$$;
comment on function relay.note_tries is 'Counts the tries of a generation, for the metrics and for the next starts.';

create function relay.forget_tries(now timestamptz, batch integer) returns void
language plpgsql set search_path = '' as $$
begin
  -- One sweep at a time, so that none waits. The batch is larger than that of generations, which have several tries
  -- each.
  if pg_try_advisory_xact_lock(7305, 0) then
    delete from relay.provider_tries t
    where t.ctid = any (array(
      select o.ctid from relay.provider_tries o where o.at < forget_tries.now - interval '5 minutes'
      order by o.at
      limit batch * 10
    ));
  end if;
  -- Under the same lock as the writers of the row, so that no start waits for a sweep.
  with old as materialized (
    select h.key from relay.provider_health h
    where greatest(h.since, h.rests_until) < forget_tries.now - interval '1 day'
    limit batch
  ), locked as materialized (
    select o.key from old o where pg_try_advisory_xact_lock(7304, hashtext(o.key::text))
  )
  delete from relay.provider_health h using locked l where h.key = l.key;
end;
$$;
comment on function relay.forget_tries is 'Prunes tries and rests that are too old to count.';
