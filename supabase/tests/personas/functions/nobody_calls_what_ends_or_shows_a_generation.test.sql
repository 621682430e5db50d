begin;
select plan(8);

select throws_ok(
  format('set local role %I; select %s', role, call), '42501', 'permission denied for schema relay',
  format('%s does not call %s', role, call)
)
from
  unnest(array['anon', 'authenticated']) as role,
  unnest(array[
    'relay.close_expired(null)', 'relay.store_message(null, null, null, null, null)', 'relay.text_of(null)',
    'relay.view_of(null, null, null)'
  ]) as call;

select * from finish();
rollback;
