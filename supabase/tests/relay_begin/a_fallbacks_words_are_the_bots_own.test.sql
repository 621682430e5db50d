begin; select plan(9);
select tests.given_tale('owner');
select tests.given_bot('Crow', 'owner');
select tests.given_bot('Owl', 'owner');
update public.messages set bot_id = tests.key('Crow') where id in (tests.key('first answer'), tests.key('second answer'));
select tests.given_fallbacks('bot', 'Owl', 'Crow');
savepoint start;
select is(tests.call_begin('owner', 'a', 'And then?', conversation => 'tale') -> 'context', '[
  {"role": "user", "content": "first question"}, {"role": "assistant", "content": "first answer"},
  {"role": "user", "content": "second question"}, {"role": "assistant", "content": "second answer"},
  {"role": "user", "content": "And then?"}]', 'its messages are the assistant''s');

rollback to start; -- The other way round it is another bot.
update public.messages set bot_id = tests.key('bot') where id = tests.key('first answer');
select is(tests.call_begin('owner', 'a', 'And then?', conversation => 'tale', bot => 'Crow') -> 'context' -> 1,
  '{"role": "user", "content": "bot: first answer"}', 'a fallback does not speak for the bot');

rollback to start; -- A cut counts no name, and begins with what a user said.
update public.bots set context_tokens = 256, reply_tokens = 16 where id = tests.key('bot');
update public.messages set content = repeat('x', 400) where id in (tests.key('first answer'), tests.key('first question'));
select is(tests.call_begin('owner', 'a', 'And then?', conversation => 'tale') -> 'context' -> 0,
  '{"role": "user", "content": "second question"}', 'as in a story of one bot');
select is(tests.call_begin('owner', 'b', 'Why?', conversation => 'tale', parent => 'second answer', preview => true)
  -> 'messages' -> 1 ->> 'role', 'assistant', 'and a preview says so');

rollback to start; -- It is asked to go on where its own words would be the last.
select tests.call_begin('owner', 'a', answer_to => 'second answer');
update public.messages set bot_id = tests.key('bot') where id in (tests.key('first answer'), tests.key('second answer'));
select tests.call_begin('owner', 'b', answer_to => 'second answer');
select is(a.context_bytes, b.context_bytes, 'the turn that is added counts') from relay.generations a, relay.generations b
where a.stream_id = 'a' and b.stream_id = 'b';

rollback to start; -- What a fallback wrote is continued by the bot that was asked.
create temp table asked as select tests.call_begin('owner', 'a', continue_of => 'second answer') as answer;
select is(answer -> 'bot_id', to_jsonb(tests.key('bot')), 'which the conversation names') from asked;
rollback to start;
update public.conversations set bot_id = tests.key('Owl');
select tests.given_generation('g', 'owner', 'completed');
update relay.generations set asked_bot_id = tests.key('bot'), bot_id = tests.key('Crow');
update public.messages set stream_id = 'g' where id = tests.key('second answer');
select is(tests.call_begin('owner', 'a', continue_of => 'second answer') -> 'bot_id', to_jsonb(tests.key('bot')),
  'or its generation');

rollback to start; -- The next context begins where that of the fallback's answer began, but has the bot's own ratio.
update public.bots set context_tokens = 2000, reply_tokens = 100 where id = tests.key('bot');
select tests.given_generation('g', 'owner', 'completed');
update relay.generations set asked_bot_id = tests.key('bot'), bot_id = tests.key('Crow'), model = 'model of Crow',
  context_start = tests.key('second question'), left_out = 2, bytes_per_token = 2, context_bytes = 4000, prompt_tokens = 9;
update public.messages set stream_id = 'g' where id = tests.key('second answer');
update public.messages set content = repeat('x', 1500);
select is((relay.last_on_path(tests.key('second answer'), b)).context_start = tests.key('second question'), true, 'the same cut')
from public.bots b where b.id = tests.key('bot');
select is((relay.last_on_path(tests.key('second answer'), b)).prompt_tokens, null, 'and no tokens of another model')
from public.bots b where b.id = tests.key('bot');

select * from finish(); rollback;
