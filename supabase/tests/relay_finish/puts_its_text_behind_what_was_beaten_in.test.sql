begin;
select plan(5);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 5, 'Once ');
select tests.call_beat('first', 5, 10, 'upon ');

select is(tests.call_finish('first', 'a time.', start_at => 10) ->> 'status', 'completed', 'it ends');
select is(content, 'Once upon a time.', 'the message is the whole text') from public.messages where stream_id = 'first';
select is(tests.leaf_of('tale'), 'Once upon a time.', 'it is the active leaf');
select is_empty('select * from relay.chunks', 'the pieces are gone');
select is(count(*), 1::bigint, 'there is one message') from public.messages where stream_id = 'first';

select * from finish();
rollback;
