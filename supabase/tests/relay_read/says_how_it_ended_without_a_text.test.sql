begin; select plan(7);
savepoint start;

-- Says how it ended where there is no message.
select tests.given_tale('owner');
select tests.call_begin('owner', 'silent', conversation => 'tale');
select tests.call_finish('silent', '', 'failed', 'error', 'provider_auth');
select tests.call_begin('owner', 'deleted', conversation => 'tale');
select tests.call_finish('deleted');
delete from public.messages where stream_id = 'deleted';
select is(view - 'generation', '{"message": null, "start": null, "end": null, "text": null, "more": false}',
  stream_id || ': there is no text')
  from unnest(array['silent', 'deleted']) as stream_id, tests.call_read('owner', stream_id) as view;
select is(tests.call_read('owner', 'silent') -> 'generation' ->> 'error_code', 'provider_auth', 'it failed');
select is(tests.call_read('owner', 'deleted') -> 'generation' ->> 'status', 'completed', 'it was completed');

rollback to start; -- What has no text yet is there.
select tests.make_user('owner');
select tests.given_generation('first', 'owner');
create temp table views as select tests.call_read('owner', 'first') as view;
select is(view - 'generation', '{"start": null, "end": null, "text": null, "more": false}', 'there is nothing to show')
  from views;
select is(view -> 'generation' ->> 'status', 'running', 'but a worker runs it') from views;
select is(view -> 'generation' ->> 'model', 'model', 'whose model the reader can see') from views;

select * from finish(); rollback;
