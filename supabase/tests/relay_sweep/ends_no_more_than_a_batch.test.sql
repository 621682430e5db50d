begin;
select plan(4);

select tests.make_user('owner');
select tests.given_expired('generation-' || n, 'owner') from generate_series(1, 5) as n;
select tests.back_date('generation-4', interval '1 hour');
select tests.back_date('generation-2', interval '1 minute');

select is(tests.call_sweep(batch => 2), '{"closed": 2, "pruned": 0}', 'as many as were asked for');
select results_eq(
  $$ select stream_id from relay.generations where status <> 'running' order by stream_id $$,
  array['generation-2', 'generation-4'], 'those that waited longest'
);
select is(tests.call_sweep(batch => 2) ->> 'closed', '2', 'the next sweep takes the next');
select is(tests.call_sweep(batch => 2) ->> 'closed', '1', 'until there are none');

select * from finish();
rollback;
