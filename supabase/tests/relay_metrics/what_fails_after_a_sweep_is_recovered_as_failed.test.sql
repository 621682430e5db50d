begin;
select plan(2);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
select tests.call_sweep();
select tests.call_finish('first', 'Once upon', 'failed', 'error', 'provider_error');

select is(
  (select jsonb_object_agg(key, value) from jsonb_each(tests.all_counted()) where key like 'generations%'),
  '{
    "generations_ended_total{\"code\": \"interrupted\", \"outcome\": \"interrupted\"}": 1,
    "generations_recovered_total{\"outcome\": \"failed\"}": 1
  }',
  'by its outcome'
);
select is(status, 'failed', 'which is what is stored') from relay.generations;

select * from finish();
rollback;
