begin; select plan(11);
select tests.make_user('owner');
select tests.given_generation('first', 'owner');
savepoint start;

-- Gives the text from an offset on.
select tests.given_text('first', 'Once ', 'upon ', 'a time');
create temp table views as select from_unit, tests.call_read('owner', 'first', from_unit) as view
  from unnest(array[0, 4, 5, 7, 15, 16, 99]) as from_unit;
select is(jsonb_build_array(view -> 'start', view -> 'text'), expected, description) from views join (values
  (0, '[0, "Once upon a time"]'::jsonb, 'from the beginning: all of it'),
  (4, '[0, "Once upon a time"]', 'before the end of a chunk: the chunk, and where it begins'),
  (5, '[5, "upon a time"]', 'from the end of a chunk: what comes after it'),
  (7, '[5, "upon a time"]', 'inside a chunk: the chunk, and where it begins'),
  (15, '[10, "a time"]', 'before the last unit: the last chunk'), (16, '[null, null]', 'from the end: nothing yet'),
  (99, '[null, null]', 'from beyond it: nothing, either')) as given (from_unit, expected, description) using (from_unit)
  order by from_unit;
select is(array_agg(distinct view -> 'generation' ->> 'status'), array['running'], 'it runs, whatever was asked for'
  ) from views;

rollback to start; -- Gives the units that the worker counted.
select tests.call_beat('first', 0, 2, E'\U0001F409');
select tests.call_beat('first', 2, 4, ' !');
select is(tests.call_read('owner', 'first', 2) ->> 'text', ' !', 'an emoji ends at two');
select is(tests.call_read('owner', 'first', 2) ->> 'start', '2', 'where the next chunk begins');
select is(tests.call_read('owner', 'first', 1) ->> 'text', E'\U0001F409 !', 'inside it the whole chunk is given');

select * from finish(); rollback;
