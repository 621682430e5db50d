begin;
select plan(8);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');

select throws_ok(
  $$ update relay.generations
    set status = 'paused', finish_reason = 'paused', finished_at = clock_timestamp() $$,
  '23514', 'new row for relation "generations" violates check constraint "generations_status_is_known"',
  'there are no others'
);
select throws_ok(
  $$ update relay.generations set status = null $$, '23502', null, 'none is no status'
);
select lives_ok(
  format('select tests.given_generation(%L, %L, %L)', status, 'owner', status), status || ' is one'
) from unnest(array['running', 'completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) as status;

select * from finish();
rollback;
