begin; select plan(12);
select tests.given_tale('owner');
savepoint start;

-- A deleted branch takes no message.
select tests.given_conversation('lost tale', 'owner');
create temp table begun as select tests.call_begin('owner', 'first', conversation => 'tale') as answer;
select tests.call_beat('first', 0, 4, 'Once');
select tests.back_date('first', interval '16 seconds');
select tests.given_expired('lost', 'owner', 'Once', 'lost tale');
delete from public.conversations where id = tests.key('lost tale');
delete from public.messages m using begun where m.id::text = answer ->> 'user_message_id';
create temp table before as select tests.the_story() as story;
select is(tests.call_sweep() ->> 'closed', '2', 'both are ended');
select is(tests.the_story(), story, 'no row of the conversation has changed') from before;
select is(array_agg(distinct status), array['interrupted'], 'as any other') from relay.generations;
select is(count(message_id), 0::bigint, 'without a message') from relay.generations;
select is_empty('select * from relay.chunks', 'the chunks are gone');
select is(tests.call_finish('first', 'Once upon a time.') ->> 'message_id', null, 'nor is the whole text one');

rollback to start; -- Leaves an active leaf that was moved.
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 4, 'Once');
select tests.given_active_leaf('tale', 'other question');
select tests.back_date('first', interval '16 seconds');
select is(tests.call_sweep() ->> 'closed', '1', 'it is ended');
select is(tests.leaf_of('tale'), 'other question', 'the reader is where the reader went');
select is(count(*), 1::bigint, 'the message is there all the same') from public.messages where stream_id = 'first';

rollback to start; -- A partial regenerated answer is a sibling.
select tests.call_begin('owner', 'first', reroll_of => 'second answer');
select tests.call_beat('first', 0, 4, 'Once');
select tests.back_date('first', interval '16 seconds');
select tests.call_sweep();
select is(parent_id, tests.key('second question'), 'it is a sibling of the old version')
  from public.messages where stream_id = 'first';
select is(tests.leaf_of('tale'), 'Once', 'it is the active leaf');
select is(content, 'second answer', 'the old version is as it was')
  from public.messages where id = tests.key('second answer');

select * from finish(); rollback;
