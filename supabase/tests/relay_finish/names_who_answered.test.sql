begin; select plan(12);
select tests.given_tale('owner');
select tests.given_bot('second', 'owner');
select tests.given_fallbacks('bot', 'second');
select tests.call_begin('owner', 'a', conversation => 'tale');
savepoint start;
select is(tests.call_finish('a') - 'message_id', jsonb_build_object('status', 'completed', 'is_complete', true,
  'finish_reason', 'stop', 'error_code', null, 'bot_id', tests.key('bot'), 'model', 'model of bot'), 'the bot itself');

rollback to start; -- A fallback.
create temp table ended as select tests.call_finish('a', answered_by => 'second', prompt_tokens => 5,
  tried_bots => array['bot', 'second'], tried_codes => array['provider_error', 'answered']) as answer;
select is(answer -> 'bot_id' = to_jsonb(tests.key('second')) and answer ->> 'model' = 'model of second', true, 'the answer')
from ended;
select is(
  array[g.bot_id, g.asked_bot_id, m.bot_id, c.bot_id]::text[],
  array[tests.key('second'), tests.key('bot'), tests.key('second'), tests.key('bot')]::text[],
  'generation and message name it, the conversation keeps its bot'
)
from relay.generations g join public.messages m on m.id = g.message_id
join public.conversations c on c.id = g.conversation_id;
select is(tests.call_finish('a') -> 'bot_id', answer -> 'bot_id', 'a repeated call gets the same') from ended;
select is(tests.counted('tries_total', '{"outcome": "answered"}'), 1::float8, 'a try that answered is counted');
select is(tests.counted('tries_total', '{"outcome": "failed", "code": "provider_error"}'), 1::float8, 'and one that failed');
select is(tests.counted('tokens_total', '{"kind": "prompt"}'), 5::float8, 'tokens once');

rollback to start; -- One that is gone.
delete from public.bots where id = tests.key('second');
select is(tests.call_finish('a', answered_by => 'second') - 'message_id' @> '{"bot_id": null, "status": "completed"}', true,
  'its words are kept');

rollback to start; -- A worker that was cut off.
select tests.given_text('a', 'Once');
select tests.back_date('a', interval '16 seconds');
select tests.call_sweep();
select tests.call_finish('a', 'Once upon', answered_by => 'second', start_at => 0);
select is(m.bot_id, tests.key('second'), 'its message gets who wrote it') from public.messages m where m.stream_id = 'a';

rollback to start; -- The ratio of its tokens is not the bot's.
update relay.generations set context_bytes = 4000 where stream_id = 'a';
select tests.call_finish('a', answered_by => 'second', prompt_tokens => 2000);
select is(g.bytes_per_token, 3::real, 'the branch keeps the bot''s') from relay.generations g where g.stream_id = 'a';
select is(count(*), 1::bigint, 'and its own is learned') from relay.models m where m.model = 'model of second';

rollback to start; -- The memory is the bot's that was asked.
update public.bots set memory = true, context_tokens = 256, reply_tokens = 16 where id = tests.key('bot');
update public.messages set content = repeat('x', 200) where content like 'first%';
select is(tests.call_finish('a', repeat('y', 300), answered_by => 'second') ? 'memory_due', true, 'it is due');

select * from finish(); rollback;
