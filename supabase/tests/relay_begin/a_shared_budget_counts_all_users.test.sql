begin; select plan(12);
select tests.given_tale('owner');
select tests.make_user('friend');
select tests.given_share('bot', 'friend');
select tests.given_usual_reply('bot', 1000);
savepoint start;

select tests.given_budget('day', 3300, is_shared => true);
select tests.given_usage('friend', 1000);
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'admitted', 'one of the owner''s has room');
select is(tests.call_begin('friend', 'second', bot => 'bot') ->> 'outcome', 'admitted', 'one of the friend''s, too');
select is(shared_tokens, 1000::bigint + tests.held_by('first') + tests.held_by('second'),
  'a start adds to the sum what it holds') from relay.budgets;
create temp table before as select tests.everything() as everything;
create temp table refusal as select tests.call_begin('owner', 'third') as answer;
select is(answer ->> 'code', 'budget_exceeded', 'the next one has none') from refusal;
select is(answer -> 'budget', '{"period": "day", "is_shared": true, "is_for_bot": false, "unit": "tokens"}',
  'and says nothing of what others have spent') from refusal;
select is(tests.everything(), everything, 'nor is anything written') from before;

-- Summed up again after ten seconds.
select tests.call_finish('second', prompt_tokens => 10, completion_tokens => 5, total_tokens => 15);
select is(tests.call_begin('owner', 'third') ->> 'code', 'budget_exceeded', 'what has ended counts as it was held at first');
update relay.budgets set shared_at = shared_at - interval '11 seconds';
select is(tests.call_begin('owner', 'third') ->> 'outcome', 'admitted', 'and is summed up again later');

rollback to start; -- What one budget refuses is not added to another.
select tests.given_budget('day', 1000000, is_shared => true);
select tests.given_budget('day', 10, bot => 'bot', is_shared => true);
select is(tests.call_begin('owner', 'first', bot => 'bot') -> 'budget' ->> 'is_for_bot', 'true', 'one bot''s is used up');
select is(shared_tokens, 0::bigint, 'and that of all bots stays as it was') from relay.budgets where bot_id is null;

rollback to start; -- A sum of yesterday is none of today.
select tests.given_budget('day', 3000, is_shared => true);
update relay.budgets set shared_since = (now() at time zone 'UTC')::date - 1, shared_at = clock_timestamp(), shared_tokens = 9999;
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'admitted', 'a new day begins at nothing');
select is(shared_tokens, tests.held_by('first')::bigint, 'and is summed up at once') from relay.budgets;

select * from finish(); rollback;
