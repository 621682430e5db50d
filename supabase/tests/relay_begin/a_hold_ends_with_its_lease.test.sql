begin; select plan(5);
select tests.given_tale('owner');
select tests.given_usual_reply('bot', 1000);
select tests.given_budget('day', 1500);

select is(tests.call_begin('owner', 'first', conversation => 'tale') ->> 'outcome', 'admitted', 'one has room');
select is(tests.call_begin('owner', 'second') ->> 'code', 'budget_exceeded', 'while it runs, the next one has none');
update relay.generations set lease_expires_at = clock_timestamp() - interval '1 second';
select is(coalesce(s.held_tokens, 0), 0::bigint, 'what a dead worker left behind holds nothing')
from relay.own_budgets(tests.id('owner'), '{}', clock_timestamp()) s;
select is(tests.call_begin('owner', 'second') ->> 'outcome', 'admitted', 'and the next start has room');
select is(status, 'interrupted', 'because it ends and settles the first') from relay.generations where stream_id = 'first';

select * from finish(); rollback;
