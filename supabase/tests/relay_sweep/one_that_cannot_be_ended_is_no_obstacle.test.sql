begin; select plan(8);
select tests.given_tale('owner');
select tests.given_expired('good', 'owner', 'Once', 'tale', 'second answer');
select tests.given_expired('taken', 'owner', 'Twice', 'tale', 'second answer');
select tests.back_date('taken', interval '1 minute');
-- As another relay on the same database might write it.
select tests.given_message('of another', 'tale', 'second answer', false, stream_id => 'taken');
set local client_min_messages = error;
select is(tests.call_sweep(), '{"closed": 1, "pruned": 0}', 'the others are ended');
select is(status, 'interrupted', 'with their messages') from relay.generations where stream_id = 'good';
select is(status, 'running', 'that one is left') from relay.generations where stream_id = 'taken';
select is(relay.text_of('taken'), 'Twice', 'with its text');
select is(tests.call_begin('owner', 'new', conversation => 'tale') ->> 'outcome', 'admitted', 'its user goes on, too');
select is(tests.call_cancel('owner', 'taken'), '{"status": "cancelling"}', 'and can ask for its end');

-- What another transaction holds is skipped; what foreign keys cannot skip ends before Postgres looks for a deadlock.
select ok(split_part(setting, '=', 2)::interval < '200 ms', 'who ends a generation gives up soon: ' || setting)
  from pg_catalog.pg_proc p, unnest(p.proconfig) as setting
  where p.oid = 'relay.close_expired(text)'::regprocedure and setting like 'lock_timeout=%';
select is(skips, 2::bigint, 'it skips a conversation and a generation that are held') from (select count(*) as skips
  from pg_catalog.pg_proc p, regexp_matches(p.prosrc, 'for (no key )?update skip locked', 'g')
  where p.oid = 'relay.close_expired(text)'::regprocedure) source;

select * from finish(); rollback;
