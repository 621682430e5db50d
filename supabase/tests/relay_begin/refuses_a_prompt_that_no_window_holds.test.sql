begin; select plan(12);
select tests.given_tale('owner');
update public.bots set context_tokens = 1000, system_prompt = null;
savepoint start;

-- Refuses a prompt that no window holds.
create temp table before as select tests.everything() as everything;
create temp table refused as
  select tests.call_begin('owner', 'a', repeat('x', 6000), conversation => 'tale') as answer;
select is(answer - 'rate',
  '{"outcome": "refused", "code": "context_exceeded", "tokens": 2008, "context_tokens": 1000}',
  'six bytes are the most that a token has') from refused;
select is(tests.everything(), everything, 'nothing is written') from before;
select is(jsonb_array_length(tests.call_begin('owner', 'b', repeat('x', 5900), conversation => 'tale') -> 'context'), 1,
  'what may fit is sent alone: the refusal of its provider teaches');
select is(context_start, user_message_id, 'its context begins with it') from relay.generations;
select is(left_out, 4, 'and all of the path is left out') from relay.generations;

rollback to start; -- Instructions count, and so does what the request brings.
select is(tests.call_begin('owner', 'a', 'Hi', conversation => 'tale', system_bytes => 6000) ->> 'code', 'context_exceeded',
  'the request''s own instructions');
update public.bots set params = jsonb_build_object('tools', jsonb_build_array(repeat('x', 6000)));
select is(tests.call_begin('owner', 'a', 'Hi', conversation => 'tale') ->> 'code', 'context_exceeded', 'the bot''s tools');

rollback to start; -- What is regenerated is sent whole.
update public.messages set content = repeat('x', 5900) where id = tests.key('second question');
select is(
  tests.call_begin('owner', 'a', reroll_of => 'second answer') #>> '{context,0,content}', repeat('x', 5900),
  'the message that is answered is never left out');
update public.messages set content = repeat('x', 6000) where id = tests.key('second question');
select is(tests.call_begin('owner', 'b', reroll_of => 'second answer') ->> 'code', 'context_exceeded',
  'unless it is too long itself');

rollback to start; -- What was measured on the branch is trusted further.
select tests.call_begin('owner', 'first', repeat('x', 2000), conversation => 'tale');
select tests.call_finish('first', completion_tokens => 3,
  prompt_tokens => (select context_bytes::integer / 2 from relay.generations));
select is(tests.call_begin('owner', 'a', repeat('x', 2500), conversation => 'tale') ->> 'code', 'context_exceeded',
  'a quarter more than was measured is too much');
select is(tests.call_begin('owner', 'b', repeat('x', 2500), parent => 'second answer') ->> 'outcome', 'admitted',
  'but not on another branch');
delete from relay.generations where stream_id = 'b';
update public.bots set context_tokens = null;
select is(tests.call_begin('owner', 'a', repeat('x', 20000), conversation => 'tale') ->> 'outcome', 'admitted',
  'without a window nothing is');

select * from finish(); rollback;
