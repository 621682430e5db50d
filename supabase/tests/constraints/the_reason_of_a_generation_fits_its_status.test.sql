begin;
select plan(12);

select tests.make_user('owner');
select tests.given_generation(status, 'owner', status)
from unnest(array['completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) as status;

select tests.violates(
  format('update relay.generations set finish_reason = %L where stream_id = %L', reason, status), 'generations',
  'generations_reason_fits_status', format('%s is no reason for %s', reason, status)
)
from (values
  ('completed', 'cancelled'), ('completed', 'disconnected'), ('completed', 'timeout'), ('completed', 'interrupted'),
  ('completed', 'error'), ('cancelled', 'stop'), ('disconnected', 'cancelled'), ('failed', 'stop'),
  ('failed', 'interrupted'), ('interrupted', 'error')
) as pair (status, reason);
select lives_ok(
  format('update relay.generations set finish_reason = %L where stream_id = %L', reason, status),
  format('%s is a reason for %s', reason, status)
)
from (values ('completed', 'content_filter'), ('failed', 'timeout')) as pair (status, reason);

select * from finish();
rollback;
