begin; select plan(18);
savepoint start;

-- What is no id of this database is an id that nothing has.
select tests.given_tale('owner');
create function tests.call(reroll_of text, conversation text, bot text, parent text) returns text language sql as $$
  select answer ->> 'code' from public.relay_begin(tests.id('owner'), 'a', 'worker',
    case when call.reroll_of is null then 'And then?' end, call.reroll_of, call.conversation, call.bot, call.parent,
    call.parent is not null, 5, 3, 15000, 200000) as answer
$$;
select is(tests.call(wrong, null, null, null), 'message_not_found', format('"%s" is not regenerated', wrong))
  from unnest(array['abc', '99999999999999999999', '1.5', '']) as wrong;
select is(tests.call(null, null, null, wrong), 'message_not_found', format('"%s" is no parent', wrong))
  from unnest(array['abc', '99999999999999999999', '1.5', '']) as wrong;
select is(tests.call(null, wrong, null, null), 'conversation_not_found', format('"%s" is no conversation', wrong))
  from unnest(array['abc', '99999999999999999999']) as wrong;
select is(tests.call(null, 'abc', null, tests.key('first answer')::text), 'conversation_not_found',
  'nor with a message');
select is(tests.call(null, tests.key('tale')::text, null, 'abc'), 'message_not_found',
  'nor is that one of its messages');
select is(tests.call(null, tests.key('tale')::text, wrong, null), 'bot_not_found', format('"%s" is no bot', wrong))
  from unnest(array['abc', '99999999999999999999']) as wrong;

rollback to start; -- Ids come back as the database has them, in whatever text they came.
select tests.given_tale('owner');
create temp table begun as select public.relay_begin(tests.id('owner'), 'a', 'worker', 'And then?', null,
  tests.key('tale')::text, tests.key('bot')::text, tests.key('first answer')::text, true, 5, 3, 15000, 200000
) as answer;
select is(answer -> 'conversation_id', to_jsonb(tests.key('tale')), 'the conversation') from begun;
select is(answer -> 'bot_id', to_jsonb(tests.key('bot')), 'the bot') from begun;
select is(answer -> 'user_message_id', to_jsonb(m.id), 'the prompt') from begun, public.messages m
  where m.parent_id = tests.key('first answer') and m.content = 'And then?';

rollback to start; -- A number that JavaScript would round is a text.
select is(relay.exact_ids('{"a": 9007199254740991, "low": -9007199254740993, "high": 9007199254740992, "b": "1"}'),
  '{"a": 9007199254740991, "low": "-9007199254740993", "high": "9007199254740992", "b": "1"}', 'and no other');

select * from finish(); rollback;
