begin; select plan(12);
select tests.make_user('owner');
savepoint start;

-- Brings text for several generations at once.
select tests.given_generation(stream_id, 'owner') from unnest(array['behind', 'first', 'later', 'silent']) as stream_id;
select tests.given_text('later', 'Then');
select tests.given_text('behind', 'Then');
select is(tests.call_beat(array['silent', 'later', 'unknown', 'behind', 'first'],
  starts => array[0, 4, 0, 0, 0], ends => array[0, 9, 4, 4, 4], texts => array['', ' came', 'What', 'Then', 'Once']), '{
  "lost": ["unknown"], "stored": {"behind": 4, "first": 4, "later": 9, "silent": 0}, "cancelled": [] }',
  'each is answered by its name');
select is(relay.text_of('first'), 'Once', 'the chunk of the first');
select is(relay.text_of('later'), 'Then came', 'that of another one, after its own text');
select is(relay.text_of('behind'), 'Then', 'what was stored is not stored twice');
select is_empty($$ select 1 from relay.chunks where stream_id = 'silent' $$, 'nothing of who said nothing');

rollback to start; -- Takes the units that its worker counts.
select tests.given_generation('first', 'owner');
-- A dragon is one character to Postgres, and two UTF-16 units to everybody who reads offsets.
select is(tests.call_beat('first', 0, 3, E'\U0001F409!') -> 'stored', '{"first": 3}', 'an emoji counts for two');
select is(tests.call_beat('first', 2, 3, '?') -> 'stored', '{"first": 3}', 'counted in characters it begins elsewhere');
select is(tests.call_beat('first', 3, 5, 'é…') -> 'stored', '{"first": 5}', 'what is one unit counts for one');
select is(relay.text_of('first'), E'\U0001F409!é…', 'the text is whole');

rollback to start; -- Takes the text of what was cancelled.
select tests.given_generation('first', 'owner');
select tests.given_text('first', 'Once');
select tests.call_cancel('owner', 'first');
select is(tests.call_beat('first', 4, 9, ' upon'), '{"lost": [], "stored": {"first": 9}, "cancelled": ["first"]}',
  'the text was there before the cancel');
select is(relay.text_of('first'), 'Once upon', 'and is kept');
select is(status, 'running', 'until the worker ends it') from relay.generations;

select * from finish(); rollback;
