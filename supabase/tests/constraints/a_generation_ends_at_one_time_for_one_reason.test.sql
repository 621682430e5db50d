begin;
select plan(6);

select tests.make_user('owner');
select tests.given_generation('running', 'owner');
select tests.given_generation('ended', 'owner', 'completed');

select tests.violates(
  $$ update relay.generations set finished_at = clock_timestamp() where stream_id = 'running' $$, 'generations',
  'generations_end_once', 'what runs has no end'
);
select tests.violates(
  $$ update relay.generations set finished_at = null where stream_id = 'ended' $$, 'generations',
  'generations_end_once', 'what has ended has one'
);
select tests.violates(
  $$ update relay.generations set finish_reason = 'stop' where stream_id = 'running' $$, 'generations',
  'generations_end_with_a_reason', 'what runs has no reason to have ended'
);
select tests.violates(
  $$ update relay.generations set finish_reason = null where stream_id = 'ended' $$, 'generations',
  'generations_end_with_a_reason', 'what has ended has one'
);
select tests.violates(
  $$ update relay.generations set finished_at = started_at - interval '1 second' where stream_id = 'ended' $$,
  'generations', 'generations_do_not_end_before_they_start', 'nothing ends before it starts'
);
select lives_ok(
  $$ update relay.generations set finished_at = started_at where stream_id = 'ended' $$, 'it may end at once'
);

select * from finish();
rollback;
