begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_generation('running', 'owner');
select tests.given_generation('ended', 'owner', 'completed');

select tests.violates(
  $$ update relay.generations set fence = null where stream_id = 'running' $$, 'generations',
  'generations_fence_fits_status', 'somebody runs what runs'
);
select tests.violates(
  $$ update relay.generations set fence = gen_random_uuid() where stream_id = 'ended' $$, 'generations',
  'generations_fence_fits_status', 'nobody runs what has ended'
);
select tests.violates(
  $$ update relay.generations set message_id = tests.id('first answer') where stream_id = 'running' $$, 'generations',
  'generations_running_have_no_message', 'a message is stored at the end'
);
select lives_ok(
  $$ update relay.generations set message_id = tests.id('first answer') where stream_id = 'ended' $$, 'and then it is'
);

select * from finish();
rollback;
