begin; select plan(10);
select tests.make_user('owner');
select tests.given_generation('first', 'owner');
savepoint start;

-- Each beat adds its chunk.
select is(tests.call_beat('first', 0, 4, 'Once'), '{"lost": [], "stored": {"first": 4}, "cancelled": []}',
  'the answer says where the text ends');
create temp table before as select c.* from relay.chunks c;
select is(tests.call_beat('first', 4, 9, ' upon') -> 'stored', '{"first": 9}', 'each beat moves the end');
select is(tests.call_beat('first', 9, 16, E' a\n time') -> 'stored', '{"first": 16}', 'and the next');
select is(relay.text_of('first'), E'Once upon a\n time', 'together they are the text');
select results_eq('select start_at, end_at from relay.chunks order by start_at', 'values (0, 4), (4, 9), (9, 16)',
  'each is a row of its own');
select bag_has('select c.* from relay.chunks c', 'select * from before', 'no row is written twice');

rollback to start; -- A repeated one adds nothing.
create temp table answers as select tests.call_beat('first', 0, 4, 'Once') as answer;
create temp table before as select c.* from relay.chunks c;
select is(tests.call_beat('first', 0, 4, 'Once'), answer, 'its answer is the same') from answers;
select results_eq('select c.* from relay.chunks c', 'select * from before', 'no chunk is stored twice');
-- The answer was lost, and the text has grown since.
select is(
  tests.call_beat('first', 0, 9, 'Once upon') -> 'stored', '{"first": 4}', 'nor a longer one that begins like it');
select is(relay.text_of('first'), 'Once', 'the text is what it was');

select * from finish(); rollback;
