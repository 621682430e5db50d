begin; select plan(12);
select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once ', 'tale', 'second answer');
savepoint start;

-- Of what was swept leaves the story below it.
create temp table begun as select tests.call_begin('owner', 'second', 'Go on!', conversation => 'tale') as answer;
select is(answer ->> 'parent_id', answer ->> 'user_message_id', 'the reader went on below the part') from begun;
select tests.call_finish('first', 'Once upon a time.');
select is(tests.leaf_of('tale'), 'Go on!', 'and stays there');
select is(parent.content, 'Once upon a time.', 'below what is whole now')
  from public.messages child join public.messages parent on parent.id = child.parent_id where child.content = 'Go on!';
select tests.call_finish('second', 'They lived.');
select is(tests.leaf_of('tale'), 'They lived.', 'the answer is the active leaf then');

rollback to start; -- Of what was swept does not bring back what was deleted.
select tests.given_expired('second', 'owner', 'Twice ', 'tale', 'second answer');
select tests.call_sweep();
delete from public.messages where stream_id = 'first';
create temp table before as select tests.the_story() as story;
select is(tests.call_finish('first', 'Once upon a time.') ->> 'message_id', null, 'a message that its user deleted');
select is(status, 'completed', 'the generation has ended as it did') from relay.generations where stream_id = 'first';
select is(tests.the_story(), story, 'no row of the conversation has changed') from before;
delete from public.conversations;
select is(tests.call_finish('second', 'Twice upon a time.') ->> 'message_id', null, 'nor a conversation');
select is(count(*), 0::bigint, 'the story does not come back') from public.messages;

rollback to start; -- Of what was swept as cancelled changes nothing.
update relay.generations set cancel_requested_at = clock_timestamp();
select tests.call_sweep();
create temp table before as select tests.everything() as everything;
select is(tests.call_finish('first', 'Once upon a time.', fence => tests.id('fence of first'), start_at => start_at)
  ->> 'status', 'cancelled', 'its user was answered so, from ' || start_at
  ) from unnest(array[0, 5]) as start_at;
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish(); rollback;
