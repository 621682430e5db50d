begin; select plan(11);
select tests.given_tale('owner');
select tests.make_user('friend');
select tests.given_bot('second', 'owner');
select tests.given_bot('third', 'friend');
select tests.given_share('third', 'owner');
create function pg_temp.names(answer jsonb) returns text[] language sql as $$
  select coalesce(array_agg(f ->> 'access_key' order by index), '{}')
  from jsonb_array_elements(answer -> 'fallbacks') with ordinality as e (f, index)
$$;
savepoint start;
select is(tests.call_begin('owner', 'a', bot => 'bot') - 'rate' @> '{"rests": false, "fallbacks": []}', true, 'a bot may have none');

rollback to start; -- What calls a fallback is its own.
select tests.given_fallbacks('bot', 'third', 'second');
update public.bots set takes_system = false, first_turn_is_user = true, thinks_first = true, takes_prefill = true,
  reply_tokens = 9, headers = '{"x-a": "b"}', access_key = 'key of third' where id = tests.key('third');
create temp table asked as select tests.call_begin('owner', 'a', conversation => 'tale') as answer;
select is(answer -> 'fallbacks' -> 0, jsonb_build_object('bot_id', tests.key('third')) || '{
  "access_key": "key of third", "access_path": "https://provider.example/v1", "api": "chat_completions", "model": "model of third",
  "temperature": 0.5, "params": {"top_p": 0.9}, "headers": {"x-a": "b"}, "takes_system": false,
  "first_turn_is_user": true, "thinks_first": true, "takes_prefill": true, "reply_tokens": 9}',
  'what it takes to call it is the fallback''s own') from asked;
select is(pg_temp.names(answer), array['key of third', 'key of second'], 'in their order') from asked;
select is(answer ->> 'system_prompt', 'instructions of bot', 'the instructions are the bot''s') from asked;
select is(g.bot_id = tests.key('bot') and g.asked_bot_id is null, true, 'the bot is what runs')
from relay.generations g where g.stream_id = 'a';

rollback to start; -- The bot's owner must be allowed to use it, whoever asks.
select tests.given_share('bot', 'friend');
select tests.given_fallbacks('bot', 'second', 'third');
select is(pg_temp.names(tests.call_begin('friend', 'a', bot => 'bot')), array['key of second', 'key of third'],
  'who may use the bot may have its fallbacks');
delete from public.bot_shares where bot_id = tests.key('third');
select is(pg_temp.names(tests.call_begin('owner', 'b', bot => 'bot')), array['key of second'], 'but not without a share of its owner''s');

rollback to start; -- A fallback reads what is sent, where its window is known.
select tests.given_fallbacks('bot', 'second', 'third');
update public.bots set context_tokens = 256, reply_tokens = 16 where id = tests.key('second');
select is(pg_temp.names(tests.call_begin('owner', 'a', repeat('x', 400), bot => 'bot')),
  array['key of second', 'key of third'], 'it fits');
select is(pg_temp.names(tests.call_begin('owner', 'b', repeat('x', 800), bot => 'bot')), array['key of third'], 'it does not');
insert into relay.models values ('https://provider.example/v1', 'model of third', 3, 1024);
update public.bots set headers = '{}', params = '{}' where id = tests.key('third');
select is(pg_temp.names(tests.call_begin('owner', 'c', repeat('x', 4000), bot => 'bot')), '{}', 'and where a refusal has taught it');

rollback to start; -- Memories have none.
select tests.given_fallbacks('bot', 'second');
update public.bots set memory = true;
select is(tests.call_begin_memory('owner', 'a', 'second answer') ? 'fallbacks', false, 'a memory is the bot''s own');

select * from finish(); rollback;
