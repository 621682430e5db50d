begin;
select plan(4);

select tests.violates(
  format('insert into relay.counters (series_id, slot, value) select s.id, 0, %s from relay.series s limit 1', value),
  'counters', 'counters_only_grow', value || ' is no count'
) from unnest(array['0', '-1']) as value;
select throws_ok(
  'insert into relay.counters (series_id, slot, value) values (-1, 0, 1)', '23503',
  'insert or update on table "counters" violates foreign key constraint "counters_have_a_series"', 'nothing else is counted'
);
select throws_ok(
  $$ insert into relay.series (name, labels) select name, labels from relay.series limit 1 $$, '23505',
  'duplicate key value violates unique constraint "series_are_named_once"', 'a series is there once'
);

select * from finish();
rollback;
