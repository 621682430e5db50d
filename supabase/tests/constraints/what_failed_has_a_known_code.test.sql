begin;
select plan(9);

select tests.make_user('owner');
select tests.given_generation(status, 'owner', status)
from unnest(array['running', 'completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) as status;

select tests.violates(
  format('update relay.generations set error_code = %L where stream_id = %L', 'internal', status), 'generations',
  'generations_failures_have_a_code', status || ' is no failure'
) from unnest(array['running', 'completed', 'cancelled', 'disconnected']) as status;
select tests.violates(
  format('update relay.generations set error_code = null where stream_id = %L', status), 'generations',
  'generations_failures_have_a_code', status || ' is one'
) from unnest(array['failed', 'interrupted']) as status;
select tests.violates(
  $$ update relay.generations set error_code = 'bad_luck' where stream_id = 'failed' $$, 'generations',
  'generations_error_code_is_known', 'there are no other codes'
);
select lives_ok(
  $$ update relay.generations set error_code = code
    from unnest(array['provider_not_allowed', 'provider_error', 'provider_rate_limited', 'provider_auth',
      'provider_timeout', 'provider_bad_response', 'timeout', 'interrupted', 'internal']) as code
    where stream_id = 'failed' $$,
  'than those of the protocol'
);
select is(count(*), 1::bigint, 'one row was tried') from relay.generations where status = 'failed';

select * from finish();
rollback;
