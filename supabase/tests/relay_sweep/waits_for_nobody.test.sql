begin;
select plan(2);

-- What another transaction holds is skipped; what foreign keys cannot skip ends before Postgres looks for a deadlock.
select ok(
  split_part(setting, '=', 2)::interval < '200 ms', 'who ends a generation gives up soon: ' || setting
)
from pg_catalog.pg_proc p, unnest(p.proconfig) as setting
where p.oid = 'relay.close_expired(text)'::regprocedure and setting like 'lock_timeout=%';
select is(
  skips, 2::bigint, 'it skips a conversation and a generation that are held'
) from (
  select count(*) as skips
  from pg_catalog.pg_proc p, regexp_matches(p.prosrc, 'for (no key )?update skip locked', 'g')
  where p.oid = 'relay.close_expired(text)'::regprocedure
) source;

select * from finish();
rollback;
