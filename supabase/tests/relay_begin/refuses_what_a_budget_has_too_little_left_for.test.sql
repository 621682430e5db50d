begin; select plan(12);
select tests.given_tale('owner');
select tests.make_user('friend');
select tests.given_share('bot', 'friend');
select tests.given_usual_reply('bot', 200);
savepoint start;

-- What is settled, what runs and what is asked for together.
select tests.given_budget('day', 900);
select tests.given_usage('owner', 300);
select is(tests.call_begin('owner', 'first', conversation => 'tale') ->> 'outcome', 'admitted', 'the first has room');
select is(tests.call_begin('owner', 'second') ->> 'outcome', 'admitted', 'the second, too');
create temp table before as select tests.everything() as everything;
create temp table refusal as select tests.call_begin('owner', 'third') as answer;
select is(answer - 'rate' - 'retry_after_s' - 'resets_at' - 'budget', '{"outcome": "refused", "code": "budget_exceeded"}',
  'the third is refused') from refusal;
select is(answer -> 'budget' ->> 'left', (900 - 300 - tests.held_by('first') - tests.held_by('second'))::text,
  'and says what is left') from refusal;
select is((answer -> 'budget') - 'left' - 'needed',
  '{"period": "day", "is_shared": false, "is_for_bot": false, "unit": "tokens", "limit": 900}', 'and of which budget')
from refusal;
select is((answer ->> 'resets_at')::timestamptz, (((now() at time zone 'UTC')::date + 1)::timestamp at time zone 'UTC'),
  'and when the next day begins, in UTC') from refusal;
select ok((answer ->> 'retry_after_s')::integer between 1 and 86400, 'and how long that is') from refusal;
select is(tests.everything(), everything, 'nothing is written') from before;
select is(tests.call_begin('owner', 'fourth', preview => true) ->> 'outcome', 'previewed', 'a preview needs no budget');
select is(tests.call_begin('friend', 'fifth', bot => 'bot') ->> 'outcome', 'admitted',
  'what one user has spent is not missing to another');
select is(tests.call_begin('owner', 'first', conversation => 'tale') ->> 'outcome', 'exists',
  'a stream_id that is there needs no budget');

-- What ends is settled by what it has used, and its hold is gone.
select tests.call_finish('second', prompt_tokens => 10, completion_tokens => 5, total_tokens => 15);
select is(tests.call_begin('owner', 'third') ->> 'outcome', 'admitted', 'what an answer did not need is there again');

select * from finish(); rollback;
