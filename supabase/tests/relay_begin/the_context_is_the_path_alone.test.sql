begin; select plan(8);
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

rollback to start; -- A ring of parents ends.
-- One statement can make a ring, since foreign keys are checked at its end.
select tests.given_tale('owner');
insert into public.messages (id, user_id, conversation_id, parent_id, content) values
  (tests.key('head'), tests.id('owner'), tests.key('tale'), tests.key('tail'), 'head'),
  (tests.key('tail'), tests.id('owner'), tests.key('tale'), tests.key('head'), 'tail');
create temp table before as select tests.everything() as everything;
select is(
  tests.call_begin('owner', 'a', parent => 'head') ->> 'code', 'payload_too_large', 'a path without end is too long');
select is(tests.call_begin('owner', 'a', reroll_of => 'tail') ->> 'code', 'payload_too_large', 'for regenerating too');
select is(tests.everything(), everything, 'nothing has changed') from before;
update public.messages set content = '' where id in (tests.key('head'), tests.key('tail'));
select is(
  tests.call_begin('owner', 'a', parent => 'head') ->> 'code', 'payload_too_large', 'also where it has no characters');

select * from finish(); rollback;
