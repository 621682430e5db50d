begin; select plan(6);
select tests.make_user(name) from unnest(array['owner', 'stranger']) as name;
select tests.given_generation('own-' || n, 'owner', 'completed') from generate_series(1, 3) as n;
select tests.given_generation('strange', 'stranger', 'completed');
select tests.back_date('own-' || n, n * interval '1 hour') from generate_series(1, 3) as n;
select tests.back_date('strange', interval '1 day');
select is(tests.call_sweep() ->> 'pruned', '0', 'nothing is old by itself');
select is(tests.call_sweep('owner', '150 minutes') ->> 'pruned', '1', 'the retention is its caller''s');
select is(tests.call_sweep('owner', '0', batch => 1) ->> 'pruned', '1', 'a batch is the most');
select results_eq(
  'select stream_id from relay.generations order by stream_id', array['own-1', 'strange'], 'the oldest go first');
select is(tests.call_sweep('owner', '0') ->> 'pruned', '1', 'one user''s are one user''s');
select results_eq('select stream_id from relay.generations', array['strange'], 'the other''s stay');

select * from finish(); rollback;
