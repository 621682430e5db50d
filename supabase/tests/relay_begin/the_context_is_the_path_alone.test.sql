begin; select plan(4);
savepoint start;

-- The context is the path alone.
select tests.given_tale('owner');
select is(tests.call_begin('owner', 'a', 'And then?', conversation => 'tale') -> 'context', '[
  {"role": "user", "content": "first question"}, {"role": "assistant", "content": "first answer"},
  {"role": "user", "content": "second question"}, {"role": "assistant", "content": "second answer"},
  {"role": "user", "content": "And then?"}]', 'from the root to the active leaf, in order and by role');
select is(tests.call_begin('owner', 'b', 'Why?', parent => 'other question') -> 'context', '[
  {"role": "user", "content": "first question"}, {"role": "assistant", "content": "other answer"},
  {"role": "user", "content": "other question"}, {"role": "user", "content": "Why?"}]',
  'the other branch has nothing of the first');

rollback to start; -- The context leaves empty messages out.
select tests.given_tale('owner');
update public.messages set content = '' where id = tests.key('first answer');
create temp table begun as select tests.call_begin('owner', 'a', reroll_of => 'second answer') as answer;
select is(answer -> 'context',
  '[{"role": "user", "content": "first question"}, {"role": "user", "content": "second question"}]',
  'providers refuse empty messages') from begun;
select is(answer ->> 'parent_id', tests.key('second question')::text, 'the tree keeps them') from begun;

select * from finish(); rollback;
