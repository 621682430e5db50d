begin; select plan(200);
select tests.given_personas();
insert into relay.uncounted (name) values ('sweeps_total');
insert into relay.models values ('endpoint', 'model', 3);
select tests.given_price('model', 1, 1, 1);
select tests.given_budget('ever', 1000);
insert into relay.past_usage values ('all', null, '2026-01-01', 0, 0);
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
  ('read prices',        'denied',  'denied',  'denied',  'denied',  '1', 'select * from relay.prices'),
  ('add a price',        'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into relay.prices (host, model, input, output) values ('free.example', 'model', 0, 0) $$),
  ('change prices',      'denied',  'denied',  'denied',  'denied',  '1', 'update relay.prices set input = 0'),
  ('delete prices',      'denied',  'denied',  'denied',  'denied',  '1', 'delete from relay.prices'),
  ('read budgets',       'denied',  'denied',  'denied',  'denied',  '1', 'select * from relay.budgets'),
  ('add a budget',       'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into relay.budgets (period, tokens) values ('day', 1000000) $$),
  ('change budgets',     'denied',  'denied',  'denied',  'denied',  '1', 'update relay.budgets set tokens = 1000000'),
  ('delete budgets',     'denied',  'denied',  'denied',  'denied',  '1', 'delete from relay.budgets'),
  ('read old sums',      'denied',  'denied',  'denied',  'denied',  '1', 'select * from relay.past_usage'),
  ('add an old sum',     'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into relay.past_usage values ('other', null, '2026-01-01', 0, 0) $$),
  ('change old sums',    'denied',  'denied',  'denied',  'denied',  '1', 'update relay.past_usage set tokens = 0'),
  ('delete old sums',    'denied',  'denied',  'denied',  'denied',  '1', 'delete from relay.past_usage'),
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
