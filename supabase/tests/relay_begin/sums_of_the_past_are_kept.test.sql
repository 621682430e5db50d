begin; select plan(8);
select tests.given_tale('owner');
create temp table today as select (now() at time zone 'UTC')::date as day;
select tests.given_budget('ever', 1000000);
create function pg_temp.spent() returns bigint language sql as $$
  select s.tokens from relay.own_budgets(tests.id('owner'), '{}', clock_timestamp()) s
$$;

select tests.given_usage('owner', 10, day - 31) from today;
select tests.call_begin('owner', 'first');
select is_empty('select * from relay.past_usage', 'days that are not long over are read each time');
select tests.given_usage('owner', 1, day - 400) from today, generate_series(1, 100);
select tests.given_usage('owner', 1000, day - 1) from today;
select tests.call_begin('owner', 'second');
select is((until, tokens)::text, (day - 2, 110)::text, 'those that are are summed up, to the day before yesterday')
from relay.past_usage, today;
select is(pg_temp.spent(), 1110::bigint, 'and nothing counts twice');
select tests.given_usage('owner', 10000);
select is(pg_temp.spent(), 11110::bigint, 'what comes later counts');
select tests.given_usage('owner', 5, bot => 'other bot');
select tests.given_budget('ever', 1000000, bot => 'bot');
select tests.call_begin('owner', 'third', bot => 'bot');
select set_eq('select tokens from relay.past_usage', array[110], 'each bot has a sum of its own');
select is(s.tokens, 11110::bigint, 'with what it alone has used')
from relay.own_budgets(tests.id('owner'), array[tests.key('bot')]::relay.bot_id[], clock_timestamp()) s
where (s.budget).bot_id is not null;

-- A price that was missing is put in later.
select lives_ok('select relay.reprice(now() - interval ''20 days'')', 'what is priced again');
select is_empty('select * from relay.past_usage', 'is summed up again');

select * from finish(); rollback;
