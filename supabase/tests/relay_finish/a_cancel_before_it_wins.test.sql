begin; select plan(7);
select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
savepoint start;

-- A cancel before it wins.
select tests.call_cancel('owner', 'first');
create temp table finished as select tests.call_finish('first', 'They lived.', total_tokens => 13) as outcome;
select is(outcome ->> 'status', 'cancelled', 'the user was answered that it would be cancelled') from finished;
select is(outcome ->> 'is_complete', 'false', 'so the text does not count as complete') from finished;
select results_eq(
  $$ select content, is_complete, finish_reason, usage from public.messages where stream_id = 'first' $$, $$ values (
  'They lived.', false, 'cancelled', '{"prompt_tokens": null, "completion_tokens": null, "total_tokens": 13}'::jsonb
  ) $$, 'the text is stored all the same');
select is(tests.leaf_of('tale'), 'They lived.', 'the active leaf moves to it');
select is(tests.call_cancel('owner', 'first'), '{"status": "cancelled"}', 'asked again, the cancel says so');

rollback to start; -- A cancel before it wins over a failure.
select tests.call_cancel('owner', 'first');
select is(tests.call_finish('first', '', 'failed', 'error', 'provider_error') - array['message_id', 'bot_id', 'model'],
  '{"status": "cancelled", "finish_reason": "cancelled", "error_code": null, "is_complete": false}',
  'the outcome is the cancel');
select is(error_code, null, 'no failure is recorded') from relay.generations;

select * from finish(); rollback;
