begin; select plan(12);
select tests.given_tale('owner');
select tests.given_bot('other bot', 'owner', now() - interval '1 day');
create temp table asked (event jsonb);
grant all on asked to service_role;
-- The operator's: notes what it is asked, and answers what the test wants.
create function pg_temp.answer_hook(answer text) returns void language plpgsql as $$
begin
  execute format($hook$
    create or replace function relay.admission_hook(event jsonb) returns jsonb language plpgsql as $body$
    begin
      insert into pg_temp.asked values (event);
      return %s;
    end $body$ $hook$, answer);
end $$;
savepoint start;

-- What it learns.
select pg_temp.answer_hook('null');
select is(
  tests.call_begin('owner', 'a', 'Go on!', conversation => 'tale', is_anonymous => true, app_metadata => '{"plan": "free"}')
    ->> 'outcome', 'admitted', 'null admits');
select is(event - 'time', jsonb_build_object(
  'user_id', tests.id('owner'), 'stream_id', 'a', 'bot_id', tests.key('bot'), 'model', 'model of bot',
  'conversation_id', tests.key('tale'), 'parent_id', tests.key('second answer'), 'prompt', 'Go on!', 'kind', 'prompt',
  'preview', false, 'has_messages', false, 'has_system', false, 'is_anonymous', true,
  'app_metadata', jsonb_build_object('plan', 'free'), 'running', 0, 'recent', 0
), 'who asks, whom, for what, and how much of it there was') from asked;
select ok((event ->> 'time')::timestamptz between now() and clock_timestamp(), 'and when') from asked;
truncate asked;
select tests.call_begin('owner', 'b', reroll_of => 'second answer', preview => true, context_is_given => true);
select tests.call_begin('owner', 'c', continue_of => 'second answer', preview => true, system_bytes => 7);
select tests.call_begin('owner', 'd', answer_to => 'first question', preview => true);
select results_eq(
  $$ select event ->> 'kind', event ->> 'parent_id', event -> 'has_messages', event -> 'has_system', event -> 'running'
    from asked $$,
  $$ select kind, tests.key(parent)::text, given::jsonb, system::jsonb, '1'::jsonb from (values
    ('reroll', 'second question', 'true', 'false'), ('continue', 'second question', 'false', 'true'),
    ('answer', 'first question', 'false', 'false')) as m (kind, parent, given, system) $$,
  'what has no prompt has what is answered');
truncate asked;
select tests.call_begin('owner', 'a', 'Go on!', conversation => 'tale');
select tests.call_begin('owner', 'e', 'Go on!', conversation => 'nowhere');
select is_empty('select * from asked', 'it is not asked for a stream_id that is taken, nor for what is refused anyhow');

rollback to start; -- What it decides.
select pg_temp.answer_hook(format('jsonb_build_object(%L, repeat(%L, 400))', 'refuse', 'No'));
select is(tests.call_begin('owner', 'a', preview => p) - 'rate', jsonb_build_object(
  'outcome', 'refused', 'code', 'not_admitted', 'words', repeat('No', 150)
), case when p then 'and so is a preview' else 'it refuses, with words of a certain length' end)
from unnest(array[false, true]) as p;
select pg_temp.answer_hook($$ '{"refuse": null, "rate_limit": 1, "max_concurrent": 1, "instructions": null}' $$);
select is(tests.call_begin('owner', 'a', rate_limit => 100) #> '{rate}', '{"limit": 1, "remaining": 0, "reset_s": 60}',
  'its limits hold in place of the worker''s');
select is(tests.call_begin('owner', 'b', rate_limit => 100, max_concurrent => 50) ->> 'code', 'rate_limited', 'both');
select tests.back_date('a', interval '2 minutes'), tests.call_beat(array['a']);
select is(tests.call_begin('owner', 'b', rate_limit => 100, max_concurrent => 50) - 'rate',
  '{"outcome": "refused", "code": "too_many_streams", "limit": 1, "retry_after_s": 5}', 'and the answer has it');

rollback to start; -- An answer of the wrong shape, and an exception.
select pg_temp.answer_hook('null');
create temp table before as select tests.everything() as everything;
create function pg_temp.begun_with(answer text) returns jsonb language plpgsql as $$
begin
  perform pg_temp.answer_hook(answer);
  return tests.call_begin('owner', 'a');
end $$;
create temp table wrong as
  select answer, pg_temp.begun_with(answer) as begun from unnest(array[
    $$ '[]' $$, $$ '"no"' $$, $$ 'true' $$, $$ '{"refuse": true}' $$, $$ '{"rate_limit": 0}' $$, $$ '{"rate_limit": 1.5}' $$,
    $$ '{"rate_limit": "x"}' $$, $$ '{"max_concurrent": 100001}' $$, $$ '{"max_concurrent": -1}' $$,
    $$ '{"instructions": ["x"]}' $$, $$ jsonb_build_object('instructions', repeat('x', 16001)) $$, $$ '{"bot_id": {}}' $$,
    $$ '{"max_concurent": 1}' $$, $$ to_jsonb(1 / (event ->> 'running')::integer) $$,
    $$ to_jsonb(no_such_function()) $$
  ]) as answer;
select is_empty($$ select answer, begun from wrong where begun ->> 'code' <> 'internal' or begun ->> 'cause' not like
  'relay.admission_hook: it %' $$, 'each is the relay''s failure, and says what was wrong');
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish(); rollback;
