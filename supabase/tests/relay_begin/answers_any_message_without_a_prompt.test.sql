begin; select plan(2);
select tests.given_tale('owner');
select tests.given_bot('other bot', 'owner');
update public.messages set bot_id = tests.key('bot') where id = tests.key('first answer');
create temp table begun as
  select tests.call_begin('owner', 'a', answer_to => 'first answer', bot => 'other bot') as answer;
select is(answer ->> 'parent_id', tests.key('first answer')::text, 'the answer hangs below one that is no leaf') from begun;
select is(answer -> 'context',
  '[{"role": "user", "content": "first question"}, {"role": "user", "content": "bot: first answer"}]',
  'what the first bot said is the user''s, after its name') from begun;

select * from finish(); rollback;
