begin;
select plan(6);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', reroll_of => 'second answer');
create temp table before as select tests.the_story() as story;

select is(tests.call_finish('first', '') ->> 'message_id', null, 'there is no message');
select is(tests.the_story(), story, 'no row of the story has changed') from before;
select is(status, 'completed', 'the generation has ended all the same') from relay.generations;

select tests.call_begin('owner', 'second', reroll_of => 'second answer');
select is(
  tests.call_finish('second', null, 'failed', 'error', 'provider_auth') ->> 'message_id', null, 'nor for no text at all'
);
select is(tests.the_story(), story, 'a failed reroll leaves the story as it was') from before;
select is(count(*), 6::bigint, 'all old versions are there') from public.messages;

select * from finish();
rollback;
