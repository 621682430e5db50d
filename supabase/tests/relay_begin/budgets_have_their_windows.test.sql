begin; select plan(12);
select tests.given_tale('owner');
select tests.given_bot('other bot', 'owner');
create temp table today as select (now() at time zone 'UTC')::date as day, date_trunc('month', now() at time zone 'UTC')::date as month;
create function pg_temp.tried(bot text default 'bot') returns text language sql as $$
  select coalesce(a.answer ->> 'code', a.answer ->> 'outcome')
  from (select tests.call_begin('owner', gen_random_uuid()::text, bot => tried.bot, rate_limit => 99, max_concurrent => 99)) a (answer)
$$;
savepoint start;

-- A day.
select tests.given_budget('day', 5000);
select tests.given_usage('owner', 9000, day - 1) from today;
select is(pg_temp.tried(), 'admitted', 'of a day what was used on the day before does not count');
select tests.given_usage('owner', 4500);
select is(pg_temp.tried(), 'budget_exceeded', 'what was used today does');

rollback to start; -- A month.
select tests.given_budget('month', 5000);
select tests.given_usage('owner', 9000, month - 1) from today;
select is(pg_temp.tried(), 'admitted', 'of a month the last one does not count');
select tests.given_usage('owner', 4500, month) from today;
select is(pg_temp.tried(), 'budget_exceeded', 'its first day does');
select is((tests.call_begin('owner', 'x') ->> 'resets_at')::timestamptz,
  (month + interval '1 month') at time zone 'UTC', 'and the next one begins on the first') from today;

rollback to start; -- Ever.
select tests.given_budget('ever', 5000);
select tests.given_usage('owner', 4500, '2020-02-29');
select is(pg_temp.tried(), 'budget_exceeded', 'what was ever used counts');
select is(tests.call_begin('owner', 'x') ?| array['resets_at', 'retry_after_s'], false, 'and never begins again');

rollback to start; -- One bot's.
select tests.given_budget('ever', 5000, bot => 'bot');
select tests.given_usage('owner', 9000, bot => 'other bot');
select is(pg_temp.tried(), 'admitted', 'of one bot another one''s answers do not count');
select tests.given_usage('owner', 4500);
select is(pg_temp.tried(), 'budget_exceeded', 'its own do');
select is(pg_temp.tried('other bot'), 'admitted', 'and the other one goes on');

rollback to start; -- Of several budgets that are over the one that begins again last is named.
select tests.given_budget('day', 1); select tests.given_budget('month', 1); select tests.given_budget('month', 1, bot => 'bot');
select is(tests.call_begin('owner', 'x') -> 'budget' ->> 'period', 'month', 'the month outlasts the day');
select tests.given_budget('ever', 1);
select is(tests.call_begin('owner', 'x') -> 'budget' ->> 'period', 'ever', 'and what never begins again outlasts both');

select * from finish(); rollback;
