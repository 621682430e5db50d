begin; select plan(11);
select tests.given_tale('owner');
select tests.make_user('friend'); select tests.make_user('stranger');
select tests.given_share('bot', 'friend');
select tests.given_bot('private bot', 'owner');
create temp table today as select date_trunc('month', now() at time zone 'UTC')::date as month, (now() at time zone 'UTC')::date as day;
create function pg_temp.shown(who text) returns jsonb language plpgsql as $$
declare
  v_shown jsonb;
begin
  perform tests.sign_in_as(who);
  v_shown := public.my_spending();
  perform tests.sign_out();
  return v_shown;
end
$$;
savepoint start;

-- Without a budget.
select tests.given_usage('owner', 300, cost => 0.25);
select tests.given_usage('owner', 50, month - 1, cost => 9) from today;
select tests.given_usage('friend', 7000, cost => 7);
select tests.call_begin('owner', 'first', conversation => 'tale');
create temp table held as select reserved_tokens as tokens from relay.generations;
select is(pg_temp.shown('owner') -> 'today' -> 'tokens', jsonb_build_object('spent', 300, 'held', tokens),
  'what was used today, and what runs') from held;
select is(pg_temp.shown('owner') -> 'month' -> 'cost', '{"spent": 0.25, "held": 0}', 'and of this month the money');
select is((pg_temp.shown('owner') -> 'today' ->> 'resets_at')::timestamptz, (day + 1)::timestamp at time zone 'UTC',
  'and when the next day begins') from today;
select is(pg_temp.shown('owner') -> 'budgets', '[]', 'without a budget there is none');
select is(pg_temp.shown('stranger') -> 'month' -> 'tokens', '{"spent": 0, "held": 0}', 'another user sees nothing of it');

-- With budgets.
select tests.given_budget('day', 5000);
select tests.given_budget('ever', 900, 0.2, owner => 'owner', bot => 'private bot');
select tests.given_budget('month', 100, owner => 'friend', bot => 'bot');
select tests.given_budget('month', cost => 1000, is_shared => true);
select is((pg_temp.shown('owner') #> '{budgets}') - 2 - 1, jsonb_build_array(jsonb_build_object(
  'period', 'ever', 'bot_id', tests.key('private bot'), 'is_shared', false, 'resets_at', null,
  'tokens', '{"limit": 900, "spent": 0, "held": 0, "left": 900}'::jsonb,
  'cost', '{"limit": 0.2, "spent": 0, "held": 0, "left": 0.2}'::jsonb
)), 'each budget of the user has limit, spent, held and left; what never begins again comes first');
select is(b -> 'tokens', jsonb_build_object('limit', 5000, 'spent', 300, 'held', tokens, 'left', 4700 - tokens),
  'with what the user itself has spent and holds')
from held, jsonb_array_elements(pg_temp.shown('owner') -> 'budgets') b where b ->> 'period' = 'day';
select is(b - 'resets_at', '{"period": "month", "bot_id": null, "is_shared": true, "cost": null, "tokens": null}',
  'of one that all share it says nothing but that it is there')
from jsonb_array_elements(pg_temp.shown('owner') -> 'budgets') b where b ->> 'is_shared' = 'true';
select is(b -> 'tokens' ->> 'left', '0', 'less than nothing is not left')
from jsonb_array_elements(pg_temp.shown('friend') -> 'budgets') b where b ->> 'bot_id' = tests.key('bot')::text;
select is(jsonb_array_length(pg_temp.shown('stranger') -> 'budgets'), 2, 'no budget of a bot that the user may not use');

select tests.sign_in_as_service();
select throws_ok('select public.my_spending()', '42501', null, 'nor does anyone else see it');

select * from finish(); rollback;
