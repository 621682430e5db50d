begin; select plan(10);
select tests.given_tale('owner');
savepoint start;

-- A regenerated answer is its sibling.
create temp table before as select tests.the_story() as story;
create temp table begun as select tests.call_begin('owner', 'a', reroll_of => 'first answer') as answer;
select is(answer ->> 'conversation_id', tests.key('tale')::text, 'the message names the conversation') from begun;
select is(answer ->> 'parent_id', tests.key('first question')::text, 'the new version hangs where the old one hangs')
  from begun;
select is(answer ->> 'user_message_id', null, 'the user has said nothing') from begun;
select is(answer -> 'context', '[{"role": "user", "content": "first question"}]',
  'neither the old version nor what is below it is sent') from begun;
select is(tests.the_story(), story, 'no row of the conversation has changed') from before;
select is(leaf_id::text, tests.key('second answer')::text, 'the generation remembers the leaf that it started from')
  from relay.generations where stream_id = 'a';

rollback to start; -- A partial answer can be regenerated.
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second question');
select tests.call_sweep();
create temp table begun as select public.relay_begin(
  tests.id('owner'), 'second', 'worker', null, m.id::text, null, null, null, false, 5, 3, 15000, 200000) as answer
  from public.messages m where m.stream_id = 'first';
select is(answer ->> 'outcome', 'admitted', 'it is a message as any other') from begun;
select is(answer ->> 'parent_id', tests.key('second question')::text, 'the new version answers the same') from begun;
select tests.call_finish('second', 'They lived.');
select is(tests.leaf_of('tale'), 'They lived.', 'and is the active leaf');
select is(content, 'Once', 'the part is as it was') from public.messages where stream_id = 'first';

select * from finish(); rollback;
