begin; select plan(7);
select tests.given_tale('owner');
savepoint start;

-- A user's message is answered again.
create temp table begun as select tests.call_begin('owner', 'a', reroll_of => 'other question') as answer;
select is(answer ->> 'parent_id', tests.key('other question')::text, 'the answer hangs below the user''s message'
  ) from begun;
select is(answer -> 'context' -> -1, '{"role": "user", "content": "other question"}', 'it is the last in the context')
  from begun;
select is(answer ->> 'user_message_id', null, 'it is not written again') from begun;

rollback to start; -- A root.
select tests.given_conversation('greeting', 'owner');
select tests.given_message('Welcome!', 'greeting', by_user => false);
create temp table begun as select tests.call_begin('owner', 'a', reroll_of => 'Welcome!') as answer;
select is(answer ->> 'outcome', 'admitted', 'an answer without a question can be regenerated') from begun;
select is(answer ->> 'parent_id', null, 'the new version is a root too') from begun;
select is(answer -> 'context', '[]', 'nothing comes before it') from begun;
select is(
  tests.call_begin('owner', 'b', reroll_of => 'first question') ->> 'parent_id', tests.key('first question')::text,
  'a user''s root is answered');

select * from finish(); rollback;
