begin; select plan(12);
select tests.given_tale('owner');
update public.messages set content = 'A fox 🦊' where id = tests.key('first answer');
savepoint start;

-- The whole is one message, and the old one stays.
select tests.call_begin('owner', 'a', continue_of => 'first answer');
select tests.call_beat('a', 8, 13, ' ran ');
select is(tests.call_finish('a', 'home.', start_at => 0), '{"expected_start": 13}', 'the text goes on behind the beats');
select is(tests.call_finish('a', 'home.') ->> 'status', 'completed', 'it is completed');
select is(tests.leaf_of('tale'), 'A fox 🦊 ran home.', 'the whole is the active leaf');
select is(parent_id::text, tests.key('first question')::text, 'where the old one is')
  from public.messages where stream_id = 'a';
select is(content, 'A fox 🦊', 'which is as it was') from public.messages where id = tests.key('first answer');

rollback to start; -- Where nothing was added nothing is stored.
create temp table before as select tests.the_story() as story;
select tests.call_begin('owner', 'a', continue_of => 'first answer');
select is(tests.call_finish('a', '') ->> 'message_id', null, 'there is no message');
select tests.call_begin('owner', 'b', continue_of => 'first answer');
select is(tests.call_finish('b', null, 'failed', 'error', 'provider_error') ->> 'message_id', null, 'nor for a failure');
select is(tests.the_story(), story, 'no row of the conversation has changed') from before;
select is_empty('select * from relay.chunks', 'no chunk is left');

rollback to start; -- After a sweep that stored nothing, its worker brings the whole.
select tests.call_begin('owner', 'a', continue_of => 'first answer');
select tests.back_date('a', interval '16 seconds');
select tests.call_sweep();
select is(tests.call_finish('a', 'A fox 🦊', 'failed', 'error', 'timeout', start_at => 0) ->> 'message_id', null,
  'the old text alone is nothing new');
rollback to start;
select tests.call_begin('owner', 'a', continue_of => 'first answer');
select tests.back_date('a', interval '16 seconds');
select tests.call_sweep();
select is(tests.call_finish('a', ' ran.', start_at => 8), '{"expected_start": 0}', 'no part is taken');
select tests.call_finish('a', 'A fox 🦊 ran.', start_at => 0);
select is(tests.leaf_of('tale'), 'A fox 🦊 ran.', 'the whole is stored');

select * from finish(); rollback;
