begin; select plan(12);
select tests.given_tale('owner');
select tests.given_bot('other bot', 'owner');
create temp table today as
  select (now() at time zone 'UTC')::date as day, date_trunc('month', now() at time zone 'UTC')::date as month;
-- What a start is answered with a budget and a use of it; it is undone.
create function pg_temp.tried(budget text, used text, bot text) returns text language plpgsql as $$
declare
  v_answer jsonb;
begin
  execute format('select tests.given_budget(%s), tests.given_usage(''owner'', %s) from today', budget, used);
  v_answer := tests.call_begin('owner', 'a', bot => tried.bot);
  raise sqlstate 'UNDO1' using message = coalesce(v_answer ->> 'code', v_answer ->> 'outcome');
exception when sqlstate 'UNDO1' then
  return sqlerrm;
end
$$;
select is(pg_temp.tried(budget, used, bot), wanted, description) from (values
  ($$ 'day', 5000 $$,   '9000, day - 1',            'bot',       'admitted',        'of a day the day before does not count'),
  ($$ 'day', 5000 $$,   '4500, day',                'bot',       'budget_exceeded', 'what was used on it does'),
  ($$ 'month', 5000 $$, '9000, month - 1',          'bot',       'admitted',        'of a month the last one does not count'),
  ($$ 'month', 5000 $$, '4500, month',              'bot',       'budget_exceeded', 'its first day does'),
  ($$ 'ever', 5000 $$,  $$ 4500, '2020-02-29' $$,   'bot',       'budget_exceeded', 'what was ever used counts'),
  ($$ 'ever', 5000, bot => 'bot' $$, $$ 9000, bot => 'other bot' $$, 'bot', 'admitted', 'of one bot another one''s do not'),
  ($$ 'ever', 5000, bot => 'bot' $$, '4500',        'bot',       'budget_exceeded', 'its own do'),
  ($$ 'ever', 5000, bot => 'bot' $$, '4500',        'other bot', 'admitted',        'and the other one goes on')
) as m (budget, used, bot, wanted, description);

-- Of several budgets that are over the one that begins again last is named.
select tests.given_budget('day', 1), tests.given_budget('month', 1), tests.given_budget('month', 1, bot => 'bot');
create temp view refused as select tests.call_begin('owner', 'x') as answer;
select is(answer -> 'budget' ->> 'period', 'month', 'the month outlasts the day') from refused;
select is((answer ->> 'resets_at')::timestamptz, (month + interval '1 month') at time zone 'UTC',
  'the next one begins on the first') from refused, today;
select tests.given_budget('ever', 1);
select is(answer -> 'budget' ->> 'period', 'ever', 'what never begins again outlasts both') from refused;
select is(answer ?| array['resets_at', 'retry_after_s'], false, 'and does not say when') from refused;

select * from finish(); rollback;
