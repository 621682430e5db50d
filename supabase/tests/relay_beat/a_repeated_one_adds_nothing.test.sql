begin;
select plan(4);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');
create temp table answers as select tests.call_beat('first', 0, 4, 'Once') as answer;
create temp table before as select c.* from relay.chunks c;

select is(tests.call_beat('first', 0, 4, 'Once'), answer, 'its answer is the same') from answers;
select results_eq('select c.* from relay.chunks c', 'select * from before', 'no piece is there twice');
-- The answer was lost, and the text has grown since.
select is(
  tests.call_beat('first', 0, 9, 'Once upon') -> 'stored', '{"first": 4}', 'nor a longer one that begins like it'
);
select is(relay.text_of('first'), 'Once', 'the text is what it was');

select * from finish();
rollback;
