begin;
select plan(8);

select throws_ok(
  format('set local role %I; select %s', role, call), '42501', 'permission denied for schema relay',
  format('%s does not call %s', role, call)
)
from
  unnest(array['anon', 'authenticated']) as role,
  unnest(array[
    'relay.take_slot()', 'relay.count_up()', 'relay.count_finish(null, false)', 'relay.end_labels(null, null)'
  ]) as call;

select * from finish();
rollback;
