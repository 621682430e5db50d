begin; select plan(13);
select tests.given_tale('owner');
select tests.given_bot('other bot', 'owner');
create temp table before as select tests.everything() as everything;
create temp view seen as select tests.call_begin('owner', 'a', 'Go on!', conversation => 'tale', preview => true) as answer;

select is(answer - 'rate' - 'messages', jsonb_build_object(
  'outcome', 'previewed', 'bot_id', tests.key('bot'), 'bot_reason', 'conversation', 'model', 'model of bot',
  'conversation_id', tests.key('tale'), 'parent_id', tests.key('second answer'), 'system_prompt', 'instructions of bot',
  'takes_system', true, 'takes_prefill', false, 'memory', null, 'left_out', 0, 'fixed_bytes', 31,
  'bytes_per_token', 3, 'context_tokens', null, 'reply_tokens', null, 'fits', true
), 'who answers, where, and what is known of the window') from seen;
select is(answer #> '{messages,0}', jsonb_build_object(
  'role', 'user', 'characters', 14, 'bytes', 26, 'message_id', tests.key('first question')
), 'the messages of the path, by their size') from seen;
select is(answer #> '{messages,4}', '{"role": "user", "characters": 6, "bytes": 18, "message_id": null}',
  'and the prompt, which is none yet') from seen;
select is(tests.everything(), everything, 'nothing is written') from before;
select is(
  tests.call_begin('owner', 'a', 'Go on!', conversation => 'tale', preview => true, rate_limit => 0, max_concurrent => 0)
    ->> 'outcome', 'previewed', 'it meets no limit of generations');

select is(tests.call_begin('owner', 'a', 'Hi', conversation => 'tale', bot => 'other bot', preview => true) ->> 'bot_reason',
  'explicit', 'a bot that was named');
select is(tests.call_begin('owner', 'a', 'Hi', preview => true) ->> 'bot_reason', 'latest', 'the one updated last');
select tests.given_default_bot('bot', 'owner');
select is(tests.call_begin('owner', 'a', 'Hi', preview => true) ->> 'bot_reason', 'default', 'the default');
select is(tests.call_begin('owner', 'a', 'Hi', conversation => 'nowhere', preview => true) ->> 'code',
  'conversation_not_found', 'what would be refused is refused');
select tests.make_user('stranger');
select is(tests.call_begin('stranger', 'a', 'Hi', conversation => 'tale', preview => true) ->> 'code',
  'conversation_not_found', 'and another user''s story is not shown');

update public.bots set context_tokens = 1000, reply_tokens = 100, system_prompt = null;
update public.messages set content = repeat('é', 600);
select is(jsonb_path_query_array(answer, '$.messages[*].characters'), '[600, 6]', 'what the window has no room for is not there')
from seen;
select is(answer -> 'left_out', '3', 'but counted') from seen;
update public.bots set context_tokens = 256;
select is(tests.call_begin('owner', 'a', repeat('x', 2000), conversation => 'tale', preview => true) - 'rate' -> 'fits', 'false',
  'a prompt that no window holds is no refusal here');

select * from finish(); rollback;
