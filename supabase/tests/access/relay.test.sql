begin; select plan(4);
select tests.given_personas();

-- Each table of the schema, for each client.
select is_empty($$ select persona, t.tablename
  from pg_catalog.pg_tables t cross join unnest(array['anonymous', 'stranger', 'owner', 'sharee']) persona
  where t.schemaname = 'relay' and tests.attempt(persona, format('select * from relay.%I', t.tablename)) <> 'denied' $$,
  'no client reads a table; catalogue/ has all other rights');
select is(tests.attempt('service_role', 'select * from relay.generations'), '1', 'the relay does');
select set_eq($$ select table_name || ': ' || string_agg(lower(privilege_type), ' ' order by privilege_type::text)
  from information_schema.table_privileges
  where table_schema = 'relay' and grantee = 'service_role' group by table_name $$, array[
  'generations: delete insert select update', 'chunks: delete insert select update',
  'models: delete insert select update', 'prices: delete insert select update', 'budgets: delete insert select update',
  'past_usage: delete insert select update', 'provider_health: delete insert select update',
  'provider_tries: delete insert select', 'uncounted: delete insert select', 'counters: select update'
], 'it adds no counter, and changes no count or try that is there');
select is_empty($$ select role, privilege
  from (values
    ('anon', 'usage'), ('anon', 'create'), ('authenticated', 'usage'), ('authenticated', 'create'),
    ('service_role', 'create')
  ) as pair (role, privilege) where has_schema_privilege(role, 'relay', privilege) $$, 'nor does any make a table there');

select * from finish(); rollback;
