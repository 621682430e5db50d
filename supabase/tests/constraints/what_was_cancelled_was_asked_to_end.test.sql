begin;
select plan(2);

select tests.make_user('owner');
select tests.given_generation('cancelled', 'owner', 'cancelled');
select tests.given_generation('completed', 'owner', 'completed');

select tests.violates(
  $$ update relay.generations set cancel_requested_at = null where stream_id = 'cancelled' $$, 'generations',
  'generations_cancelled_were_asked_to', 'nothing is cancelled by itself'
);
select lives_ok(
  $$ update relay.generations set cancel_requested_at = clock_timestamp() where stream_id = 'completed' $$,
  'what was asked to end may have ended otherwise'
);

select * from finish();
rollback;
