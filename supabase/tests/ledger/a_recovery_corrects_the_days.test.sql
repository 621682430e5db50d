begin; select plan(21);
select tests.given_tale('owner');
select tests.given_price('model of bot', 1, 1, 1000);
select tests.call_begin('owner', 'first', repeat('x', 564), conversation => 'tale', context_is_given => true,
  given_bytes => array[576]);
select tests.call_beat('first', 0, 9, 'Once upon');
select tests.back_date('first', interval '16 seconds');
savepoint start;

-- A sweep settles by the text that it has; the worker that lives stores the rest.
select tests.call_sweep();
select results_eq('select * from tests.days()', array['model of bot: 1 1 203 0 3 0 0.003203'], 'an estimate');
select is_empty('select * from tests.unsettled()', 'which its generation has, too');
select tests.call_finish('first', 'Once upon a time.', prompt_tokens => 190, completion_tokens => 5, cached_tokens => 90);
select results_eq('select * from tests.days()', array['model of bot: 1 0 190 90 5 0 0.00519'], 'then what was reported');
select is_empty('select * from tests.unsettled()', 'once, and no more of the estimate');
select tests.call_sweep();
select is(count(*), 1::bigint, 'in one row after the next sweep') from public.usage_days;
select results_eq('select * from tests.days()', array['model of bot: 1 0 190 90 5 0 0.00519'], 'as it was');
select is(tests.all_counted() @> '{"cost_total{\"basis\": \"estimate\"}": 0.003203, "cost_total{\"basis\": \"report\"}": 0.001987,
  "tokens_total{\"kind\": \"prompt\"}": 190, "estimated_tokens_total{\"kind\": \"prompt\"}": 203}', true,
  'the counters grow by what is more');

rollback to start; -- It reports nothing either.
select tests.call_sweep();
select tests.call_finish('first', 'Once upon a time.', overhead_ms => 5);
select results_eq('select * from tests.days()', array['model of bot: 1 1 203 0 6 0 0.006203'], 'the whole text counts, once');

rollback to start; -- Its provider was never called.
select tests.call_sweep();
update relay.generations set text_units = 0;
select tests.call_finish('first', '', 'failed', 'error', 'provider_not_allowed');
select results_eq('select * from tests.days()', array['model of bot: 1 0 0 0 0 0 0'], 'nothing is left to pay');
select is_empty('select * from tests.unsettled()', 'of what the sweep took for used');

rollback to start; -- The bot is deleted, before and after.
select tests.call_sweep();
delete from public.bots;
select is_empty('select * from tests.unsettled()', 'what it has cost stays under its id');
select tests.call_finish('first', 'Once upon a time.', prompt_tokens => 190, completion_tokens => 5);
select results_eq('select u.bot_id, sum(u.prompt_tokens) from public.usage_days u group by 1',
  $$ values (tests.key('bot'), 190::numeric) $$, 'and is corrected there');

rollback to start;
delete from public.bots;
select tests.call_finish('first', ' a time.', prompt_tokens => 190, completion_tokens => 5);
select results_eq('select u.bot_id, u.model from public.usage_days u', $$ values (tests.key('bot'), 'model of bot') $$,
  'one that was deleted while it answered is billed, too');
select is(bot_id, null, 'its message has no bot') from public.messages where stream_id = 'first';

rollback to start; -- Another bot and model have answered.
select tests.call_sweep();
create function pg_temp.moved(bot text, model text) returns void language plpgsql as $$
declare
  v_before relay.generations;
  v_after relay.generations;
begin
  select g.* into v_before from relay.generations g;
  update relay.generations g set bot_id = tests.key(moved.bot), model = moved.model, prompt_tokens = 7
  returning g.* into v_after;
  perform relay.settle(v_before, v_after);
end
$$;
select pg_temp.moved('other', 'better');
select results_eq('select * from tests.days()', array['better: 1 1 7 0 3 0 0.003203', 'model of bot: 0 0 0 0 0 0 0'],
  'it moves from the old key to the new one');
select is_empty('select * from tests.unsettled()', 'to the last unit');
select tests.call_sweep();
select is_empty('select * from tests.unsettled()', 'merged, too');

rollback to start; -- Over midnight the day is that of the start.
update relay.generations set started_at = '2026-11-25 23:59:59+00';
select tests.call_sweep();
select is(day, '2026-11-25'::date, 'of an end by a sweep') from public.usage_days;
select tests.call_finish('first', 'Once upon a time.', prompt_tokens => 1, completion_tokens => 1);
select is(count(distinct day), 1::bigint, 'and of its recovery') from public.usage_days;

rollback to start; -- What is pruned has been used.
select tests.call_sweep();
select tests.given_pruned('first');
select results_eq('select * from tests.days()', array['model of bot: 1 1 203 0 3 0 0.003203'], 'the day stays');
delete from auth.users where id = tests.id('owner');
select is_empty('select * from public.usage_days', 'and goes with the user');

select * from finish(); rollback;
