begin; select plan(12);
select tests.given_tale('owner');
update public.bots set memory = true, context_tokens = 8000;
create temp view story as select tests.the_story() - 'public.memories' as story;
create temp table before as select * from story;
select tests.call_begin_memory('owner', 'm', 'first answer');
select tests.given_text('m', 'They ');
savepoint start;

-- How many memories there are after this end.
create function pg_temp.memories_after(
  content text, status text default 'completed', reason text default 'stop', code text default null, before text default 'select 1'
) returns text language plpgsql as $$
declare
  v_ended text;
begin
  execute before;
  v_ended := tests.call_finish('m', content, status, reason, code) ->> 'status';
  raise sqlstate 'UNDO1' using message = v_ended || ' ' || (select count(*) from public.memories);
exception when sqlstate 'UNDO1' then
  return sqlerrm;
end
$$;
select is(pg_temp.memories_after('met.'), 'completed 1', 'a whole one is stored');
select is(pg_temp.memories_after('met.', 'failed', 'error', 'provider_error'), 'failed 0', 'a failure leaves nothing');
select is(pg_temp.memories_after('met.', 'interrupted', 'interrupted', 'interrupted'), 'interrupted 0', 'nor does a shutdown');
select is(pg_temp.memories_after('I must not', reason => 'content_filter'), 'completed 0', 'nor does a content filter');
select is(pg_temp.memories_after('met.', before => $$ delete from public.messages where id = tests.key('first answer') $$),
  'completed 0', 'a message that was deleted gets none');
select is(pg_temp.memories_after(E' \n', before => $$ delete from relay.chunks; update relay.generations set text_units = 0 $$),
  'completed 0', 'an empty text is none');
select tests.call_finish('m', 'met.', 'failed', 'error', 'provider_error');
select is(tests.call_begin_memory('owner', 'm2', 'first answer') ->> 'outcome', 'admitted', 'it can be tried again');

rollback to start; -- The sweep's, and a worker that comes back.
select tests.back_date('m', interval '1 minute');
select is(tests.call_sweep() -> 'closed', '1', 'a sweep ends what a dead worker left');
select is(s.story, b.story, 'in the story nothing is stored') from story s, before b;
select is(tests.counted('memories_ended_total', '{"outcome": "interrupted", "code": "interrupted"}'),
  1::double precision, 'it is counted as a memory');
select is(tests.call_finish('m', 'They met.', fence => (select g.fence from relay.generations g)) ->> 'status',
  'interrupted', 'its worker comes too late');
select is_empty('table public.memories', 'for then another one may be written');

select * from finish(); rollback;
