begin; select plan(11);
savepoint start;

-- Ends no more than a batch.
select tests.make_user('owner');
select tests.given_expired('generation-' || n, 'owner') from generate_series(1, 5) as n;
select tests.back_date('generation-4', interval '1 hour');
select tests.back_date('generation-2', interval '1 minute');
select is(tests.call_sweep(batch => 2), '{"closed": 2, "pruned": 0}', 'as many as were asked for');
select results_eq($$ select stream_id from relay.generations where status <> 'running' order by stream_id $$,
  array['generation-2', 'generation-4'], 'those that waited longest');
select is(tests.call_sweep(batch => 2) ->> 'closed', '2', 'the next sweep takes the next');
select is(tests.call_sweep(batch => 2) ->> 'closed', '1', 'until there are none');

rollback to start; -- Ends those of one user where one is named.
select tests.make_user(name) from unnest(array['owner', 'stranger']) as name;
select tests.given_expired('own', 'owner');
select tests.given_expired('strange', 'stranger');
select is(tests.call_sweep('owner'), '{"closed": 1, "pruned": 0}', 'one is ended');
select results_eq('select stream_id, status from relay.generations order by stream_id',
  $$ values ('own', 'interrupted'), ('strange', 'running') $$, 'that user''s');
select is(relay.text_of('strange'), 'Once', 'the other one keeps its text');
select is(tests.call_sweep() ->> 'closed', '1', 'without a name it is all of them');

rollback to start; -- Leaves a good lease alone.
select tests.given_tale('owner');
select tests.given_generation('first', 'owner', conversation => 'tale', parent => 'second answer');
select tests.given_text('first', 'Once');
-- Started long ago; the lease has a second left.
select tests.back_date('first', interval '14 seconds');
create temp table before as select tests.all_but_counts() as everything;
select is(tests.call_sweep(), '{"closed": 0, "pruned": 0}', 'nothing is ended');
select is(relay.close_expired('first'), false, 'nor by who names it');
select is(tests.all_but_counts(), everything, 'nothing but the count of sweeps has changed') from before;

select * from finish(); rollback;
