begin; select plan(23);
select tests.given_tale('owner');
select tests.given_price('model of bot', 2.5, 0.25, 10);
savepoint start;

-- A report, with all that it can say.
select tests.call_begin('owner', 'first', conversation => 'tale');
create temp table answered as select tests.call_finish('first', prompt_tokens => 1003, completion_tokens => 7,
  total_tokens => 1010, cached_tokens => 900, reasoning_tokens => 5) as answer;
select results_eq(
  $$ select host, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, usage_is_estimated, cost::text
    from relay.generations $$,
  $$ values ('provider.example', 1003, 7, 900, 5, false, '0.0005525') $$,
  '103 × 2.5 + 900 × 0.25 + 7 × 10, for a million');
select results_eq('select * from tests.days()', array['model of bot: 1 0 1003 900 7 5 0.0005525'], 'the day has it');
select results_eq('select u.day, u.user_id, u.bot_id from public.usage_days u',
  $$ select (now() at time zone 'UTC')::date, tests.id('owner'), tests.key('bot') $$, 'under its day, user and bot');
select is(answer -> 'cost', '0.0005525', 'its worker learns it') from answered;
select is(usage, '{"prompt_tokens": 1003, "completion_tokens": 7, "total_tokens": 1010, "cached_tokens": 900,
  "reasoning_tokens": 5, "cost": 0.0005525}', 'and the message says it') from public.messages where stream_id = 'first';
select is(tests.call_finish('first', 'Twice.', prompt_tokens => 5, completion_tokens => 5), answer, 'a second call gets it, too')
from answered;
select results_eq('select * from tests.days()', array['model of bot: 1 0 1003 900 7 5 0.0005525'], 'and changes nothing');

rollback to start; -- More from the cache than there was.
select tests.call_begin('owner', 'first');
select tests.call_finish('first', prompt_tokens => 4, completion_tokens => 0, cached_tokens => 900);
select is(cost::text, '0.000001', 'the prompt is all that can have been there') from relay.generations;

rollback to start; -- Prices change.
select tests.given_price('model of bot', 100, null, 0, now() + interval '1 hour');
select tests.given_price('model of bot', 4, null, 0, now() - interval '1 hour');
select tests.given_price('model of bot', 8, null, 0, now() - interval '2 hours');
select is(relay.cost_of('provider.example', 'model of bot', at, 1000000, 1000, 0)::text, cost, description)
from (values
  (now(), '4', 'the last one counts'), (now() - interval '90 minutes', '8', 'for what starts then'),
  (now() - interval '3 hours', '2.49775', 'those before cost what they did'),
  (now() + interval '2 hours', '100', 'one of tomorrow can be entered today')
) as m (at, cost, description);
select is(relay.cost_of(host, model, now(), 1, 0, 0), null, host || ' ' || model || ' has none')
from (values ('provider.example', 'model'), ('other.example', 'model of bot'), (null, null)) as m (host, model);

rollback to start; -- Without a price tokens count alone.
delete from relay.prices;
select tests.call_begin('owner', 'first', conversation => 'tale');
select is(tests.call_finish('first', prompt_tokens => 10, completion_tokens => 3) ? 'cost', false, 'there is no cost');
select results_eq('select * from tests.days()', array['model of bot: 1 0 10 0 3 0 unknown'], 'nor in the days');
select is(usage ? 'cost', false, 'nor in the message') from public.messages where stream_id = 'first';

rollback to start; -- A price that came late.
delete from relay.prices;
select tests.call_begin('owner', 'first');
select tests.call_finish('first', prompt_tokens => 1000000, completion_tokens => 0);
select tests.given_price('model of bot', 2, null, 9);
select is(relay.reprice(now() - interval '2 days', now() - interval '1 day'), 0, 'of another day nothing is settled again');
select is(relay.reprice(now() - interval '1 day'), 1, 'what has ended is settled again');
select is(relay.reprice(now() - interval '1 day'), 0, 'once');
select results_eq('select * from tests.days()', array['model of bot: 1 0 1000000 0 0 0 2'], 'the day has the cost');
select is_empty('select * from tests.unsettled()', 'and is the sum');

select * from finish(); rollback;
