begin;
select plan(3);

select tests.given_tale('owner');

create temp table begun as select tests.call_begin('owner', 'a', reroll_of => 'other question') as answer;

select is(
  answer ->> 'parent_id', tests.id('other question')::text, 'the answer hangs below the user''s message'
) from begun;
select is(answer -> 'context' -> -1, '{"role": "user", "content": "other question"}', 'it is the last in the context')
from begun;
select is(answer ->> 'user_message_id', null, 'it is not written again') from begun;

select * from finish();
rollback;
