begin; select plan(10);
select tests.given_tale('owner');
savepoint start;

-- A user's message: a lost answer is asked for again.
create temp table before as select tests.the_story() as story;
create temp table begun as select tests.call_begin('owner', 'a', answer_to => 'second question') as answer;
select is(answer ->> 'parent_id', tests.key('second question')::text, 'the answer hangs below it') from begun;
select is(answer ->> 'user_message_id', null, 'the user has said nothing') from begun;
select is(jsonb_path_query_array(answer, '$.context[*].content'), '["first question", "first answer", "second question"]',
  'the context ends with it') from begun;
select is(tests.the_story(), story, 'no row of the conversation has changed') from before;
select tests.call_finish('a', 'They lived.');
select is(tests.leaf_of('tale'), 'They lived.', 'and is the active leaf');

rollback to start; -- A bot's message: another takes its turn.
select tests.given_bot('other bot', 'owner');
update public.messages set bot_id = tests.key('bot') where id = tests.key('first answer');
create temp table begun as
  select tests.call_begin('owner', 'a', answer_to => 'first answer', bot => 'other bot') as answer;
select is(answer ->> 'parent_id', tests.key('first answer')::text, 'the answer hangs below it') from begun;
select is(answer -> 'context',
  '[{"role": "user", "content": "first question"}, {"role": "user", "content": "bot: first answer"}]',
  'what the first bot said is the user''s, after its name') from begun;

rollback to start; -- What is not there is not answered.
select tests.make_user('stranger');
select is(tests.call_begin('stranger', 'a', answer_to => 'first answer') ->> 'code', 'message_not_found',
  'another user''s');
select is(tests.call_begin('owner', 'a', answer_to => 'no message') ->> 'code', 'message_not_found', 'an unknown one');
select tests.given_conversation('other tale', 'owner');
select is(tests.call_begin('owner', 'a', answer_to => 'first answer', conversation => 'other tale') ->> 'code',
  'message_not_found', 'one of another conversation than the named');

select * from finish(); rollback;
