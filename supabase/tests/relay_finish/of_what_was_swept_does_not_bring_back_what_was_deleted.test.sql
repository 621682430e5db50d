begin;
select plan(5);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once ', 'tale', 'second answer');
select tests.given_expired('second', 'owner', 'Twice ', 'tale', 'second answer');
select tests.call_sweep();
delete from public.messages where stream_id = 'first';
create temp table before as select tests.the_story() as story;

select is(tests.call_finish('first', 'Once upon a time.') ->> 'message_id', null, 'a message that its user deleted');
select is(status, 'completed', 'the generation has ended as it did') from relay.generations where stream_id = 'first';
select is(tests.the_story(), story, 'no row of the story has changed') from before;
delete from public.conversations;
select is(tests.call_finish('second', 'Twice upon a time.') ->> 'message_id', null, 'nor a conversation');
select is(count(*), 0::bigint, 'the story does not come back') from public.messages;

select * from finish();
rollback;
