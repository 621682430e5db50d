begin; select plan(8);
select tests.given_tale('owner');
select tests.call_begin('owner', stream_id, parent => 'second answer', max_concurrent => 9)
  from unnest(array['failed', 'late', 'left', 'cut']) as stream_id;
select is(tests.call_finish('failed', 'Once', 'failed', 'error', 'provider_error') ->> 'error_code', 'provider_error',
  'the provider failed');
select is(tests.call_finish('late', 'Once', 'failed', 'timeout', 'timeout') ->> 'status', 'failed', 'it took too long');
select is(
  tests.call_finish('left', 'Once', 'disconnected', 'disconnected') ->> 'status', 'disconnected', 'the reader left');
select is(tests.call_finish('cut', 'Once', 'interrupted', 'interrupted', 'interrupted') ->> 'status', 'interrupted',
  'the worker was stopped');
select results_eq($$ select m.stream_id, m.content, m.is_complete, m.finish_reason
  from public.messages m where m.stream_id is not null order by m.stream_id $$,
  $$ values ('cut', 'Once', false, 'interrupted'), ('failed', 'Once', false, 'error'),
  ('late', 'Once', false, 'timeout'), ('left', 'Once', false, 'disconnected') $$,
  'what there was of the text is stored, as incomplete');
select is(array_agg(distinct is_complete), array[false], 'each outcome says so') from (
  select (tests.call_finish(stream_id) ->> 'is_complete')::boolean as is_complete
  from unnest(array['failed', 'late', 'left', 'cut']) as stream_id) outcome;
select is(count(*), 4::bigint, 'all have ended') from relay.generations where finished_at is not null;
select is(count(message_id), 4::bigint, 'all know their message') from relay.generations;

select * from finish(); rollback;
