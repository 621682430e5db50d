begin;
select plan(6);

select throws_ok(
  format('set local role %I; select %s', role, call), '42501', 'permission denied for schema relay',
  format('%s does not call %s', role, call)
)
from
  unnest(array['anon', 'authenticated']) as role,
  unnest(array[
    'relay.load_of(null, null)', 'relay.place_of(null, null, null, null, null)', 'relay.admission_of(null, null, null)'
  ]) as call;

select * from finish();
rollback;
