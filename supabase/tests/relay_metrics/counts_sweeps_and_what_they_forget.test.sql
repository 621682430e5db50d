begin;
select plan(2);

select tests.make_user('owner');
select tests.given_generation(stream_id, 'owner', 'completed') from unnest(array['a', 'b', 'c']) as stream_id;
select tests.back_date(stream_id, interval '31 days') from unnest(array['a', 'b']) as stream_id;

select tests.call_sweep();
select is(
  tests.all_counted(), '{"sweeps_total": 1, "forgotten_generations_total": 2}', 'one sweep that has forgotten two'
);
select tests.call_sweep();
select is(
  tests.all_counted(), '{"sweeps_total": 2, "forgotten_generations_total": 2}', 'one with nothing to do counts, too'
);

select * from finish();
rollback;
