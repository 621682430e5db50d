-- One circuit breaker for all workers: how the tries of bots with fallbacks ended, and which providers rest.
-- relay_finish only adds rows, so that no end of a generation waits for another; the rows are counted when they are
-- read. It is kept for each owner of a key, so that no user's failures rest a provider for others.
create table relay.provider_tries (
  key uuid not null, has_failed boolean not null, started_at timestamptz not null,
  at timestamptz not null default clock_timestamp()
);
create index provider_tries_by_key on relay.provider_tries (key, has_failed, at);
create index provider_tries_by_time on relay.provider_tries (at);

create table relay.provider_health (
  key uuid primary key,
  owner_id uuid not null,
  endpoint text not null,
  model text not null,
  since timestamptz not null,
  rests_until timestamptz
);

alter table relay.provider_tries enable row level security;
alter table relay.provider_health enable row level security;
revoke all on table relay.provider_tries, relay.provider_health from public, anon, authenticated;
grant select, insert, delete on table relay.provider_tries to service_role;
grant select, insert, update, delete on table relay.provider_health to service_role;
comment on table relay.provider_tries is 'How tries of the last minutes ended, by relay.provider_key.';
comment on table relay.provider_health is 'Models that rest at a provider, for one owner of keys, or did not long ago.';

create function relay.provider_key(bot public.bots) returns uuid
language plpgsql stable set search_path = '' as $$
begin
  return md5(concat_ws(e'\n', bot.user_id, relay.endpoint_of(bot), bot.model))::uuid;
end;
$$;
comment on function relay.provider_key is 'The owner of the key, the endpoint and the model, whose texts no index may hold.';

-- After five failures in a minute that outnumber the successes a model rests until half a minute after the last of
-- them. Of the tries that begin during the rest or later, the last one to end decides. Written only under a lock that
-- no call waits for: the next call sees the same tries.
create function relay.health_of(bot public.bots, out is_well boolean, out is_due boolean, out since timestamptz)
language plpgsql set search_path = '' as $$
declare
  v_most constant integer := 5;
  v_window constant interval := interval '1 minute';
  v_rest constant interval := interval '30 seconds';
  v_now constant timestamptz := clock_timestamp();
  v_key constant uuid := relay.provider_key(bot);
  v_old relay.provider_health;
  v_new relay.provider_health;
  v_last record;
begin
  select h.* into v_old from relay.provider_health h where h.key = v_key;
  v_new := v_old;
  if v_old.rests_until is null then
    select count(*) as times, max(t.at) as at into v_last
    from relay.provider_tries t
    where t.key = v_key and t.has_failed and t.at > v_now - v_window
      and t.started_at >= coalesce(v_old.since, '-infinity');
    if v_last.times >= v_most and v_last.times > (
      select count(*)
      from (
        select 1 from relay.provider_tries t
        where t.key = v_key and not t.has_failed and t.at > v_now - v_window
          and t.started_at >= coalesce(v_old.since, '-infinity')
        limit v_last.times
      ) s
    ) then
      -- A start of exactly that moment is no trial: a claim has the time of its start.
      v_new.since := v_last.at + interval '1 microsecond';
      v_new.rests_until := v_last.at + v_rest;
    end if;
  else
    select t.has_failed, t.at into v_last
    from relay.provider_tries t
    where t.key = v_key and t.started_at >= v_old.since
    order by t.at desc
    limit 1;
    if v_last.has_failed then
      v_new.rests_until := greatest(v_old.rests_until, v_last.at + v_rest);
    elsif not v_last.has_failed then
      v_new.since := v_last.at;
      v_new.rests_until := null;
    end if;
  end if;
  if v_new is distinct from v_old and pg_try_advisory_xact_lock(7304, hashtext(v_key::text)) then
    insert into relay.provider_health as h (key, owner_id, endpoint, model, since, rests_until)
    values (v_key, bot.user_id, relay.endpoint_of(bot), bot.model, v_new.since, v_new.rests_until)
    on conflict (key) do update set since = excluded.since, rests_until = excluded.rests_until
    where h.since <= excluded.since;
  end if;
  is_well := v_new.rests_until is null;
  is_due := v_new.rests_until <= v_now;
  since := v_new.since;
end;
$$;
comment on function relay.health_of is 'Whether the bot''s model is well at its provider; if not: whether its rest is over.';

-- A claim extends the rest for all others. It needs no release: the end of its try decides, or else the next claim.
create function relay.claim_try(bot public.bots, at timestamptz) returns boolean
language plpgsql set search_path = '' as $$
declare
  v_key constant uuid := relay.provider_key(bot);
begin
  if not pg_try_advisory_xact_lock(7304, hashtext(v_key::text)) then
    return false;
  end if;
  update relay.provider_health h
  set since = claim_try.at, rests_until = clock_timestamp() + interval '30 seconds'
  where h.key = v_key and h.rests_until <= clock_timestamp();
  return found;
end;
$$;
comment on function relay.claim_try is
  'Lets the generation that began then try a provider whose rest is over; false: another one does.';
