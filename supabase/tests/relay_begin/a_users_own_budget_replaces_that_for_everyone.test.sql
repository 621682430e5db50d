begin; select plan(7);
select tests.given_tale('owner');
select tests.make_user('friend');
select tests.given_share('bot', 'friend');
select tests.given_budget('day', 10);
savepoint start;

select is(tests.call_begin('owner', 'first') ->> 'code', 'budget_exceeded', 'that for everyone holds for the owner');
select tests.given_budget('day', 5000, owner => 'owner');
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'admitted', 'until there is one of the owner''s own');
select is(tests.call_begin('friend', 'second', bot => 'bot') ->> 'code', 'budget_exceeded', 'which is no other''s');

rollback to start; -- One without limits is the leave to spend what is wanted.
select tests.given_budget('day', owner => 'owner');
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'admitted', 'one without a limit limits nothing');

rollback to start; -- It replaces that of the same bot and period alone.
select tests.given_budget('day', 5000, owner => 'owner', bot => 'bot');
select tests.given_budget('month', 5000, owner => 'owner');
select is(tests.call_begin('owner', 'first') ->> 'code', 'budget_exceeded', 'another bot or period stays as it is');

rollback to start; -- And none that all users share.
select tests.given_budget('day', 5000, owner => 'owner');
select tests.given_budget('day', 10, is_shared => true);
select is(tests.call_begin('owner', 'first') ->> 'code', 'budget_exceeded', 'what all share holds for this user, too');
delete from relay.budgets where is_shared;
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'admitted', 'and nothing else stood in the way');

select * from finish(); rollback;
