begin; select plan(12);
select tests.make_user('owner');
select tests.given_generation('first', 'owner');
savepoint start;

-- Gives the text from an offset on.
select tests.given_text('first', 'Once ', 'upon ', 'a time');
create temp table views as select from_unit, tests.call_read('owner', 'first', from_unit) as view
  from unnest(array[0, 4, 5, 7, 15, 16, 99]) as from_unit;
select is(view - 'generation', expected, description) from views join (values
  (0, '{"start": 0, "end": 16, "text": "Once upon a time", "more": false}'::jsonb, 'from the beginning: all of it'),
  (4, '{"start": 4, "end": 16, "text": " upon a time", "more": false}', 'before the end of a chunk'),
  (5, '{"start": 5, "end": 16, "text": "upon a time", "more": false}', 'from the end of a chunk'),
  (7, '{"start": 7, "end": 16, "text": "on a time", "more": false}', 'inside a chunk'),
  (15, '{"start": 15, "end": 16, "text": "e", "more": false}', 'before the last unit'),
  (16, '{"start": null, "end": null, "text": null, "more": false}', 'from the end: nothing yet'),
  (99, '{"start": null, "end": null, "text": null, "more": false}', 'from beyond it: nothing, either')
  ) as given (from_unit, expected, description) using (from_unit) order by from_unit;
select is(array_agg(distinct view -> 'generation' ->> 'status'), array['running'], 'it runs, whatever was asked for'
  ) from views;

rollback to start; -- Gives the units that the worker counted.
select tests.call_beat('first', 0, 2, E'\U0001F409');
select tests.call_beat('first', 2, 6, E' !\U0001F409');
select is(tests.call_read('owner', 'first', 2) - 'generation',
  jsonb_build_object('start', 2, 'end', 6, 'text', E' !\U0001F409', 'more', false), 'an emoji ends at two');
select is(tests.call_read('owner', 'first', 1) - 'generation',
  jsonb_build_object('start', 0, 'end', 6, 'text', E'\U0001F409 !\U0001F409', 'more', false), 'inside it it is given whole'
  );
select is(tests.call_read('owner', 'first', 0, 5) - 'generation',
  jsonb_build_object('start', 0, 'end', 4, 'text', E'\U0001F409 !', 'more', true), 'half of one does not end an answer');
select is(tests.call_read('owner', 'first', 2, 2) - 'generation',
  '{"start": 2, "end": 4, "text": " !", "more": true}', 'nor does it have more units than were asked for');

select * from finish(); rollback;
