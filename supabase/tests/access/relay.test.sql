begin; select plan(140);
select tests.given_personas();
insert into relay.uncounted (name) values ('sweeps_total');
insert into relay.models values ('endpoint', 'model', 3);
insert into relay.provider_tries values (tests.id('key'), true, now());
insert into relay.provider_health values (tests.id('key'), tests.id('owner'), 'endpoint', 'model', now());

select tests.may(action, anonymous, stranger, owner, sharee, service_role, statement) from (values
  -- action              anonymous  stranger   owner      sharee     service_role
  ('read generations',   'denied',  'denied',  'denied',  'denied',  '1', 'select * from relay.generations'),
  ('add a generation',   'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into relay.generations (stream_id, user_id, model, worker_id, lease_expires_at)
      values ('forged', tests.id('owner'), 'model', 'worker', now()) $$),
  ('change generations', 'denied',  'denied',  'denied',  'denied',  '1',
    $$ update relay.generations set model = 'new' $$),
  ('delete generations', 'denied',  'denied',  'denied',  'denied',  '1', 'delete from relay.generations'),
  ('read chunks',        'denied',  'denied',  'denied',  'denied',  '1', 'select * from relay.chunks'),
  ('add a chunk',        'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into relay.chunks values ('first', 4, 10, ' forged') $$),
  ('change chunks',      'denied',  'denied',  'denied',  'denied',  '1',
    $$ update relay.chunks set content = 'new' $$),
  ('delete chunks',      'denied',  'denied',  'denied',  'denied',  '1', 'delete from relay.chunks'),
  ('read models',        'denied',  'denied',  'denied',  'denied',  '1', 'select * from relay.models'),
  ('add a model',        'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into relay.models values ('forged', 'model', 3) $$),
  ('change models',      'denied',  'denied',  'denied',  'denied',  '1',
    'update relay.models set context_tokens = 1024'),
  ('delete models',      'denied',  'denied',  'denied',  'denied',  '1', 'delete from relay.models'),
  ('read tries',         'denied',  'denied',  'denied',  'denied',  '1', 'select * from relay.provider_tries'),
  ('add a try',          'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into relay.provider_tries values (tests.id('key'), true, now()) $$),
  ('change tries',       'denied',  'denied',  'denied',  'denied',  'denied',
    'update relay.provider_tries set has_failed = false'),
  ('delete tries',       'denied',  'denied',  'denied',  'denied',  '1', 'delete from relay.provider_tries'),
  ('read what rests',    'denied',  'denied',  'denied',  'denied',  '1', 'select * from relay.provider_health'),
  ('let one rest',       'denied',  'denied',  'denied',  'denied',  '1',
    $$ update relay.provider_health set rests_until = now() $$),
  ('forget one',         'denied',  'denied',  'denied',  'denied',  '1', 'delete from relay.provider_health'),
  ('read uncounted',     'denied',  'denied',  'denied',  'denied',  '1', 'select * from relay.uncounted'),
  ('add to it',          'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into relay.uncounted (name) values ('sweeps_total') $$),
  ('change it',          'denied',  'denied',  'denied',  'denied',  'denied', 'update relay.uncounted set amount = 2'),
  ('take it',            'denied',  'denied',  'denied',  'denied',  '1', 'delete from relay.uncounted'),
  ('read a counter',     'denied',  'denied',  'denied',  'denied',  '1',
    $$ select * from relay.counters where name = 'sweeps_total' $$),
  ('add a counter',      'denied',  'denied',  'denied',  'denied',  'denied',
    $$ insert into relay.counters (name, labels) values ('refusals_total', '{"code": "bad_luck"}') $$),
  ('raise a counter',    'denied',  'denied',  'denied',  'denied',  '1',
    $$ update relay.counters set value = 5 where name = 'sweeps_total' $$),
  ('delete counters',    'denied',  'denied',  'denied',  'denied',  'denied', 'delete from relay.counters')
) as m (action, anonymous, stranger, owner, sharee, service_role, statement);

select ok(not has_schema_privilege(role, 'relay', privilege), format('%s has no %s on the schema', role, privilege))
from (values
  ('anon', 'usage'), ('anon', 'create'), ('authenticated', 'usage'), ('authenticated', 'create'),
  ('service_role', 'create')
) as pair (role, privilege);

select * from finish(); rollback;
