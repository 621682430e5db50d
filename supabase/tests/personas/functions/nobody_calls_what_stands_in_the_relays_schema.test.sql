begin;
select plan(9);

select throws_ok(
  format('set local role %I; select %s', role, call), '42501', 'permission denied for schema relay',
  format('%s does not call %s', role, call)
)
from
  unnest(array['anon', 'authenticated']) as role,
  unnest(array[
    'relay.resolve_bot(null, null, null)', 'relay.story_path(null, 10)', 'relay.outcome_of(null)'
  ]) as call;
select ok(not has_schema_privilege(role, 'relay', 'usage, create'), role || ' has no way in')
from unnest(array['anon', 'authenticated']) as role;
select ok(not has_schema_privilege('service_role', 'relay', 'create'), 'service_role makes nothing there');

select * from finish();
rollback;
