begin;
select plan(1);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');
select tests.call_cancel('owner', 'first');
select tests.call_finish('first', 'The end.', 'failed', 'error', 'provider_error');

select is(
  (select jsonb_object_agg(key, value) from jsonb_each(tests.all_counted()) where key like 'generations%'),
  '{"generations_ended_total{\"outcome\": \"cancelled\"}": 1}',
  'the outcome is the one that was stored'
);

select * from finish();
rollback;
