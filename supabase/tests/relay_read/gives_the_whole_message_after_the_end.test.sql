begin; select plan(12);
savepoint start;

-- Gives the whole message after the end.
select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 5, 'They ');
select tests.call_finish('first', 'lived.', completion_tokens => 3);
create temp table views as select tests.call_read('owner', 'first', 0) as view;
select is(jsonb_build_array(view -> 'start', view -> 'text'), '[0, "They lived."]', 'from its beginning') from views;
select is(view -> 'message', to_jsonb(m) - 'content', 'with the rest of the message')
  from views, public.messages m where m.stream_id = 'first';
select is(view -> 'generation', to_jsonb(g) - 'fence', 'and of the generation')
  from views, relay.generations g where g.stream_id = 'first';
select is(tests.call_read('owner', 'first', 5), view, 'whatever the offset: the reader knows what to leave out')
  from views;
select is(tests.call_read('owner', 'first', 99), view, 'also beyond the end') from views;

rollback to start; -- Says how it ended where there is no message.
select tests.given_tale('owner');
select tests.call_begin('owner', 'silent', conversation => 'tale');
select tests.call_finish('silent', '', 'failed', 'error', 'provider_auth');
select tests.call_begin('owner', 'deleted', conversation => 'tale');
select tests.call_finish('deleted');
delete from public.messages where stream_id = 'deleted';
select is(view - 'generation', '{"message": null, "start": 0, "text": null}', stream_id || ': there is no text')
  from unnest(array['silent', 'deleted']) as stream_id, tests.call_read('owner', stream_id) as view;
select is(tests.call_read('owner', 'silent') -> 'generation' ->> 'error_code', 'provider_auth', 'it failed');
select is(tests.call_read('owner', 'deleted') -> 'generation' ->> 'status', 'completed', 'it was completed');

rollback to start; -- What has no text yet is there.
select tests.make_user('owner');
select tests.given_generation('first', 'owner');
create temp table views as select tests.call_read('owner', 'first') as view;
select is(view - 'generation', '{"start": null, "text": null}', 'there is nothing to show') from views;
select is(view -> 'generation' ->> 'status', 'running', 'but a worker runs it') from views;
select is(view -> 'generation' ->> 'model', 'model', 'whose model the reader can see') from views;

select * from finish(); rollback;
