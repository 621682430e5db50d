begin; select plan(12);
select tests.given_tale('owner');
savepoint start;

-- Continues what the beats stored.
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 5, 'Once ');
select tests.call_beat('first', 5, 10, 'upon ');
select is(tests.call_finish('first', 'a time.', start_at => 10) ->> 'status', 'completed', 'it ends');
select is(content, 'Once upon a time.', 'the message is the whole text') from public.messages where stream_id = 'first';
select is(tests.leaf_of('tale'), 'Once upon a time.', 'it is the active leaf');
select is_empty('select * from relay.chunks', 'the chunks are gone');
select is(count(*), 1::bigint, 'there is one message') from public.messages where stream_id = 'first';

rollback to start; -- Needs no more text than the beats stored.
select tests.call_begin('owner', stream_id, parent => 'second answer') from unnest(array['first', 'second']) as stream_id;
select tests.call_beat(stream_id, 0, 5, 'Once.') from unnest(array['first', 'second']) as stream_id;
select isnt(tests.call_finish('first', '', start_at => 5) ->> 'message_id', null, 'an empty end makes a message');
select isnt(tests.call_finish('second', null, start_at => 5) ->> 'message_id', null, 'and so does none at all');
select results_eq($$ select content, is_complete from public.messages where stream_id is not null $$,
  $$ values ('Once.', true), ('Once.', true) $$, 'of what the beats had brought');
select is_empty('select * from relay.chunks', 'the chunks are gone');

rollback to start; -- Leaves the text of others alone.
select tests.call_begin('owner', stream_id, parent => 'second answer') from unnest(array['first', 'second']) as stream_id;
select tests.call_beat('first', 0, 5, 'Once ');
select tests.call_beat('second', 0, 5, 'Twice');
select tests.call_finish('first', 'upon', start_at => 5);
select is(content, 'Once upon', 'each message has its own text') from public.messages where stream_id = 'first';
select is(relay.text_of('second'), 'Twice', 'the other one has its text still');
select is(text_units, 5, 'and where it ends') from relay.generations where stream_id = 'second';

select * from finish(); rollback;
