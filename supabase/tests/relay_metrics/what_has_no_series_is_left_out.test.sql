begin;
select plan(2);

select lives_ok(
  $$ select relay.count_up(
    ('colours_total', '{}', 1)::relay.increment, ('sweeps_total', '{"colour": "red"}', 1)::relay.increment,
    ('sweeps_total', '{}', 1)::relay.increment
  ) $$, 'what is counted happens all the same'
);
select is(tests.all_counted(), '{"sweeps_total": 1}', 'and the rest is counted');

select * from finish();
rollback;
