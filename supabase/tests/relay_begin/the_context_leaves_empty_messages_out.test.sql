begin; select plan(2);
select tests.given_tale('owner');
update public.messages set content = '' where id = tests.key('first answer');
create temp table begun as select tests.call_begin('owner', 'a', reroll_of => 'second answer') as answer;
select is(answer -> 'context',
  '[{"role": "user", "content": "first question"}, {"role": "user", "content": "second question"}]',
  'providers refuse empty messages') from begun;
select is(answer ->> 'parent_id', tests.key('second question')::text, 'the tree keeps them') from begun;

select * from finish(); rollback;
