begin; select plan(12);
select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 5, 'They ');
select tests.call_finish('first', 'lived.', completion_tokens => 3);
savepoint start;

-- From the offset on, as while it ran.
create temp table views as select tests.call_read('owner', 'first', 0) as view;
select is(view - 'generation' - 'message', '{"start": 0, "end": 11, "text": "They lived.", "more": false}', 'all of it')
  from views;
select is(view -> 'message', to_jsonb(m) - 'content', 'with the rest of the message')
  from views, public.messages m where m.stream_id = 'first';
select is(view -> 'generation', to_jsonb(g) - 'fence', 'and of the generation')
  from views, relay.generations g where g.stream_id = 'first';
select is(tests.call_read('owner', 'first', 5) - 'generation' - 'message',
  '{"start": 5, "end": 11, "text": "lived.", "more": false}', 'what is after the offset');
select is(tests.call_read('owner', 'first', from_unit) - 'generation' - 'message',
  '{"start": null, "end": null, "text": null, "more": false}', 'from ' || from_unit || ' on there is nothing'
  ) from unnest(array[11, 99, 999999999]) as from_unit;
select is(tests.call_read('owner', 'first', 1, 4) - 'generation' - 'message',
  '{"start": 1, "end": 5, "text": "hey ", "more": true}', 'in parts');

rollback to start; -- What its user has made of it.
update public.messages set content = E'\U0001F98A\\36\r\n' where stream_id = 'first';
select is(tests.call_read('owner', 'first', from_unit) - 'generation' - 'message', expected, 'edited, from ' || from_unit)
  from (values
    (1, jsonb_build_object('start', 0, 'end', 7, 'text', E'\U0001F98A\\36\r\n', 'more', false)),
    (3, jsonb_build_object('start', 3, 'end', 7, 'text', E'36\r\n', 'more', false)),
    (8, jsonb_build_object('start', 7, 'end', 7, 'text', '', 'more', false))
  ) as given (from_unit, expected);
update public.messages set content = '' where stream_id = 'first';
select is(tests.call_read('owner', 'first') - 'generation' - 'message',
  '{"start": null, "end": null, "text": null, "more": false}', 'made empty');

select * from finish(); rollback;
