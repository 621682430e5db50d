-- What /metrics tells: counters that outlive every worker. Each counter stands in many slots, a transaction adds to one
-- slot that no other transaction holds, and the counter is the sum over its slots. So nobody who ends a generation
-- waits for somebody else who does.
create table relay.series (
  id smallint generated always as identity primary key,
  name text not null,
  labels jsonb not null default '{}',
  constraint series_are_named_once unique (name, labels)
);

create table relay.counters (
  series_id smallint not null,
  slot integer not null,
  value double precision not null,
  primary key (series_id, slot),
  constraint counters_have_a_series foreign key (series_id) references relay.series (id),
  constraint counters_only_grow check (value > 0)
) with (fillfactor = 50); -- Rows are updated without end; the room for that is on their own page.

alter table relay.series enable row level security;
alter table relay.counters enable row level security;
revoke all on table relay.series, relay.counters from public, anon, authenticated;
-- What can be counted is a migration's to say: no worker adds a series, whatever code it brings.
grant select on table relay.series to service_role;
grant select, insert, update, delete on table relay.counters to service_role;

comment on table relay.series is 'Every counter that there can be: what is not here is not counted, so no label grows.';
comment on column relay.series.name is 'As in /metrics, without its prefix; a bucket of a histogram counts what fell into it alone.';
comment on table relay.counters is 'What was counted, in slots; a series without a row stands at zero.';
comment on column relay.counters.slot is '0 to 63, or below zero that of one session.';

create type relay.increment as (name text, labels jsonb, amount double precision);
comment on type relay.increment is 'How much is to be added to which series.';

-- The lock is tried and never waited for, and the rows of a slot are touched by its holder alone: whatever else a
-- transaction holds, and however long it stays open, counting makes nobody wait and is part of no deadlock.
create function relay.take_slot() returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_slots constant integer := 64;
  v_slot integer;
begin
  for v_step in 0..v_slots - 1 loop
    v_slot := (pg_backend_pid() + v_step) % v_slots;
    if pg_try_advisory_xact_lock(7303, v_slot) then
      return v_slot;
    end if;
  end loop;
  -- As many transactions as slots have counted and are still open. No other session has this one's pid, so a slot
  -- named after it needs no lock; there are at most as many of these as the server has had pids.
  return -pg_backend_pid();
end;
$$;

comment on function relay.take_slot() is 'A slot that is this transaction''s until its end; never waits.';
revoke all on function relay.take_slot() from public, anon, authenticated;
grant execute on function relay.take_slot() to service_role;

create function relay.count_up(variadic increments relay.increment[]) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_slot integer := relay.take_slot();
begin
  insert into relay.counters as c (series_id, slot, value)
  select s.id, v_slot, sum(i.amount)
  from unnest(increments) i
  join relay.series s on s.name = i.name and s.labels = i.labels
  where i.amount > 0
  group by s.id
  on conflict (series_id, slot) do update set value = c.value + excluded.value;
end;
$$;

comment on function relay.count_up(relay.increment[]) is
  'Adds to the series that there are. What has none is left out: a number must not keep what it counts from happening.';
revoke all on function relay.count_up(relay.increment[]) from public, anon, authenticated;
grant execute on function relay.count_up(relay.increment[]) to service_role;
