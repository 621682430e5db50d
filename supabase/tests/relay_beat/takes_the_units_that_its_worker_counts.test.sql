begin;
select plan(4);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');

-- A dragon is one character to Postgres, and two UTF-16 units to everybody who reads offsets.
select is(tests.call_beat('first', 0, 3, E'\U0001F409!') -> 'stored', '{"first": 3}', 'an emoji counts for two');
select is(tests.call_beat('first', 2, 3, '?') -> 'stored', '{"first": 3}', 'its characters are no place to begin');
select is(tests.call_beat('first', 3, 5, 'é…') -> 'stored', '{"first": 5}', 'what is one unit counts for one');
select is(relay.text_of('first'), E'\U0001F409!é…', 'the text is whole');

select * from finish();
rollback;
