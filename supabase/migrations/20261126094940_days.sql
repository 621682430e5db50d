-- Work on settled days: rows of one key are merged, and missing prices are settled later.

-- One merge at a time, and it waits for nothing: rows that a user's deletion holds are merged later.
create function relay.merge_days(batch integer default 20000) returns void
language plpgsql set search_path = '' set lock_timeout = '50ms' as $$
begin
  if not pg_try_advisory_xact_lock(7303, 1) then
    return;
  end if;
  with taken as (
    delete from public.usage_days u
    where u.id = any (array(
      select l.id from public.usage_days l where not l.is_merged limit batch for update skip locked
    ))
    returning u.*
  )
  insert into public.usage_days as m (
    day, user_id, bot_id, model, generations, estimated, prompt_tokens, cached_tokens, completion_tokens,
    reasoning_tokens, cost, is_merged
  )
  select
    t.day, t.user_id, t.bot_id, t.model, sum(t.generations), sum(t.estimated), sum(t.prompt_tokens),
    sum(t.cached_tokens), sum(t.completion_tokens), sum(t.reasoning_tokens), sum(t.cost), true
  from taken t
  group by t.day, t.user_id, t.bot_id, t.model
  on conflict (day, user_id, bot_id, model) where is_merged do update
  set
    generations = m.generations + excluded.generations, estimated = m.estimated + excluded.estimated,
    prompt_tokens = m.prompt_tokens + excluded.prompt_tokens, cached_tokens = m.cached_tokens + excluded.cached_tokens,
    completion_tokens = m.completion_tokens + excluded.completion_tokens,
    reasoning_tokens = m.reasoning_tokens + excluded.reasoning_tokens,
    cost = coalesce(m.cost + excluded.cost, m.cost, excluded.cost);
exception
  when lock_not_available or deadlock_detected or foreign_key_violation then
    return;
end;
$$;
comment on function relay.merge_days is
  'Makes the rows of one day, user, bot and model one row; at most a batch of them.';

-- Never waits while it holds a lock, because others lock the same rows in other orders: the deletion of a user locks
-- the user before its generations, that of a story only some of them.
create function relay.reprice(since timestamptz, until timestamptz default 'infinity') returns integer
language plpgsql set search_path = '' as $$
declare
  v_before relay.generations;
  v_after relay.generations;
  v_changed integer;
begin
  loop
    begin
      v_changed := 0;
      -- Takes all locks before the first change: undoing changes takes a hundred times as long as taking locks, and
      -- with constant deletions of stories it would never finish.
      perform 1 from relay.generations g
      join auth.users u on u.id = g.user_id
      where g.started_at >= since and g.started_at < until and g.status <> 'running'
      for update of g nowait for key share of u nowait;
      perform 1 from relay.past_usage p where p.until > (since at time zone 'UTC')::date for update nowait;
      for v_before in
        select g.* from relay.generations g
        join auth.users u on u.id = g.user_id
        where g.started_at >= since and g.started_at < until and g.status <> 'running'
        for update of g nowait for key share of u nowait
      loop
        v_after := v_before;
        v_after.cost := relay.cost_of(
          v_after.host, v_after.model, v_after.started_at, v_after.prompt_tokens, v_after.cached_tokens,
          v_after.completion_tokens
        );
        continue when v_after.cost is not distinct from v_before.cost;
        update relay.generations g set cost = v_after.cost where g.stream_id = v_after.stream_id;
        perform relay.settle(v_before, v_after);
        v_changed := v_changed + 1;
      end loop;
      delete from relay.past_usage p where p.scope = any (array(
        select l.scope from relay.past_usage l where l.until > (since at time zone 'UTC')::date for update nowait
      ));
      return v_changed;
    exception when lock_not_available then
      -- The block is undone, so that it holds no lock.
      perform pg_catalog.pg_sleep(0.02);
    end;
  end loop;
end;
$$;
comment on function relay.reprice is
  'Settles again, with the prices of now, what has started in that time and is not pruned; how many have changed.';
