begin; select plan(13);
select tests.given_tale('owner');
update public.bots set memory = true, context_tokens = 8000;
create temp table before as select tests.the_story() - 'public.memories' as story;
create temp view story as select tests.the_story() - 'public.memories' as story;
select tests.call_begin_memory('owner', 'm', 'first answer');
savepoint start;

select tests.given_text('m', 'They ');
select tests.call_finish('m', 'met.', status, reason, code) from (values
  ('failed', 'error', 'provider_error')) as m (status, reason, code);
select is_empty('table public.memories', 'a failure leaves nothing');
select is(tests.call_begin_memory('owner', 'm2', 'first answer') ->> 'outcome', 'admitted', 'it can be tried again');
rollback to start;
select tests.call_finish('m', 'They met.', 'interrupted', 'interrupted', 'interrupted');
select is_empty('table public.memories', 'nor does a shutdown');
rollback to start;
select tests.call_finish('m', 'I must not', 'completed', 'content_filter');
select is_empty('table public.memories', 'nor a filter');
rollback to start;
select tests.call_finish('m', E' \n');
select is_empty('table public.memories', 'nor an empty text');
rollback to start;
delete from public.messages where id = tests.key('first answer');
select is(tests.call_finish('m', 'They met.') ->> 'status', 'completed', 'a message that was deleted takes none');
select is_empty('table public.memories', 'and nothing is left of it');

-- The sweep's, and a worker that comes back.
rollback to start;
select tests.given_text('m', 'They ');
select tests.back_date('m', interval '1 minute');
select is(tests.call_sweep() -> 'closed', '1', 'a sweep ends what a dead worker left');
select is_empty('table public.memories', 'and stores nothing of it');
select is(s.story, b.story, 'in the story neither') from story s, before b;
select is(tests.counted('memories_ended_total', '{"outcome": "interrupted", "code": "interrupted"}'),
  1::double precision, 'it is counted as a memory');
select is(tests.call_finish('m', 'They met.', fence => (select g.fence from relay.generations g)) ->> 'status',
  'interrupted', 'its worker comes too late');
select is_empty('table public.memories', 'for then another one may be written');

select * from finish(); rollback;
