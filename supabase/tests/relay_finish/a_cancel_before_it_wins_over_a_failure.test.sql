begin;
select plan(2);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_cancel('owner', 'first');

select is(
  tests.call_finish('first', '', 'failed', 'error', 'provider_error') - 'message_id',
  '{"status": "cancelled", "finish_reason": "cancelled", "error_code": null, "is_complete": false}',
  'the outcome is the cancel'
);
select is(error_code, null, 'no failure is recorded') from relay.generations;

select * from finish();
rollback;
